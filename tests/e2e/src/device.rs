//! The services that give a device credentials for its certificate (`tests/lib/device.py`), and the certificates.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

fn python(script: &str) -> Command {
    let mut command = Command::new(std::env::var("ROLECALL_PYTHON").unwrap_or_else(|_| "python3".to_owned()));
    command.arg(format!("{}/../lib/{script}", env!("CARGO_MANIFEST_DIR")));
    command
}

/// The folder with the certificates that `tests/lib/certificates.py` lists, made once.
pub fn certificates() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("rolecall-certificates-{}", std::process::id()));
        let made = python("certificates.py").arg(&folder).status().expect("Python");
        assert!(made.success(), "certificates.py failed");
        folder
    })
}

/// The path of a file of these certificates.
pub fn file(name: &str) -> String {
    certificates().join(name).to_str().expect("text").to_owned()
}

/// A running service.
pub struct Service {
    process: Child,
    log: BufReader<ChildStdout>,
    port: u16,
}

impl Service {
    /// Starts `iot` or `anywhere`, with the certificate of this name.
    pub fn start(mode: &str, server: &str) -> Self {
        let mut command = python("device.py");
        command.arg(mode).arg(certificates()).args(["--server", server]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("Python");
        let mut log = BufReader::new(process.stdout.take().expect("piped"));
        let mut port = String::new();
        log.read_line(&mut port).expect("a port");
        let port = port.trim().parse().expect("a port");
        Self { process, log, port }
    }

    /// `localhost:PORT`.
    pub fn authority(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The next request that it answered.
    pub fn request(&mut self) -> Value {
        let mut line = String::new();
        self.log.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The region of a URL for MQTT over WebSocket, whose signature a second implementation verifies; `None` if it is wrong.
pub fn region_of_mqtt(url: &str, secret: &str) -> Option<String> {
    let mut command = python("device.py");
    command.args(["mqtt", secret]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().expect("Python");
    process.stdin.take().expect("piped").write_all(url.as_bytes()).expect("it is read");
    let output = process.wait_with_output().expect("an output");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Changes a bit of each byte of `request`, and returns what the verifier still accepts, and how many changes it refuses.
pub fn flip(request: &Value) -> (Vec<String>, u64) {
    let raw =
        format!("{}{}", request["raw"].as_str().expect("text"), request["body"].as_str().expect("text"));
    let mut command = python("device.py");
    command.arg("flip").arg(certificates()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().expect("Python");
    process.stdin.take().expect("piped").write_all(raw.as_bytes()).expect("it is read");
    let output = process.wait_with_output().expect("an output");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let names = found["accepted"].as_array().expect("a list").iter();
    let names = names.map(|name| name.as_str().expect("text").to_owned()).collect();
    (names, found["refused"].as_u64().expect("a number"))
}

//! A scenario: the process to scan, and a service on loopback for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use crate::secrets::Forms;

/// The same as in the subject: no unmasked byte is transferred.
const MASK: u8 = 0xa5;

/// The parameters of a case, and the bytes to search for.
#[derive(Default, Clone)]
pub(crate) struct Scenario {
    input: String,
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Number of the scan, name, part and place.
    pub(crate) found: Vec<String>,
    pub(crate) ended: String,
}

impl Scenario {
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.input += &format!("set\t{name}\t{value}\n");
        self
    }

    pub(crate) fn lend(mut self, name: &str, secret: impl AsRef<[u8]>) -> Self {
        self.input += &format!("lend\t{name}\t{}\n", masked(secret.as_ref()));
        self
    }

    pub(crate) fn search(mut self, forms: Forms) -> Self {
        for (name, bytes) in forms {
            self.input += &format!("search\t{name}\t{}\n", masked(&bytes));
        }
        self
    }

    /// Runs the case in a new process.
    #[track_caller]
    pub(crate) fn run(&self, case: &str, mode: &str) -> Outcome {
        self.run_with(case, mode, None)
    }

    /// Runs the case in a new process whose allocator moves at every growth.
    #[track_caller]
    pub(crate) fn run_moving(&self, case: &str, mode: &str) -> Outcome {
        self.run_with(case, mode, Some(moving()))
    }

    #[track_caller]
    fn run_with(&self, case: &str, mode: &str, allocator: Option<&Path>) -> Outcome {
        let mut subject = Command::new(subject())
            .args([case, mode])
            .env_clear()
            .envs(allocator.map(|library| ("LD_PRELOAD", library)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the subject starts");
        let mut input = subject.stdin.take().expect("piped");
        input.write_all(self.input.as_bytes()).expect("it reads its input");
        drop(input);
        let output = subject.wait_with_output().expect("it exits");
        let output = String::from_utf8(output.stdout).expect("text");
        let lines = |what: &str| {
            output.lines().filter_map(|line| line.strip_prefix(what)).map(str::to_owned).collect()
        };
        let ended: Vec<String> = lines("ended ");
        let scanned: Vec<String> = lines("scanned ");
        let [ended] = ended.try_into().unwrap_or_else(|_| panic!("{case} {mode} has no result: {output}"));
        let bytes = scanned.first().and_then(|line| line.split(' ').next()?.parse::<u64>().ok());
        assert!(bytes.is_some_and(|bytes| bytes > 1 << 20), "{case} {mode} does not scan: {scanned:?}");
        Outcome { found: lines("found\t"), ended }
    }
}

/// The path of the process to scan: `ROLECALL_SUBJECT`, or a release build of this tree.
fn subject() -> &'static Path {
    static SUBJECT: OnceLock<PathBuf> = OnceLock::new();
    SUBJECT.get_or_init(|| {
        if let Some(built) = std::env::var_os("ROLECALL_SUBJECT") {
            return built.into();
        }
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--release", "--package", "subject", "--target-dir"]).arg(target);
        assert!(build.status().expect("cargo starts").success(), "the subject does not build");
        target.join("release/subject")
    })
}

/// The path of the allocator of `moving.c`, which is compiled once.
fn moving() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moving.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/moving.c");
        // The linker of Rust programs.
        let made = Command::new("cc").args(["-shared", "-fPIC", "-O1", source, "-o"]).arg(&library).status();
        assert!(made.expect("a C compiler").success());
        library
    })
}

/// Starts a server that runs until the test ends. `answer` receives head and body of each request, and
/// returns the raw response; a connection is kept open unless it contains `Connection: close`.
pub(crate) fn serve(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || converse(&stream, &*answer));
        }
    });
    url
}

fn converse(mut stream: &TcpStream, answer: &dyn Fn(&str) -> String) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            if reader.read_line(&mut request).ok()? == 0 {
                return None;
            }
        }
        let length = request.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        request += std::str::from_utf8(&body).ok()?;
        let reply = answer(&request);
        stream.write_all(reply.as_bytes()).ok()?;
        if reply.contains("Connection: close") {
            return None;
        }
    }
}

/// A response with this status and body.
pub(crate) fn reply(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} As it is\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A response that is truncated in the middle of its body.
pub(crate) fn truncated(body: &str, after: &str) -> String {
    let end = body.find(after).expect("the text is in the body") + after.len() * 2 / 3;
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", body.len(), &body[..end])
}

fn masked(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte ^ MASK)).collect()
}

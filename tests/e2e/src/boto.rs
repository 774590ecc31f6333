//! Access to servers through boto3, independent of this project: one `tests/lib/boto.py` process per server.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::servers::Server;

/// A process that exits when its input is closed, that is, with this process.
struct Boto {
    _process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

static ALL: Mutex<Option<HashMap<String, Boto>>> = Mutex::new(None);

impl Server {
    /// Describes a resource with `tests/lib/readback.py`, for example `["role", "gateway"]`.
    #[track_caller]
    pub fn read(&self, what: &[&str]) -> Value {
        let request: Vec<&str> = [&["read"], what].concat();
        self.boto(&json!(request))
    }

    /// Whether a resource exists, according to `tests/lib/readback.py`.
    #[track_caller]
    pub fn has(&self, what: &[&str]) -> bool {
        self.read(what)["exists"] == true
    }

    /// Calls an operation by its boto3 name, and returns the response.
    #[track_caller]
    pub fn boto_call(&self, service: &str, operation: &str, given: Value) -> Value {
        self.boto(&json!(["call", service, operation, given]))
    }

    /// Computes the current code of an authenticator app with this secret.
    #[track_caller]
    pub fn totp(&self, secret: &str) -> String {
        text(&self.boto(&json!(["totp", secret])))
    }

    /// Starts a new EC2 instance without an instance profile.
    #[track_caller]
    pub fn instance(&self) -> String {
        let given = json!({"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1});
        text(&self.boto_call("ec2", "run_instances", given)["Instances"][0]["InstanceId"])
    }

    #[track_caller]
    fn boto(&self, request: &Value) -> Value {
        let mut all = ALL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let url = self.need("URL");
        let boto = all.get_or_insert_default().entry(url.clone()).or_insert_with(|| self.start(&url));
        writeln!(boto.input, "{request}").expect("boto.py reads requests");
        let mut line = String::new();
        boto.output.read_line(&mut line).expect("boto.py responds");
        drop(all);
        let answer: Value = serde_json::from_str(&line).expect("JSON");
        assert!(answer.get("failed").is_none(), "{request}: {answer}");
        answer
    }

    fn start(&self, url: &str) -> Boto {
        // moto without signature checks accepts any key.
        let key = |what| self.get(what).unwrap_or_else(|| "test".to_owned());
        let mut process = Command::new(std::env::var("ROLECALL_PYTHON").expect("ROLECALL_PYTHON"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/boto.py"))
            .args(["--url", url, "--region", &self.need("REGION")])
            .args(["--key-id", &key("ACCESS_KEY_ID"), "--secret", &key("SECRET_ACCESS_KEY")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python");
        let input = process.stdin.take().expect("piped");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        Boto { _process: process, input, output }
    }
}

/// The string in a JSON value.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).to_owned()
}

//! What boto3 says is on a server, and puts there: `tests/lib/boto.py`, one process for each.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::servers::Server;

/// Ends by itself when its input does, which is with this process.
struct Boto {
    _process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

static ALL: Mutex<Option<HashMap<String, Boto>>> = Mutex::new(None);

impl Server {
    /// What `tests/lib/readback.py` says of something: `["role", "gateway"]`.
    #[track_caller]
    pub fn read(&self, what: &[&str]) -> Value {
        let question: Vec<&str> = [&["read"], what].concat();
        self.boto(&json!(question))
    }

    /// Whether `tests/lib/readback.py` says that it exists.
    #[track_caller]
    pub fn has(&self, what: &[&str]) -> bool {
        self.read(what)["exists"] == true
    }

    /// Calls an operation by boto3's name for it, and returns its reply.
    #[track_caller]
    pub fn boto_call(&self, service: &str, operation: &str, given: Value) -> Value {
        self.boto(&json!(["call", service, operation, given]))
    }

    /// The code that an authenticator app shows for this secret.
    #[track_caller]
    pub fn totp(&self, secret: &str) -> String {
        text(&self.boto(&json!(["totp", secret])))
    }

    /// An EC2 instance of its own, without an instance profile.
    #[track_caller]
    pub fn instance(&self) -> String {
        let given = json!({"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1});
        text(&self.boto_call("ec2", "run_instances", given)["Instances"][0]["InstanceId"])
    }

    #[track_caller]
    fn boto(&self, question: &Value) -> Value {
        let mut all = ALL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let url = self.need("URL");
        let boto = all.get_or_insert_default().entry(url.clone()).or_insert_with(|| self.start(&url));
        writeln!(boto.input, "{question}").expect("boto.py takes questions");
        let mut line = String::new();
        boto.output.read_line(&mut line).expect("boto.py answers");
        drop(all);
        let answer: Value = serde_json::from_str(&line).expect("JSON");
        assert!(answer.get("failed").is_none(), "{question}: {answer}");
        answer
    }

    fn start(&self, url: &str) -> Boto {
        // moto without signatures takes any key.
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

/// A member that is a text.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

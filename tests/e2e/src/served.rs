//! `rolecall serve` as a child process that ends with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use crate::command::binary;

/// A server that has printed where it is.
pub struct Served {
    child: Child,
    /// The variables that it printed.
    pub variables: Vec<(String, String)>,
    /// The whole lines.
    pub printed: String,
}

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// 200
    pub status: u16,
    /// The head, with its lines.
    pub head: String,
    /// The body.
    pub body: String,
}

/// `rolecall serve` with these words and variables alone.
pub fn serve_command(words: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary());
    command.arg("serve").args(words).env_clear().envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Served {
    /// Starts a server, and waits until it serves.
    #[track_caller]
    pub fn start(words: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::of(serve_command(words, environment))
    }

    /// Starts a server by a command of the caller's.
    #[track_caller]
    pub fn of(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the command starts");
        let mut printed = String::new();
        // It closes its output when it has printed everything.
        child.stdout.take().expect("piped").read_to_string(&mut printed).expect("text");
        let variables = printed.lines().filter_map(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.trim_matches('\'').to_owned()))
        });
        let variables: Vec<_> = variables.collect();
        let served = Self { child, variables, printed };
        assert!(!served.variables.is_empty(), "{}", served.stop());
        served
    }

    /// The value of a variable that it printed.
    #[track_caller]
    pub fn value(&self, name: &str) -> &str {
        let found = self.variables.iter().find(|(found, _)| found == name);
        &found.unwrap_or_else(|| panic!("no {name} in {}", self.printed)).1
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> &str {
        let url = self.variables.iter().find_map(|(_, value)| value.strip_prefix("http://")).expect("a URL");
        url.split('/').next().expect("an address")
    }

    /// A connection.
    #[track_caller]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.host()).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a limit");
        stream
    }

    /// The answer to a request on a connection of its own, in whose lines `HOST` and `TOKEN` are replaced. The empty line
    /// at its end is added.
    #[track_caller]
    pub fn ask(&self, lines: &[&str]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(self.request(lines).as_bytes()).expect("it is sent");
        answer(&mut BufReader::new(stream))
    }

    /// The text of that request.
    pub fn request(&self, lines: &[&str]) -> String {
        let token = self.variables.iter().find(|(name, _)| name == "AWS_CONTAINER_AUTHORIZATION_TOKEN");
        let token = token.map_or("", |(_, token)| token);
        let text: String = lines.iter().chain(&[""]).map(|line| format!("{line}\r\n")).collect();
        text.replace("HOST", self.host()).replace("TOKEN", token)
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard error, which is read as it comes.
    pub fn errors(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("piped")
    }

    /// Sends a signal to it.
    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Ends it with SIGTERM; returns its exit code.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().expect("a child").code()
    }

    /// Ends it, and returns what it wrote to standard error.
    pub fn stop(mut self) -> String {
        let mut errors = String::new();
        let pipe = self.child.stderr.take();
        self.exit_code();
        pipe.map(|mut pipe| pipe.read_to_string(&mut errors));
        errors
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &process.to_string()]).status();
    assert!(status.expect("kill").success(), "SIG{name} to {process}");
}

/// Reads one answer. A connection that ends before has the status 0.
pub fn answer(stream: &mut impl BufRead) -> Answer {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).unwrap_or(0) == 0 {
            return Answer { status: 0, head, body: String::new() };
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut body).expect("a body");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    Answer { status, head, body: String::from_utf8(body).expect("text") }
}

/// Sends bytes and the end of the stream, and returns all that is answered.
pub fn exchange(mut stream: TcpStream, bytes: &[u8]) -> String {
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

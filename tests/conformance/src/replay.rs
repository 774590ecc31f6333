//! A host that replays recordings: files in a directory, recorded responses, and a fixed clock.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rolecall::{Buffer, Host, Streams};
use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Exchange, Reply};
use rolecall_core::skew::{Instant, Now};
use rolecall_core::wire::time::UnixTime;
use serde_json::Value;

/// A request, made or recorded.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    /// The body, as text.
    pub body: String,
}

/// A recorded exchange.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// The recorded request.
    pub request: Request,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Recorded {
    /// A POST to `url`, and its reply.
    pub fn post(url: &str, status: u16, body: &str) -> Self {
        let request = Request { method: "POST".to_owned(), url: url.to_owned(), ..Request::default() };
        Self { request, status, headers: Vec::new(), body: body.to_owned() }
    }
}

/// Parses the exchanges of an `http-traffic.json`, in the order of their requests.
pub fn traffic(document: &Value) -> Vec<Recorded> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let headers = |value: &Value| -> Vec<(String, String)> {
        let all = value.as_object().into_iter().flatten();
        all.map(|(name, values)| (name.to_ascii_lowercase(), text(&values[0]))).collect()
    };
    let mut recorded: Vec<Recorded> = Vec::new();
    let mut by_connection = HashMap::new();
    for event in document["events"].as_array().expect("events") {
        let (connection, action) = (event["connection_id"].as_u64(), &event["action"]);
        if let Some(request) = action["Request"].get("request") {
            by_connection.insert(connection, recorded.len());
            recorded.push(Recorded {
                request: Request {
                    method: text(&request["method"]),
                    url: text(&request["uri"]),
                    headers: headers(&request["headers"]).into_iter().collect(),
                    body: String::new(),
                },
                ..Recorded::default()
            });
            continue;
        }
        let exchange = &mut recorded[by_connection[&connection]];
        if let Some(response) = action["Response"].get("response") {
            exchange.status = response["Ok"]["status"].as_u64().expect("a status") as u16;
            exchange.headers = headers(&response["Ok"]["headers"]);
        } else if let Some(data) = action.get("Data") {
            let of_request = data["direction"] == "Request";
            let body = if of_request { &mut exchange.request.body } else { &mut exchange.body };
            body.push_str(data["data"]["Utf8"].as_str().expect("text"));
        }
    }
    recorded
}

/// The replaying host. Clones share their state.
#[derive(Clone)]
pub struct Replay {
    root: PathBuf,
    wall: UnixTime,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    files: HashMap<String, String>,
    left: Vec<Recorded>,
    requests: Vec<(Request, Option<Recorded>)>,
    elapsed: u64,
}

impl Replay {
    /// Creates a host with the files below `root` and the `recorded` exchanges, each of which is used once.
    pub fn new(root: &Path, recorded: Vec<Recorded>) -> Self {
        let state = State { left: recorded, ..State::default() };
        // Before the expiration of all recorded credentials.
        let wall = UnixTime::from_secs(1_234_560_000);
        Self { root: root.to_owned(), wall, state: Arc::new(Mutex::new(state)) }
    }

    /// Adds files by path.
    pub fn with_files(self, files: HashMap<String, String>) -> Self {
        self.state.lock().expect("no panic").files = files;
        self
    }

    /// Sets the wall clock.
    pub fn at(mut self, wall: UnixTime) -> Self {
        self.wall = wall;
        self
    }

    /// The content of a file that was added or written.
    pub fn file(&self, path: &str) -> Option<String> {
        self.state.lock().expect("no panic").files.get(path).cloned()
    }

    /// The requests so far, each with the recording that answered it.
    pub fn requests(&self) -> Vec<(Request, Option<Recorded>)> {
        self.state.lock().expect("no panic").requests.clone()
    }

    /// The number of unused recordings.
    pub fn left(&self) -> usize {
        self.state.lock().expect("no panic").left.len()
    }
}

impl Host for Replay {
    fn exchange(&self, exchange: &Exchange<'_>, buffer: &mut Buffer, _: &mut Streams<'_>) -> Answer<'static> {
        let sent = self.now();
        let head = exchange.request.head(buffer.bytes()).expect("a head");
        let endpoint = exchange.endpoint;
        let header = |(name, value): (&str, &[u8])| {
            (name.to_ascii_lowercase(), String::from_utf8_lossy(value).into_owned())
        };
        let request = Request {
            method: head.method.to_owned(),
            url: format!("{}://{}{}", endpoint.scheme().as_str(), endpoint.authority(), head.target),
            headers: head.headers.iter().map(header).collect(),
            body: String::from_utf8_lossy(exchange.request.body(buffer.bytes())).into_owned(),
        };
        let mut state = self.state.lock().expect("no panic");
        let same = |one: &Recorded| one.request.method == request.method && one.request.url == request.url;
        let found = state.left.iter().position(same).map(|at| state.left.remove(at));
        state.requests.push((request, found.clone()));
        drop(state);
        let Some(found) = found else {
            return Answer::Failed(Failure { phase: Phase::Connect, kind: FailureKind::NotFound });
        };
        buffer.clear();
        for (name, value) in &found.headers {
            // The recorded credentials were edited, and expire before the date of the response.
            if name != "date" {
                buffer.append(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        let headers = 0..buffer.bytes().len();
        buffer.append(found.body.as_bytes());
        let body = headers.end..buffer.bytes().len();
        Answer::Reply(Reply { status: found.status, headers, body, sent, received: self.now() })
    }

    fn read_file(&self, path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
        let missing = Failure { phase: Phase::File, kind: FailureKind::NotFound };
        if let Some(content) = self.file(path) {
            buffer.append(content.as_bytes());
            return Ok(());
        }
        let path = self.root.join(path.trim_start_matches('/'));
        buffer.append(&std::fs::read(path).map_err(|_| missing)?);
        Ok(())
    }

    fn run(&self, command: &str, _: &[(&str, &str)], _: &mut Buffer) -> Result<(), Failure> {
        panic!("no vector runs a command: {command}")
    }

    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        match host {
            "localhost" => Ok(vec![IpAddr::from([127, 0, 0, 1])]),
            _ => Err(Failure { phase: Phase::Resolve, kind: FailureKind::NotFound }),
        }
    }

    fn prompt(&self, question: &str, _: bool, _: &mut Buffer) -> Result<(), Failure> {
        panic!("no vector prompts: {question}")
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        bytes.fill(0x5a);
        Ok(())
    }

    fn lock_file(&self, _: &str) -> Result<Box<dyn Send>, Failure> {
        Ok(Box::new(()))
    }

    fn replace_file(&self, path: &str, content: &[u8]) -> Result<(), Failure> {
        let content = String::from_utf8(content.to_vec()).expect("text");
        self.state.lock().expect("no panic").files.insert(path.to_owned(), content);
        Ok(())
    }

    /// The wall clock is fixed.
    fn now(&self) -> Now {
        Now {
            monotonic: Instant::from_millis(self.state.lock().expect("no panic").elapsed),
            wall: Some(self.wall),
        }
    }

    fn sleep_until(&self, instant: Instant) {
        self.state.lock().expect("no panic").elapsed = instant.as_millis();
    }

    fn entropy(&self) -> u32 {
        0x8000_0000
    }
}

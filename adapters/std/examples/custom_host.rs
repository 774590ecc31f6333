//! Replaces the network, files and clocks of a provider: for tests without sockets, and for programs that bring an HTTP
//! client of their own.
//!
//! ```sh
//! cargo run -p rolecall --example custom_host
//! ```

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rolecall::core::error::{Failure, FailureKind, Phase};
use rolecall::core::flow::{Answer, Body, Exchange, Reply};
use rolecall::core::skew::{Instant, Now};
use rolecall::{Buffer, Environment, Error, Host, Provider, Request, Settings, Streams, System};

fn main() {
    match run() {
        Ok(sent) => println!("{sent}"),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// Sends a signed request to no one, and returns the exact bytes that would have gone out.
pub(crate) fn run() -> Result<String, Error> {
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let settings = Settings::from_environment(&Environment::from_iter(variables))?;
    let host = Recorder { sent: Arc::default(), system: System::new(&settings) };
    let sent = host.sent.clone();
    let provider = Provider::builder(settings).host(host).build();
    let request = Request::new("PUT", "https://reports.s3.eu-west-1.amazonaws.com/11.csv")?.body("a,b\n");
    let reply = provider.send(&request)?;
    assert_eq!(reply.status, 200);
    let sent = sent.lock().expect("no thread panicked");
    Ok(String::from_utf8_lossy(&sent).into_owned())
}

/// Answers every request with an empty reply of status 200, at a time that stands still.
struct Recorder {
    sent: Arc<Mutex<Vec<u8>>>,
    /// For what this example does not replace.
    system: System,
}

impl Host for Recorder {
    fn exchange(&self, exchange: &Exchange<'_>, buffer: &mut Buffer, _: &mut Streams<'_>) -> Answer<'static> {
        let mut sent = exchange.request.bytes(buffer.bytes()).to_vec();
        if let Body::Bytes(body) = exchange.body {
            sent.extend_from_slice(body);
        }
        *self.sent.lock().expect("no thread panicked") = sent;
        buffer.clear();
        Answer::Reply(Reply {
            status: 200,
            headers: 0..0,
            body: 0..0,
            sent: self.now(),
            received: self.now(),
        })
    }

    fn read_file(&self, path: &str, buffer: &mut Buffer) -> Result<(), Failure> {
        self.system.read_file(path, buffer)
    }

    fn run(&self, _command: &str, _: &[(&str, &str)], _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Process, kind: FailureKind::Unsupported })
    }

    fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        self.system.resolve(host)
    }

    fn prompt(&self, _question: &str, _hidden: bool, _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Prompt, kind: FailureKind::Unsupported })
    }

    fn now(&self) -> Now {
        let wall = rolecall::UnixTime::from_compact(b"20261129T120000Z").ok();
        Now { monotonic: Instant::from_millis(1), wall }
    }

    fn sleep_until(&self, _: Instant) {
        std::thread::sleep(Duration::from_millis(1));
    }

    fn entropy(&self) -> u32 {
        self.system.entropy()
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), Failure> {
        self.system.random(bytes)
    }
}

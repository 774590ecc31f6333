//! The server in this process, with a clock that the test moves.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rolecall::core::error::{Failure, FailureKind, Phase};
use rolecall::core::flow::{Answer, Exchange, Reply};
use rolecall::core::skew::{self, Now};
use rolecall::core::wire::time::UnixTime;
use rolecall::{Buffer, Environment, Host, Provider, Settings, Streams};

use super::{Engine, Mode, Service, Signals, listen};

/// When the clock starts.
const START: u64 = 1_800_000_000;
/// How long credentials live, in seconds.
const LIFE: u64 = 900;

#[derive(Default)]
struct World {
    /// Seconds since the start.
    seconds: AtomicU64,
    fetches: AtomicU64,
    is_down: AtomicBool,
    denies: AtomicBool,
}

/// A machine whose container endpoint is another one's, and whose clock is the test's.
struct Machine(Arc<World>);

const UNSUPPORTED: FailureKind = FailureKind::Unsupported;

impl Host for Machine {
    fn exchange(&self, _: &Exchange<'_>, buffer: &mut Buffer, _: &mut Streams<'_>) -> Answer<'static> {
        let number = self.0.fetches.fetch_add(1, Ordering::SeqCst);
        buffer.clear();
        if self.0.is_down.load(Ordering::SeqCst) {
            return Answer::Failed(Failure { phase: Phase::Connect, kind: FailureKind::Closed });
        }
        let (sent, received) = (self.now(), self.now());
        if self.0.denies.load(Ordering::SeqCst) {
            return Answer::Reply(Reply { status: 403, headers: 0..0, body: 0..0, sent, received });
        }
        let now = START + self.0.seconds.load(Ordering::SeqCst);
        let end = UnixTime::from_secs(now + LIFE).rfc3339();
        let document = format!(
            r#"{{"AccessKeyId":"ASIA{number:016}","SecretAccessKey":"s","Token":"t","Expiration":"{}"}}"#,
            end.as_str()
        );
        buffer.append(document.as_bytes());
        Answer::Reply(Reply { status: 200, headers: 0..0, body: 0..document.len(), sent, received })
    }

    fn read_file(&self, _: &str, _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::File, kind: FailureKind::NotFound })
    }

    fn run(&self, _: &str, _: &[(&str, &str)], _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Process, kind: UNSUPPORTED })
    }

    fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, Failure> {
        Err(Failure { phase: Phase::Resolve, kind: UNSUPPORTED })
    }

    fn prompt(&self, _: &str, _: bool, _: &mut Buffer) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Prompt, kind: UNSUPPORTED })
    }

    fn now(&self) -> Now {
        let seconds = self.0.seconds.load(Ordering::SeqCst);
        Now {
            monotonic: skew::Instant::from_millis(seconds * 1000),
            wall: Some(UnixTime::from_secs(START + seconds)),
        }
    }

    fn sleep_until(&self, until: skew::Instant) {
        let missing = until.ms_since(self.monotonic()).div_ceil(1000);
        self.0.seconds.fetch_add(missing, Ordering::SeqCst);
    }

    fn entropy(&self) -> u32 {
        u32::MAX / 2
    }

    fn random(&self, _: &mut [u8]) -> Result<(), Failure> {
        Err(Failure { phase: Phase::Prompt, kind: UNSUPPORTED })
    }
}

/// Starts a server in a thread, which ends with the process.
fn serve(world: &Arc<World>) -> SocketAddr {
    let variables =
        [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/"), ("AWS_REGION", "eu-west-1")];
    let machine = Machine(world.clone());
    let settings = Settings::load_from(&machine, &Environment::from_iter(variables), None).expect("settings");
    let provider = Provider::builder(settings).host(machine).build();
    let socket = listen(None, false).expect("a socket");
    let address = socket.address;
    let (is_ready, ready) = channel();
    std::thread::spawn(move || {
        let mode = Mode::Container { token: "secret".to_owned().into() };
        let signals = Signals::new(false).expect("signals");
        let engine = Engine::new(socket, Service::new(mode), None, provider, signals);
        let run = engine.expect("a loop").run(|_, _| {
            is_ready.send(()).expect("the test waits");
            Ok(None)
        });
        assert!(run.is_ok());
    });
    ready.recv().expect("there are credentials");
    address
}

/// Asks on a connection, and returns the status and the body.
fn ask(stream: &mut TcpStream) -> (u16, String) {
    let host = stream.peer_addr().expect("a peer");
    // In one piece: of several, the second would wait for the system to confirm the first.
    let request = format!("GET /credentials HTTP/1.1\r\nHost: {host}\r\nAuthorization: secret\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("text");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    let mut body = vec![0; length.parse().expect("a number")];
    stream.read_exact(&mut body).expect("a body");
    (head[9..12].parse().expect("a status"), String::from_utf8(body).expect("text"))
}

/// The text of a member of a document.
fn member<'a>(document: &'a str, name: &str) -> &'a str {
    let (_, rest) = document.split_once(&format!("\"{name}\":\"")).expect(name);
    rest.split('"').next().expect("a text")
}

/// Whole seconds that the credentials of a document have left.
fn left(document: &str, world: &World) -> i64 {
    let end = UnixTime::from_rfc3339(member(document, "Expiration").as_bytes()).expect("a time").as_secs();
    end as i64 - (START + world.seconds.load(Ordering::SeqCst)) as i64
}

/// Asks until that many fetches have begun. A request that comes while the thread looks at the one before it starts none.
fn ask_for_fetch(world: &World, stream: &mut TcpStream, number: u64, expected: &(u16, String)) {
    let start = Instant::now();
    while world.fetches.load(Ordering::SeqCst) < number {
        assert!(start.elapsed() < Duration::from_secs(20), "no fetch");
        assert_eq!(ask(stream), *expected);
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn in_two_hours_no_client_sees_credentials_that_end_within_a_minute() {
    let world = Arc::new(World::default());
    let mut stream = TcpStream::connect(serve(&world)).expect("it listens");
    let mut keys = Vec::new();
    for second in (0..=7200).step_by(20) {
        world.seconds.store(second, Ordering::SeqCst);
        let (status, document) = ask(&mut stream);
        assert_eq!(status, 200, "{document}");
        assert!(left(&document, &world) > 60, "after {second} s: {document}");
        keys.push(member(&document, "AccessKeyId").to_owned());
    }
    keys.dedup();
    // Others come in the last five minutes of fifteen, and before the last one.
    assert!((8..=12).contains(&keys.len()), "{keys:?}");
    let fetches = world.fetches.load(Ordering::SeqCst) as usize;
    assert!((keys.len()..=keys.len() + 1).contains(&fetches), "{fetches} fetches, {keys:?}");
}

#[test]
fn a_refresh_that_is_denied_takes_no_good_credentials_away() {
    let world = Arc::new(World::default());
    let mut stream = TcpStream::connect(serve(&world)).expect("it listens");
    let first = ask(&mut stream);
    world.denies.store(true, Ordering::SeqCst);
    world.seconds.store(LIFE - 70, Ordering::SeqCst);
    ask_for_fetch(&world, &mut stream, 2, &first);
    for _ in 0..20 {
        assert_eq!(ask(&mut stream), first);
    }
}

#[test]
fn credentials_that_have_ended_are_an_error_and_not_an_answer() {
    let world = Arc::new(World::default());
    let mut stream = TcpStream::connect(serve(&world)).expect("it listens");
    let first = ask(&mut stream);
    world.is_down.store(true, Ordering::SeqCst);
    // While they are good, an outage is no client's concern.
    world.seconds.store(LIFE - 70, Ordering::SeqCst);
    assert_eq!(first.0, 200);
    ask_for_fetch(&world, &mut stream, 2, &first);
    world.seconds.store(LIFE, Ordering::SeqCst);
    let (status, document) = ask(&mut stream);
    assert_eq!(status, 500, "{document}");
    assert!(
        document.contains("\"code\":\"CredentialsUnavailable\"") && document.contains("http://127.0.0.1:1"),
        "{document}"
    );
    // Fetches that fail are not repeated by the next one who asks.
    let (fetches, start) = (world.fetches.load(Ordering::SeqCst), Instant::now());
    for _ in 0..50 {
        assert_eq!(ask(&mut stream).0, 500);
    }
    let repeated = world.fetches.load(Ordering::SeqCst) - fetches;
    assert!(repeated <= start.elapsed().as_secs(), "{repeated} fetches in {:?}", start.elapsed());
    world.is_down.store(false, Ordering::SeqCst);
    // A second later, the next client finds that the outage is over.
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(ask(&mut stream).0, 200);
}

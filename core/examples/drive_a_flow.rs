//! Drives a flow by hand, over a blocking socket: what an adapter for another HTTP client or another network does.
//!
//! ```sh
//! cargo run -p rolecall-core --example drive_a_flow -- http://169.254.169.254
//! ```

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant as StdInstant, SystemTime};

use rolecall_core::error::{Error, Failure, FailureKind, Phase};
use rolecall_core::flow::{
    Answer, Context, Endpoint, Exchange, Flow, Memory, Need, Reply, Report, Slot, Step,
};
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::sources::Imds;
use rolecall_core::wire::http1::{Body, ResponseHead, head_len};
use rolecall_core::wire::time::UnixTime;

fn main() {
    let url = std::env::args().nth(1).unwrap_or_else(|| Imds::ENDPOINT.to_owned());
    match run(&url) {
        Ok(access_key_id) => println!("{access_key_id}"),
        Err(error) => eprintln!("{error}"),
    }
}

/// Returns the access key id of the instance's role.
pub(crate) fn run(url: &str) -> Result<String, Error> {
    let endpoint = Endpoint::parse(url).expect("a URL without a path");
    let mut flow = Imds::new(endpoint);

    // The memory is the caller's: one buffer for each request and its reply, one slot for the credentials.
    let (mut exchange, mut slot) = ([0; 8_192], [0; Slot::RECOMMENDED]);
    let mut slots = [Slot::new(&mut slot)];
    let (mut clock, mut report) = (Clock::new(), Report::new());
    let start = StdInstant::now();

    loop {
        let now = now(start);
        let mut context = Context { now, entropy: entropy(), clock: &mut clock, report: &mut report };
        let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
        match flow.poll(&mut context, &mut memory) {
            Step::Done(result) => {
                result?;
                break;
            }
            Step::Need(Need::Wait { until }) => {
                std::thread::sleep(Duration::from_millis(until.ms_since(now.monotonic)));
            }
            Step::Need(Need::Http(asked)) => {
                let answer = match send(&asked, memory.exchange, start) {
                    Ok(reply) => Answer::Reply(reply),
                    Err(failure) => Answer::Failed(failure),
                };
                flow.answer(&mut context, &mut memory, answer);
            }
            // Files, processes, look-ups and prompts: other sources need them, this one does not.
            Step::Need(_) => {
                let failure = Failure { phase: Phase::Send, kind: FailureKind::Unsupported };
                flow.answer(&mut context, &mut memory, Answer::Failed(failure));
            }
        }
    }
    let credentials = slots[0].credentials().expect("a flow that succeeded has filled the first slot");
    Ok(credentials.access_key_id().to_owned())
}

/// Sends the request from the buffer, and leaves head and body of the reply there.
fn send(asked: &Exchange<'_>, buffer: &mut [u8], start: StdInstant) -> Result<Reply, Failure> {
    // A real driver keeps one absolute deadline over all of it; here each operation has the whole time.
    let limit = Duration::from_millis(asked.limits.total_ms.into());
    let mut stream = connect(asked, limit).map_err(|error| failure(Phase::Connect, &error))?;
    let sent = now(start);
    stream.write_all(asked.request.bytes(buffer)).map_err(|error| failure(Phase::Send, &error))?;

    let too_large = Failure { phase: Phase::Body, kind: FailureKind::TooLarge };
    let invalid = |_| Failure { phase: Phase::Body, kind: FailureKind::Protocol };
    let mut filled = 0;
    let mut receive = |buffer: &mut [u8]| match stream.read(buffer) {
        Ok(0) => Err(Failure { phase: Phase::FirstByte, kind: FailureKind::Closed }),
        Ok(received) => Ok(received),
        Err(error) => Err(failure(Phase::FirstByte, &error)),
    };
    let end = loop {
        filled += receive(buffer.get_mut(filled..).filter(|room| !room.is_empty()).ok_or(too_large)?)?;
        if let Some(end) = head_len(&buffer[..filled], 0) {
            break end;
        }
    };
    let received = now(start);
    let head = ResponseHead::parse(&buffer[..end]).map_err(invalid)?;
    let status = head.status;
    // The header lines are what is between the status line and the empty line.
    let first = buffer[..end].iter().position(|byte| *byte == b'\n').map_or(end, |index| index + 1);
    let mut body = Body::new(head.framing().map_err(invalid)?);

    // The transfer coding is removed in place: data moves to the front, over what framed it.
    let (mut read, mut written) = (end, end);
    loop {
        while read < filled && !body.is_complete() {
            let step = body.advance(&buffer[read..filled]).map_err(invalid)?;
            let data = read + step.data.start..read + step.data.end;
            buffer.copy_within(data.clone(), written);
            written += data.len();
            read += step.used;
        }
        if body.is_complete() {
            return Ok(Reply { status, headers: first..end - 2, body: end..written, sent, received });
        }
        (read, filled) = (written, written);
        filled += receive(buffer.get_mut(filled..).filter(|room| !room.is_empty()).ok_or(too_large)?)?;
    }
}

fn connect(asked: &Exchange<'_>, limit: Duration) -> io::Result<TcpStream> {
    let address = (asked.endpoint.host(), asked.endpoint.port()).to_socket_addrs()?.next();
    let address = address.ok_or(io::ErrorKind::NotFound)?;
    let stream = TcpStream::connect_timeout(&address, Duration::from_millis(asked.limits.connect_ms.into()))?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

fn failure(phase: Phase, error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => FailureKind::Timeout,
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => FailureKind::NotFound,
        _ => FailureKind::Closed,
    };
    Failure { phase, kind }
}

fn now(start: StdInstant) -> Now {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
    Now {
        monotonic: Instant::from_millis(start.elapsed().as_millis() as u64),
        wall: wall.map(|time| UnixTime::from_secs(time.as_secs())),
    }
}

/// Jitter, not a secret: any source of 32 bits that differ will do.
fn entropy() -> u32 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.subsec_nanos())
}

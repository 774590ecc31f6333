//! Carries a flow to its end.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::skew::Clock;
use rolecall_core::sources::{Answer, Context, Flow, Memory, Need, Report, Slot, Step};
use zeroize::{Zeroize, Zeroizing};

use crate::system;
use crate::transport::{Transport, append};

/// The exchange buffer's size at the start of each step.
const EXCHANGE: usize = 16 * 1024;
/// The longest file that a flow reads.
const MAX_FILE: u64 = 64 * 1024;

/// One step of a flow as it happens, for logs: nothing in it is secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Trace<'a> {
    /// An exchange came to an end.
    Exchange {
        /// `GET http://169.254.169.254`: the method, and the service without path or query.
        asked: &'a str,
        /// The status of the reply, or why there is none.
        outcome: Result<u16, Failure>,
        /// How long it took.
        took: Duration,
    },
    /// A wait before the next attempt.
    Wait {
        /// How long.
        pause: Duration,
    },
}

/// Hears of every step.
pub(crate) type Tracer = dyn Fn(Trace<'_>) + Send + Sync;

/// Drives `flow` until it is done. Its result is in the first of `slots`.
pub(crate) fn drive<'c, F: Flow<'c> + ?Sized>(
    flow: &mut F,
    slots: &mut [Slot<'_>],
    clock: &mut Clock,
    report: &mut Report,
    transport: &Transport,
    tracer: Option<&Tracer>,
) -> Result<F::Output, rolecall_core::error::Error> {
    let mut buffer = Zeroizing::new(Vec::new());
    report.clear();
    loop {
        buffer.resize(EXCHANGE, 0);
        let mut cx = Context { now: system::now(), entropy: system::entropy(), clock, report };
        let mut memory = Memory { exchange: &mut buffer, slots };
        let need = match flow.poll(&mut cx, &mut memory) {
            Step::Done(result) => return result,
            Step::Need(need) => need,
        };
        let (mut addresses, mut outcome) = (Vec::new(), None);
        match need {
            Need::Wait { until } => {
                if let Some(tracer) = tracer {
                    let pause = Duration::from_millis(until.since(system::now().monotonic));
                    tracer(Trace::Wait { pause });
                }
                system::sleep_until(until);
                continue;
            }
            Need::Http(exchange) => {
                let asked = tracer.map(|_| {
                    let method = exchange.request.head(&buffer).map_or("?", |head| head.method);
                    let endpoint = exchange.endpoint;
                    format!("{method} {}://{}", endpoint.scheme().as_str(), endpoint.authority())
                });
                let start = system::now().monotonic;
                let answer = transport.carry_out(&exchange, &mut buffer);
                if let (Some(tracer), Some(asked)) = (tracer, asked) {
                    let outcome = match &answer {
                        Answer::Reply(reply) => Ok(reply.status),
                        Answer::Failed(failure) => Err(*failure),
                        _ => Ok(0),
                    };
                    let took = Duration::from_millis(system::now().monotonic.since(start));
                    tracer(Trace::Exchange { asked: &asked, outcome, took });
                }
                outcome = Some(answer);
            }
            Need::File { path } => {
                buffer.zeroize();
                outcome = Some(match read_file(path, &mut buffer) {
                    Ok(()) => Answer::Content(0..buffer.len()),
                    Err(failure) => Answer::Failed(failure),
                });
            }
            Need::Resolve { host } => match transport.resolve(host, 2_000) {
                Ok(found) => addresses = found,
                Err(failure) => outcome = Some(Answer::Failed(failure)),
            },
            // No source of this release asks for anything else.
            _ => {
                outcome =
                    Some(Answer::Failed(Failure { phase: Phase::Connect, kind: FailureKind::Unsupported }));
            }
        }
        let answer = outcome.unwrap_or(Answer::Addresses(&addresses));
        let mut cx = Context { now: system::now(), entropy: system::entropy(), clock, report };
        flow.answer(&mut cx, &mut Memory { exchange: &mut buffer, slots }, answer);
    }
}

fn read_file(path: &str, buffer: &mut Zeroizing<Vec<u8>>) -> Result<(), Failure> {
    let failed = |kind| Failure { phase: Phase::Body, kind };
    let failure = |error: std::io::Error| {
        failed(match error.kind() {
            std::io::ErrorKind::NotFound => FailureKind::NotFound,
            std::io::ErrorKind::PermissionDenied => FailureKind::Denied,
            _ => FailureKind::Other,
        })
    };
    let mut file = File::open(path).map_err(failure)?.take(MAX_FILE + 1);
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        match file.read(piece.as_mut_slice()).map_err(failure)? {
            0 => break,
            len => append(buffer, &piece[..len]),
        }
    }
    if buffer.len() as u64 > MAX_FILE { Err(failed(FailureKind::TooLarge)) } else { Ok(()) }
}

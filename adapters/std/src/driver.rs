//! Runs a flow until it is done.

use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::time::Duration;

use rolecall_core::error::{Error, ErrorKind, Failure, FailureKind, Origin, Phase};
use rolecall_core::flow::{Answer, Context, Exchange, Flow, Memory, Need, Report, Slot, Step};
use rolecall_core::skew::{Clock, Instant};

use crate::files::without_mark;
use crate::host::{Buffer, Host, Streams, fill_up};
use crate::json::text;
use crate::lock;
use crate::secret::Wiped;
use crate::trace::{Trace, Tracer};
use crate::wait::Wait;

/// The exchange buffer's size at the start of each step of a source.
pub(crate) const EXCHANGE: usize = 16 * 1024;

/// A clock that is off by this many seconds is worth reporting.
pub(crate) const TOLERANCE: u64 = 240;

const OUT_OF_TIME: Error = Error::new(Origin::Other, "", ErrorKind::OutOfTime);

/// Runs flows over a [`Host`](crate::Host).
pub(crate) struct Driver<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) clock: &'a Mutex<Clock>,
    pub(crate) tracer: Option<&'a Tracer>,
    /// The longest request, in bytes.
    pub(crate) room: usize,
    /// Variables for commands, beside those of this process.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    pub(crate) wait: Option<&'a Wait>,
    /// What is presented to services that know the caller by a certificate.
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    pub(crate) identity: Option<&'a crate::Identity>,
    /// What signs.
    #[cfg(any(feature = "iot", feature = "roles-anywhere", feature = "login"))]
    pub(crate) key: Option<&'a dyn crate::certificate::Key>,
    /// What the last need was about: a URL, a file, a command, the name of a host.
    pub(crate) about: RefCell<String>,
    /// The longest body that the last exchange permits, in bytes.
    pub(crate) limit: Cell<u32>,
    /// The `Expiration` that the last command printed.
    pub(crate) end: RefCell<String>,
}

impl Driver<'_> {
    /// Runs `flow` until it is done. Its result is in the first of `slots`.
    pub(crate) fn drive<'c, F: Flow<'c> + ?Sized>(
        &self,
        flow: &mut F,
        slots: &mut [Slot<'_>],
        report: &mut Report,
    ) -> Result<F::Output, Error> {
        self.drive_in(&mut Buffer::new(), &mut Streams::default(), flow, slots, report)
    }

    /// As [`Driver::drive`], with streamed bodies, and with a reply that may stay in `buffer`.
    pub(crate) fn drive_in<'c, F: Flow<'c> + ?Sized>(
        &self,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
        flow: &mut F,
        slots: &mut [Slot<'_>],
        report: &mut Report,
    ) -> Result<F::Output, Error> {
        report.clear();
        let mut failed = None;
        loop {
            fill_up(&mut buffer.0, self.room);
            let step = self.step(slots, report, buffer, |cx, memory| flow.poll(cx, memory));
            let need = match step {
                Step::Done(result) => return result,
                Step::Need(need) => need,
            };
            let addresses;
            let asks = matches!(need, Need::Http(_));
            let answer = match need {
                Need::Wait { until } => {
                    if let Some(end) = self.end().filter(|end| *end <= until) {
                        self.host.sleep_until(end);
                        return Err(failed.map_or(OUT_OF_TIME, |failure| {
                            Error::new(Origin::Other, "", ErrorKind::Transport(failure))
                        }));
                    }
                    let pause = Duration::from_millis(until.ms_since(self.host.now().monotonic));
                    self.tell(Trace::Wait { pause });
                    self.host.sleep_until(until);
                    continue;
                }
                Need::Http(exchange) => self.in_time(exchange, buffer, streams),
                Need::File { path } => {
                    buffer.clear();
                    self.about.replace(path.to_owned());
                    let read = self.host.read_file(path, buffer);
                    content(read, buffer)
                }
                Need::Process { command } => {
                    buffer.clear();
                    // Its arguments may be secrets.
                    let name = command.split_ascii_whitespace().next().unwrap_or_default();
                    self.about.replace(name.to_owned());
                    let run = self.host.run(command, self.variables, buffer);
                    self.end.replace(expiration(buffer.bytes()));
                    content(run, buffer)
                }
                Need::Prompt { question, hidden } => {
                    buffer.clear();
                    let asked = self.host.prompt(question, hidden, buffer);
                    content(asked, buffer)
                }
                Need::PromptAfter { shown, question, hidden } => {
                    let shown = buffer.bytes().get(shown).unwrap_or_default();
                    // Some of it is secret: it is wiped, and the text does not move.
                    let mut text = Wiped::new(String::with_capacity(shown.len() + question.len()));
                    text.push_str(std::str::from_utf8(shown).unwrap_or_default());
                    text.push_str(question);
                    buffer.clear();
                    let asked = self.host.prompt(&text, hidden, buffer);
                    content(asked, buffer)
                }
                #[cfg(any(feature = "iot", feature = "roles-anywhere", feature = "login"))]
                Need::Sign { scheme, message } => self.sign(scheme, message, buffer),
                Need::Resolve { host } => {
                    self.about.replace(host.to_owned());
                    match self.host.resolve(host) {
                        Ok(found) => {
                            addresses = found;
                            Answer::Addresses(&addresses)
                        }
                        Err(failure) => Answer::Failed(failure),
                    }
                }
                _ => Answer::Failed(Failure { phase: Phase::Connect, kind: FailureKind::Unsupported }),
            };
            if let Answer::Failed(failure) = &answer {
                failed = Some(*failure);
                if let Some(wait) = self.wait.filter(|_| asks) {
                    wait.report(self.host, self.tracer, &format!("{failure}: {}", self.about.borrow()));
                }
            }
            let before = lock(self.clock).skew();
            self.step(slots, report, buffer, |cx, memory| flow.answer(cx, memory, answer));
            self.tell_clock(before);
        }
    }

    /// Reports a clock that a reply has just shown to be wrong.
    pub(crate) fn tell_clock(&self, before: i64) {
        let behind = lock(self.clock).skew();
        if behind.unsigned_abs() > TOLERANCE && behind.abs_diff(before) > TOLERANCE {
            self.tell(Trace::Clock { behind });
        }
    }

    pub(crate) fn tell(&self, trace: Trace<'_>) {
        if let Some(tracer) = self.tracer {
            tracer(trace);
        }
    }

    /// Makes one call of a flow. The clock is locked for this call alone, and not while anything is waited
    /// for.
    fn step<T>(
        &self,
        slots: &mut [Slot<'_>],
        report: &mut Report,
        buffer: &mut Buffer,
        call: impl FnOnce(&mut Context<'_>, &mut Memory<'_, '_>) -> T,
    ) -> T {
        let (now, entropy) = (self.host.now(), self.host.entropy());
        let mut clock = lock(self.clock);
        let mut cx = Context { now, entropy, clock: &mut clock, report };
        call(&mut cx, &mut Memory { exchange: buffer.bytes_mut(), slots })
    }

    /// When the caller of a provider that waits wants an answer.
    fn end(&self) -> Option<Instant> {
        self.wait?.end()
    }

    /// An exchange that does not outlast the time that the caller waits.
    fn in_time(
        &self,
        mut exchange: Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        let Some(end) = self.end() else { return self.exchange(&exchange, buffer, streams) };
        // A second is left to the last one, which may be the one that succeeds.
        let left = u32::try_from(end.ms_since(self.host.monotonic())).unwrap_or(u32::MAX).max(1_000);
        let limits = &mut exchange.limits;
        for limit in [&mut limits.connect_ms, &mut limits.first_byte_ms, &mut limits.total_ms] {
            *limit = left.min(*limit);
        }
        self.exchange(&exchange, buffer, streams)
    }

    fn exchange(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        let endpoint = exchange.endpoint;
        self.limit.set(exchange.limits.body_bytes);
        let url = format!("{}://{}", endpoint.scheme().as_str(), endpoint.authority());
        let proxy = if exchange.metadata { None } else { self.host.proxy(&endpoint) };
        self.about.replace(match proxy {
            Some(proxy) => format!("{url} through the proxy {proxy}"),
            None => url.clone(),
        });
        let Some(tracer) = self.tracer else { return self.present_and_exchange(exchange, buffer, streams) };
        let method = exchange.request.head(buffer.bytes()).map_or("?", |head| head.method);
        let asked = format!("{method} {url}");
        tracer(Trace::Asking { asked: &asked });
        let start = self.host.now().monotonic;
        let answer = self.present_and_exchange(exchange, buffer, streams);
        if let Some(problem) = self.host.warning() {
            tracer(Trace::Warning { problem: &problem });
        }
        let outcome = match &answer {
            Answer::Reply(reply) => Ok(reply.status),
            Answer::Failed(failure) => Err(*failure),
            _ => Ok(0),
        };
        let took = Duration::from_millis(self.host.now().monotonic.ms_since(start));
        self.tell(Trace::Exchange { asked: &asked, outcome, took });
        answer
    }

    /// Performs an exchange, with a certificate if the peer knows the caller by one.
    fn present_and_exchange(
        &self,
        exchange: &Exchange<'_>,
        buffer: &mut Buffer,
        streams: &mut Streams<'_>,
    ) -> Answer<'static> {
        if !exchange.presents_certificate {
            return self.host.exchange(exchange, buffer, streams);
        }
        #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
        if let Some(identity) = self.identity {
            return self.host.exchange_as(identity, exchange, buffer, streams);
        }
        Answer::Failed(Failure { phase: Phase::Connect, kind: FailureKind::Unsupported })
    }

    /// Signs a message in the buffer, and leaves the signature in its place.
    #[cfg(any(feature = "iot", feature = "roles-anywhere", feature = "login"))]
    fn sign(
        &self,
        scheme: rolecall_core::wire::x509::Scheme,
        message: std::ops::Range<usize>,
        buffer: &mut Buffer,
    ) -> Answer<'static> {
        let unsupported = Failure { phase: Phase::Sign, kind: FailureKind::Unsupported };
        let Some(key) = self.key.filter(|key| key.schemes().contains(&scheme)) else {
            return Answer::Failed(unsupported);
        };
        let message = buffer.bytes().get(message).unwrap_or_default().to_vec();
        match key.sign(scheme, &message) {
            Ok(signature) => {
                buffer.clear();
                buffer.append(&signature);
                Answer::Content(0..signature.len())
            }
            Err(failure) => Answer::Failed(failure),
        }
    }
}

/// The `Expiration` of the document that a command printed.
fn expiration(document: &[u8]) -> String {
    text(without_mark(document), "Expiration").map(|text| text.as_str().to_owned()).unwrap_or_default()
}

/// What a file or a command had, without a byte order mark.
fn content(had: Result<(), Failure>, buffer: &Buffer) -> Answer<'static> {
    match had {
        Ok(()) => {
            let len = buffer.bytes().len();
            Answer::Content(len - without_mark(buffer.bytes()).len()..len)
        }
        Err(failure) => Answer::Failed(failure),
    }
}

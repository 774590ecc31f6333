//! A flow of plain requests that records the outcome of each exchange.

use rolecall_core::error::{Error, Failure};
use rolecall_core::flow::{
    Answer, Context, Endpoint, Exchange, Flow, Limits, Memory, Need, Reply, ReplyHeaders, Span, Step,
};
use rolecall_core::wire::Cursor;
use rolecall_core::wire::http1::HeadWriter;

pub(crate) const LIMITS: Limits =
    Limits { connect_ms: 300, first_byte_ms: 300, total_ms: 900, body_bytes: 4_096 };

/// The reply of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// Requests `/1`, `/2` and so on.
pub(crate) struct Probe {
    endpoint: Endpoint<'static>,
    method: &'static str,
    limits: Limits,
    repeatable: bool,
    count: usize,
    pub(crate) got: Vec<Result<Got, Failure>>,
    pub(crate) replies: Vec<Reply>,
}

impl Probe {
    pub(crate) fn new(url: &str, count: usize) -> Self {
        let endpoint = Endpoint::parse(Box::leak(url.to_owned().into_boxed_str())).unwrap();
        Self {
            endpoint,
            method: "GET",
            limits: LIMITS,
            repeatable: true,
            count,
            got: Vec::new(),
            replies: Vec::new(),
        }
    }

    pub(crate) fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub(crate) fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    pub(crate) fn not_repeatable(self) -> Self {
        Self { repeatable: false, ..self }
    }

    /// The outcome of the only exchange.
    pub(crate) fn only(&self) -> Result<Got, Failure> {
        assert_eq!(self.got.len(), 1, "{:?}", self.got);
        self.got[0].clone()
    }

    pub(crate) fn bodies(&self) -> Vec<&str> {
        self.got.iter().map(|got| got.as_ref().map_or("failed", |got| got.body.as_str())).collect()
    }
}

impl Flow<'static> for Probe {
    type Output = ();

    fn slots(&self) -> usize {
        0
    }

    fn poll(&mut self, _: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'static, ()> {
        if self.got.len() == self.count {
            return Step::Done(Ok(()));
        }
        let target = format!("/{}", self.got.len() + 1);
        let mut out = Cursor::new(memory.exchange);
        let mut head = HeadWriter::new(&mut out, self.method, &[&target]);
        head.header("Host", self.endpoint.authority().as_bytes());
        head.header("X-Secret", b"do-not-show");
        head.finish().unwrap();
        let len = out.finish().unwrap().len();
        let mut exchange = Exchange::new(self.endpoint, Span { head: len, len }, self.limits);
        exchange.metadata = true;
        exchange.repeatable = self.repeatable;
        exchange.reply_headers = ReplyHeaders::Named(&["date", "x-kept"]);
        Step::Need(Need::Http(exchange))
    }

    fn answer(&mut self, _: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        let got = match answer {
            Answer::Reply(reply) => {
                let headers = memory.exchange[reply.headers.clone()].to_vec();
                let body = reply.body(memory.exchange).to_vec();
                self.replies.push(reply.clone());
                Ok(Got {
                    status: reply.status,
                    headers: String::from_utf8(headers).unwrap(),
                    body: String::from_utf8(body).unwrap(),
                })
            }
            Answer::Failed(failure) => Err(failure),
            other => panic!("{other:?}"),
        };
        self.got.push(got);
    }

    fn restart(&mut self) {
        self.got.clear();
    }
}

/// A flow with a single need that records its answer.
pub(crate) struct Needs {
    pub(crate) need: fn() -> Need<'static>,
    pub(crate) answer: Option<Result<Vec<std::net::IpAddr>, Failure>>,
}

impl Flow<'static> for Needs {
    type Output = ();

    fn slots(&self) -> usize {
        0
    }

    fn poll(&mut self, _: &mut Context<'_>, _: &mut Memory<'_, '_>) -> Step<'static, ()> {
        if self.answer.is_some() { Step::Done(Ok::<(), Error>(())) } else { Step::Need((self.need)()) }
    }

    fn answer(&mut self, _: &mut Context<'_>, _: &mut Memory<'_, '_>, answer: Answer<'_>) {
        self.answer = Some(match answer {
            Answer::Addresses(addresses) => Ok(addresses.to_vec()),
            Answer::Failed(failure) => Err(failure),
            other => panic!("{other:?}"),
        });
    }

    fn restart(&mut self) {}
}

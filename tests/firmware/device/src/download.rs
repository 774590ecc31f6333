//! A signed GET of a small object, as a flow of the firmware's own.

use heapless::String;
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Buffer, Error, ErrorKind, Origin};
use rolecall_core::flow::{Answer, Context, Endpoint, Exchange, Flow, Limits, Memory, Need, Span, Step};
use rolecall_core::sigv4::{Payload, Request, Rules, SignError, Signer, SigningKey};
use rolecall_core::wire::http1::HeadWriter;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{Cursor, Put};

const SERVICE: &str = "s3";
const LIMITS: Limits = Limits { connect: 3_000, first_byte: 5_000, total: 10_000, body: 1024 };

pub(crate) struct Download<'c> {
    endpoint: Endpoint<'c>,
    target: &'c str,
    region: &'c str,
    credentials: &'c Credentials<'c>,
    ended: Option<Result<String<64>, ErrorKind>>,
}

impl<'c> Download<'c> {
    pub(crate) fn new(
        endpoint: Endpoint<'c>,
        target: &'c str,
        region: &'c str,
        credentials: &'c Credentials<'c>,
    ) -> Self {
        Self { endpoint, target, region, credentials, ended: None }
    }

    /// Writes the request, which has no body; its length.
    fn write(&self, time: UnixTime, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let host = self.endpoint.authority().as_bytes();
        let mut out = Cursor::new(buffer);
        let mut head = HeadWriter::new(&mut out, "GET", &[self.target]);
        head.header("Host", host);
        head.suspend().map_err(|_| ErrorKind::Invalid("target"))?;
        self.sign(host, time, &mut out).map_err(ErrorKind::Sign)?;
        out.put(b"\r\n");
        let needed = out.needed();
        out.finish().map_err(|_| ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed })?;
        Ok(needed)
    }

    fn sign(&self, host: &[u8], time: UnixTime, out: &mut Cursor<'_>) -> Result<(), SignError> {
        let secret = self.credentials.secret_access_key();
        let key = SigningKey::derive(secret, time, self.region, SERVICE);
        let mut request = Request::new("GET", self.target, Payload::Bytes(b""))?;
        request.header("Host", host)?;
        let signer = Signer::new(self.credentials, &key, Rules::of(SERVICE), time)?;
        signer.sign(&request)?.put_header_lines(out);
        Ok(())
    }
}

impl<'c> Flow<'c> for Download<'c> {
    type Output = String<64>;

    fn slots(&self) -> usize {
        0
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, String<64>> {
        let fail = |kind| Step::Done(Err(Error { origin: Origin::Other, step: "download", kind }));
        match self.ended.take() {
            Some(Ok(content)) => return Step::Done(Ok(content)),
            Some(Err(kind)) => return fail(kind),
            None => {}
        }
        let Some(time) = cx.clock.time(cx.now) else { return fail(ErrorKind::ClockUnknown) };
        let len = match self.write(time, memory.exchange) {
            Ok(len) => len,
            Err(kind) => return fail(kind),
        };
        Step::Need(Need::Http(Exchange {
            endpoint: self.endpoint,
            address: None,
            request: Span { head: len, len },
            metadata: false,
            limits: LIMITS,
            repeatable: true,
            reply_headers: &[],
        }))
    }

    fn answer(&mut self, _: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        self.ended = Some(match answer {
            Answer::Reply(reply) if reply.status == 200 => core::str::from_utf8(reply.body(memory.exchange))
                .ok()
                .and_then(|text| String::try_from(text).ok())
                .ok_or(ErrorKind::Unusable("content")),
            Answer::Reply(reply) => Err(ErrorKind::Status(reply.status)),
            Answer::Failed(failure) => Err(ErrorKind::Transport(failure)),
            _ => Err(ErrorKind::Misuse),
        });
    }

    fn restart(&mut self) {
        self.ended = None;
    }
}

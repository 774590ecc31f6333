//! One exchange: what to send, what was received, and the deadlines. It does no I/O.

use core::net::IpAddr;
use core::ops::Range;

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Body, Exchange, Reply};
use rolecall_core::skew::{Instant, Now};
use rolecall_core::wire::uri;

use crate::bodies::Used;
use crate::incoming::{Complete, Incoming};

/// The state of one exchange.
#[derive(Debug)]
pub(crate) struct Conversation<'c> {
    exchange: Exchange<'c>,
    address: Option<IpAddr>,
    stage: Stage,
    /// Deadline of the current stage, then of the exchange.
    until: Instant,
    last: Instant,
    /// The connection has carried another exchange before.
    reused: bool,
    sent: Now,
    /// The part of a streamed body that was read and is not sent yet, in the exchange buffer.
    piece: Range<usize>,
    used: Used,
    /// The peer stopped reading the request; it may have said why.
    is_cut_off: bool,
    /// The caller's writer holds bytes of this reply only.
    is_fresh: bool,
    incoming: Incoming,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Look up the address, unless it is known.
    Resolve,
    Connect,
    /// This many bytes of the request are sent, its body included wherever that is.
    Send {
        sent: u64,
    },
    Receive,
    Failed(Failure),
}

/// What to do with the connection.
#[derive(Debug)]
pub(crate) enum Transfer<'x> {
    /// Send some of these bytes.
    Send { bytes: &'x [u8], until: Instant },
    /// Receive some bytes to here.
    Receive { room: &'x mut [u8], until: Instant },
    /// Something is due between the buffer and the caller's streams: a [`Pass`].
    Pass,
}

/// What to do with the caller's streams.
#[derive(Debug)]
pub(crate) enum Pass<'x> {
    /// Rewind the reader.
    Rewind,
    /// Read some bytes of the body to here.
    Read { room: &'x mut [u8], until: Instant },
    /// Make the writer drop what it has.
    StartOver,
    /// Write some of these bytes.
    Write { bytes: &'x [u8], until: Instant },
}

impl<'c> Conversation<'c> {
    /// The exchange whose request is in `buffer`.
    pub(crate) fn new(exchange: Exchange<'c>, buffer: &[u8], used: Used, now: Now) -> Self {
        let bodiless = exchange.request.bytes(buffer).starts_with(b"HEAD ");
        let mut incoming = Incoming::new(exchange.reply_headers, exchange.limits.body_bytes, bodiless);
        incoming.streams = exchange.streams_reply;
        let address = exchange.address.or_else(|| uri::address(exchange.endpoint.host()));
        let last = now.monotonic.after_ms(exchange.limits.total_ms.into());
        let mut new = Self {
            exchange,
            address,
            stage: Stage::Resolve,
            until: last,
            last,
            reused: false,
            sent: now,
            piece: 0..0,
            used,
            is_cut_off: false,
            is_fresh: false,
            incoming,
        };
        new.enter(if address.is_some() { Stage::Connect } else { Stage::Resolve }, now);
        new
    }

    pub(crate) fn exchange(&self) -> &Exchange<'c> {
        &self.exchange
    }

    /// The address to connect to; `None` if the host's name has to be looked up first.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The deadline of the current stage.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    pub(crate) fn resolved(&mut self, address: IpAddr, now: Now) {
        self.address = Some(address);
        self.enter(Stage::Connect, now);
    }

    /// Records a connection; `reused` if it has carried another exchange before.
    pub(crate) fn connected(&mut self, reused: bool, now: Now) {
        self.reused = reused;
        self.sent = now;
        self.piece = 0..0;
        self.enter(Stage::Send { sent: 0 }, now);
    }

    /// What to do next with the connection; `None` if the exchange needs another one, or has ended.
    pub(crate) fn transfer<'x>(&mut self, buffer: &'x mut [u8]) -> Option<Transfer<'x>>
    where
        'c: 'x,
    {
        let until = self.until;
        match self.stage {
            Stage::Send { sent } => self.send(sent, buffer),
            Stage::Receive if self.is_to_start_over() || self.incoming.pending().is_some() => {
                Some(Transfer::Pass)
            }
            Stage::Receive => Some(Transfer::Receive { room: self.incoming.room(buffer), until }),
            _ => None,
        }
    }

    /// What to do with the connection after this many bytes.
    fn send<'x>(&self, sent: u64, buffer: &'x mut [u8]) -> Option<Transfer<'x>>
    where
        'c: 'x,
    {
        let held = self.exchange.request.len;
        let bytes: &[u8] = if sent < held as u64 {
            let sent = usize::try_from(sent).unwrap_or(usize::MAX);
            self.exchange.request.bytes(buffer).get(sent..).unwrap_or_default()
        } else if let Body::Bytes(bytes) = self.exchange.body {
            let sent = usize::try_from(sent.wrapping_sub(held as u64)).unwrap_or(usize::MAX);
            bytes.get(sent..).unwrap_or_default()
        } else if !self.piece.is_empty() {
            buffer.get(self.piece.clone()).unwrap_or_default()
        } else {
            return Some(Transfer::Pass);
        };
        Some(Transfer::Send { bytes, until: self.until })
    }

    /// What to do with the caller's streams, where [`Transfer::Pass`] is due.
    pub(crate) fn pass<'x>(&mut self, buffer: &'x mut [u8]) -> Option<Pass<'x>> {
        let until = self.until;
        let Stage::Send { sent } = self.stage else {
            if self.is_to_start_over() {
                return Some(Pass::StartOver);
            }
            let bytes = buffer.get(self.incoming.pending()?).unwrap_or_default();
            return Some(Pass::Write { bytes, until });
        };
        let held = self.exchange.request.len;
        let sent = sent.wrapping_sub(held as u64);
        if sent == 0 && self.used.upload {
            return Some(Pass::Rewind);
        }
        let left = usize::try_from(self.outside().saturating_sub(sent)).unwrap_or(usize::MAX);
        let room = buffer.get_mut(held..).unwrap_or_default();
        let end = left.min(room.len());
        let room = room.get_mut(..end).filter(|room| !room.is_empty());
        if room.is_none() {
            self.fail(FailureKind::TooLarge);
        }
        room.map(|room| Pass::Read { room, until })
    }

    /// Bytes of the body that are not in the exchange buffer.
    fn outside(&self) -> u64 {
        match self.exchange.body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Streamed(len) => len,
            _ => 0,
        }
    }

    /// Records `count` more bytes of the request as sent.
    pub(crate) fn sent(&mut self, count: usize, now: Now) {
        let outside = self.outside();
        let Stage::Send { sent } = &mut self.stage else { return };
        *sent = sent.saturating_add(count as u64);
        self.piece.start = self.piece.start.saturating_add(count).min(self.piece.end);
        let held = self.exchange.request.len as u64;
        if *sent >= held.saturating_add(outside) {
            // Still by the limit for the first byte.
            self.stage = Stage::Receive;
        }
        if outside > 0 {
            self.extend(now);
        }
    }

    /// Records how many bytes of the body the caller's reader returned.
    pub(crate) fn read(&mut self, read: Result<usize, FailureKind>, now: Now) {
        self.used.upload = true;
        match read {
            // The body is shorter than was announced.
            Ok(0) => self.fail(FailureKind::Other),
            Ok(count) => {
                let start = self.exchange.request.len;
                self.piece = start..start.saturating_add(count);
                self.extend(now);
            }
            Err(kind) => self.fail(kind),
        }
    }

    /// Records whether the caller's reader could be rewound.
    pub(crate) fn rewound(&mut self, done: bool) {
        self.used.upload = !done;
        if !done {
            self.fail(FailureKind::Other);
        }
    }

    /// Records how many bytes the caller's writer accepted.
    pub(crate) fn written(&mut self, written: Result<usize, FailureKind>) {
        self.used.download = true;
        self.is_fresh = true;
        match written {
            Ok(count) => self.incoming.passed_on(count),
            Err(kind) => self.fail(kind),
        }
    }

    /// Records whether the caller's writer could drop what it had.
    pub(crate) fn started_over(&mut self, done: bool) {
        self.used.download = !done;
        self.is_fresh = done;
        if !done {
            self.fail(FailureKind::Other);
        }
    }

    /// Whether the caller's writer has a part of an earlier reply.
    fn is_to_start_over(&self) -> bool {
        self.used.download && !self.is_fresh && self.incoming.is_streamed()
    }

    /// The caller's streams that are no longer at their start.
    pub(crate) fn used(&self) -> Used {
        self.used
    }

    /// Records `count` bytes in the receive buffer, or the end of the stream if it is 0.
    pub(crate) fn received(&mut self, buffer: &mut [u8], count: usize, now: Now) {
        if count == 0 {
            return match self.incoming.finish() {
                Ok(()) => {}
                Err(kind) => self.broke(kind, now),
            };
        }
        self.until = self.last;
        self.reused = false;
        if let Err(kind) = self.incoming.take(buffer, count, now) {
            self.fail(kind);
        }
    }

    /// Where the header lines kept of the reply are.
    pub(crate) fn headers(&self) -> Option<Range<usize>> {
        if self.stage == Stage::Receive { self.incoming.headers() } else { None }
    }

    /// Records a failed operation. A peer may close a kept connection at any time: if that crossed a request
    /// that may be repeated, a new connection is opened. A peer that refuses a request need not read its
    /// body.
    pub(crate) fn broke(&mut self, kind: FailureKind, now: Now) {
        let reused = core::mem::take(&mut self.reused);
        if kind != FailureKind::Closed {
            return self.fail(kind);
        }
        let head = self.exchange.request.head as u64;
        match self.stage {
            _ if reused && self.exchange.repeatable => self.enter(Stage::Connect, now),
            // Bytes that follow another exchange are not a reply to this one.
            Stage::Send { sent } if !reused && sent >= head => {
                self.is_cut_off = true;
                self.stage = Stage::Receive;
            }
            _ => self.fail(kind),
        }
    }

    /// The result, once the exchange has ended, as it has when the deadline of its stage has passed.
    pub(crate) fn outcome(&mut self, now: Now) -> Option<Result<Reply, Failure>> {
        if let Some(Complete { status, headers, body, received, .. }) = self.complete() {
            return Some(Ok(Reply { status, headers, body, sent: self.sent, received }));
        }
        if now.monotonic >= self.until && !matches!(self.stage, Stage::Failed(_)) {
            self.fail(FailureKind::Timeout);
        }
        match self.stage {
            Stage::Failed(failure) => Some(Err(failure)),
            _ => None,
        }
    }

    /// Whether the connection may carry another exchange.
    pub(crate) fn keeps_alive(&self) -> bool {
        !self.is_cut_off && self.complete().is_some_and(|complete| complete.keeps_alive)
    }

    fn complete(&self) -> Option<Complete> {
        let is_due = self.stage == Stage::Receive && !self.is_to_start_over();
        if is_due { self.incoming.complete() } else { None }
    }

    pub(crate) fn fail(&mut self, kind: FailureKind) {
        let phase = match self.stage {
            Stage::Resolve => Phase::Resolve,
            Stage::Connect => Phase::Connect,
            Stage::Send { .. } => Phase::Send,
            Stage::Receive if self.incoming.has_head() => Phase::Body,
            Stage::Receive if self.is_cut_off => Phase::Send,
            Stage::Receive => Phase::FirstByte,
            Stage::Failed(first) => first.phase,
        };
        self.stage = Stage::Failed(Failure { phase, kind });
    }

    /// A body of any length is sent as long as the peer keeps reading.
    fn extend(&mut self, now: Now) {
        self.until = now.monotonic.after_ms(self.exchange.limits.first_byte_ms.into()).min(self.last);
    }

    fn enter(&mut self, stage: Stage, now: Now) {
        let limits = &self.exchange.limits;
        let limit = match stage {
            Stage::Resolve | Stage::Connect => limits.connect_ms,
            _ => limits.first_byte_ms,
        };
        self.stage = stage;
        self.until = now.monotonic.after_ms(limit.into()).min(self.last);
    }
}

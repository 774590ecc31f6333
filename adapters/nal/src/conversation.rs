//! One exchange: what to send, what has come, and until when. It does no input or output.

use core::net::IpAddr;

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Exchange, Reply};
use rolecall_core::skew::{Instant, Now};
use rolecall_core::wire::uri;

use crate::incoming::{Complete, Incoming};

/// The state of one exchange.
#[derive(Debug)]
pub(crate) struct Conversation<'c> {
    exchange: Exchange<'c>,
    address: Option<IpAddr>,
    stage: Stage,
    /// The end of the stage, then of the exchange.
    until: Instant,
    last: Instant,
    /// The connection has carried another exchange before.
    reused: bool,
    sent: Now,
    incoming: Incoming,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The address is looked up, unless it is known.
    Resolve,
    Connect,
    /// So many bytes of the request are on their way.
    Send {
        sent: usize,
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
}

impl<'c> Conversation<'c> {
    /// The exchange whose request is in `buffer`.
    pub(crate) fn new(exchange: Exchange<'c>, buffer: &[u8], now: Now) -> Self {
        let bodiless = exchange.request.bytes(buffer).starts_with(b"HEAD ");
        let incoming = Incoming::new(exchange.reply_headers, exchange.limits.body, bodiless);
        let address = exchange.address.or_else(|| uri::address(exchange.endpoint.host()));
        let last = now.monotonic.after(exchange.limits.total.into());
        let mut new = Self {
            exchange,
            address,
            stage: Stage::Resolve,
            until: last,
            last,
            reused: false,
            sent: now,
            incoming,
        };
        new.enter(if address.is_some() { Stage::Connect } else { Stage::Resolve }, now);
        new
    }

    pub(crate) fn exchange(&self) -> &Exchange<'c> {
        &self.exchange
    }

    /// Where to connect; `None`: the host's name is to be looked up first.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The end of the present stage.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    pub(crate) fn resolved(&mut self, address: IpAddr, now: Now) {
        self.address = Some(address);
        self.enter(Stage::Connect, now);
    }

    /// There is a connection; `reused`, if it has carried another exchange before.
    pub(crate) fn connected(&mut self, reused: bool, now: Now) {
        self.reused = reused;
        self.sent = now;
        self.enter(Stage::Send { sent: 0 }, now);
    }

    /// Fails if the time for the present stage is up.
    pub(crate) fn expire(&mut self, now: Now) {
        if self.outcome().is_none() && now.monotonic >= self.until {
            self.fail(FailureKind::Timeout);
        }
    }

    /// What to do next with the connection; `None`: it needs another, or has ended.
    pub(crate) fn transfer<'x>(&mut self, buffer: &'x mut [u8]) -> Option<Transfer<'x>> {
        let until = self.until;
        match self.stage {
            Stage::Send { sent } => {
                let bytes = self.exchange.request.bytes(buffer).get(sent..).unwrap_or_default();
                Some(Transfer::Send { bytes, until })
            }
            Stage::Receive => Some(Transfer::Receive { room: self.incoming.room(buffer), until }),
            _ => None,
        }
    }

    /// `count` more bytes of the request are on their way.
    pub(crate) fn sent(&mut self, count: usize) {
        if let Stage::Send { sent } = &mut self.stage {
            *sent = sent.saturating_add(count);
            if *sent >= self.exchange.request.len {
                // Still by the limit for the first byte.
                self.stage = Stage::Receive;
            }
        }
    }

    /// `count` bytes came into the room, or none any more will if it is 0.
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

    /// What was to be done failed. A peer may close a connection that it has kept open at any time:
    /// if that crossed a request that may be sent twice, a new connection is due.
    pub(crate) fn broke(&mut self, kind: FailureKind, now: Now) {
        let crossed = core::mem::take(&mut self.reused) && kind == FailureKind::Closed;
        if crossed && self.exchange.repeatable {
            self.enter(Stage::Connect, now);
        } else {
            self.fail(kind);
        }
    }

    /// How it ended, if it has.
    pub(crate) fn outcome(&self) -> Option<Result<Reply, Failure>> {
        if let Stage::Failed(failure) = self.stage {
            return Some(Err(failure));
        }
        let Complete { status, headers, body, received, .. } = self.complete()?;
        Some(Ok(Reply { status, headers, body, sent: self.sent, received }))
    }

    /// Whether the connection may carry another exchange.
    pub(crate) fn keeps_alive(&self) -> bool {
        self.complete().is_some_and(|complete| complete.keeps_alive)
    }

    fn complete(&self) -> Option<Complete> {
        if self.stage == Stage::Receive { self.incoming.complete() } else { None }
    }

    fn fail(&mut self, kind: FailureKind) {
        let phase = match self.stage {
            Stage::Resolve => Phase::Resolve,
            Stage::Connect => Phase::Connect,
            Stage::Send { .. } => Phase::Send,
            Stage::Receive if self.incoming.has_head() => Phase::Body,
            Stage::Receive => Phase::FirstByte,
            Stage::Failed(first) => first.phase,
        };
        self.stage = Stage::Failed(Failure { phase, kind });
    }

    fn enter(&mut self, stage: Stage, now: Now) {
        let limits = &self.exchange.limits;
        let limit = match stage {
            Stage::Resolve | Stage::Connect => limits.connect,
            _ => limits.first_byte,
        };
        self.stage = stage;
        self.until = now.monotonic.after(limit.into()).min(self.last);
    }
}

//! One connection: reads a request, waits for its answer, sends it, and reads the next.

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use rolecall::Buffer;
use zeroize::Zeroize;

use super::answer::{Answer, Sending};
use super::request::{Front, Refusal, Request, front};

/// How long a head may take to arrive, from its first byte or from the start of the connection, and an answer to be sent.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long of that it keeps its place while others wait for one.
const FAIR_TIME: Duration = Duration::from_secs(1);
/// How long a connection may stay between two requests.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// How long, and for how many bytes, the rest of what a client sends is taken after the last answer: closing at once
/// would reset the connection, and the answer might be lost.
const DRAIN_TIME: Duration = Duration::from_secs(2);
const DRAIN_BYTES: usize = 256 * 1024;
/// How many requests of one connection are answered before others have their turn.
const TURN: usize = 32;

/// How much is read at once.
pub(super) const PIECE: usize = 8 * 1024;

/// What the loop does with a connection afterwards.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The system says when it can go on.
    Open,
    /// It can go on, when others had their turn.
    Again,
    Over,
}

pub(super) struct Connection {
    stream: TcpStream,
    /// What has arrived and was not answered yet. It may have a token, and is wiped.
    received: Buffer,
    /// The part of it that is known to have no end of a head.
    searched: usize,
    phase: Phase,
    deadline: Instant,
    /// Whether a request was answered.
    served: bool,
    /// Whether the next answer is the last.
    closes: bool,
}

enum Phase {
    Reading,
    /// For credentials.
    Waiting,
    Sending(Sending),
    /// The bytes that may still be thrown away.
    Draining(usize),
}

/// Answers what a connection has read; `None` if the answer follows.
pub(super) type Answering<'a> =
    &'a mut dyn FnMut(Result<&Request<'_>, Refusal>, SocketAddr) -> Option<Answer>;

impl Connection {
    pub(super) fn new(stream: TcpStream, now: Instant) -> Self {
        Self {
            stream,
            received: Buffer::new(),
            searched: 0,
            phase: Phase::Reading,
            deadline: now + HEAD_TIME,
            served: false,
            closes: false,
        }
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Whether it waits for credentials.
    pub(super) fn waits(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    /// Whether it may be closed for another one: it is between two requests, or takes long for its head.
    pub(super) fn is_spare(&self, now: Instant) -> bool {
        let is_idle = self.served && self.received.bytes().is_empty();
        let is_slow = self.deadline.saturating_duration_since(now) + FAIR_TIME < HEAD_TIME;
        matches!(self.phase, Phase::Reading) && (is_idle || is_slow)
    }

    /// Whether a client waits for an answer, or for the rest of it.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.phase, Phase::Waiting | Phase::Sending(_))
    }

    /// When it is closed, whatever it is doing. Only a fetch has limits of its own.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.waits() { None } else { Some(self.deadline) }
    }

    /// Makes the next answer the last.
    pub(super) fn close_next(&mut self) {
        self.closes = true;
    }

    /// Starts to send an answer that it waited for.
    pub(super) fn give(&mut self, answer: &Answer, now: Instant) {
        self.send(answer, false, now);
    }

    /// Goes on as far as the socket allows.
    pub(super) fn advance(&mut self, scratch: &mut [u8], now: Instant, answering: Answering<'_>) -> Fate {
        // A socket that fails has no client at its other end.
        self.try_advance(scratch, now, answering).unwrap_or(Fate::Over)
    }

    fn try_advance(
        &mut self,
        scratch: &mut [u8],
        now: Instant,
        answering: Answering<'_>,
    ) -> io::Result<Fate> {
        let mut answered = 0;
        loop {
            match &mut self.phase {
                Phase::Waiting => return Ok(Fate::Open),
                Phase::Reading => {
                    if answered == TURN {
                        return Ok(Fate::Again);
                    }
                    if self.take_request(now, answering)? {
                        answered += 1;
                        continue;
                    }
                    match self.read(scratch, now) {
                        Ok(0) => return Ok(Fate::Over),
                        Ok(_) => {}
                        Err(error) => return would_block(error),
                    }
                }
                Phase::Sending(sending) => {
                    if !sending.write(&mut self.stream)? {
                        return Ok(Fate::Open);
                    }
                    self.served = true;
                    if self.closes {
                        self.stream.shutdown(Shutdown::Write)?;
                        self.received.clear();
                        (self.phase, self.deadline) = (Phase::Draining(DRAIN_BYTES), now + DRAIN_TIME);
                    } else {
                        let time = if self.received.bytes().is_empty() { IDLE_TIME } else { HEAD_TIME };
                        (self.phase, self.deadline) = (Phase::Reading, now + time);
                    }
                }
                Phase::Draining(left) => match self.stream.read(scratch) {
                    Ok(count) if (1..*left).contains(&count) => {
                        scratch.zeroize();
                        *left -= count;
                    }
                    Ok(_) => return Ok(Fate::Over),
                    Err(error) => return would_block(error),
                },
            }
        }
    }

    /// Reads once, and returns how much that was.
    fn read(&mut self, scratch: &mut [u8], now: Instant) -> io::Result<usize> {
        let count = self.stream.read(scratch)?;
        let fresh = scratch.get_mut(..count).unwrap_or_default();
        if self.received.bytes().is_empty() && self.served {
            self.deadline = now + HEAD_TIME;
        }
        self.received.append(fresh);
        fresh.zeroize();
        Ok(count)
    }

    /// Takes a request out of what was received, and starts to answer it; returns whether there was one.
    fn take_request(&mut self, now: Instant, answering: Answering<'_>) -> io::Result<bool> {
        let received = std::mem::take(&mut self.received);
        let (answer, len, is_head) = match front(received.bytes(), self.searched) {
            Front::Partial => {
                self.searched = received.bytes().len();
                self.received = received;
                return Ok(false);
            }
            Front::Request { request, len } => {
                self.closes |= request.closes;
                (answering(Ok(&request), self.stream.local_addr()?), len, request.method == "HEAD")
            }
            Front::Refused(refusal) => {
                self.closes = true;
                (answering(Err(refusal), self.stream.local_addr()?), received.bytes().len(), false)
            }
        };
        self.searched = 0;
        self.received.append(received.bytes().get(len..).unwrap_or_default());
        match answer {
            Some(answer) => self.send(&answer, is_head, now),
            None => self.phase = Phase::Waiting,
        }
        Ok(true)
    }

    fn send(&mut self, answer: &Answer, is_head: bool, now: Instant) {
        self.phase = Phase::Sending(answer.sending(self.closes, is_head));
        self.deadline = now + HEAD_TIME;
    }
}

/// Nothing more for now is no error.
fn would_block(error: io::Error) -> io::Result<Fate> {
    match error.kind() {
        ErrorKind::WouldBlock => Ok(Fate::Open),
        ErrorKind::Interrupted => Ok(Fate::Again),
        _ => Err(error),
    }
}

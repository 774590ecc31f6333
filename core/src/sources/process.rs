//! Credentials that a command prints (`credential_process`; *Sourcing credentials with an external
//! process*, AWS SDKs and Tools Reference Guide).

use core::ops::Range;

use zeroize::Zeroize;

use crate::error::{Buffer, Error, ErrorKind, Origin};

use super::document::{self, Dialect};
use crate::flow::lease::remaining;
use crate::flow::{Answer, Context, Flow, Lease, Memory, Need, Step};

/// Runs a command, without a shell, and reads the document that it prints: `Version` 1,
/// `AccessKeyId`, `SecretAccessKey`, and perhaps `SessionToken`, `Expiration` and `AccountId`.
///
/// Slots: one. Exchange buffer: the document; 8 KB for tokens of 4 KB.
#[derive(Debug)]
pub struct Process<'c> {
    command: &'c str,
    ended: Option<Result<Lease, Error>>,
}

impl<'c> Process<'c> {
    /// The command line, as configured. Whoever runs it takes it apart.
    pub fn new(command: &'c str) -> Self {
        Self { command, ended: None }
    }
}

fn error(kind: ErrorKind) -> Error {
    Error { origin: Origin::Process, step: "", kind }
}

fn take(
    cx: &mut Context<'_>,
    memory: &mut Memory<'_, '_>,
    content: Range<usize>,
) -> Result<Lease, ErrorKind> {
    let document = memory.exchange.get(content).unwrap_or_default();
    let slot = memory.slots.first_mut();
    let slot = slot.ok_or(ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 })?;
    document::read(document, Dialect::Process, slot, cx.report)?;
    remaining(slot.expiration(), cx.clock.time(cx.now)).ok_or_else(|| {
        slot.clear();
        ErrorKind::Expired
    })
}

impl<'c> Flow<'c> for Process<'c> {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, _: &mut Context<'_>, _: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        match self.ended.take() {
            Some(ended) => Step::Done(ended),
            None => Step::Need(Need::Process { command: self.command }),
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        let taken = match answer {
            Answer::Content(content) => take(cx, memory, content),
            Answer::Failed(failure) => Err(ErrorKind::Transport(failure)),
            _ => Err(ErrorKind::Misuse),
        };
        memory.exchange.zeroize();
        self.ended = Some(taken.map_err(error));
    }

    fn restart(&mut self) {
        self.ended = None;
    }
}

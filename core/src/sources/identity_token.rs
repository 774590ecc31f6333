//! Tokens by which somebody else vouches for the caller.

use zeroize::Zeroize;

use crate::error::{Buffer, Error, ErrorKind, Origin};
use crate::wire::Put;

use crate::flow::slot::{Field, Slot};
use crate::flow::{Answer, Context, Flow, Lease, Memory, Need, Step};

/// A token for a call that is not signed: the base of
/// [`AssumeRoleWithWebIdentity`](crate::sources::sts::AssumeRoleWithWebIdentity) or
/// [`AssumeRoleWithSaml`](crate::sources::sts::AssumeRoleWithSaml).
///
/// Slots: one, for the token. Exchange buffer: the file's content.
#[derive(Debug)]
pub struct IdentityToken<'c> {
    place: Place<'c>,
    ended: Option<Result<Lease, Error>>,
}

enum Place<'c> {
    Here(&'c str),
    File(&'c str),
}

impl core::fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Here(token) => write!(f, "Here({} bytes)", token.len()),
            Self::File(path) => write!(f, "File({path})"),
        }
    }
}

/// A token says itself when it ends.
const LEASE: Lease = Lease { expiration: None, lifetime: None };

impl<'c> IdentityToken<'c> {
    /// This token.
    pub fn given(token: &'c str) -> Self {
        Self { place: Place::Here(token), ended: None }
    }

    /// The content of this file, read anew each time; blanks around it are dropped.
    pub fn file(path: &'c str) -> Self {
        Self { place: Place::File(path), ended: None }
    }
}

fn store(token: &[u8], slots: &mut [Slot<'_>]) -> Result<Lease, ErrorKind> {
    let slot = slots.first_mut().ok_or(ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 })?;
    let token = token.trim_ascii();
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return Err(ErrorKind::Invalid("token: empty, or with a character that may not stand there"));
    }
    slot.clear();
    slot.write(Field::SessionToken, |out| out.put(token));
    slot.seal()?;
    Ok(LEASE)
}

fn error(kind: ErrorKind) -> Error {
    Error { origin: Origin::Other, step: "token", kind }
}

impl<'c> Flow<'c> for IdentityToken<'c> {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, _: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        if let Some(ended) = self.ended.take() {
            return Step::Done(ended);
        }
        match self.place {
            Place::Here(token) => Step::Done(store(token.as_bytes(), memory.slots).map_err(error)),
            Place::File(path) => Step::Need(Need::File { path }),
        }
    }

    fn answer(&mut self, _: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        let stored = match answer {
            Answer::Content(content) => store(memory.exchange.get(content).unwrap_or_default(), memory.slots),
            Answer::Failed(failure) => Err(ErrorKind::Transport(failure)),
            _ => Err(ErrorKind::Misuse),
        };
        memory.exchange.zeroize();
        self.ended = Some(stored.map_err(error));
    }

    fn restart(&mut self) {
        self.ended = None;
    }
}

//! Tokens of identity providers.

use crate::error::{ErrorKind, Origin};
use crate::flow::slot::{Field, Slot};
use crate::flow::source::NO_SLOT;
use crate::flow::{Ask, Need, Next, Outcome, Sequence, Source, Stage, Trouble, Workspace};
use crate::wire::Put;

/// The flow that provides a token for a call that is not signed: the base of
/// [`AssumeRoleWithWebIdentity`](crate::sources::sts::AssumeRoleWithWebIdentity) or
/// [`AssumeRoleWithSaml`](crate::sources::sts::AssumeRoleWithSaml).
///
/// Slots: one, for the token. Exchange buffer: the file's content.
pub type IdentityToken<'c> = Sequence<TokenPlace<'c>>;

/// Where the token of [`IdentityToken`] is.
pub struct TokenPlace<'c>(Place<'c>);

enum Place<'c> {
    Here(&'c str),
    File(&'c str),
}

impl core::fmt::Debug for TokenPlace<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Place::Here(token) => write!(f, "Here({} bytes)", token.len()),
            Place::File(path) => write!(f, "File({path})"),
        }
    }
}

impl<'c> IdentityToken<'c> {
    /// A fixed token; the caller replaces it before it expires.
    pub fn given(token: &'c str) -> Self {
        Self::of(TokenPlace(Place::Here(token)))
    }

    /// The content of the file at `path`, read at every run; white space around it is dropped.
    pub fn file(path: &'c str) -> Self {
        Self::of(TokenPlace(Place::File(path)))
    }
}

fn store(token: &[u8], slots: &mut [Slot<'_>]) -> Result<(), ErrorKind> {
    let slot = slots.first_mut().ok_or(NO_SLOT)?;
    let token = token.trim_ascii();
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return Err(ErrorKind::Invalid("token: empty, or with a character that is not allowed there"));
    }
    slot.clear();
    slot.write(Field::SessionToken, &mut |out| out.put(token));
    slot.seal()
}

impl<'c> Source<'c> for TokenPlace<'c> {
    fn origin(&self) -> Origin {
        Origin::Other
    }

    fn stage(&self, _: u8) -> &'static Stage {
        const { &Stage::local("token") }
    }

    fn ask(&mut self, _: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        match self.0 {
            Place::Here(token) => store(token.as_bytes(), work.slots).map(|()| Ask::Done),
            Place::File(path) => Ok(Ask::Need(Need::File { path })),
        }
    }

    fn take(&mut self, _: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        let content = outcome.content(work.exchange)?;
        store(content, work.slots)?;
        Ok(Next::Done)
    }
}

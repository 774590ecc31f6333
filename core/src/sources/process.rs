//! Credentials that a command prints (`credential_process`; *Sourcing credentials with an external
//! process*, AWS SDKs and Tools Reference Guide).

use crate::error::{ErrorKind, Origin};
use crate::flow::source::NO_SLOT;
use crate::flow::{Ask, Need, Next, Outcome, Sequence, Source, Stage, Trouble, Workspace};

use super::document::Document;

/// The flow that runs a command, without a shell, and reads the document that it prints: `Version` 1,
/// `AccessKeyId`, `SecretAccessKey`, and optionally `SessionToken`, `Expiration` and `AccountId`.
///
/// Slots: one. Exchange buffer: the document; 8 KB for tokens of 4 KB.
pub type Process<'c> = Sequence<Command<'c>>;

/// The one step of [`Process`].
#[derive(Debug)]
pub struct Command<'c> {
    line: &'c str,
}

impl<'c> Process<'c> {
    /// A command line, as configured. The driver splits it into words.
    pub fn new(line: &'c str) -> Self {
        Self::of(Command { line })
    }
}

impl<'c> Source<'c> for Command<'c> {
    fn origin(&self) -> Origin {
        Origin::Process
    }

    fn stage(&self, _: u8) -> &'static Stage {
        const { &Stage::local("") }
    }

    fn ask(&mut self, _: u8, _: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        Ok(Ask::Need(Need::Process { command: self.line }))
    }

    fn take(&mut self, _: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        let document = outcome.content(work.exchange)?;
        let slot = work.slots.first_mut().ok_or(NO_SLOT)?;
        Document::Process.read(document, slot, work.report)?;
        Ok(Next::Done)
    }
}

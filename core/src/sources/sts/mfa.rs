//! The code of a multi-factor device, from the user.

use crate::error::{ErrorKind, Origin};
use crate::flow::slot::Field;
use crate::flow::source::NO_SLOT;
use crate::flow::{Ask, Flow, Lease, Need, Next, Outcome, Sequence, Slot, Source, Stage, Trouble, Workspace};
use crate::wire::Put;
use crate::wire::device::utf8;

/// The flow that gets the credentials of `B` and then asks the user for a code, which the call on top of it
/// sends: `AssumeRole::new(Mfa::new(base, "MFA code of ...: "), ...)`. A code is good for one request, so
/// that it is asked for at each run.
///
/// Slots: those of `B`, and six bytes more in the first.
pub type Mfa<'c, B> = Sequence<WithCode<'c, B>>;

/// The steps of [`Mfa`].
#[derive(Debug)]
pub struct WithCode<'c, B> {
    base: B,
    question: &'c str,
}

const BASE: u8 = 0;
const CODE: u8 = 1;

impl<'c, B: Flow<'c, Output = Lease>> Mfa<'c, B> {
    /// The credentials of `base`, and the answer to `question`.
    pub fn new(base: B, question: &'c str) -> Self {
        Self::of(WithCode { base, question })
    }
}

impl<'c, B: Flow<'c, Output = Lease>> Source<'c> for WithCode<'c, B> {
    fn origin(&self) -> Origin {
        Origin::Other
    }

    fn stage(&self, at: u8) -> &'static Stage {
        if at == BASE { const { &Stage::base() } } else { const { &Stage::local("MFA code") } }
    }

    fn slots(&self) -> usize {
        self.base.slots()
    }

    fn ask(&mut self, at: u8, _: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        if at == BASE {
            return Ok(Ask::Base);
        }
        Ok(Ask::Need(Need::Prompt { question: self.question, hidden: false }))
    }

    fn take(&mut self, _: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        if let Outcome::Base = outcome {
            return Ok(Next::Step(CODE));
        }
        store(outcome.content(work.exchange)?, work.slots)?;
        Ok(Next::Done)
    }

    fn base(&mut self) -> Option<(&mut dyn Flow<'c, Output = Lease>, usize)> {
        Some((&mut self.base, 0))
    }
}

/// Stores the code beside the credentials.
fn store(content: &[u8], slots: &mut [Slot<'_>]) -> Result<(), ErrorKind> {
    let slot = slots.first_mut().ok_or(NO_SLOT)?;
    let code = utf8(content.trim_ascii()).ok().filter(|code| is_token_code(code));
    let code = code.ok_or(ErrorKind::Invalid("MFA code: six digits"))?;
    slot.write(Field::TokenCode, &mut |out| out.put(code.as_bytes()));
    slot.seal()
}

/// Whether it is six digits.
pub(super) fn is_token_code(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

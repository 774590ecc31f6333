//! The code of a multi-factor device, asked of whoever sits there.

use zeroize::Zeroize;

use crate::error::{Buffer, Error, ErrorKind, Origin};
use crate::wire::Put;

use crate::flow::slot::Field;
use crate::flow::{Answer, Context, Flow, Lease, Memory, Need, Step};

/// Gets the credentials of `base` and then asks a person for a code, which the call that this is
/// the base of sends: `AssumeRole::new(Mfa::new(base, "MFA code of ...: "), ...)`. A code is good
/// for one request, so that it is asked for at each run.
///
/// Slots: those of `base`, and six bytes more in the first.
#[derive(Debug)]
pub struct Mfa<'c, B> {
    base: B,
    question: &'c str,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Base,
    Code(Lease),
    Ended(Result<Lease, Error>),
}

impl<'c, B: Flow<'c, Output = Lease>> Mfa<'c, B> {
    /// The credentials of `base`, and the answer to `question`.
    pub fn new(base: B, question: &'c str) -> Self {
        Self { base, question, state: State::Base }
    }
}

impl<'c, B: Flow<'c, Output = Lease>> Flow<'c> for Mfa<'c, B> {
    type Output = Lease;

    fn slots(&self) -> usize {
        self.base.slots()
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        if let State::Ended(result) = self.state {
            self.restart();
            return Step::Done(result);
        }
        if matches!(self.state, State::Base) {
            match self.base.poll(cx, memory) {
                Step::Done(Ok(lease)) => self.state = State::Code(lease),
                step => return step,
            }
        }
        Step::Need(Need::Prompt { question: self.question, hidden: false })
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        let State::Code(lease) = self.state else { return self.base.answer(cx, memory, answer) };
        let stored = match answer {
            Answer::Content(content) => store(memory, content),
            Answer::Failed(failure) => Err(ErrorKind::Transport(failure)),
            _ => Err(ErrorKind::Misuse),
        };
        memory.exchange.zeroize();
        let error = |kind| Error { origin: Origin::Other, step: "MFA code", kind };
        self.state = State::Ended(stored.map(|()| lease).map_err(error));
    }

    fn restart(&mut self) {
        self.base.restart();
        self.state = State::Base;
    }
}

/// Puts the code behind the credentials.
fn store(memory: &mut Memory<'_, '_>, content: core::ops::Range<usize>) -> Result<(), ErrorKind> {
    let slot = memory.slots.first_mut();
    let slot = slot.ok_or(ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 })?;
    let code = memory.exchange.get(content).unwrap_or_default().trim_ascii();
    let code = core::str::from_utf8(code).ok().filter(|code| is_token_code(code));
    let code = code.ok_or(ErrorKind::Invalid("MFA code: six digits"))?;
    slot.write(Field::TokenCode, |out| out.put(code.as_bytes()));
    slot.seal()
}

/// Whether it is six digits.
pub(super) fn is_token_code(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

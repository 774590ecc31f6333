//! Signing in at a user pool.

use heapless::String;
use zeroize::Zeroize;

use crate::call::{Call, Operation, Service};
use crate::error::{Buffer, Error, ErrorKind, Origin};
#[cfg(feature = "srp")]
use crate::flow::Kept;
use crate::flow::slot::Field;
use crate::flow::{Answer, Context, Flow, Lease, Memory, Need, Slot, Step};
use crate::wire::device::utf8;
use crate::wire::{BufferTooSmall, Cursor, Put};

use crate::sources::Held;

use super::asking::{self, Question};
use super::turn::{CHOICES, Client, KEPT, Round, Turn};

/// The source of the password.
#[derive(Clone, Copy)]
pub enum Password<'c> {
    /// A known password.
    Given(&'c str),
    /// A password that the user is asked for, with this question.
    Asked(&'c str),
}

impl core::fmt::Debug for Password<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given"),
            Self::Asked(question) => write!(f, "Asked({question})"),
        }
    }
}

/// Signs a user in at a user pool, and provides the ID token: the base of [`Identity`](super::Identity).
/// Challenges are passed on to the user: a new password, the code of an authenticator app, of an SMS, of an
/// e-mail, the choice among these, the setup of an app. A proof of a remembered device is not supported.
///
/// With memory for it ([`SignIn::keeping`]), the refresh token is kept from one run to the next, and the user
/// is not asked again until that expires.
///
/// Slots: one of 4 KB, for a challenge and then the token. Exchange buffer: 4 KB, 8 KB for tokens with many
/// claims.
#[derive(Debug)]
pub struct SignIn<'c> {
    call: Call<'c, Held, Turn<'c>>,
    password: Password<'c>,
    #[cfg(feature = "srp")]
    prover: Option<Prover<'c>>,
    refresh: Option<Slot<'c>>,
    /// The pool's id; empty if it is not known.
    pool: &'c str,
    state: State,
    /// The number of challenges in this run.
    rounds: u8,
    /// Whether the password was proved in this run.
    #[cfg(feature = "srp")]
    proved: bool,
}

/// The state of a proof of the password.
#[cfg(feature = "srp")]
struct Prover<'c> {
    /// The pool's name: the part of its id after the underscore.
    pool: &'c str,
    random: &'c [u8; 32],
    /// The number of runs, so that no two have the same secret number.
    runs: u32,
}

#[cfg(feature = "srp")]
impl core::fmt::Debug for Prover<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Prover({})", self.pool)
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    Begin,
    /// The user is asked for the password.
    Password,
    /// The user is asked this.
    Question(Question),
    Call,
    Ended(Error),
}

/// More exchanges than any pool needs.
const MAX_ROUNDS: u8 = 6;

impl<'c> SignIn<'c> {
    /// Signs the user of `client` in by sending the password (`USER_PASSWORD_AUTH`).
    pub fn sending(service: Service<'c>, client: Client<'c>, password: Password<'c>) -> Self {
        let known = if let Password::Given(password) = password { Some(password) } else { None };
        Self {
            call: Call::new(Held, service, Turn::new(client, known)),
            password,
            #[cfg(feature = "srp")]
            prover: None,
            refresh: None,
            pool: "",
            state: State::Begin,
            rounds: 0,
            #[cfg(feature = "srp")]
            proved: false,
        }
    }

    /// Sets the pool's id, `REGION_NAME`, for what is shown to the user: the name of a new entry in an
    /// authenticator app.
    pub fn of_pool(mut self, pool: &'c str) -> Self {
        self.pool = pool;
        self
    }

    /// Signs the user of `client` in by proving the password (`USER_SRP_AUTH`), without sending it. `pool` is
    /// the pool's id, `REGION_NAME`; `random` are 32 bytes of a cryptographic random number generator, new
    /// for each flow. It uses up to 28 KB of stack.
    #[cfg(feature = "srp")]
    pub fn proving(
        service: Service<'c>,
        client: Client<'c>,
        password: Password<'c>,
        pool: &'c str,
        random: &'c [u8; 32],
    ) -> Self {
        let name = crate::wire::scan::split_once(pool, b'_').map_or(pool, |(_, name)| name);
        let prover = Some(Prover { pool: name, random, runs: 0 });
        Self { prover, ..Self::sending(service, client, password) }.of_pool(pool)
    }

    /// Provides memory for the refresh token: 2 KB suffice. It is wiped when this is dropped.
    pub fn keeping(mut self, memory: &'c mut [u8]) -> Self {
        self.refresh = Some(Slot::new(memory));
        self
    }

    /// Keeps the refresh token of an earlier sign-in, to be tried first, and its user ([`SignIn::user_id`]).
    /// Without room for it, it is ignored.
    pub fn keep(&mut self, token: &str, user_id: Option<&str>) {
        let user_id = user_id.and_then(|id| String::try_from(id).ok());
        self.call.operation_mut().user_id = user_id.unwrap_or_default();
        self.keep_token(token);
    }

    fn keep_token(&mut self, token: &str) {
        if let Some(kept) = &mut self.refresh {
            kept.clear();
            // A token that does not fit is dropped.
            let _ = put(kept, Field::SessionToken, token);
        }
    }

    /// The refresh token, if there is memory for it and the pool returned one.
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh.as_ref()?.text(Field::SessionToken)
    }

    /// The pool's own name of the user of the refresh token, if the pool returned it.
    pub fn user_id(&self) -> Option<&str> {
        Some(self.call.operation().user_id.as_str()).filter(|id| !id.is_empty())
    }

    fn turn(&mut self, round: Round) {
        self.call.operation_mut().round = round;
        self.state = State::Call;
    }

    /// Starts with the first exchange.
    fn begin(&mut self, slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        slot.clear();
        if let Some(token) = self.refresh.as_ref().and_then(|kept| kept.text(Field::SessionToken)) {
            put(slot, Field::SessionToken, token)?;
            self.turn(Round::Refresh);
            return Ok(());
        }
        #[cfg(feature = "srp")]
        if let Some(prover) = &mut self.prover {
            prover.runs = prover.runs.wrapping_add(1);
            let runs = prover.runs.to_be_bytes();
            let random = crate::sigv4::hmac(prover.random, &mut |out| out.put(&runs));
            self.call.operation_mut().srp.insert(super::srp::Ephemeral::NONE).draw(&random);
            self.turn(Round::Srp);
            return Ok(());
        }
        if let Password::Given(password) = self.password {
            put(slot, Field::SecretAccessKey, password)?;
            self.turn(Round::Password);
        } else {
            self.state = State::Password;
        }
        Ok(())
    }

    /// Goes on after an answer: to the end, or to the next exchange.
    fn next(
        &mut self,
        cx: &mut Context<'_>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Option<Lease>, ErrorKind> {
        let Some(slot) = memory.slots.first_mut() else { return Err(no_slot()) };
        let kept = slot.kept(KEPT);
        match self.call.operation().round {
            #[cfg(feature = "srp")]
            Round::Proof => self.proved = true,
            Round::Associate => {
                self.state = State::Question(asking::SET_UP);
                return Ok(None);
            }
            Round::Verify => {
                if kept.get("Status") != Some("SUCCESS") {
                    return Err(ErrorKind::Unusable("Status: the code was not accepted, so the app's setup"));
                }
                self.turn(Round::Answer(asking::SET_UP));
                return Ok(None);
            }
            _ => {}
        }
        let Some(challenge) = kept.get("ChallengeName") else {
            return self.take_tokens(cx, memory).map(Some);
        };
        let unnamed = self.rounds == 0 || self.user_id().is_none();
        if let Some(id) = kept.get("ChallengeParameters.USER_ID_FOR_SRP").filter(|_| unnamed) {
            let long = |_| ErrorKind::Unusable("USER_ID_FOR_SRP of more than 512 bytes");
            self.call.operation_mut().user_id = String::try_from(id).map_err(long)?;
        }
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > MAX_ROUNDS {
            return Err(ErrorKind::Unusable("ChallengeName: there is no end to them"));
        }
        #[cfg(feature = "srp")]
        if challenge == "PASSWORD_VERIFIER" {
            if let Password::Given(password) = self.password {
                self.prove(cx, kept, password)?;
            } else {
                self.state = State::Password;
            }
            return Ok(None);
        }
        let Some(question) = Question::of(challenge) else {
            cx.report.new_code().put(challenge.as_bytes());
            self.call.operation().secrets(&mut |secret| cx.report.redact(secret));
            return Err(ErrorKind::Unusable(if challenge == "DEVICE_SRP_AUTH" {
                "ChallengeName DEVICE_SRP_AUTH (remembered devices are not supported; forget the device at the pool)"
            } else {
                "ChallengeName: it is not one that is known here"
            }));
        };
        // Otherwise any server could ask for a password in clear.
        #[cfg(feature = "srp")]
        if question.is_secret() && self.prover.is_some() && !self.proved {
            return Err(ErrorKind::Unusable(
                "NEW_PASSWORD_REQUIRED before PASSWORD_VERIFIER (a password would be sent to a server that has seen no proof)",
            ));
        }
        if kept.get("ChallengeParameters.requiredAttributes").is_some_and(|list| !matches!(list, "" | "[]")) {
            return Err(ErrorKind::Unusable(
                "requiredAttributes: the pool requires more attributes of this user",
            ));
        }
        if question.is_set_up() {
            let kinds = kept.get("ChallengeParameters.MFAS_CAN_SETUP");
            if kinds.is_some_and(|kinds| !asking::lists(kinds, asking::APP)) {
                return Err(ErrorKind::Unusable("MFAS_CAN_SETUP: it has no authenticator app, and so it"));
            }
            self.turn(Round::Associate);
        } else {
            self.state = State::Question(question);
        }
        Ok(None)
    }

    /// Writes what is shown before `question` into the exchange buffer, and returns its length.
    fn show(&self, question: Question, memory: &mut Memory<'_, '_>) -> Result<usize, ErrorKind> {
        let Some(slot) = memory.slots.first() else { return Err(no_slot()) };
        let mut out = Cursor::new(memory.exchange);
        if question.is_choice() {
            asking::put_choices(slot.kept(KEPT).get(CHOICES).unwrap_or_default(), &mut out)?;
        }
        if question.is_set_up() {
            let (secret, client) = (slot.text(Field::SessionToken), self.call.operation().client);
            asking::put_secret(secret.unwrap_or_default(), self.pool, client.username, &mut out)?;
        }
        #[cfg(feature = "srp")]
        if question.is_secret() && self.prover.is_some() {
            asking::put_destination(self.pool, &mut out);
        }
        let len = out.needed();
        out.finish().map(|_| len).map_err(small(Buffer::Exchange))
    }

    /// Proves the password, by the challenge that was kept.
    #[cfg(feature = "srp")]
    fn prove(&mut self, cx: &Context<'_>, kept: Kept<'_>, password: &str) -> Result<(), ErrorKind> {
        let prover = self.prover.as_ref().ok_or(ErrorKind::Unusable("ChallengeName"))?;
        let challenge = super::srp::Challenge {
            pool: prover.pool,
            user: kept.need("ChallengeParameters.USER_ID_FOR_SRP")?,
            password,
            salt: kept.need("ChallengeParameters.SALT")?,
            public: kept.need("ChallengeParameters.SRP_B")?,
            secret_block: kept.need("ChallengeParameters.SECRET_BLOCK")?,
        };
        let time = cx.clock.time(cx.now).ok_or(ErrorKind::ClockUnknown)?;
        let timestamp = super::srp::Timestamp::new(time);
        let turn = self.call.operation_mut();
        let srp = turn.srp.as_ref().ok_or(ErrorKind::Unusable("ChallengeName"))?;
        let claimed = srp.claim(&challenge, &timestamp);
        // Dropped in place: moving it would leave a copy.
        turn.srp = None;
        turn.proof = Some((claimed?, timestamp));
        self.turn(Round::Proof);
        Ok(())
    }

    /// Leaves the ID token in the slot, and keeps the refresh token.
    fn take_tokens(&mut self, cx: &Context<'_>, memory: &mut Memory<'_, '_>) -> Result<Lease, ErrorKind> {
        let Some(slot) = memory.slots.first_mut() else { return Err(no_slot()) };
        let kept = slot.kept(KEPT);
        if let Some(token) = kept.get("AuthenticationResult.RefreshToken") {
            self.keep_token(token);
        }
        let seconds = kept.get("AuthenticationResult.ExpiresIn").and_then(|text| text.parse::<u32>().ok());
        let seconds = seconds.unwrap_or(300);
        let token = kept.need("AuthenticationResult.IdToken")?;
        // Through the exchange buffer: the slot is wiped before it is written.
        let mut out = Cursor::new(memory.exchange);
        out.put(token.as_bytes());
        let token = out.finish().map_err(small(Buffer::Exchange))?;
        slot.clear();
        slot.write(Field::SessionToken, &mut |out| out.put(token));
        token.zeroize();
        slot.seal()?;
        let end = cx.clock.time(cx.now).map(|now| now.saturating_add(seconds.into()));
        Ok(Lease::new(end, Some(u64::from(seconds).saturating_mul(1000))))
    }

    /// Takes the user's answer.
    fn take_answer(&mut self, cx: &Context<'_>, slot: &mut Slot<'_>, typed: &[u8]) -> Result<(), ErrorKind> {
        let typed = utf8(typed).ok().map(|text| text.trim_end_matches(['\r', '\n']));
        let typed =
            typed.filter(|text| !text.is_empty()).ok_or(ErrorKind::Invalid("answer: empty, or no text"))?;
        #[cfg(not(feature = "srp"))]
        let _ = cx;
        match self.state {
            #[cfg(feature = "srp")]
            State::Password if self.prover.is_some() => self.prove(cx, slot.kept(KEPT), typed),
            State::Question(question) => {
                let typed = if question.is_choice() {
                    asking::chosen(slot.kept(KEPT).get(CHOICES).unwrap_or_default(), typed)?
                } else {
                    typed
                };
                put(slot, Field::SecretAccessKey, typed)?;
                self.turn(if question.is_set_up() { Round::Verify } else { Round::Answer(question) });
                Ok(())
            }
            _ => {
                put(slot, Field::SecretAccessKey, typed)?;
                self.turn(Round::Password);
                Ok(())
            }
        }
    }

    /// Whether a refresh token was tried and refused: then it is dropped.
    fn forgets_token(&mut self, error: &Error) -> bool {
        let tried = matches!(self.call.operation_mut().round, Round::Refresh);
        let refused = matches!(error.kind, ErrorKind::Refused { recoverable: false, .. });
        match &mut self.refresh {
            Some(kept) if tried && refused => {
                kept.clear();
                true
            }
            _ => false,
        }
    }
}

fn error(kind: ErrorKind) -> Error {
    Error { origin: Origin::UserPool, step: "sign-in", kind }
}

fn small(buffer: Buffer) -> impl FnOnce(BufferTooSmall) -> ErrorKind {
    move |error| ErrorKind::BufferTooSmall { buffer, needed: error.needed }
}

fn no_slot() -> ErrorKind {
    ErrorKind::BufferTooSmall { buffer: Buffer::Slots, needed: 1 }
}

/// Adds a text to a slot.
fn put(slot: &mut Slot<'_>, field: Field, text: &str) -> Result<(), ErrorKind> {
    slot.write(field, &mut |out| out.put(text.as_bytes()));
    slot.seal()
}

impl<'c> Flow<'c> for SignIn<'c> {
    type Output = Lease;

    fn slots(&self) -> usize {
        1
    }

    fn poll(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>) -> Step<'c, Lease> {
        loop {
            let went = match self.state {
                State::Ended(error) => Err(error),
                State::Begin => match memory.slots.first_mut() {
                    Some(slot) => self.begin(slot).map(|()| None).map_err(error),
                    None => Err(error(no_slot())),
                },
                State::Password => match self.password {
                    Password::Asked(question) => {
                        return Step::Need(Need::Prompt { question, hidden: true });
                    }
                    Password::Given(_) => Err(error(ErrorKind::Misuse)),
                },
                State::Question(asked) => {
                    let (question, hidden) = (asked.text, asked.is_secret());
                    match self.show(asked, memory) {
                        Ok(0) => return Step::Need(Need::Prompt { question, hidden }),
                        Ok(len) => {
                            return Step::Need(Need::PromptAfter { shown: 0..len, question, hidden });
                        }
                        Err(kind) => Err(error(kind)),
                    }
                }
                State::Call => match self.call.poll(cx, memory) {
                    Step::Need(need) => return Step::Need(need),
                    Step::Done(Ok(_)) => self.next(cx, memory).map_err(error),
                    Step::Done(Err(refused)) if self.forgets_token(&refused) => {
                        self.state = State::Begin;
                        Ok(None)
                    }
                    Step::Done(Err(error)) => Err(error),
                },
            };
            let ended = match went {
                Ok(None) => continue,
                Ok(Some(lease)) => Ok(lease),
                Err(error) => {
                    memory.slots.iter_mut().take(1).for_each(Slot::clear);
                    Err(error)
                }
            };
            self.restart();
            return Step::Done(ended);
        }
    }

    fn answer(&mut self, cx: &mut Context<'_>, memory: &mut Memory<'_, '_>, answer: Answer<'_>) {
        if matches!(self.state, State::Call) {
            return self.call.answer(cx, memory, answer);
        }
        let taken = match (answer, memory.slots.first_mut()) {
            (Answer::Content(typed), Some(slot)) => {
                let typed = memory.exchange.get(typed).unwrap_or_default();
                self.take_answer(cx, slot, typed)
            }
            (Answer::Failed(failure), _) => Err(ErrorKind::Transport(failure)),
            _ => Err(ErrorKind::Misuse),
        };
        memory.exchange.zeroize();
        if let Err(kind) = taken {
            self.state = State::Ended(error(kind));
        }
    }

    fn restart(&mut self) {
        self.call.restart();
        self.state = State::Begin;
        self.rounds = 0;
        #[cfg(feature = "srp")]
        {
            let turn = self.call.operation_mut();
            (turn.srp, turn.proof) = (None, None);
            self.proved = false;
        }
    }
}

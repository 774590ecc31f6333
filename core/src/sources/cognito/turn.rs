//! One exchange of a sign-in: the request, and what is kept of the answer.

use heapless::String;

use crate::call::{Members, Operation, Proof, Shape, keep, put_json};
use crate::error::ErrorKind;
use crate::flow::Kept;
use crate::flow::Slot;
use crate::flow::slot::Field;

use crate::wire::json::member;
use crate::wire::{Ascii, Put};

use super::asking::Question;
use super::{USER_POOL, secret_hash};

/// The user who signs in, and the client of the pool.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Client<'c> {
    /// The client's id, 1 to 128 letters, digits, underscores and plus signs.
    pub id: &'c str,
    /// Its secret, if it has one.
    pub secret: Option<&'c str>,
    /// The user's name, as the pool knows it.
    pub username: &'c str,
}

impl<'c> Client<'c> {
    /// A client without a secret, for the user of that name.
    pub const fn new(id: &'c str, username: &'c str) -> Self {
        Self { id, secret: None, username }
    }

    /// Sets the client's secret.
    pub const fn with_secret(self, secret: Option<&'c str>) -> Self {
        Self { secret, ..self }
    }
}

impl core::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Client({} for {})", self.id, self.username)
    }
}

/// The kinds of codes that the user may choose from.
pub(super) const CHOICES: &str = "ChallengeParameters.MFAS_CAN_CHOOSE";

/// What is kept of an answer: a challenge, or tokens.
pub(super) const KEPT: &[&str] = &[
    "ChallengeName",
    "Session",
    "ChallengeParameters.SALT",
    "ChallengeParameters.SRP_B",
    "ChallengeParameters.SECRET_BLOCK",
    "ChallengeParameters.USER_ID_FOR_SRP",
    "ChallengeParameters.requiredAttributes",
    CHOICES,
    "ChallengeParameters.MFAS_CAN_SETUP",
    "Status",
    "AuthenticationResult.IdToken",
    "AuthenticationResult.RefreshToken",
    "AuthenticationResult.ExpiresIn",
];

/// The next exchange.
#[derive(Clone, Copy)]
pub(super) enum Round {
    /// The refresh token, which is in the slot as a token.
    Refresh,
    /// The password, which is in the slot as a secret.
    Password,
    #[cfg(feature = "srp")]
    Srp,
    /// The proof, by the challenge in the slot.
    #[cfg(feature = "srp")]
    Proof,
    /// An answer to the challenge in the slot, stored beside it as a secret.
    Answer(Question),
    /// The secret of a new authenticator app, which is then in the slot as a token.
    Associate,
    /// The first code of that app, stored beside it as a secret.
    Verify,
}

/// A user's name has at most 128 characters, of up to four bytes.
pub(super) const MAX_USER_ID: usize = 512;

pub(super) struct Turn<'c> {
    pub(super) client: Client<'c>,
    /// The password, if it is known, so that no report repeats it.
    password: Option<&'c str>,
    /// The pool's own name of the user, who may sign in by another name: further answers and the refresh token
    /// go by that one.
    pub(super) user_id: String<MAX_USER_ID>,
    pub(super) round: Round,
    #[cfg(feature = "srp")]
    pub(super) srp: Option<super::srp::Ephemeral>,
    #[cfg(feature = "srp")]
    pub(super) proof: Option<(Ascii<44>, super::srp::Timestamp)>,
}

impl<'c> Turn<'c> {
    pub(super) fn new(client: Client<'c>, password: Option<&'c str>) -> Self {
        Self {
            client,
            password,
            user_id: String::new(),
            round: Round::Password,
            #[cfg(feature = "srp")]
            srp: None,
            #[cfg(feature = "srp")]
            proof: None,
        }
    }

    /// The proof of the client's secret, if it has one, for calls about `username`.
    fn proof_of_secret(&self, username: &str) -> Option<Ascii<44>> {
        self.client.secret.map(|secret| secret_hash(self.client.id, secret, username))
    }

    /// The parameters of the two operations: starting a flow, or answering a challenge.
    fn begin(&self, to: &mut dyn Members, flow: &str, parameter: (&str, &str)) {
        to.text("AuthFlow", flow);
        to.text("ClientId", self.client.id);
        to.structure("AuthParameters", &mut |to| {
            if !matches!(self.round, Round::Refresh) {
                to.text("USERNAME", self.client.username);
            }
            to.text(parameter.0, parameter.1);
            let named = match self.round {
                Round::Refresh if !self.user_id.is_empty() => self.user_id.as_str(),
                _ => self.client.username,
            };
            if let Some(proof) = self.proof_of_secret(named) {
                to.text("SECRET_HASH", proof.as_str());
            }
        });
    }

    /// The pool has named the user in its first reply, and not in each.
    fn answer(&self, to: &mut dyn Members, challenge: &str, kept: Kept<'_>, answers: &[(&str, &str)]) {
        let username = if self.user_id.is_empty() { self.client.username } else { self.user_id.as_str() };
        to.text("ChallengeName", challenge);
        to.text("ClientId", self.client.id);
        to.optional("Session", kept.get("Session"));
        to.structure("ChallengeResponses", &mut |to| {
            to.text("USERNAME", username);
            answers.iter().for_each(|(name, answer)| to.text(name, answer));
            if let Some(proof) = self.proof_of_secret(username) {
                to.text("SECRET_HASH", proof.as_str());
            }
        });
    }
}

impl core::fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Turn")
    }
}

/// The properties that the two operations share. A code is good once, and a lost answer is not sent again.
const fn shape(action: &'static str) -> Shape {
    // The kept challenge is read while the request is written, and then the answer replaces it.
    Shape { proof: Proof::Unsigned, adds: true, ..Shape::new(USER_POOL, action) }
}

impl Operation for Turn<'_> {
    fn shape(&self) -> &Shape {
        const INITIATE: Shape = Shape { repeatable: true, ..shape("InitiateAuth") };
        const RESPOND: Shape = shape("RespondToAuthChallenge");
        const ASSOCIATE: Shape = shape("AssociateSoftwareToken");
        const VERIFY: Shape = shape("VerifySoftwareToken");
        match self.round {
            Round::Refresh | Round::Password => &INITIATE,
            #[cfg(feature = "srp")]
            Round::Srp => &INITIATE,
            #[cfg(feature = "srp")]
            Round::Proof => &RESPOND,
            Round::Answer(_) => &RESPOND,
            Round::Associate => &ASSOCIATE,
            Round::Verify => &VERIFY,
        }
    }

    fn check(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    fn body(&self, out: &mut dyn Put, held: &Slot<'_>) {
        let secret = held.text(Field::SecretAccessKey).unwrap_or_default();
        let kept = held.kept(KEPT);
        put_json(out, &mut |to| match self.round {
            Round::Refresh => {
                let token = held.text(Field::SessionToken).unwrap_or_default();
                self.begin(to, "REFRESH_TOKEN_AUTH", ("REFRESH_TOKEN", token));
            }
            Round::Password => self.begin(to, "USER_PASSWORD_AUTH", ("PASSWORD", secret)),
            #[cfg(feature = "srp")]
            Round::Srp => {
                let mut digits = [0; 768];
                let mut public = crate::wire::Cursor::new(&mut digits);
                if let Some(srp) = &self.srp {
                    srp.put_public(&mut public);
                }
                let public =
                    public.finish().map_or("", |digits| crate::wire::device::utf8(digits).unwrap_or(""));
                self.begin(to, "USER_SRP_AUTH", ("SRP_A", public));
            }
            #[cfg(feature = "srp")]
            Round::Proof => {
                let Some((proof, time)) = &self.proof else { return };
                let block = kept.get("ChallengeParameters.SECRET_BLOCK").unwrap_or_default();
                let answers = [
                    ("PASSWORD_CLAIM_SECRET_BLOCK", block),
                    ("PASSWORD_CLAIM_SIGNATURE", proof.as_str()),
                    ("TIMESTAMP", time.as_str()),
                ];
                self.answer(to, "PASSWORD_VERIFIER", kept, &answers);
            }
            Round::Answer(question) => {
                let answers = [(question.answer, secret)];
                let sent = if question.answer.is_empty() { &[] } else { &answers[..] };
                self.answer(to, question.challenge, kept, sent);
            }
            Round::Associate => to.optional("Session", kept.get("Session")),
            Round::Verify => {
                to.optional("Session", kept.get("Session"));
                to.text("UserCode", secret);
            }
        });
    }

    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        [self.password, self.client.secret].into_iter().flatten().for_each(each);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        slot.clear();
        let mut read = Ok(());
        slot.write(Field::Kept, &mut |out| read = keep(body, self.shape(), KEPT, out));
        read?;
        if let Round::Associate = self.round {
            // As a token, so that no report of an error repeats it.
            let secret = member(body, "SecretCode").map_err(ErrorKind::Malformed)?;
            let secret = secret.and_then(|token| token.as_str()).ok_or(ErrorKind::Missing("SecretCode"))?;
            slot.write(Field::SessionToken, &mut |out| secret.put(out));
        }
        slot.seal()
    }
}

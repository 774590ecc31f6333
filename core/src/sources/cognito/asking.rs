//! The questions of a sign-in, and what is shown before them.

use crate::error::ErrorKind;
use crate::wire::percent::{self, Keep};
use crate::wire::{Put, decimal};

/// A challenge that the user answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) challenge: &'static str,
    /// The member for the answer; empty if what is typed goes into another request.
    pub(super) answer: &'static str,
    pub(super) text: &'static str,
}

/// The new authenticator app's, whose code comes before the answer.
pub(super) const SET_UP: Question =
    Question { challenge: "MFA_SETUP", answer: "", text: "Code that the app shows now: " };

const CHOICE: Question =
    Question { challenge: "SELECT_MFA_TYPE", answer: "ANSWER", text: "Number of the one to use: " };

/// The challenges that the user answers (InitiateAuth, Amazon Cognito user pools API reference).
pub(super) const QUESTIONS: [Question; 6] = [
    Question { challenge: "NEW_PASSWORD_REQUIRED", answer: "NEW_PASSWORD", text: "New password: " },
    Question {
        challenge: "SOFTWARE_TOKEN_MFA",
        answer: "SOFTWARE_TOKEN_MFA_CODE",
        text: "Code of the authenticator app: ",
    },
    Question { challenge: "SMS_MFA", answer: "SMS_MFA_CODE", text: "Code that came by SMS: " },
    Question { challenge: "EMAIL_OTP", answer: "EMAIL_OTP_CODE", text: "Code that came by e-mail: " },
    CHOICE,
    SET_UP,
];

impl Question {
    pub(super) fn of(challenge: &str) -> Option<Self> {
        QUESTIONS.iter().find(|question| question.challenge == challenge).copied()
    }

    pub(super) fn is_choice(self) -> bool {
        self == CHOICE
    }

    pub(super) fn is_set_up(self) -> bool {
        self == SET_UP
    }

    /// Whether a password is typed, and not a code that is good once.
    pub(super) fn is_secret(self) -> bool {
        self.answer == "NEW_PASSWORD"
    }
}

/// The name of the app's kind of code.
pub(super) const APP: &str = "SOFTWARE_TOKEN_MFA";

/// The kinds of codes that can be answered, and how they are shown.
const FACTORS: [(&str, &str); 3] = [
    ("SMS_MFA", "a code by SMS"),
    (APP, "a code of the authenticator app"),
    ("EMAIL_OTP", "a code by e-mail"),
];

/// Whether `list`, the text of a JSON array of names, has `name`.
pub(super) fn lists(list: &str, name: &str) -> bool {
    list.as_bytes().split(|byte| *byte == b'"').any(|part| part == name.as_bytes())
}

/// The kinds in `list` that can be answered, each with its number.
fn offered(list: &str) -> impl Iterator<Item = (u8, &'static str, &'static str)> {
    let known = FACTORS.iter().filter(move |(name, _)| lists(list, name));
    (1..).zip(known).map(|(number, (name, words))| (number, *name, *words))
}

/// The kind in `list` that the user chose, by its number or name.
pub(super) fn chosen(list: &str, typed: &str) -> Result<&'static str, ErrorKind> {
    let typed = typed.trim_ascii();
    let is = |(number, name, _): &(u8, &str, &str)| {
        typed.as_bytes() == [b'0' | *number] || typed.eq_ignore_ascii_case(name)
    };
    let found = offered(list).find(is).map(|(_, name, _)| name);
    found.ok_or(ErrorKind::Invalid("answer: the number of one of those that are listed"))
}

/// Shows the kinds in `list` with their numbers.
pub(super) fn put_choices(list: &str, out: &mut dyn Put) -> Result<(), ErrorKind> {
    if offered(list).next().is_none() {
        return Err(ErrorKind::Unusable("MFAS_CAN_CHOOSE: none of them is one that is known here; it"));
    }
    out.put(b"The sign-in goes on with one of these:\n");
    for (number, _, words) in offered(list) {
        decimal(number.into(), out);
        [": ", words, "\n"].iter().for_each(|part| out.put(part.as_bytes()));
    }
    Ok(())
}

/// Shows where a new password goes, in a sign-in that sends none otherwise.
#[cfg(feature = "srp")]
pub(super) fn put_destination(pool: &str, out: &mut dyn Put) {
    for part in ["The user pool ", pool, " requires a new password. What is typed will be sent to it.\n"] {
        out.put(part.as_bytes());
    }
}

/// Shows the secret of a new authenticator app, as it is and as a line that apps read (*Key URI Format*, Google
/// Authenticator).
pub(super) fn put_secret(
    secret: &str,
    pool: &str,
    username: &str,
    out: &mut dyn Put,
) -> Result<(), ErrorKind> {
    // It is shown, so it must be nothing else.
    let is_base32 = |byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7' | b'=');
    if !(1..=256).contains(&secret.len()) || !secret.bytes().all(is_base32) {
        return Err(ErrorKind::Unusable("SecretCode, which is to be base32 of at most 256 letters,"));
    }
    let mut put = |parts: [&str; 3]| parts.iter().for_each(|part| out.put(part.as_bytes()));
    put(["The user pool requires an authenticator app. Add this secret to one:\n", secret, "\n"]);
    out.put(b"otpauth://totp/");
    for (text, after) in [(pool, ":"), (username, "?secret=")] {
        if !text.is_empty() {
            percent::encode(text.as_bytes(), Keep::Unreserved, out);
            out.put(after.as_bytes());
        }
    }
    out.put(secret.as_bytes());
    if !pool.is_empty() {
        out.put(b"&issuer=");
        percent::encode(pool.as_bytes(), Keep::Unreserved, out);
    }
    out.put(b"\n");
    Ok(())
}

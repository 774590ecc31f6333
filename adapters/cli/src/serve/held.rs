//! What was fetched last, as the answer that every client gets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rolecall::core::wire::time::UnixTime;
use rolecall::{Credentials, Error};
use zeroize::Zeroizing;

use super::answer::{Answer, FAILED};
use crate::json;
use crate::output::note;

/// The part of their life in which credentials are not handed out any more while others may be had, in seconds: that
/// in which the provider, too, lets its callers wait for a fetch.
const LAST: u64 = 60;

/// The life that credentials without an end are said to have, in seconds: SDKs want one, and ask again before it ends.
const ENDLESS: u64 = 3_600;

/// How long a failure is the answer before there is another attempt.
const PAUSE: Duration = Duration::from_secs(1);

/// How often the same failure is noted.
const NOTED: Duration = Duration::from_secs(60);

/// What is said beside the credentials.
pub(crate) struct Form {
    pub(crate) is_imds: bool,
    /// The role that they are of, where that is known.
    pub(crate) role_arn: Option<String>,
}

/// The answer to a request for credentials, as far as it is known.
pub(crate) struct Held {
    form: Form,
    credentials: Option<(Arc<Credentials>, UnixTime)>,
    /// Made when it is asked for, again for other credentials.
    answer: Option<Answer>,
    failed: Option<(Answer, Instant)>,
    noted: Option<(String, Instant)>,
}

impl Held {
    pub(crate) fn new(form: Form) -> Self {
        Self { form, credentials: None, answer: None, failed: None, noted: None }
    }

    /// The answer that needs no fetch: credentials that are good for another minute, or the failure of the last second.
    pub(crate) fn ready(&mut self, time: UnixTime, now: Instant) -> Option<Answer> {
        if self.credentials.as_ref().is_some_and(|(held, _)| is_good(held, time)) {
            return self.answer(time);
        }
        let (answer, at) = self.failed.as_ref()?;
        (now.duration_since(*at) < PAUSE).then(|| answer.clone())
    }

    /// Takes what was fetched, and returns the answer for everybody who waited for it.
    pub(crate) fn fetched(
        &mut self,
        fetched: Result<Arc<Credentials>, Error>,
        time: UnixTime,
        now: Instant,
    ) -> Answer {
        self.failed = None;
        let problem = match fetched {
            Ok(credentials) => match credentials.expiration().filter(|end| seconds_until(*end, time) == 0) {
                Some(end) => format!(
                    "the source returned credentials that ended at {}: compare its clock and this machine's",
                    end.rfc3339().as_str()
                ),
                None => {
                    self.hold(credentials, time);
                    return self.answer(time).unwrap_or_else(|| failure("there are no credentials"));
                }
            },
            Err(error) => error.to_string(),
        };
        self.note(&problem, now);
        let answer = failure(&problem);
        self.failed = Some((answer.clone(), now));
        answer
    }

    fn hold(&mut self, credentials: Arc<Credentials>, time: UnixTime) {
        let same = self.credentials.as_ref().is_some_and(|(held, _)| held.same_as(&credentials));
        if !same {
            self.credentials = Some((credentials, time));
            self.answer = None;
            self.noted = None;
        }
    }

    /// The document of what is held. One with an end that is made up is made again each time.
    fn answer(&mut self, time: UnixTime) -> Option<Answer> {
        let (credentials, since) = self.credentials.as_ref()?;
        if self.answer.is_none() || credentials.expiration().is_none() {
            self.answer = Some(Answer::json(document(&self.form, credentials, *since, time)));
        }
        self.answer.clone()
    }

    /// Notes a failure, once for each reason and minute.
    fn note(&mut self, problem: &str, now: Instant) {
        let known = |(noted, at): &(String, Instant)| noted == problem && now.duration_since(*at) < NOTED;
        if !self.noted.as_ref().is_some_and(known) {
            note(problem);
            self.noted = Some((problem.to_owned(), now));
        }
    }
}

/// Whether the last minute of credentials has not begun.
pub(super) fn is_good(credentials: &Credentials, time: UnixTime) -> bool {
    credentials.expiration().is_none_or(|end| seconds_until(end, time) > LAST)
}

/// Whole seconds until `end`, 0 when it has passed.
fn seconds_until(end: UnixTime, time: UnixTime) -> u64 {
    end.as_secs().saturating_sub(time.as_secs())
}

fn failure(problem: &str) -> Answer {
    Answer::error(FAILED, "CredentialsUnavailable", problem)
}

/// The document. SDKs want a token and an end in it: credentials that have none get an end ahead, and an empty token,
/// which most take for none.
fn document(form: &Form, credentials: &Credentials, since: UnixTime, time: UnixTime) -> Zeroizing<Vec<u8>> {
    let made_up = || UnixTime::from_secs(time.as_secs().saturating_add(ENDLESS));
    let end = credentials.expiration().unwrap_or_else(made_up).rfc3339();
    let since = since.rfc3339();
    let instance = |text| form.is_imds.then_some(text);
    json::object(
        None,
        &[
            ("Code", instance("Success")),
            ("LastUpdated", instance(since.as_str())),
            ("Type", instance("AWS-HMAC")),
            ("AccessKeyId", Some(credentials.access_key_id())),
            ("SecretAccessKey", Some(credentials.expose_secret_access_key())),
            ("Token", Some(credentials.expose_session_token().unwrap_or_default())),
            ("Expiration", Some(end.as_str())),
            ("AccountId", credentials.account_id()),
            ("RoleArn", form.role_arn.as_deref().filter(|_| !form.is_imds)),
        ],
    )
}

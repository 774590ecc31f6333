//! Why there are credentials, or why there are none.

use std::fmt;

use rolecall_core::error::{Error as SourceError, ErrorKind, Fault};
use rolecall_core::wire::Put;
use rolecall_core::wire::json::Writer;

use crate::driver::TOLERANCE;
use crate::fetch::{Place, chain};
use crate::{Credentials, Error, Provider, Settings};

/// The finding about whose the credentials are.
const IDENTITY: &str = "caller identity";

/// How a source fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was not needed, or is switched off.
    Skipped,
    /// It is not set up here, or not there.
    Absent,
    /// It is there, was asked, and gave no credentials.
    Refused,
    /// It is set up in a way that cannot work.
    Misconfigured,
    /// It gave the credentials that are used.
    Used,
}

impl Outcome {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Absent => "absent",
            Self::Refused => "refused",
            Self::Misconfigured => "misconfigured",
            Self::Used => "used",
        }
    }
}

/// What was found about one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The source: `environment`, `profile NAME`, `web identity`, `container endpoint`, `instance
    /// metadata`; in an explanation, `caller identity` and `clock` too.
    pub source: String,
    /// How it fared.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// What to do about it; empty where nothing is to be done.
    pub advice: String,
}

impl Finding {
    /// What an error tells of a place of the chain.
    pub(crate) fn of_place(place: Place, settings: &Settings, error: &Error) -> Self {
        let mut finding = Self::of_error(&place.name(settings), error);
        if error.is_not_configured() {
            let unset = match place {
                Place::Profile if settings.has_profile => "it says nothing of credentials",
                place => place.unset(),
            };
            unset.clone_into(&mut finding.reason);
        }
        finding
    }

    fn of_error(source: &str, error: &Error) -> Self {
        let outcome = if error.is_switched_off() {
            Outcome::Skipped
        } else if error.is_absent() {
            Outcome::Absent
        } else if is_misconfigured(error) {
            Outcome::Misconfigured
        } else {
            Outcome::Refused
        };
        // The source is named already.
        let reason = error.reason();
        let reason = reason.strip_prefix(source).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&reason);
        Self {
            source: source.to_owned(),
            outcome,
            reason: reason.to_owned(),
            advice: error.advice().to_owned(),
        }
    }

    fn of_credentials(source: &str, credentials: &Credentials) -> Self {
        let end = credentials
            .expiration()
            .map_or("without an end".to_owned(), |expiration| format!("until {}", expiration.rfc3339()));
        let reason = format!("access key id {}, {end}", credentials.access_key_id());
        Self { source: source.to_owned(), outcome: Outcome::Used, reason, advice: String::new() }
    }
}

/// Whether it takes somebody who configures this side, or the instance it is on.
fn is_misconfigured(error: &Error) -> bool {
    match error {
        Error::Profile { error, .. } | Error::Chain { error, .. } => is_misconfigured(error),
        Error::Source { error: SourceError { kind: ErrorKind::Transport(_), .. }, .. } => false,
        other => other.fault() == Fault::Configuration,
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.source, self.outcome.as_str(), self.reason)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, " ({})", self.advice) }
    }
}

/// What [`Provider::explain`] found, in the order in which sources are asked.
#[derive(Debug, Clone)]
pub struct Explanation {
    findings: Vec<Finding>,
}

impl Explanation {
    /// One finding for each source, then one for the identity that the credentials have, and one for
    /// the clock if it is wrong.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether there are credentials.
    pub fn has_credentials(&self) -> bool {
        self.findings.iter().any(|finding| finding.outcome == Outcome::Used)
    }

    /// Whether STS was asked whose they are, and did not tell.
    pub fn is_refuted(&self) -> bool {
        let refused = |finding: &Finding| finding.source == IDENTITY && finding.outcome == Outcome::Refused;
        self.findings.iter().any(refused)
    }

    /// One JSON document: `{"credentials":true,"findings":[{"source","outcome","reason","advice"}]}`.
    pub fn to_json(&self) -> String {
        let mut text = Text(Vec::new());
        let mut json = Writer::new(&mut text);
        json.begin_object();
        json.key("credentials");
        json.bool(self.has_credentials());
        json.key("findings");
        json.begin_array();
        for finding in &self.findings {
            json.begin_object();
            for (name, value) in [
                ("source", finding.source.as_str()),
                ("outcome", finding.outcome.as_str()),
                ("reason", &finding.reason),
                ("advice", &finding.advice),
            ] {
                json.key(name);
                json.string(value);
            }
            json.end_object();
        }
        json.end_array();
        json.end_object();
        String::from_utf8_lossy(&text.0).into_owned()
    }
}

struct Text(Vec<u8>);

impl Put for Text {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl Provider {
    /// Goes through the whole chain, past the source that decides it, and through what is assumed
    /// on top; then asks STS whose credentials these are. It asks for real - commands are run, codes
    /// of devices asked for - and keeps nothing of it.
    pub fn explain(&self) -> Explanation {
        let mut findings = Vec::new();
        let credentials = self.walk(&mut findings);
        if let Some(credentials) = credentials {
            findings.push(self.explain_identity(&credentials));
        }
        findings.extend(self.explain_clock());
        Explanation { findings }
    }

    /// The credentials that this provider comes to.
    fn walk(&self, findings: &mut Vec<Finding>) -> Option<Credentials> {
        if let Some((base, session)) = self.on_top() {
            let source = session.name();
            let Some(base) = base else {
                let fetched = self.fetcher().unsigned(session);
                findings.push(match &fetched {
                    Ok((credentials, _)) => Finding::of_credentials(&source, credentials),
                    Err(error) => Finding::of_error(&source, error),
                });
                return fetched.ok().map(|(credentials, _)| credentials);
            };
            let Some(base) = base.walk(findings) else {
                let reason = "there are no credentials to assume it with".to_owned();
                findings.push(Finding { source, outcome: Outcome::Skipped, reason, advice: String::new() });
                return None;
            };
            // What they were used for is told by what follows.
            return match self.fetcher().session(session, &base) {
                Ok((credentials, _)) => {
                    findings.push(Finding::of_credentials(&source, &credentials));
                    Some(credentials)
                }
                Err(error) => {
                    for finding in findings.iter_mut().filter(|finding| finding.outcome == Outcome::Used) {
                        finding.outcome = Outcome::Skipped;
                        finding.reason.push_str("; what is assumed with it fails");
                    }
                    findings.push(Finding::of_error(&source, &error));
                    None
                }
            };
        }
        let mut decided: Option<String> = None;
        let mut used = None;
        for place in chain(self.settings()) {
            let name = place.name(self.settings());
            let mut finding = match self.fetcher().fetch(place) {
                Ok((credentials, _)) => {
                    let finding = Finding::of_credentials(&name, &credentials);
                    if decided.is_none() {
                        used = Some(credentials);
                    }
                    finding
                }
                Err(error) => Finding::of_place(place, self.settings(), &error),
            };
            match (&decided, finding.outcome) {
                (None, Outcome::Absent | Outcome::Skipped) => {}
                (None, _) => decided = Some(name),
                (Some(before), Outcome::Used) => {
                    finding.outcome = Outcome::Skipped;
                    finding.reason = format!("{before} goes before it; it has {}", finding.reason);
                }
                (Some(_), _) => {}
            }
            findings.push(finding);
        }
        used
    }

    fn explain_identity(&self, credentials: &Credentials) -> Finding {
        let source = IDENTITY;
        match self.fetcher().identity(credentials) {
            Ok(identity) => Finding {
                source: source.to_owned(),
                outcome: Outcome::Used,
                reason: format!("{} in account {}", identity.arn, identity.account),
                advice: String::new(),
            },
            Err(error) => Finding::of_error(source, &error),
        }
    }

    fn explain_clock(&self) -> Option<Finding> {
        let behind = self.clock_skew();
        if behind.unsigned_abs() <= TOLERANCE {
            return None;
        }
        Some(Finding {
            source: "clock".to_owned(),
            outcome: Outcome::Misconfigured,
            reason: format!("this machine's clock is {}", off_by(behind)),
            advice: "set it (NTP); until then, requests are signed by the service's clock after a first \
                     refusal"
                .to_owned(),
        })
    }
}

/// `7 h behind`, `5 min ahead`: how far off a clock is by which so many seconds are missing.
pub fn off_by(behind: i64) -> String {
    let seconds = behind.unsigned_abs();
    let amount = match (seconds / 3600, seconds % 3600 / 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours @ 1..=47, 0) => format!("{hours} h"),
        (hours @ 1..=47, minutes) => format!("{hours} h {minutes} min"),
        (hours, _) => format!("{} days", hours / 24),
    };
    format!("{amount} {}", if behind < 0 { "ahead" } else { "behind" })
}

impl Place {
    /// The place's name, for people.
    pub(crate) fn name(self, settings: &Settings) -> String {
        match self {
            Self::Environment => "environment".to_owned(),
            Self::Profile => format!("profile {}", settings.profile_name),
            Self::WebIdentity => "web identity".to_owned(),
            Self::Container => "container endpoint".to_owned(),
            Self::Imds => "instance metadata".to_owned(),
        }
    }

    /// What is to be said where the place is not set up.
    pub(crate) fn unset(self) -> &'static str {
        match self {
            Self::Environment => "AWS_ACCESS_KEY_ID is not set",
            Self::Profile => "not in the shared files",
            Self::WebIdentity => "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
            Self::Container => {
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not set"
            }
            Self::Imds => "not set up",
        }
    }
}

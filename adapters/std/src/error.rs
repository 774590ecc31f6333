//! Errors, with what the peer said about them.

use std::fmt;

use rolecall_core::error::{
    Buffer as Memory, CodeClass, Error as SourceError, ErrorKind, Failure, FailureKind, Fault, Origin, Phase,
};
use rolecall_core::flow::Report;
use rolecall_core::sigv4::SignError;

use crate::finding::{Finding, Outcome};

/// An error of this crate. Its text says what was being done, what happened, and what to do next; it never
/// holds a secret.
///
/// The text includes the errors below it, so that [`source`](std::error::Error::source) is `None` for all of
/// them and nothing is said twice; match on the variants to reach what is inside.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// A setting is missing or cannot be used. The text names it.
    Configuration(String),
    /// A source or a call failed.
    Source {
        /// What failed, and how.
        error: SourceError,
        /// What the service said, printable and bounded.
        report: Box<Report>,
        /// What it is about on this side.
        detail: Box<Detail>,
    },
    /// A profile does not lead to credentials.
    Profile {
        /// The profile's name.
        name: String,
        /// What failed on the way.
        error: Box<Error>,
    },
    /// A source of the chain is configured, and failed.
    Chain {
        /// How it failed.
        error: Box<Error>,
        /// One finding for each source that was asked, in order; the last one failed.
        findings: Vec<Finding>,
    },
    /// No source of the chain is configured.
    NoCredentials {
        /// Why each was skipped.
        findings: Vec<Finding>,
        /// Whether one of them may be available later: a metadata service that did not answer.
        recoverable: bool,
    },
    /// The request cannot be signed.
    Sign(SignError),
    /// There is no reply to a request.
    Send {
        /// What failed, and how.
        failure: Failure,
        /// What it is about on this side.
        detail: Box<Detail>,
    },
}

/// What an error is about on this side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail {
    /// The URL without path, query and password, and the proxy on the way, or the file; empty where there is none.
    pub about: String,
    /// What to do next, where this side knows more than the kind of the error says; else empty.
    pub advice: String,
}

impl Error {
    /// A setting, variable or argument of that name has a value that cannot be used.
    pub(crate) fn invalid(name: &str, problem: &str) -> Self {
        Self::Configuration(format!("{name}: {problem}"))
    }

    /// Who can fix it: the caller's configuration, the service, the resources lent, or the network.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Configuration(_) | Self::NoCredentials { .. } | Self::Sign(_) => Fault::Configuration,
            Self::Source { error, .. } => error.fault(),
            Self::Profile { error, .. } | Self::Chain { error, .. } => error.fault(),
            // What cannot be sent is the caller's.
            Self::Send { failure: Failure { phase: Phase::Send, kind: FailureKind::Protocol }, .. } => {
                Fault::Configuration
            }
            Self::Send { .. } => Fault::Transport,
        }
    }

    /// Whether a later attempt may succeed without a change of configuration.
    pub fn is_recoverable(&self) -> bool {
        match self {
            Self::Configuration(_) | Self::Sign(_) => false,
            Self::Source { error, .. } => error.is_recoverable(),
            Self::Profile { error, .. } | Self::Chain { error, .. } => error.is_recoverable(),
            Self::NoCredentials { recoverable, .. } => *recoverable,
            Self::Send { .. } => self.fault() != Fault::Configuration,
        }
    }

    /// This error, with advice if it is that credentials have expired.
    pub(crate) fn of_expired(mut self, advice: impl FnOnce() -> String) -> Self {
        if let Self::Source { error: SourceError { kind: ErrorKind::Expired, .. }, detail, .. } = &mut self {
            detail.advice = advice();
        }
        self
    }

    /// Whether the source is not there, so that a chain goes on to the next.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Source { error, .. } if error.is_absent())
    }

    /// Whether it is what a machine meets that is still booting, so that waiting may help: no network, no role yet.
    pub(crate) fn is_not_yet(&self) -> bool {
        match self {
            Self::Source { error, .. } => match error.kind {
                ErrorKind::NoRole | ErrorKind::OutOfTime | ErrorKind::Status(404 | 429 | 500..) => true,
                ErrorKind::Refused { recoverable, .. } => recoverable,
                // The agent that writes the token may start beside this program.
                ErrorKind::Transport(Failure { phase: Phase::File, kind: FailureKind::NotFound }) => {
                    error.origin == Origin::WebIdentity
                }
                ErrorKind::Transport(failure) => is_of_network(failure),
                // Half of a document.
                ErrorKind::Malformed(_) | ErrorKind::Missing(_) => {
                    matches!(error.origin, Origin::Imds | Origin::Container)
                }
                _ => false,
            },
            Self::Send { failure, .. } => is_of_network(*failure),
            Self::Profile { error, .. } | Self::Chain { error, .. } => error.is_not_yet(),
            Self::NoCredentials { recoverable, .. } => *recoverable,
            Self::Configuration(_) | Self::Sign(_) => false,
        }
    }

    /// Whether the service refused credentials as expired or unknown, so that others have to be fetched.
    pub(crate) fn says_ended(&self) -> bool {
        let Self::Source { error: SourceError { kind: ErrorKind::Refused { .. }, .. }, report, .. } = self
        else {
            return false;
        };
        CodeClass::of(report.code()) == CodeClass::CredentialsEnded
    }

    /// Whether a service refused in a way that waiting does not fix.
    pub(crate) fn is_refusal(&self) -> bool {
        let Self::Source { error, .. } = self else { return false };
        matches!(error.kind, ErrorKind::Refused { recoverable: false, .. })
    }

    /// Whether the source is not configured.
    pub(crate) fn is_not_configured(&self) -> bool {
        matches!(self, Self::Source { error: SourceError { kind: ErrorKind::NotConfigured, .. }, .. })
    }

    /// Whether the source is switched off.
    pub(crate) fn is_switched_off(&self) -> bool {
        matches!(self, Self::Source { error: SourceError { kind: ErrorKind::Disabled, .. }, .. })
    }

    /// Whether the configuration of this side, or of the instance, has to change.
    fn is_misconfigured(&self) -> bool {
        match self {
            Self::Profile { error, .. } | Self::Chain { error, .. } => error.is_misconfigured(),
            Self::Source { error: SourceError { kind: ErrorKind::Transport(_), .. }, .. } => false,
            other => other.fault() == Fault::Configuration,
        }
    }

    /// What happened, without advice.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Source { error, report, detail } => {
                let about = match detail.about.as_str() {
                    "" => String::new(),
                    about => format!(": {about}"),
                };
                let step = if error.step.is_empty() { String::new() } else { format!("{}: ", error.step) };
                let said =
                    if report.is_empty() { String::new() } else { format!("; the service says: {report}") };
                format!("{}: {step}{}{about}{said}", error.origin, Happened(error.kind))
            }
            Self::Profile { error, .. } | Self::Chain { error, .. } => error.reason(),
            other => other.to_string(),
        }
    }

    /// What happened last, in one line: of a chain, its last source.
    pub(crate) fn last_reason(&self) -> String {
        match self {
            Self::NoCredentials { findings, .. } => findings.last().map_or_else(
                || "no source is configured".to_owned(),
                |last| format!("{}: {}", last.source, last.reason),
            ),
            other => other.reason(),
        }
    }

    /// What to do next; empty where the error itself says it.
    pub fn advice(&self) -> &str {
        match self {
            Self::Source { detail, .. } | Self::Send { detail, .. } if !detail.advice.is_empty() => {
                &detail.advice
            }
            Self::Source { error, report, .. } => error.advice_on(report),
            Self::Send { failure, .. } => of_failure(*failure).advice(),
            Self::Profile { error, .. } | Self::Chain { error, .. } => error.advice(),
            _ => "",
        }
    }

    fn with_advice(&self, f: &mut fmt::Formatter<'_>, reason: &str) -> fmt::Result {
        f.write_str(reason)?;
        match self.advice() {
            "" => Ok(()),
            advice => write!(f, " ({advice})"),
        }
    }

    /// This error as the finding of a source.
    pub(crate) fn finding(&self, source: &str) -> Finding {
        let outcome = if self.is_switched_off() {
            Outcome::Skipped
        } else if self.is_absent() {
            Outcome::Absent
        } else if self.is_misconfigured() {
            Outcome::Misconfigured
        } else {
            Outcome::Refused
        };
        // The finding names the source already.
        let reason = self.reason();
        let reason = reason.strip_prefix(source).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&reason);
        Finding {
            source: source.to_owned(),
            outcome,
            reason: reason.to_owned(),
            advice: self.advice().to_owned(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(what) => f.write_str(what),
            Self::Source { .. } => self.with_advice(f, &self.reason()),
            Self::Profile { name, error } => write!(f, "profile {name}: {error}"),
            Self::Chain { error, findings } => {
                error.fmt(f)?;
                let [before @ .., _] = findings.as_slice() else { return Ok(()) };
                list(f, "; before it, ", before)
            }
            Self::NoCredentials { findings, .. } => {
                f.write_str("no credentials found")?;
                list(f, "; ", findings)?;
                f.write_str(
                    "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached",
                )
            }
            Self::Sign(SignError::TooManyHeaders) => {
                f.write_str("cannot sign: more than 256 header lines; leave some out")
            }
            Self::Sign(SignError::TooManyParameters) => {
                f.write_str("cannot sign: more than 1,024 query parameters; send fewer in one request")
            }
            Self::Sign(error) => write!(f, "cannot sign: {error}"),
            Self::Send { failure, detail } if detail.about.is_empty() => {
                self.with_advice(f, &failure.to_string())
            }
            Self::Send { failure, detail } => self.with_advice(f, &format!("{failure}: {}", detail.about)),
        }
    }
}

/// What happened, without the memory that a caller of the core lends.
struct Happened(ErrorKind);

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ErrorKind::BufferTooSmall { buffer: Memory::Exchange, needed } => {
                write!(f, "the request or the reply takes {needed} bytes, which is more than is permitted")
            }
            ErrorKind::BufferTooSmall { buffer: Memory::Slot, needed } => {
                write!(f, "the credentials take {needed} bytes, which is more than is permitted")
            }
            kind => kind.fmt(f),
        }
    }
}

/// Whether the network, or what is behind it, was not there.
fn is_of_network(failure: Failure) -> bool {
    let exchanged = !matches!(failure.phase, Phase::File | Phase::Process | Phase::Prompt);
    exchanged && failure.is_passing()
}

/// The error of a request of the caller's, which has the advice for this failure.
fn of_failure(failure: Failure) -> SourceError {
    SourceError::new(Origin::Request, "", ErrorKind::Transport(failure))
}

impl From<SourceError> for Error {
    /// An error about which neither the service nor this side says more.
    fn from(error: SourceError) -> Self {
        Self::Source { error, report: Box::default(), detail: Box::default() }
    }
}

/// Lists the findings after `start`; writes nothing if there are none.
fn list(f: &mut fmt::Formatter<'_>, start: &str, findings: &[Finding]) -> fmt::Result {
    let mut separator = start;
    for finding in findings {
        write!(f, "{separator}{finding}")?;
        separator = "; ";
    }
    Ok(())
}

impl std::error::Error for Error {}

impl From<SignError> for Error {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

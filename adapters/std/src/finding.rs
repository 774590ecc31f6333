//! How the sources of credentials fared.

use std::fmt;

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
#[non_exhaustive]
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

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.source, self.outcome.as_str(), self.reason)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, " ({})", self.advice) }
    }
}

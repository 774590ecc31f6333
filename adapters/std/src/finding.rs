//! The results of sources, for people.

use std::fmt;

/// The result of asking one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The source was not needed, or is switched off.
    Skipped,
    /// The source is not configured, or not there.
    Absent,
    /// The source was asked, and refused or failed.
    Refused,
    /// The source is configured in a way that cannot work.
    Misconfigured,
    /// The source returned the credentials that are used.
    Used,
}

impl Outcome {
    /// The name of the variant in lower case.
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
    /// The result: used, absent, refused, misconfigured or skipped.
    pub outcome: Outcome,
    /// The reason, in one line.
    pub reason: String,
    /// What to do next; empty where there is nothing to do.
    pub advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.source, self.outcome.as_str(), self.reason)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, " ({})", self.advice) }
    }
}

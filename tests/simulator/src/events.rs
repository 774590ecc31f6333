//! The log of what was asked and how it was answered.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

const KEPT: usize = 10_000;

/// Which of the four services was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// EC2 metadata.
    Imds,
    /// The container credentials endpoint.
    Container,
    /// STS.
    Sts,
    /// The bucket.
    S3,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Imds => "imds",
            Self::Container => "container",
            Self::Sts => "sts",
            Self::S3 => "s3",
        })
    }
}

/// One request and its answer. Holds no secret and no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The service asked.
    pub service: Service,
    /// What it was asked for: `GetObject`, `AssumeRole`, `GetToken`...; `Unknown` when it could
    /// not be told.
    pub operation: &'static str,
    /// The HTTP status answered.
    pub status: u16,
    /// `OK`, or the error code answered.
    pub code: &'static str,
    /// The access key id: of the one who signed, known or not, or of the credentials handed out.
    pub access_key_id: Option<String>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, operation, status, code, .. } = self;
        write!(f, "{service} {operation} {status} {code}")?;
        match &self.access_key_id {
            Some(id) => write!(f, " {id}"),
            None => Ok(()),
        }
    }
}

#[derive(Default)]
pub(crate) struct Log(Mutex<VecDeque<Event>>);

impl Log {
    pub(crate) fn add(&self, event: Event) {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() == KEPT {
            events.pop_front();
        }
        events.push_back(event);
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().cloned().collect()
    }
}

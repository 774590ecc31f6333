//! The log of requests and responses.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

const KEPT: usize = 10_000;

/// One of the four services.
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

/// One request and its response. Contains no secret and no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The service that received the request.
    pub service: Service,
    /// The operation: `GetObject`, `AssumeRole`, `GetToken`...; `Unknown` when it could not be
    /// determined.
    pub operation: &'static str,
    /// The HTTP status of the response.
    pub status: u16,
    /// `OK`, or the error code of the response.
    pub code: &'static str,
    /// The access key id that signed the request, known or not, or that of the issued credentials.
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

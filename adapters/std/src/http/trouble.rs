//! What is wrong with a setting, learned while connecting.

use std::sync::{Arc, Mutex};

use crate::lock;

/// The reason why the last connection failed, in words for the user. A clone is another handle to the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<Reason>>>);

#[derive(Debug, Clone)]
enum Reason {
    /// A setting of this side is wrong: the whole error.
    Setting(String),
    /// What to do about the failure of a connection.
    Hint(String),
}

impl Trouble {
    /// Blames a setting.
    pub(crate) fn set(&self, reason: String) {
        *lock(&self.0) = Some(Reason::Setting(reason));
    }

    /// Says what to do, without blame.
    pub(crate) fn hint(&self, advice: String) {
        *lock(&self.0) = Some(Reason::Hint(advice));
    }

    pub(crate) fn clear(&self) {
        *lock(&self.0) = None;
    }

    /// What is wrong with a setting.
    pub(crate) fn of_setting(&self) -> Option<String> {
        match &*lock(&self.0) {
            Some(Reason::Setting(reason)) => Some(reason.clone()),
            _ => None,
        }
    }

    /// What to do.
    pub(crate) fn advice(&self) -> Option<String> {
        match &*lock(&self.0) {
            Some(Reason::Hint(advice)) => Some(advice.clone()),
            _ => None,
        }
    }
}

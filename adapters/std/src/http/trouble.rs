//! What is wrong with a setting, learned while connecting.

use std::sync::{Arc, Mutex};

use crate::lock;

/// The reason why the last connection failed, in words for the user. A clone is another handle to the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    pub(crate) fn set(&self, reason: String) {
        *lock(&self.0) = Some(reason);
    }

    pub(crate) fn clear(&self) {
        *lock(&self.0) = None;
    }

    pub(crate) fn get(&self) -> Option<String> {
        lock(&self.0).clone()
    }
}

//! The things that are made, found and removed, and the tag that they carry.

use std::sync::Arc;

use crate::Secret;

/// The key of the tag that everything carries which a set-up makes.
pub const TAG: &str = "rolecall:setup";

/// Something that a set-up deals with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Thing {
    /// What it is: `role`, `instance profile`, `user pool`.
    pub what: &'static str,
    /// Its ARN, id or name.
    pub id: String,
    /// What became of it.
    pub fate: Fate,
    /// The secret of a client, if it has one.
    pub secret: Option<Arc<Secret>>,
}

/// What became of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It was made.
    Made,
    /// It was there, from an earlier run of the same set-up.
    Found,
    /// It was there and was changed to what this run says.
    Changed,
    /// It was removed.
    Removed,
    /// It is somebody else's, and stays.
    Kept,
}

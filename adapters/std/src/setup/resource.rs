//! Resources that recipes create, find and remove, and their tag.

use std::sync::Arc;

use crate::Secret;

/// The key of the tag of every resource that a recipe creates.
pub const TAG: &str = "rolecall:setup";

/// A resource of a recipe.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Resource {
    /// Its kind: `role`, `instance profile`, `user pool`.
    pub kind: &'static str,
    /// Its ARN where it has one, else its id, else its name.
    pub id: String,
    /// What was done with it.
    pub outcome: Outcome,
    /// The secret of a client, if it has one.
    pub secret: Option<Arc<Secret>>,
}

/// What was done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was created.
    Created,
    /// It existed, with the tag of this recipe.
    Found,
    /// It existed, and was changed to match the recipe.
    Changed,
    /// It was removed.
    Removed,
    /// It has not the tag of this recipe, and was left unchanged.
    Kept,
}

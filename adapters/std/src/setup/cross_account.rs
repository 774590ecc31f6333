//! A role for another account.

use rolecall_core::services::iam::trust;

use super::role::{self, Policies};
use super::work::Work;
use super::{policies, sealed};
use crate::Error;

/// A role that another account, or one principal of it, may assume.
#[derive(Debug, Clone)]
pub struct CrossAccountRole {
    name: String,
    trusted: String,
    external_id: Option<String>,
    policies: Policies,
}

impl CrossAccountRole {
    /// The role of that name, for an account (twelve digits) or a principal (an ARN).
    pub fn new(name: impl Into<String>, trusted: impl Into<String>) -> Self {
        let policies = Policies::default();
        Self { name: name.into(), trusted: trusted.into(), external_id: None, policies }
    }

    /// Requires this external id: 2 to 1,224 of `[\w+=,.@:/-]`.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }
}

policies!(CrossAccountRole);

impl sealed::Recipe for CrossAccountRole {
    fn name(&self) -> String {
        format!("cross-account/{}", self.name)
    }

    fn apply(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let principal = if self.trusted.starts_with("arn:") {
            self.trusted.clone()
        } else {
            format!("arn:{}:iam::{}:root", role::partition(work).name, self.trusted)
        };
        let mut buffer = [0; 4096];
        let trust = trust::account(&principal, self.external_id.as_deref(), &mut buffer);
        role::ensure(work, &self.name, trust.map_err(role::too_long)?, &self.policies)?;
        Ok(())
    }

    fn undo(&self, work: &mut Work<'_>) -> Result<(), Error> {
        role::remove(work, &self.name)
    }
}

//! A role for another account.

use rolecall_core::services::iam::trust;

use super::role::{self, Properties};
use super::work::Work;
use super::{check, properties, sealed};
use crate::{Error, Settings};

/// A role that another account, or one principal of it, may assume.
#[derive(Debug, Clone)]
pub struct CrossAccountRole {
    name: String,
    trusted: String,
    external_id: Option<String>,
    properties: Properties,
}

impl CrossAccountRole {
    /// The role of that name, for an account (twelve digits) or a principal (an ARN).
    pub fn new(name: impl Into<String>, trusted: impl Into<String>) -> Self {
        let properties = Properties::default();
        Self { name: name.into(), trusted: trusted.into(), external_id: None, properties }
    }

    /// Requires this external id: 2 to 1,224 of `[\w+=,.@:/-]`.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Sets how long the longest session may last: 3,600 to 43,200 seconds.
    pub fn max_session_duration(mut self, seconds: u32) -> Self {
        self.properties.max_session_duration = Some(seconds);
        self
    }
}

properties!(CrossAccountRole);

impl sealed::Recipe for CrossAccountRole {
    fn name(&self) -> String {
        format!("cross-account/{}", self.name)
    }

    fn check_names(&self, _: &Settings) -> Result<(), Error> {
        check::role_name("role", &self.name)
    }

    fn check(&self) -> Result<(), Error> {
        check::principal(&self.trusted)?;
        self.external_id.as_deref().map_or(Ok(()), check::external_id)?;
        self.properties.check()
    }

    fn apply(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let found = role::find(work, &self.name, self.external_id.is_some())?;
        let principal = if self.trusted.starts_with("arn:") {
            self.trusted.clone()
        } else {
            format!("arn:{}:iam::{}:root", role::partition(work).name, self.trusted)
        };
        let mut buffer = [0; 4096];
        let trust = trust::account(&principal, self.external_id.as_deref(), &mut buffer);
        role::ensure(work, &self.name, found, trust.map_err(role::too_long)?, &self.properties)?;
        Ok(())
    }

    fn undo(&self, work: &mut Work<'_>) -> Result<(), Error> {
        role::remove(work, &self.name)
    }
}

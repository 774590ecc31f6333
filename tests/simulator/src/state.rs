//! The state that the services share.

use crate::clock::Clock;
use crate::config::{Config, Fault};
use crate::events::Log;
use crate::keys::{self, Identity, KeyRing};
use crate::{imds, s3};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

pub(crate) struct State {
    pub config: Config,
    pub clock: Clock,
    pub keys: KeyRing,
    pub events: Log,
    /// The faults that IMDS has yet to inject.
    faults: Mutex<VecDeque<Fault>>,
    pub metadata_tokens: imds::Tokens,
    pub objects: s3::Objects,
    /// The id in the path of the container credentials.
    pub container_id: String,
    instance_id: String,
}

impl State {
    pub(crate) fn new(config: Config) -> Self {
        let clock = Clock::new(config.clock_offset);
        let id = keys::uuid().replace('-', "");
        Self {
            keys: KeyRing::new(&config.users, &config.host_keys, config.session_token_length, clock.now()),
            clock,
            events: Log::default(),
            faults: Mutex::new(config.imds_faults.iter().copied().collect()),
            metadata_tokens: imds::Tokens::default(),
            objects: s3::Objects::default(),
            container_id: keys::uuid(),
            instance_id: format!("i-{}", &id[..17]),
            config,
        }
    }

    /// Takes the fault to inject into the next metadata request.
    pub(crate) fn next_fault(&self) -> Option<Fault> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(crate) fn instance_identity(&self) -> Identity {
        self.keys.role_session(&self.instance_role_arn(), &self.instance_id)
    }

    pub(crate) fn container_identity(&self) -> Identity {
        let task = self.container_id.replace('-', "");
        self.keys.role_session(&self.container_role_arn(), &task)
    }

    pub(crate) fn instance_role_arn(&self) -> String {
        self.host_role_arn(&self.config.instance_role)
    }

    pub(crate) fn container_role_arn(&self) -> String {
        self.host_role_arn(&self.config.container_role)
    }

    fn host_role_arn(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:role/{name}", self.config.host_account)
    }
}

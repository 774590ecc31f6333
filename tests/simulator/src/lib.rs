//! The services that a cloud host talks to, on loopback: EC2 instance metadata (IMDSv2), a container
//! credentials endpoint, STS, and an S3-like bucket.
//!
//! ```
//! use rolecall_simulator::{Config, Simulator};
//!
//! # fn main() -> std::io::Result<()> {
//! let simulator = Simulator::start(Config::default())?;
//! for (name, value) in simulator.environment() {
//!     println!("{name}={value}");
//! }
//! // ... run a program with these variables, then inspect its requests:
//! for event in simulator.events() {
//!     println!("{event}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Keys, secrets and tokens are new at each start. Every service listens on its own port of 127.0.0.1,
//! unless the configuration names another address, answers from threads, and stops when the
//! [`Simulator`] is dropped.
//!
//! # What is checked
//!
//! The signature of each STS and S3 request, header-signed or presigned, is recomputed with the crate
//! `aws-sigv4` from the received request and the issued secret. The other checks are those of the real
//! services:
//!
//! - the access key is known, its session token is the one issued with it, and neither has expired;
//! - the credential scope names the current day, region and service;
//! - the date is within five minutes of the simulator's clock (S3 itself allows fifteen); a
//!   presigned request is used within its `X-Amz-Expires` of 1 to 604,800 s;
//! - `host` and every `x-amz-*` header that was sent are signed;
//! - S3 requires `x-amz-content-sha256` on header-signed requests, and the received body must have
//!   that hash, unless it is `UNSIGNED-PAYLOAD`;
//! - AssumeRole: trust, external id, the limits of session name and duration, and at most an hour
//!   for role chaining, that is, for every call with a role's temporary credentials;
//! - the bucket: the caller's account.
//!
//! Each rejection has the code and status of the real service.
//!
//! # What is not supported
//!
//! - No policies, tags, MFA or source identity: AssumeRole rejects these parameters rather than
//!   ignoring them.
//! - No `STREAMING-*` payloads, no `Transfer-Encoding`, no virtual-host buckets, sub-resources,
//!   ranges or conditions in S3. An ETag is a part of the SHA-256, not the MD5.
//! - No IMDSv1, no TLS. `Date` is not accepted in place of `x-amz-date`.
//! - Query strings are parsed as `aws-sigv4` does: a raw `+` is a space, and bytes that are not UTF-8
//!   are replaced.
//! - Requests are limited to 64 KiB of head, 16 MiB of body, and 30 s to arrive. State is limited to the
//!   last 4,096 issued keys, the last 10,000 events, and 64 MiB of objects.
//!
#![forbid(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]

mod clock;
mod config;
mod container;
mod events;
mod http;
mod imds;
mod keys;
mod markup;
mod s3;
mod server;
mod state;
mod sts;
mod verify;

pub use config::{Addresses, Config, Fault, HostKey, Ports, Principal, Role, User};
pub use events::{Event, Service};

use server::Server;
use state::State;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// The running services. Dropping it stops them and closes every open connection.
pub struct Simulator {
    state: Arc<State>,
    imds: Server,
    container: Server,
    sts: Server,
    s3: Server,
}

impl Simulator {
    /// Binds the four services and starts serving.
    ///
    /// # Errors
    /// `InvalidInput` when the configuration is invalid, naming the field; otherwise the error of
    /// binding to the port.
    pub fn start(config: Config) -> io::Result<Self> {
        config.check()?;
        let (at, ports) = (config.addresses, config.ports);
        let state = Arc::new(State::new(config));
        let start = |service, address, port| {
            Server::start(service, SocketAddr::new(address, port), Arc::clone(&state))
        };
        Ok(Self {
            imds: start(Service::Imds, at.imds, ports.imds)?,
            container: start(Service::Container, at.container, ports.container)?,
            sts: start(Service::Sts, at.sts, ports.sts)?,
            s3: start(Service::S3, at.s3, ports.s3)?,
            state,
        })
    }

    /// The metadata endpoint without a path, for example `http://127.0.0.1:PORT`.
    pub fn imds_url(&self) -> String {
        self.imds.url()
    }

    /// The full URI of the container credentials, with its path.
    pub fn container_url(&self) -> String {
        format!("{}{}", self.container.url(), container::path(&self.state))
    }

    /// The STS endpoint, without a path.
    pub fn sts_url(&self) -> String {
        self.sts.url()
    }

    /// The S3 endpoint, without a path; buckets use path-style addressing.
    pub fn s3_url(&self) -> String {
        self.s3.url()
    }

    /// The first role that can be assumed.
    pub fn role_arn(&self) -> &str {
        &self.state.config.roles[0].arn
    }

    /// The name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.state.config.bucket
    }

    /// The region every request must be signed for.
    pub fn region(&self) -> &str {
        &self.state.config.region
    }

    /// The variables that make an AWS client use the simulator as if it ran on an EC2 instance.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.imds_url())];
        variables.extend(self.service_environment());
        variables
    }

    /// The variables that make it a container: with the authorization token, if one is required.
    pub fn container_environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.container_url())];
        if let Some(token) = &self.state.config.container_token {
            variables.push(("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.clone()));
        }
        variables.extend(self.service_environment());
        variables
    }

    fn service_environment(&self) -> [(&'static str, String); 3] {
        [
            ("AWS_REGION", self.region().to_owned()),
            ("AWS_ENDPOINT_URL_STS", self.sts_url()),
            ("AWS_ENDPOINT_URL_S3", self.s3_url()),
        ]
    }

    /// The requests so far, oldest first: at most the last 10,000. Contains no secret.
    pub fn events(&self) -> Vec<Event> {
        self.state.events.all()
    }

    /// Moves the simulator's clock, so that tokens and credentials expire without waiting.
    pub fn shift_clock(&self, seconds: i64) {
        self.state.clock.shift(seconds);
    }
}

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! AWS credentials and signed requests for programs on an operating system, without an SDK.
//!
//! [`Provider`] finds credentials as every AWS client does - environment variables, the profile, a
//! web identity, the container endpoint of ECS and EKS, EC2 instance metadata - keeps them fresh for
//! any number of threads, assumes roles with them, and signs and sends requests. What is read,
//! decided and signed is in [`rolecall_core`]; this crate adds sockets (`ureq`), files, commands,
//! clocks and locks, all of them behind one trait, [`Host`].
//!
//! | | what it is for |
//! |---|---|
//! | [`Settings`], [`Environment`], [`profiles`] | what environment and shared files say |
//! | [`Provider`], [`Session`] | credentials, and those that STS gives for them |
//! | [`FileCache`], [`CredentialCache`] | credentials shared with other processes |
//! | [`Provider::explain`] | why there are credentials, or why there are none |
//! | [`Request`] | signing, presigning, sending |
//! | [`PoolIdentity`], [`User`] | credentials of people and guests, from Amazon Cognito |
//! | [`Provider::call`], [`setup`] | operations of IAM, EC2, ECS and Cognito; roles set up with them |
//!
//! Features, all on by default: `tls` (https, by rustls and the roots of webpki-roots), `sso` (profiles
//! that sign in with IAM Identity Center), `srp` (signing in at Cognito without sending the password),
//! `setup` (the module of that name).
//!
//! # Example
//!
//! A role in another account, and with it an object in S3:
//!
//! ```no_run
//! use rolecall::{Environment, Provider, Request, Role};
//!
//! let here = Provider::from_environment(&Environment::process())?;
//! println!("running as {}", here.caller_identity()?.arn);
//!
//! let there = here.assume_role(
//!     Role::new("arn:aws:iam::444455556666:role/reports", "gateway-7").duration_seconds(900),
//! );
//! let url = "https://reports.s3.eu-west-1.amazonaws.com/2026/11.csv";
//! let reply = there.send(&Request::new("GET", url)?)?;
//! println!("{} bytes", reply.body.len());
//! # Ok::<(), rolecall::Error>(())
//! ```
//!
//! Signing alone needs no network:
//!
//! ```
//! use rolecall::{Credentials, Request, UnixTime};
//!
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)?;
//! let time = UnixTime::from_compact(b"20150830T123600Z").expect("a time");
//! let request = Request::new("GET", "https://example.amazonaws.com/")?.service("service").region("us-east-1");
//! let signed = request.sign(&credentials, time)?;
//! let authorization = signed.headers().find(|(name, _)| *name == "Authorization");
//! assert!(authorization.unwrap().1.contains("Signature=5fa00fa31553b73ebf194267"));
//! # Ok::<(), rolecall::Error>(())
//! ```
//!
//! # Limits
//!
//! | | connect | first byte | exchange | body |
//! |---|---|---|---|---|
//! | instance metadata | 1 s | 1 s | 5 s | 64 KiB |
//! | container endpoint | 2 s | 5 s | 8 s | 64 KiB |
//! | STS, Cognito, operations | 3 s | 10 s | 15 s | 256 KiB |
//!
//! A source is given up after 9.5 s and three attempts at a step. [`Provider::send`] has limits of
//! its own: [`Request::SEND_LIMITS`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod cache;
mod clock;
mod credentials;
mod driver;
mod environment;
mod error;
mod fetch;
mod files;
mod finding;
mod host;
mod http;
mod provider;
mod request;
mod secret;
mod sessions;
mod settings;
#[cfg(feature = "setup")]
pub mod setup;
mod sink;
mod source;
mod system;
mod trace;

use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(unix)]
pub use cache::FileCache;
pub use cache::{CacheError, CredentialCache, Entry, Lock};
pub use clock::UnixTimeExt;
pub use credentials::{CallerIdentity, Credentials};
pub use environment::Environment;
pub use error::Error;
pub use finding::{Finding, Outcome};
pub use host::{Buffer, Host, Once, Streams, Upload};
pub use http::proxy::Proxies;
pub use provider::{Explanation, Provider, ProviderBuilder};
pub use request::{Canonical, Presigned, Reply, Request, Signed};
pub use secret::Secret;
pub use sessions::cognito::{PoolIdentity, User};
pub use sessions::{FederatedUser, Role, RootTask, Saml, Session, UserSession, WebIdentity};
pub use settings::profiles::{self, Profiles};
pub use settings::{ImdsMode, Settings};
pub use source::CredentialSource;
pub use system::System;
pub use trace::Trace;

pub use rolecall_core as core;
pub use rolecall_core::error::Fault;
pub use rolecall_core::wire::time::UnixTime;

/// Locks a mutex. Nothing here leaves its data half-changed when it panics, so that a poisoned lock is used
/// on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

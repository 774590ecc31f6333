//! AWS credentials and signed requests for programs on an operating system, without an SDK.
//!
//! [`Provider`] finds credentials as every AWS client does - environment variables, the profile, a web identity, the
//! container endpoint of ECS and EKS, EC2 instance metadata - refreshes them for any number of threads, assumes roles
//! with them, and signs and sends requests. Parsing, decisions and signing are in [`rolecall_core`]; this crate adds
//! sockets (`ureq`), files, commands, clocks and locks, all of them behind one trait, [`Host`].
//!
//! | item | what it is for |
//! |---|---|
//! | [`Settings`], [`Environment`], [`profiles`] | the environment and the shared configuration files |
//! | [`Provider`], [`Session`] | credentials, and those that STS issues for them |
//! | [`FileCache`], [`CredentialCache`] | credentials shared with other processes |
//! | [`Provider::explain`] | why there are credentials, or why there are none |
//! | [`Request`] | signing, presigning, sending |
//! | [`PoolIdentity`], [`User`] | credentials of Cognito identities, with or without a user's sign-in |
//! | [`Provider::call`], [`setup`] | operations of IAM, EC2, ECS and Cognito, and recipes that provision roles with them |
//! | [`Host`], [`CredentialSource`] | another network, or another source of credentials |
//!
//! # From a provider to the wire
//!
//! ```text
//!   Provider::send(&request)
//!      |
//!      +-- credentials()   those held while they are good: no lock, no exchange
//!      |      |
//!      |      +-- when they are due: cache, else the chain, else the session on top
//!      |             environment > profile > web identity > container > instance metadata
//!      |                |
//!      |                +-- a flow of rolecall_core: poll, exchange, answer, until it is done
//!      |
//!      +-- sign            a kept key for the day, region and service, else a new one
//!      +-- Host::exchange  proxies, TLS, limits; once more if the service says the clock is wrong
//!      |
//!      v
//!   Reply of any status
//! ```
//!
//! # Examples
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
//! A failure explains itself, and [`Provider::explain`] asks every source:
//!
//! ```
//! use rolecall::{Environment, Provider};
//!
//! let nothing = [("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_CONFIG_FILE", "/nonexistent")];
//! let nothing = nothing.into_iter().chain([("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")]);
//! let provider = Provider::from_environment(&Environment::from_iter(nothing))?;
//! assert!(provider.credentials().is_err());
//! println!("{}", provider.explain());
//! # Ok::<(), rolecall::Error>(())
//! ```
//!
//! # Limits
//!
//! | peer | connect | first byte | exchange | body |
//! |---|---|---|---|---|
//! | instance metadata | 1 s | 1 s | 5 s | 64 KiB |
//! | container endpoint | 2 s | 5 s | 8 s | 64 KiB |
//! | STS, Cognito, operations | 3 s | 10 s | 15 s | 256 KiB |
//!
//! A source ends after 9.5 s and three attempts at a step. [`Provider::send`] has limits of
//! its own: [`Request::SEND_LIMITS`].
//!
//! # Features
//!
//! On by default:
//!
//! - `tls`: https, by rustls with `ring` and the roots of webpki-roots.
//! - `sso`: profiles that sign in with IAM Identity Center.
//! - `login`: profiles that sign in to the console with `aws login`.
//! - `srp`: signing in at Cognito without sending the password.
//! - `iot`: credentials of a device by its certificate, from AWS IoT ([`IotRole`]).
//! - `roles-anywhere`: the same from IAM Roles Anywhere ([`AnywhereRole`]).
//! - `setup`: the module [`setup`], which provisions roles.
//! - `tokens`: passwords and tokens for RDS, DSQL, ElastiCache, MemoryDB, MSK and EKS ([`TokenFor`]).
//!
//! Off by default:
//!
//! - `sigv4a`: signatures for a set of regions, as multi-region access points of S3 want them; brings `p256`.
//! - `checksums`: CRC-32, CRC-32C, CRC-64/NVME and SHA-1 in the trailers of uploads to S3; brings `crc`.
//! - `http`: `HttpSigner`, which signs requests of the crate `http` in place; `middleware`: it signs what an agent of ureq
//!   sends.
//! - `log`, `tracing`: events for the crates of these names (`ProviderBuilder::log`, `ProviderBuilder::tracing`).
//!
//! # Where to go next
//!
//! The folder `examples` has `default_chain`, `assume_role_s3`, `presign`, `shared_cache`, `custom_source`, `custom_host`,
//! `device_identity`, `pkcs11_key` and `mqtt_websocket`. The crate `rolecall-simulator` is EC2 metadata, STS and S3 on
//! loopback, for tests of your own.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod cache;
#[cfg(any(feature = "iot", feature = "roles-anywhere", feature = "login"))]
mod certificate;
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
#[cfg(feature = "http")]
mod http_signer;
mod json;
#[cfg(any(feature = "sso", feature = "login"))]
mod members;
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
#[cfg(feature = "tokens")]
mod tokens;
mod trace;
mod wait;

use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(unix)]
pub use cache::FileCache;
pub use cache::{CacheError, CredentialCache, Entry, Lock};
#[cfg(any(feature = "iot", feature = "roles-anywhere", feature = "login"))]
pub use certificate::Key;
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
pub use certificate::{ClientCertificate, Identity};
pub use clock::UnixTimeExt;
pub use credentials::{CallerIdentity, Credentials};
pub use environment::Environment;
pub use error::{Detail, Error};
pub use finding::{Finding, Outcome};
pub use host::{Buffer, Download, Host, Once, Streams, Upload};
pub use http::proxy::Proxies;
#[cfg(feature = "http")]
pub use http_signer::HttpSigner;
pub use provider::{Explanation, InUse, Provider, ProviderBuilder};
pub use request::{Canonical, Presigned, Reply, Request, Signed};
pub use secret::Secret;
pub use sessions::cognito::{PoolIdentity, User};
#[cfg(feature = "roles-anywhere")]
pub use sessions::device::AnywhereRole;
#[cfg(feature = "iot")]
pub use sessions::device::IotRole;
#[cfg(any(feature = "sso", feature = "login"))]
pub use sessions::sso::SignInState;
#[cfg(feature = "sso")]
pub use sessions::sso::{DeviceCode, SignedIn, SignedOut};
pub use sessions::{FederatedUser, Role, RootTask, S3Session, Saml, Session, UserSession, WebIdentity};
pub use settings::profiles::{self, Profiles};
pub use settings::{ImdsMode, Settings};
pub use source::CredentialSource;
pub use system::System;
#[cfg(feature = "tokens")]
pub use tokens::{AuthToken, TokenFor};
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

//! Credentials of [`rolecall`] for async clients of AWS.
//!
//! [`AsyncProvider`] is a [`rolecall::Provider`] that fetches on a thread of its own while a task waits. It is what these
//! clients ask for credentials, each behind a feature:
//!
//! | feature | client | trait |
//! |---|---|---|
//! | `sdk` (default) | the official SDK | `aws_credential_types::provider::ProvideCredentials` |
//! | `object-store` | `object_store` | `object_store::CredentialProvider` |
//! | `reqsign` | `reqsign` | `reqsign_core::ProvideCredential` |
//!
//! Any other client calls [`AsyncProvider::credentials`].

mod asynchronous;
mod error;
#[cfg(feature = "object-store")]
mod object_store;
#[cfg(feature = "reqsign")]
mod reqsign;
#[cfg(feature = "sdk")]
mod sdk;

pub use asynchronous::{AsyncProvider, Job};
pub use error::Error;

/// The examples of the README.
#[cfg(all(doctest, feature = "sdk", feature = "object-store", feature = "reqsign"))]
#[doc = include_str!("../README.md")]
struct Readme;

//! Sources of credentials: one flow for each, and flows that combine others.
//!
//! A [`Flow`](crate::flow::Flow) never blocks and does no I/O. A driver of a dozen lines runs it:
//!
//! ```
//! use rolecall_core::credentials::Credentials;
//! use rolecall_core::skew::{Clock, Instant, Now};
//! use rolecall_core::flow::{Context, Flow, Memory, Report, Slot, Step};
//! use rolecall_core::sources::Fixed;
//!
//! let provisioned = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)?;
//! let mut flow = Fixed::new(Some(provisioned));
//!
//! let (mut exchange, mut slot) = ([0; 2048], [0; Slot::LEAST]);
//! let mut slots = [Slot::new(&mut slot)];
//! let (mut clock, mut report) = (Clock::new(), Report::new());
//! let lease = loop {
//!     let now = Now { monotonic: Instant::from_millis(0), wall: None };
//!     let mut cx = Context { now, entropy: 4, clock: &mut clock, report: &mut report };
//!     let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
//!     match flow.poll(&mut cx, &mut memory) {
//!         Step::Done(result) => break result?,
//!         Step::Need(need) => unreachable!("fixed credentials need no {need:?}"),
//!     }
//! };
//! assert_eq!(lease.expiration, None);
//! assert_eq!(slots[0].credentials().unwrap().access_key_id(), "AKIDEXAMPLE");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Memory
//!
//! | what | least | recommended |
//! |---|---|---|
//! | exchange buffer, for IMDS or a container endpoint | 1.5 KB | 8 KB |
//! | exchange buffer, for STS | 2 KB | 8 KB |
//! | exchange buffer, for Cognito | 4 KB | 8 KB |
//! | exchange buffer, for the console's sign-in | 2 KB and twice the refresh token | 32 KB |
//! | exchange buffer, for IAM Roles Anywhere | 2 KB and 4/3 of the certificates | 8 KB |
//! | one slot | [`Slot::LEAST`](crate::flow::Slot::LEAST) | [`Slot::RECOMMENDED`](crate::flow::Slot::RECOMMENDED) |
//!
//! A chain of `n` roles takes `n` slots, and refresh one more. Session tokens decide: the least size is
//! for tokens of up to 800 bytes, the recommended one for 4 KB. A buffer that is too small is an
//! error with the size that suffices.

mod chain;
pub mod cognito;
mod container;
mod document;
mod fixed;
mod held;
mod identity_token;
mod imds;
mod imds_region;
mod iot;
mod login;
mod process;
mod roles_anywhere;
mod s3_session;
mod sso;
mod sso_oidc;
pub mod sts;
mod unsigned;

pub use chain::Chain;
pub use container::{Authorization, Container, ContainerEndpoint};
pub use document::Document;
pub use fixed::Fixed;
pub use held::Held;
pub use identity_token::{IdentityToken, TokenPlace};
pub use imds::{Imds, InstanceMetadata};
pub use imds_region::{ImdsRegion, Placement};
pub use iot::{Iot, RoleAlias};
pub use login::{LoginRefresh, LoginToken, SignedIn};
pub use process::{Command, Process};
pub use roles_anywhere::{AnywhereSession, RolesAnywhere, TrustAnchor};
pub use s3_session::{CreateSession, CreateSessionRequest};
pub use sso::{Portal, Sso};
pub use sso_oidc::{OidcCall, OidcClient, OidcGrant, OidcRequest, SsoOidc};
pub use unsigned::Unsigned;

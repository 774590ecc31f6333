//! Calls of STS, most of which return credentials.
//!
//! Each is an [`Operation`](crate::call::Operation); [`Call`](crate::call::Call) is the flow that gets
//! credentials from a source and makes the call with them.

mod assume_role;
mod assume_root;
mod caller_identity;
mod form;
pub(super) mod limits;
mod mfa;
mod reply;
mod saml;
mod user_session;
mod web_identity;

pub use assume_role::{AssumeRole, AssumeRoleRequest, Parameters, SessionParameters};
pub use assume_root::{AssumeRoot, AssumeRootRequest};
pub use caller_identity::{GetCallerIdentity, GetCallerIdentityRequest};
pub use limits::Tag;
pub use mfa::{Mfa, WithCode};
pub use saml::{AssumeRoleWithSaml, AssumeRoleWithSamlRequest};
pub use user_session::{
    GetFederationToken, GetFederationTokenRequest, GetSessionToken, GetSessionTokenRequest,
};
pub use web_identity::{AssumeRoleWithWebIdentity, AssumeRoleWithWebIdentityRequest};

use crate::error::Origin;

use crate::call::{Api, Protocol, Shape};

/// The properties that the operations share. Each issues new credentials, so that repeating one is harmless.
const fn shape(origin: Origin, action: &'static str) -> Shape {
    let api = Api { origin, service: "sts", protocol: Protocol::Query { version: "2011-06-15" } };
    Shape { repeatable: true, step: "", ..Shape::new(api, action) }
}

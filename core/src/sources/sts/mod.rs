//! Calls of the AWS Query protocol, as STS (and IAM, and EC2) speak it: a signed form goes out, XML
//! comes back.
//!
//! An operation is an [`Operation`]: its parameters and how its reply is read. [`Call`] is the flow
//! that gets credentials from a source and makes the call with them.

mod assume_role;
mod assume_root;
mod call;
mod caller_identity;
mod limits;
mod reply;
mod saml;
mod user_session;
mod web_identity;

pub use assume_role::{AssumeRole, AssumeRoleRequest, Parameters, SessionParameters};
pub use assume_root::{AssumeRoot, AssumeRootRequest};
pub use call::{Call, Form, Operation, Proof, Service};
pub use caller_identity::{GetCallerIdentity, GetCallerIdentityRequest};
pub use limits::Tag;
pub use reply::read_error;
pub use saml::{AssumeRoleWithSaml, AssumeRoleWithSamlRequest};
pub use user_session::{
    GetFederationToken, GetFederationTokenRequest, GetSessionToken, GetSessionTokenRequest,
};
pub use web_identity::{AssumeRoleWithWebIdentity, AssumeRoleWithWebIdentityRequest};

pub(super) use limits::is_token_code;

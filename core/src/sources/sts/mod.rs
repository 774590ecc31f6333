//! Calls of the AWS Query protocol, as STS (and IAM, and EC2) speak it: a signed form goes out, XML
//! comes back.
//!
//! An operation is an [`Operation`]: its parameters and how its reply is read. [`Call`] is the flow
//! that gets credentials from a source and makes the call with them.

mod assume_role;
mod call;
mod caller_identity;
mod reply;

pub use assume_role::{AssumeRole, AssumeRoleRequest};
pub use call::{Call, Form, Operation, Service};
pub use caller_identity::{GetCallerIdentity, GetCallerIdentityRequest};
pub use reply::read_error;

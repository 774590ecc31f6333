//! Calls of AWS operations: a request goes out, signed if it has to be, and a document comes back.
//!
//! [`Call`] is the flow: it gets credentials from a source, makes one call with them, tries again
//! where that is safe, and tells what the service said. What is called is an [`Operation`]. Most
//! operations are written as an [`Action`], in about thirty lines: its members, and the texts of the
//! reply that are worth keeping. Two writers put the members as the service wants them, as an AWS
//! Query form or as a JSON document.

mod action;
mod error_document;
mod extract;
mod flow;
mod json;
mod members;
mod operation;
mod outgoing;
mod partition;
mod query;
mod send;
mod timing;

pub use action::{Action, AnyAction};
pub use error_document::{read_error, read_json_error};
pub(crate) use extract::read as keep;
pub use flow::{Call, Service};
pub use json::put_json;
pub use members::Members;
pub use operation::{Api, Operation, Proof, Protocol, Shape};
pub use outgoing::{Content, Outgoing};
pub use partition::{Partition, Variant, regional_url};
pub use query::Form;
pub use send::{Answered, SendRequest};

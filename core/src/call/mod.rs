//! Calls of AWS operations: a request, signed if required, and the document of its reply.
//!
//! [`Call`] is the flow: it gets credentials from a source, makes one call with them, retries where that is
//! safe, and reports what the service said. An [`Operation`] describes the call. Most operations are written
//! as an [`Action`], in about thirty lines: its members, and the texts of the reply to keep. Two writers turn
//! the members into an AWS Query form or a JSON document.

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
pub use partition::{Partition, Variant, is_region, regional_url};
pub use query::Form;
pub use send::{Answered, SendRequest, is_reserved};
pub(crate) use timing::Timing;

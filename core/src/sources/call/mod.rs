//! Calls of AWS operations: a request goes out, signed if it has to be, and a document comes back.
//!
//! [`Call`] is the flow: it gets credentials from a source, makes one call with them, tries again
//! where that is safe, and tells what the service said. What is called is an [`Operation`]. Most
//! operations are written as an [`Action`], in about thirty lines: its members, and the texts of the
//! reply that are worth keeping. Two writers put the members as the service wants them, as an AWS
//! Query form or as a JSON document.

mod action;
mod flow;
mod form;
mod json;
mod kept;
mod operation;
mod reply;

pub use action::{Action, AnyAction, Members};
pub use flow::{Call, Service};
pub use form::Form;
pub use json::put_json;
pub(super) use kept::read as keep;
pub use kept::{Each, Items, Kept};
pub use operation::{Api, Operation, Proof, Protocol, Shape};
pub use reply::{read_error, read_json_error};

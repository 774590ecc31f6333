//! Credentials that stay fresh: when to fetch anew, and a flow that does.

mod flow;
mod policy;

pub use flow::Refreshing;
pub use policy::{Decision, Refresh, Windows, advisory_window};

//! Refresh: when to fetch credentials again, and a flow that does.

mod flow;
mod policy;

pub use flow::Refreshing;
pub use policy::{Decision, Refresh, Windows, advisory_window};

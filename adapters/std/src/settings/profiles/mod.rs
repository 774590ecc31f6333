//! Shared configuration: `~/.aws/config` and `~/.aws/credentials`, merged, and what a profile in
//! them says of where credentials come from.

mod files;
mod plan;
mod set;

pub use files::{Location, Platform};
pub use plan::{Base, Named, Plan, RoleStep, SsoSession, WebIdentityStep};
pub use set::{Profiles, Section};

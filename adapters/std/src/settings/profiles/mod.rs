//! Shared configuration: `~/.aws/config` and `~/.aws/credentials`, merged, and how a profile in them leads to
//! credentials.

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
mod device;
mod files;
mod plan;
mod set;

pub use files::{Location, Platform};
pub use plan::{Base, LoginSession, Named, Plan, RoleStep, SsoSession, WebIdentityStep};
pub use set::{Profiles, Section};

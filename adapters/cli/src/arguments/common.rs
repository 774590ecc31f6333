//! The options of every command.

use super::identity::IdentityOptions;
use super::role::RoleOptions;

/// Options of every command.
#[derive(Debug, Default)]
pub(crate) struct Common {
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) cache: Option<String>,
    pub(crate) role: RoleOptions,
    pub(crate) identity: IdentityOptions,
    pub(crate) verbose: bool,
}

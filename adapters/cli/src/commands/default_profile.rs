//! The profile `default`, which SDKs prefer to an endpoint.

use std::fs;

use rolecall::Environment;
use rolecall::profiles::{Location, Plan, Platform, Profiles};

/// The variables that name the files of profiles.
pub(super) const FILES: [&str; 2] = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];

/// A file that is empty.
pub(super) const EMPTY: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Whether the profile `default` leads to credentials. One that cannot be followed counts as one that does: others may
/// read it.
pub(super) fn has_credentials() -> bool {
    let files = Location::find(&Environment::process(), Platform::HERE);
    let content = |path: Option<String>| path.and_then(|path| fs::read(path).ok()).unwrap_or_default();
    let mut profiles = Profiles::default();
    let read = profiles
        .add_config(&content(files.config))
        .and(profiles.add_credentials(&content(files.credentials)));
    let is_there = profiles.profile("default").is_some();
    read.is_err() || (is_there && !matches!(Plan::of(&profiles, "default"), Ok(None)))
}

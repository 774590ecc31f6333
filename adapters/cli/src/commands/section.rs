//! Credentials as a section of a credentials file.

use rolecall::Credentials;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output::{joined, shown};

/// The section of a profile.
pub(super) fn section(credentials: &Credentials, profile: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Other names are read by some AWS tools, and passed over by others.
    let is_named = |char: char| char.is_ascii_alphanumeric() || "_-/.%@:+".contains(char);
    if profile.is_empty() || !profile.chars().all(is_named) {
        return Err(Failure::Usage(format!(
            "--format aws-credentials: expected a profile's name of letters, digits and _-/.%@:+, found {}; name \
             another with --profile, or AWS_PROFILE",
            shown(profile)
        )));
    }
    let settings = [
        ("aws_access_key_id", Some(credentials.access_key_id())),
        ("aws_secret_access_key", Some(credentials.expose_secret_access_key())),
        ("aws_session_token", credentials.expose_session_token()),
        ("aws_account_id", credentials.account_id()),
    ];
    let given = settings.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
    // After a space, these begin a comment.
    if let Some((name, _)) = given.clone().find(|(_, value)| value.starts_with(['#', ';'])) {
        return Err(Failure::Usage(format!(
            "--format aws-credentials: {name}: it begins as a comment does; use another --format, such as process"
        )));
    }
    let lines = given.flat_map(|(name, value)| [name, " = ", value, "\n"]);
    let text = joined(["[", profile, "]\n"].into_iter().chain(lines));
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}

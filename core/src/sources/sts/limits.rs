//! The documented limits of STS parameters (AWS STS API reference), checked before anything is sent.

use core::ops::RangeInclusive;

use crate::error::ErrorKind;

use super::mfa::is_token_code;

/// A session tag: its key and its value.
pub type Tag<'c> = (&'c str, &'c str);

/// Fails with `what` unless `holds`.
pub(in crate::sources) fn require(holds: bool, what: &'static str) -> Result<(), ErrorKind> {
    if holds { Ok(()) } else { Err(ErrorKind::Invalid(what)) }
}

/// Whether `text` has a length in `range` and consists of letters, digits and `marks`.
#[allow(clippy::manual_contains, reason = "brings a search of 140 bytes to a device")]
pub(in crate::sources) fn is_of(text: &str, range: RangeInclusive<usize>, marks: &[u8]) -> bool {
    range.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.iter().any(|mark| *mark == byte))
}

pub(super) fn role_arn(arn: &str) -> Result<(), ErrorKind> {
    require(is_arn(arn), "role ARN: it starts with arn: and has 20 to 2,048 characters")
}

pub(in crate::sources) fn is_arn(arn: &str) -> bool {
    (20..=2048).contains(&arn.len()) && arn.starts_with("arn:")
}

pub(in crate::sources) fn session_name(name: &str) -> Result<(), ErrorKind> {
    let what = "role session name: 2 to 64 letters, digits and characters of _+=,.@-";
    require(is_of(name, 2..=64, b"_+=,.@-"), what)
}

/// Checks the lifetime of a role's session: 900 to 43,200 seconds.
pub(in crate::sources) fn duration(seconds: Option<u32>) -> Result<(), ErrorKind> {
    let fits = |seconds| (900..=43_200).contains(&seconds);
    require(seconds.is_none_or(fits), "duration: 900 to 43,200 seconds")
}

/// Checks the lifetime of a user's session: 900 to 129,600 seconds.
pub(super) fn user_duration(seconds: Option<u32>) -> Result<(), ErrorKind> {
    let fits = |seconds| (900..=129_600).contains(&seconds);
    require(seconds.is_none_or(fits), "duration: 900 to 129,600 seconds")
}

pub(super) fn external_id(id: Option<&str>) -> Result<(), ErrorKind> {
    let what = "external id: 2 to 1,224 letters, digits and characters of _+=,.@:/-";
    require(id.is_none_or(|id| is_of(id, 2..=1224, b"_+=,.@:/-")), what)
}

pub(super) fn source_identity(name: Option<&str>) -> Result<(), ErrorKind> {
    let what = "source identity: 2 to 64 letters, digits and characters of _+=,.@-";
    require(name.is_none_or(|name| is_of(name, 2..=64, b"_+=,.@-")), what)
}

pub(super) fn federated_name(name: &str) -> Result<(), ErrorKind> {
    let what = "federated user name: 2 to 32 letters, digits and characters of _+=,.@-";
    require(is_of(name, 2..=32, b"_+=,.@-"), what)
}

/// Checks a session policy: JSON of 1 to 2,048 characters, up to U+00FF.
pub(super) fn policy(policy: Option<&str>) -> Result<(), ErrorKind> {
    let allowed = |char: char| matches!(char, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    let fits = |policy: &str| (1..=2048).contains(&policy.chars().count()) && policy.chars().all(allowed);
    require(policy.is_none_or(fits), "session policy: 1 to 2,048 characters up to U+00FF")
}

pub(super) fn policy_arns(arns: &[&str]) -> Result<(), ErrorKind> {
    require(arns.len() <= 10, "session policies: 10 ARNs at most")?;
    let what = "session policy ARN: it starts with arn: and has 20 to 2,048 characters";
    require(arns.iter().all(|arn| is_arn(arn)), what)
}

pub(super) fn tags(tags: &[Tag<'_>]) -> Result<(), ErrorKind> {
    require(tags.len() <= 50, "session tags: 50 at most")?;
    for (key, value) in tags {
        tag_key(key)?;
        let fits = value.chars().count() <= 256 && !value.bytes().any(|byte| byte.is_ascii_control());
        require(fits, "session tag value: 256 characters at most, none of them a control character")?;
    }
    Ok(())
}

/// Checks the keys of transitive tags.
pub(super) fn transitive_keys(keys: &[&str]) -> Result<(), ErrorKind> {
    require(keys.len() <= 50, "transitive tag keys: 50 at most")?;
    keys.iter().try_for_each(|key| tag_key(key))
}

fn tag_key(key: &str) -> Result<(), ErrorKind> {
    let what = "session tag key: 1 to 128 characters, none of them a control character";
    let fits = (1..=128).contains(&key.chars().count());
    require(fits && !key.bytes().any(|byte| byte.is_ascii_control()), what)
}

pub(super) fn mfa(serial: Option<&str>, code: Option<&str>) -> Result<(), ErrorKind> {
    let what = "MFA serial number: 9 to 256 letters, digits and characters of _+=/:,.@-";
    require(serial.is_none_or(|serial| is_of(serial, 9..=256, b"_+=/:,.@-")), what)?;
    require(code.is_none_or(is_token_code), "MFA code: six digits")?;
    require(code.is_none() || serial.is_some(), "MFA code: it takes a serial number too")
}

pub(super) fn provided_contexts(contexts: &[(&str, &str)]) -> Result<(), ErrorKind> {
    require(contexts.len() <= 5, "provided contexts: 5 at most")?;
    let fits =
        |(provider, assertion): &(&str, &str)| is_arn(provider) && (4..=2048).contains(&assertion.len());
    let what = "provided context: an ARN of 20 to 2,048 characters, an assertion of 4 to 2,048";
    require(contexts.iter().all(fits), what)
}

pub(super) fn provider_id(id: Option<&str>) -> Result<(), ErrorKind> {
    let fits = |id: &str| (4..=2048).contains(&id.len());
    require(id.is_none_or(fits), "identity provider: 4 to 2,048 characters")
}

pub(super) fn principal_arn(arn: &str) -> Result<(), ErrorKind> {
    require(is_arn(arn), "SAML provider ARN: it starts with arn: and has 20 to 2,048 characters")
}

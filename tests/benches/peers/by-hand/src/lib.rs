//! What a program does that wants instance credentials without this project: ask with `ureq`, read with
//! `serde_json`. It is compiled and not called, to compare how long its dependencies take.

use serde::Deserialize;

/// The credentials of an instance.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Credentials {
    /// Names the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// Goes with both.
    pub token: String,
    /// When they end, in RFC 3339.
    pub expiration: String,
}

/// Asks the metadata service for the credentials of the instance's role.
///
/// # Errors
/// That it cannot be reached, refuses, or writes something else.
pub fn credentials() -> Result<Credentials, Box<dyn std::error::Error>> {
    const SERVICE: &str = "http://169.254.169.254/latest";
    let token = ureq::put(format!("{SERVICE}/api/token"))
        .header("X-aws-ec2-metadata-token-ttl-seconds", "21600")
        .send_empty()?
        .body_mut()
        .read_to_string()?;
    let get = |path: &str| {
        ureq::get(format!("{SERVICE}/meta-data/iam/security-credentials/{path}"))
            .header("X-aws-ec2-metadata-token", &token)
            .call()?
            .body_mut()
            .read_to_string()
    };
    Ok(serde_json::from_str(&get(&get("")?)?)?)
}

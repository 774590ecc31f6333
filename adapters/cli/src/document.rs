//! The documents in which credentials are printed.

use rolecall::Credentials;
use serde::Serialize;
use zeroize::Zeroizing;

/// What `credential_process` wants, and without `Version` plain JSON. Absent members are left out.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u8>,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

/// One JSON document and a line end; `version` 1 is the `credential_process` one.
pub(crate) fn json(credentials: &Credentials, version: Option<u8>) -> Zeroizing<Vec<u8>> {
    let expiration = credentials.expiration().map(|time| time.rfc3339());
    let document = Document {
        version,
        access_key_id: credentials.access_key_id(),
        secret_access_key: credentials.expose_secret_access_key(),
        session_token: credentials.expose_session_token(),
        expiration: expiration.as_ref().map(|time| time.as_str()),
        account_id: credentials.account_id(),
    };
    // Every text is visible ASCII, of which an escape takes two bytes at most; 256 for the rest.
    let texts = document.access_key_id.len()
        + document.secret_access_key.len()
        + document.session_token.unwrap_or_default().len();
    let mut buffer = Zeroizing::new(vec![0; 2 * texts + 256]);
    let len = serde_json_core::to_slice(&document, &mut buffer).expect("the buffer is large enough");
    buffer.truncate(len);
    buffer.extend_from_slice(b"\n");
    buffer
}

/// Lines for `eval` in a shell.
pub(crate) fn env(credentials: &Credentials) -> Zeroizing<Vec<u8>> {
    let expiration = credentials.expiration().map(|time| time.rfc3339());
    let variables = [
        ("AWS_ACCESS_KEY_ID", Some(credentials.access_key_id())),
        ("AWS_SECRET_ACCESS_KEY", Some(credentials.expose_secret_access_key())),
        ("AWS_SESSION_TOKEN", credentials.expose_session_token()),
        ("AWS_CREDENTIAL_EXPIRATION", expiration.as_ref().map(|time| time.as_str())),
        ("AWS_ACCOUNT_ID", credentials.account_id()),
    ];
    // A quote inside takes four bytes.
    let len: usize =
        variables.iter().map(|(name, value)| name.len() + 4 * value.unwrap_or_default().len() + 12).sum();
    let mut lines = Zeroizing::new(Vec::with_capacity(len));
    for (name, value) in variables {
        match value {
            Some(value) => {
                lines.extend_from_slice(format!("export {name}='").as_bytes());
                for byte in value.bytes() {
                    if byte == b'\'' { lines.extend_from_slice(b"'\\''") } else { lines.push(byte) }
                }
                lines.extend_from_slice(b"'\n");
            }
            // Left over from other credentials, it would be sent with these.
            None => lines.extend_from_slice(format!("unset {name}\n").as_bytes()),
        }
    }
    lines
}

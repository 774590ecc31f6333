//! `rolecall credentials`, and the documents that it prints.

use std::process::ExitCode;

use rolecall::{Credentials, Provider};
use serde_core::ser::{Serialize, SerializeStruct, Serializer};
use zeroize::Zeroizing;

use super::section::section;
use super::shell::lines;
use crate::arguments::Format;
use crate::failure::Failure;
use crate::output::print;

pub(super) fn run(provider: &Provider, format: Format) -> Result<ExitCode, Failure> {
    let credentials = provider.credentials()?;
    print(match format {
        Format::Process => json(&credentials, Some(1)),
        Format::Json => json(&credentials, None),
        Format::Variables(syntax) => lines(&credentials, syntax)?,
        Format::Section => section(&credentials, provider.settings().profile_name())?,
    })
}

/// The document of `credential_process`, and without `Version` plain JSON. Absent members are left out.
struct Document<'a> {
    version: Option<u8>,
    texts: [(&'static str, Option<&'a str>); 5],
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("Credentials", 6)?;
        if let Some(version) = self.version {
            document.serialize_field("Version", &version)?;
        }
        for (name, text) in self.texts {
            if let Some(text) = text {
                document.serialize_field(name, text)?;
            }
        }
        document.end()
    }
}

/// One JSON document and a line end; `version` 1 is the `credential_process` one.
fn json(credentials: &Credentials, version: Option<u8>) -> Zeroizing<Vec<u8>> {
    let expiration = credentials.expiration().map(|time| time.rfc3339());
    let texts = [
        ("AccessKeyId", Some(credentials.access_key_id())),
        ("SecretAccessKey", Some(credentials.expose_secret_access_key())),
        ("SessionToken", credentials.expose_session_token()),
        ("Expiration", expiration.as_ref().map(|time| time.as_str())),
        ("AccountId", credentials.account_id()),
    ];
    // Every text is visible ASCII, of which an escape takes two bytes at most; 256 for the rest.
    let len: usize = texts.iter().map(|(_, text)| 2 * text.unwrap_or_default().len()).sum();
    let mut buffer = Zeroizing::new(vec![0; len + 256]);
    let len = serde_json_core::to_slice(&Document { version, texts }, &mut buffer);
    let len = len.expect("the buffer is large enough");
    buffer.truncate(len);
    buffer.extend_from_slice(b"\n");
    buffer
}

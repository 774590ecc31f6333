//! The file that `aws login` keeps a session in.

use rolecall_core::wire::json::Reader;
use rolecall_core::wire::time::UnixTime;

use crate::Credentials;
use crate::host::Buffer;
use crate::json::text;
use crate::members::{Member, replaced, string, value};
use crate::secret::Wiped;

/// The content of a session's file. All of what renewing takes is there from the start.
pub(super) struct LoginFile {
    content: Buffer,
    /// `accessToken`, with its end.
    pub(super) credentials: Credentials,
    pub(super) client_id: Wiped<String>,
    pub(super) refresh_token: Wiped<String>,
    /// `dpopKey`: PEM.
    pub(super) key: Wiped<String>,
    /// `signInRegion`: where the session was started; the AWS CLI did not always write it.
    pub(super) region: Option<Wiped<String>>,
}

impl LoginFile {
    /// Reads the content of a file; an error says what is wrong with it.
    pub(super) fn read(content: Buffer) -> Result<Self, String> {
        let bytes = content.bytes();
        check(bytes)?;
        let needed = |name| needed(bytes, name);
        let tokens = value(bytes, "accessToken").ok_or("it has no accessToken")?;
        let of_tokens = |name| needed_in(tokens, name);
        let end = of_tokens("expiresAt")?;
        let end = UnixTime::from_rfc3339(end.as_bytes())
            .map_err(|_| format!("expiresAt of its accessToken is {:?}, and not a time", end.as_str()))?;
        let credentials = Credentials::new(
            &of_tokens("accessKeyId")?,
            &of_tokens("secretAccessKey")?,
            Some(&of_tokens("sessionToken")?),
        );
        let account = of_tokens("accountId")?.to_string();
        let credentials = credentials.map_err(|error| format!("its accessToken: {error}"))?;
        let credentials = credentials.with_account_id(Some(account)).with_expiration(Some(end));
        let (client_id, refresh_token, key) =
            (needed("clientId")?, needed("refreshToken")?, needed("dpopKey")?);
        let region = text(bytes, "signInRegion");
        Ok(Self { credentials, client_id, refresh_token, key, region, content })
    }

    /// Bytes of the content.
    pub(super) fn len(&self) -> usize {
        self.content.bytes().len()
    }

    /// Seconds until the credentials end, if that is known; negative afterwards.
    pub(super) fn left(&self, time: Option<UnixTime>) -> Option<i64> {
        Some(self.credentials.expiration()?.seconds_since(time?))
    }

    /// The document with other credentials and another refresh token, and every other member as it is.
    pub(super) fn with(&self, credentials: &Credentials, refresh_token: &str) -> Option<Wiped<Vec<u8>>> {
        let content = self.content.bytes();
        let end = credentials.expiration()?.rfc3339();
        let tokens: Vec<Member<'_>> = vec![
            ("accessKeyId", string(credentials.access_key_id())),
            ("secretAccessKey", string(credentials.expose_secret_access_key())),
            ("sessionToken", string(credentials.expose_session_token()?)),
            ("expiresAt", string(end.as_str())),
        ];
        let tokens = replaced(value(content, "accessToken")?, tokens)?;
        replaced(content, vec![("accessToken", tokens), ("refreshToken", string(refresh_token))])
    }
}

/// Checks that a document is well-formed to its end.
fn check(document: &[u8]) -> Result<(), String> {
    let mut reader = Reader::new(document);
    loop {
        match reader.next_token() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(()),
            Err(error) => return Err(format!("not JSON: {error}")),
        }
    }
}

fn needed(document: &[u8], name: &str) -> Result<Wiped<String>, String> {
    text(document, name).filter(|text| !text.is_empty()).ok_or_else(|| format!("it has no {name}"))
}

fn needed_in(tokens: &[u8], name: &str) -> Result<Wiped<String>, String> {
    needed(tokens, name).map_err(|_| format!("its accessToken has no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"accessToken": {"accessKeyId": "ASIAOLD", "secretAccessKey": "old", "sessionToken": "t",
        "accountId": "123456789012", "expiresAt": "2026-01-02T12:00:00Z", "more": [1]}, "clientId": "c",
        "refreshToken": "first", "idToken": "id", "dpopKey": "PEM", "odd": {"refreshToken": null}}"#;

    fn read(content: &str) -> Result<LoginFile, String> {
        let mut buffer = Buffer::new();
        buffer.append(content.as_bytes());
        LoginFile::read(buffer)
    }

    #[test]
    fn a_session_is_replaced_and_every_other_member_stays() {
        let end = UnixTime::from_rfc3339(b"2026-01-02T12:15:00Z").ok();
        let fresh = Credentials::new("ASIANEW", "new\"", Some("u")).expect("keys").with_expiration(end);
        let written = read(FILE).expect("a session").with(&fresh, "next").expect("a document");
        let written = String::from_utf8(written.to_vec()).expect("text");
        let expected = concat!(
            r#"{"accessToken": {"accessKeyId": "ASIANEW", "secretAccessKey": "new\"", "sessionToken": "u", "#,
            r#""accountId": "123456789012", "expiresAt": "2026-01-02T12:15:00Z", "more": [1]}, "clientId": "c", "#,
            r#""refreshToken": "next", "idToken": "id", "dpopKey": "PEM", "odd": {"refreshToken": null}}"#
        );
        assert_eq!(written, expected);
        let again = read(&written).expect("a session");
        assert_eq!((again.credentials.expiration(), again.refresh_token.as_str()), (end, "next"));
        assert_eq!(again.credentials.account_id(), Some("123456789012"));
    }

    #[test]
    fn what_is_missing_is_named_and_no_value_is_shown() {
        for name in [
            "accessToken",
            "accessKeyId",
            "secretAccessKey",
            "sessionToken",
            "accountId",
            "expiresAt",
            "clientId",
            "dpopKey",
        ] {
            let problem = read(&FILE.replace(name, "other")).err().expect(name);
            assert!(problem.ends_with(&format!("has no {name}")), "{problem}");
        }
        let problem = read(&FILE.replacen("refreshToken", "other", 1)).err().expect("none");
        assert_eq!(problem, "it has no refreshToken");
        for wrong in ["", "[]", "7", "{", &FILE[..90], &format!("{FILE} x")] {
            let problem = read(wrong).err().expect(wrong);
            assert!(!problem.contains("ASIAOLD") && !problem.contains("first"), "{problem}");
        }
        let problem = read(&FILE.replace("2026-01-02T12:00:00Z", "soon")).err().expect("no time");
        assert!(problem.contains("\"soon\""), "{problem}");
    }
}

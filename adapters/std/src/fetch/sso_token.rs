//! The file that AWS clients keep an access token of IAM Identity Center in.

use rolecall_core::error::{Error as SourceError, ErrorKind, Origin};
use rolecall_core::wire::json::{Token, member};
use rolecall_core::wire::time::UnixTime;

use crate::Error;
use crate::host::Buffer;
use crate::json::text;
use crate::members::{replaced, string};
use crate::secret::Wiped;

/// The content of a token file, and the members that renewing needs.
pub(super) struct TokenFile {
    content: Buffer,
    client_id: Wiped<String>,
    client_secret: Wiped<String>,
    refresh_token: Wiped<String>,
}

/// What a renewal returned.
pub(super) struct Renewed {
    access_token: Wiped<String>,
    refresh_token: Option<Wiped<String>>,
    /// Seconds.
    expires_in: u64,
}

impl TokenFile {
    pub(super) fn new(content: Buffer) -> Self {
        let text = |name| text(content.bytes(), name).unwrap_or_default();
        let (client_id, client_secret, refresh_token) =
            (text("clientId"), text("clientSecret"), text("refreshToken"));
        Self { client_id, client_secret, refresh_token, content }
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(super) fn client_secret(&self) -> &str {
        &self.client_secret
    }

    pub(super) fn refresh_token(&self) -> &str {
        &self.refresh_token
    }

    /// The access token; empty if there is none.
    pub(super) fn access_token(&self) -> Wiped<String> {
        text(self.content.bytes(), "accessToken").unwrap_or_default()
    }

    /// Bytes of the content.
    pub(super) fn len(&self) -> usize {
        self.content.bytes().len()
    }

    /// Checks that there is a token that can be sent.
    pub(super) fn check(&self, path: &str, sign_in: &str) -> Result<(), Error> {
        let token = text(self.content.bytes(), "accessToken");
        // What is absent is an error of the flow that reads the file.
        if token.is_none_or(|token| is_sendable(&token)) {
            return Ok(());
        }
        let problem = "accessToken is empty or has a character that cannot be sent; sign in again";
        Err(Error::invalid(path, &format!("{problem}: {sign_in}")))
    }

    /// Seconds until the token ends, if that is known; negative afterwards.
    pub(super) fn left(&self, time: Option<UnixTime>) -> Option<i64> {
        Some(self.end()?.seconds_since(time?))
    }

    /// When the token ends, if that is known.
    pub(super) fn end(&self) -> Option<UnixTime> {
        self.time("expiresAt")
    }

    /// Whether there is a refresh token, of a client whose registration has not ended.
    pub(super) fn is_renewable(&self, time: Option<UnixTime>) -> bool {
        let complete =
            [&self.client_id, &self.client_secret, &self.refresh_token].iter().all(|text| !text.is_empty());
        let left = self.time("registrationExpiresAt").zip(time).map(|(end, time)| end.seconds_since(time));
        complete && left.is_none_or(|left| left > 0)
    }

    fn time(&self, name: &str) -> Option<UnixTime> {
        let text = text(self.content.bytes(), name)?;
        // Older versions of the AWS CLI wrote the name of the zone.
        let text = text.strip_suffix("UTC").map_or_else(|| text.to_string(), |time| format!("{time}Z"));
        UnixTime::from_rfc3339(text.as_bytes()).ok()
    }

    /// The document with the new token, and every other member as it is; `None` if the content is not an object.
    pub(super) fn with(&self, renewed: &Renewed, time: Option<UnixTime>) -> Option<Wiped<Vec<u8>>> {
        let end = renewed.expiration(time?).rfc3339();
        let mut new =
            vec![("accessToken", string(&renewed.access_token)), ("expiresAt", string(end.as_str()))];
        if let Some(token) = &renewed.refresh_token {
            new.push(("refreshToken", string(token)));
        }
        replaced(self.content.bytes(), new)
    }
}

impl Renewed {
    /// When a token ends that was issued at `time`.
    pub(super) fn expiration(&self, time: UnixTime) -> UnixTime {
        UnixTime::from_secs(time.as_secs().saturating_add(self.expires_in).min(UnixTime::MAX.as_secs()))
    }

    /// Reads the reply of the service.
    pub(super) fn of_reply(reply: &[u8]) -> Result<Self, SourceError> {
        let unusable = ErrorKind::Unusable("accessToken or expiresIn");
        Self::parse(reply).ok_or_else(|| SourceError::new(Origin::Sso, "CreateToken", unusable))
    }

    fn parse(reply: &[u8]) -> Option<Self> {
        let expires_in = match member(reply, "expiresIn").ok()?? {
            Token::Number(digits) => digits.split('.').next()?.parse().ok()?,
            _ => return None,
        };
        let access_token = text(reply, "accessToken").filter(|token| is_sendable(token))?;
        let refresh_token = text(reply, "refreshToken").filter(|token| !token.is_empty());
        Some(Self { access_token, refresh_token, expires_in })
    }
}

/// Whether a token can be the value of a header.
fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> TokenFile {
        let mut buffer = Buffer::new();
        buffer.append(content.as_bytes());
        TokenFile::new(buffer)
    }

    fn renewed(reply: &str) -> Renewed {
        Renewed::parse(reply.as_bytes()).expect("a reply")
    }

    #[test]
    fn every_other_member_stays_as_it_is() {
        let noon = UnixTime::from_rfc3339(b"2026-01-02T12:00:00Z").ok();
        let reply = renewed(r#"{"accessToken":"new\"one\"","expiresIn":3600,"refreshToken":"next"}"#);
        let old = r#" {"startUrl":"https://x/start" , "accessToken" : "old", "n": {"accessToken": [1, 2]},
            "expiresAt":"2020-01-01T00:00:00Z","refreshToken":"first","odd\u0041":null}"#;
        let new = file(old).with(&reply, noon).expect("a document");
        let expected = concat!(
            r#"{"startUrl": "https://x/start", "accessToken": "new\"one\"", "n": {"accessToken": [1, 2]}, "#,
            r#""expiresAt": "2026-01-02T13:00:00Z", "refreshToken": "next", "odd\u0041": null}"#
        );
        assert_eq!(std::str::from_utf8(&new).expect("text"), expected);
        // A token that is not replaced stays, and what was absent is added.
        let reply = renewed(r#"{"accessToken":"new","expiresIn":1}"#);
        let new = file(r#"{"refreshToken":"first"}"#).with(&reply, noon).expect("a document");
        let expected =
            r#"{"refreshToken": "first", "accessToken": "new", "expiresAt": "2026-01-02T12:00:01Z"}"#;
        assert_eq!(std::str::from_utf8(&new).expect("text"), expected);
        for broken in ["", "[]", "7", "{", r#"{"a":1"#, r#"{"a" 1}"#] {
            assert!(file(broken).with(&reply, noon).is_none(), "{broken}");
        }
    }

    #[test]
    fn a_token_is_renewable_with_a_client_and_a_refresh_token() {
        let noon = UnixTime::from_rfc3339(b"2026-01-02T12:00:00Z").ok();
        let whole = r#"{"clientId":"c","clientSecret":"s","refreshToken":"r","registrationExpiresAt":"2026-01-02T12:00:01Z"}"#;
        assert!(file(whole).is_renewable(noon));
        assert!(!file(&whole.replace(":01Z", ":00Z")).is_renewable(noon));
        for missing in ["clientId", "clientSecret", "refreshToken"] {
            assert!(!file(&whole.replace(missing, "other")).is_renewable(noon), "{missing}");
        }
    }

    #[test]
    fn a_token_that_cannot_be_sent_is_an_error_that_names_it() {
        for bad in ["", " ", "a b", "a\\r\\nX: y", "\u{e9}"] {
            let error = file(&format!(r#"{{"accessToken":"{bad}"}}"#))
                .check("/t.json", "aws sso login")
                .expect_err(bad)
                .to_string();
            assert!(error.contains("/t.json") && error.contains("accessToken"), "{error}");
        }
        assert!(file(r#"{"accessToken":"good"}"#).check("/t.json", "aws sso login").is_ok());
    }
}

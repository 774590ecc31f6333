//! Signed requests with exactly one change each.

use rolecall::{Credentials, Request, UnixTime};

/// The change to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing: the control.
    Nothing,
    /// One byte of the path, after signing.
    Path,
    /// One byte of the query, after signing.
    Query,
    /// One byte of a signed header's value, after signing.
    Header,
    /// One byte of the body, after signing; the declared hash is unchanged.
    Body,
    /// One byte of the body and one of the declared hash, after signing.
    DeclaredHash,
    /// One character of the secret used for signing.
    Secret,
    /// One character of the session token, after signing.
    Token,
    /// Signed an hour ago.
    HourAgo,
    /// Signed an hour ahead.
    HourAhead,
    /// The lifetime of a presigned URL, after signing.
    Lifetime,
}

/// Every change.
pub const CHANGES: [Change; 10] = [
    Change::Path,
    Change::Query,
    Change::Header,
    Change::Body,
    Change::DeclaredHash,
    Change::Secret,
    Change::Token,
    Change::HourAgo,
    Change::HourAhead,
    Change::Lifetime,
];

/// A request to send, before it is signed.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The method.
    pub method: &'static str,
    /// The URL; its query must have a parameter `x=1`, and its last path segment must start with `a`.
    pub url: String,
    /// The service to sign for.
    pub service: &'static str,
    /// The region to sign for.
    pub region: String,
    /// The body.
    pub body: &'static str,
    /// Whether the signature is in the query instead of in headers.
    pub presigned: bool,
}

impl Ask {
    /// Signs with `credentials`, makes the change, sends the request and returns the status. `None` if the
    /// change does not apply to it.
    pub fn send(&self, credentials: &Credentials, change: Change) -> Option<u16> {
        let changed;
        let mut signer = credentials;
        if change == Change::Secret {
            let secret = one_other(credentials.expose_secret_access_key());
            let token = credentials.expose_session_token();
            changed = Credentials::new(credentials.access_key_id(), &secret, token).expect("credentials");
            signer = &changed;
        }
        let time = match change {
            Change::HourAgo => now().saturating_add(-3600),
            Change::HourAhead => now().saturating_add(3600),
            _ => now(),
        };
        let mut request = Request::new(self.method, &self.url).expect("a request");
        request = request.service(self.service).region(&self.region).body(self.body);
        let (mut url, mut headers, mut body) = (self.url.clone(), Vec::new(), self.body.to_owned());
        if self.presigned {
            url = request.presign(signer, time, 300).expect("a URL").url().to_owned();
        } else {
            request = request.header("x-amz-meta-note", "value").expect("a header");
            if self.service != "s3" {
                request =
                    request.header("content-type", "application/x-www-form-urlencoded").expect("a header");
            }
            let signed = request.sign(signer, time).expect("a signature");
            headers = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        }
        let mut header = |name: &str| {
            let found = headers.iter_mut().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
            found.1 = one_other(&found.1);
            Some(())
        };
        match change {
            Change::Path => {
                let at = url.rfind("/a").expect("a path with an a");
                url.replace_range(at + 1..at + 2, "b");
            }
            Change::Query => url = replaced(&url, "x=1", "x=2")?,
            Change::Header => header("x-amz-meta-note")?,
            Change::Body if self.presigned || body.is_empty() => return None,
            // The last byte: servers that parse the form before verifying it would fail on other changes.
            Change::Body => {
                let last = body.pop().expect("it is not empty");
                body.push(if last == '0' { '1' } else { '0' });
            }
            Change::DeclaredHash => {
                header("x-amz-content-sha256")?;
                if !body.is_empty() {
                    body = one_other(&body);
                }
            }
            Change::Token if self.presigned => {
                let at = url.find("X-Amz-Security-Token=")? + "X-Amz-Security-Token=".len();
                let other = one_other(&url[at..at + 40]);
                url.replace_range(at..at + 40, &other);
            }
            Change::Token => header("x-amz-security-token")?,
            Change::Lifetime => url = replaced(&url, "X-Amz-Expires=300", "X-Amz-Expires=301")?,
            // A URL signed in the past is valid while its lifetime lasts; the lifetime of this one is over.
            Change::Nothing | Change::Secret | Change::HourAgo | Change::HourAhead => {}
        }
        Some(send(self.method, &url, &headers, &body))
    }
}

fn send(method: &str, url: &str, headers: &[(String, String)], body: &str) -> u16 {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent: ureq::Agent = config.max_redirects_will_error(false).build().into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let reply = if body.is_empty() {
        agent.run(request.body(()).expect("a request"))
    } else {
        agent.run(request.body(body).expect("a request"))
    };
    reply.expect("a reply").status().as_u16()
}

/// Replaces a letter or digit in the middle of `text`.
fn one_other(text: &str) -> String {
    let middle = text.len() / 2;
    let mut bytes = text.as_bytes().to_vec();
    let at = (middle..bytes.len()).chain(0..middle).find(|at| bytes[*at].is_ascii_alphanumeric());
    let at = at.expect("a letter or digit");
    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    String::from_utf8(bytes).expect("ASCII")
}

fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
    text.contains(from).then(|| text.replacen(from, to, 1))
}

fn now() -> UnixTime {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    UnixTime::from_secs(now.expect("a time after 1970").as_secs())
}

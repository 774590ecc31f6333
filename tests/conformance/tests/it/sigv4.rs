//! The third-party SigV4 signing cases: canonical request, string to sign, signature and signed request, in
//! headers and in the query.

use std::path::Path;

use conformance::{json, say, text, vectors};
use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey, TokenPlacement};
use rolecall_core::wire::time::UnixTime;

use crate::verify;

/// A request file: request line, header lines (folded ones joined), body.
pub(crate) struct Message {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Message {
    pub(crate) fn read(path: &Path) -> Self {
        let file = std::fs::read_to_string(path).expect("a request file");
        let (head, body) = file.split_once("\n\n").unwrap_or((file.trim_end_matches('\n'), ""));
        let mut lines = head.lines();
        let line = lines.next().expect("a request line").to_owned();
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            match line.split_once(':') {
                Some((name, value)) if !line.starts_with(' ') => {
                    headers.push((name.to_owned(), value.to_owned()));
                }
                _ => {
                    let (_, value) = headers.last_mut().expect("a folded line follows a header");
                    value.push_str(line);
                }
            }
        }
        Self { line, headers, body: body.to_owned() }
    }

    pub(crate) fn method_and_target(&self) -> (&str, &str) {
        let (method, rest) = self.line.split_once(' ').expect("a method");
        (method, rest.strip_suffix(" HTTP/1.1").expect("a version"))
    }
}

#[test]
fn sigv4() {
    let Some(folder) = vectors("sigv4") else { return };
    let (mut cases, mut changed) = (0, 0);
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            changed += check(&path);
            cases += 1;
        }
    }
    say(&format!(
        "sigv4: {cases} published signing cases, verified as well, and with {changed} bytes changed"
    ));
    assert!(cases >= 38, "only {cases} cases");
    assert!(changed >= 20_000, "only {changed} bytes changed");
}

/// A published case, as far as both algorithms have it.
pub(crate) struct Case<'p> {
    path: &'p Path,
    pub(crate) context: serde_json::Value,
    pub(crate) time: UnixTime,
    /// Those of the case, but for whose region is a set.
    pub(crate) rules: Rules,
    pub(crate) placement: TokenPlacement,
    pub(crate) message: Message,
}

impl<'p> Case<'p> {
    pub(crate) fn read(path: &'p Path) -> Self {
        let context = json(&path.join("context.json"));
        let flag = |name: &str| context[name].as_bool().unwrap_or(false);
        let rules =
            Rules { normalize_path: flag("normalize"), content_sha256: flag("sign_body"), ..Rules::STANDARD };
        let placement =
            if flag("omit_session_token") { TokenPlacement::AfterSigning } else { TokenPlacement::Signed };
        let timestamp = context["timestamp"].as_str().expect("a time");
        let time = UnixTime::from_rfc3339(timestamp.as_bytes()).expect("a time");
        Self { path, time, rules, placement, message: Message::read(&path.join("request.txt")), context }
    }

    /// A text that has to be there.
    pub(crate) fn string(&self, pointer: &str) -> &str {
        self.context
            .pointer(pointer)
            .and_then(|value| value.as_str())
            .unwrap_or_else(|| panic!("no {pointer}"))
    }

    pub(crate) fn credentials(&self) -> Credentials<'_> {
        let token = self.context.pointer("/credentials/token").and_then(|value| value.as_str());
        let secret = self.string("/credentials/secret_access_key");
        Credentials::new(self.string("/credentials/access_key_id"), secret, token).expect("valid credentials")
    }

    /// The request to sign.
    pub(crate) fn request(&self) -> Request<'_> {
        let (method, target) = self.message.method_and_target();
        let mut request =
            Request::new(method, target, Payload::Bytes(self.message.body.as_bytes())).expect("a request");
        for (header, value) in &self.message.headers {
            request.header(header, value.as_bytes()).expect("a header");
        }
        request
    }

    pub(crate) fn lifetime(&self) -> u32 {
        self.context["expiration_in_seconds"].as_u64().expect("a lifetime") as u32
    }

    pub(crate) fn expected(&self, file: &str) -> String {
        std::fs::read_to_string(self.path.join(file)).expect("an expected text")
    }
}

/// Signs a case and verifies it. Returns how many bytes were changed, one by one, for that.
fn check(path: &Path) -> usize {
    let name = path.display();
    let case = Case::read(path);
    let expected = |file: &str| case.expected(file);
    let (credentials, time, rules, message) = (case.credentials(), case.time, case.rules, &case.message);
    let (region, service) = (case.string("/region"), case.string("/service"));
    let key = SigningKey::derive(credentials.secret_access_key(), time, region, service);
    let signer = Signer::new(&credentials, &key, rules, time).expect("a signer").with_token(case.placement);
    let (method, request) = (message.method_and_target().0, case.request());

    let signed = signer.sign(&request).expect("a signature");
    assert_eq!(
        text(|out| signed.put_canonical_request(out).unwrap()),
        expected("header-canonical-request.txt"),
        "{name}"
    );
    assert_eq!(
        text(|out| signed.put_string_to_sign(out).unwrap()),
        expected("header-string-to-sign.txt"),
        "{name}"
    );
    assert_eq!(signed.signature().as_str(), expected("header-signature.txt"), "{name}");
    let wanted = Message::read(&path.join("header-signed-request.txt"));
    let mut headers = message.headers.clone();
    for line in text(|out| signed.put_header_lines(out)).lines() {
        let (name, value) = line.split_once(": ").expect("a header line");
        headers.push((name.to_owned(), value.to_owned()));
    }
    assert_eq!((&message.line, &headers), (&wanted.line, &wanted.headers), "{name}");

    let arrived = |message: &Message| {
        let (method, target) = message.method_and_target();
        verify::Arrived {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: message.headers.clone(),
            body: message.body.clone(),
            secret: case.string("/credentials/secret_access_key"),
            scope: (region, service, rules),
            token_after_signing: case.placement == TokenPlacement::AfterSigning,
        }
    };
    let changed = verify::check(arrived(&wanted), time, &format!("{name}: header"));

    let presigned = signer.presign(&request, case.lifetime()).expect("a presigned URL");
    assert_eq!(
        text(|out| presigned.put_canonical_request(out).unwrap()),
        expected("query-canonical-request.txt"),
        "{name}"
    );
    assert_eq!(
        text(|out| presigned.put_string_to_sign(out).unwrap()),
        expected("query-string-to-sign.txt"),
        "{name}"
    );
    assert_eq!(presigned.signature().as_str(), expected("query-signature.txt"), "{name}");
    let wanted = Message::read(&path.join("query-signed-request.txt"));
    assert_eq!(
        (method, text(|out| presigned.put_target(out)).as_str()),
        wanted.method_and_target(),
        "{name}"
    );
    // These cases sign the hash of the body for the query, too.
    let rules = Rules { content_sha256: false, ..rules };
    let query = verify::Arrived { scope: (region, service, rules), ..arrived(&wanted) };
    changed + verify::check(query, time, &format!("{name}: query"))
}

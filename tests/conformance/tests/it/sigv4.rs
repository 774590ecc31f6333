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

/// Signs a case and verifies it. Returns how many bytes were changed, one by one, for that.
fn check(path: &Path) -> usize {
    let name = path.display();
    let expected = |file: &str| std::fs::read_to_string(path.join(file)).expect("an expected text");
    let context = json(&path.join("context.json"));
    let string = |pointer: &str| context.pointer(pointer).and_then(|value| value.as_str());
    let flag = |name: &str| context[name].as_bool().unwrap_or(false);

    let credentials = Credentials::new(
        string("/credentials/access_key_id").expect("a key id"),
        string("/credentials/secret_access_key").expect("a secret"),
        string("/credentials/token"),
    )
    .expect("valid credentials");
    let time = UnixTime::from_rfc3339(string("/timestamp").expect("a time").as_bytes()).expect("a time");
    let (region, service) = (string("/region").expect("a region"), string("/service").expect("a service"));
    let key = SigningKey::derive(credentials.secret_access_key(), time, region, service);
    let rules =
        Rules { normalize_path: flag("normalize"), content_sha256: flag("sign_body"), ..Rules::STANDARD };
    let placement =
        if flag("omit_session_token") { TokenPlacement::AfterSigning } else { TokenPlacement::Signed };
    let signer = Signer::new(&credentials, &key, rules, time).expect("a signer").with_token(placement);

    let message = Message::read(&path.join("request.txt"));
    let (method, target) = message.method_and_target();
    let mut request =
        Request::new(method, target, Payload::Bytes(message.body.as_bytes())).expect("a request");
    for (header, value) in &message.headers {
        request.header(header, value.as_bytes()).expect("a header");
    }

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
            secret: string("/credentials/secret_access_key").expect("a secret"),
            scope: (region, service, rules),
            token_after_signing: flag("omit_session_token"),
        }
    };
    let changed = verify::check(arrived(&wanted), time, &format!("{name}: header"));

    let lifetime = context["expiration_in_seconds"].as_u64().expect("a lifetime") as u32;
    let presigned = signer.presign(&request, lifetime).expect("a presigned URL");
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

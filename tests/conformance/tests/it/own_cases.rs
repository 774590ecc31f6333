//! The project's own signing cases, computed by botocore: each part of the result, and that changing any
//! input byte changes the signature.

use conformance::{json, own, say, text};
use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{
    Payload, Presigned, Request, Rules, SignError, Signed, Signer, SigningKey, is_never_signed, sha256_hex,
};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::uri::Uri;
use serde_json::Value;

use crate::verify;

/// The inputs of a signature.
#[derive(Debug, Clone)]
struct Case {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    payload: Option<String>,
    unsigned: bool,
    access_key_id: String,
    secret: String,
    token: Option<String>,
    region: String,
    service: String,
    time: u64,
    lifetime: Option<u32>,
}

impl Case {
    fn read(case: &Value) -> Self {
        let string = |name: &str| case[name].as_str().unwrap_or_else(|| panic!("{name}")).to_owned();
        let url = string("url");
        let uri = Uri::parse(&url).expect("a URL");
        // As an HTTP client does: the host in lower case, and `/` for an empty path.
        let mut headers = vec![("Host".to_owned(), uri.authority.to_ascii_lowercase())];
        for pair in case["headers"].as_array().expect("headers") {
            let part = |index: usize| pair[index].as_str().expect("name and value").to_owned();
            headers.push((part(0), part(1)));
        }
        Self {
            method: string("method"),
            target: if uri.path.is_empty() { format!("/{}", uri.target) } else { uri.target.to_owned() },
            headers,
            body: string("body"),
            payload: None,
            unsigned: string("payload") == "unsigned",
            access_key_id: string("access_key_id"),
            secret: string("secret_access_key"),
            token: case["session_token"].as_str().map(str::to_owned),
            region: string("region"),
            service: string("service"),
            time: UnixTime::from_compact(string("timestamp").as_bytes()).expect("a time").as_secs(),
            lifetime: case["expires"].as_u64().map(|seconds| seconds as u32),
        }
    }

    /// Signs, and passes the result to `look`.
    fn sign<R>(&self, look: impl FnOnce(Outcome<'_, '_>) -> R) -> Result<R, SignError> {
        let credentials =
            Credentials::new(&self.access_key_id, &self.secret, self.token.as_deref()).expect("credentials");
        let time = UnixTime::from_secs(self.time);
        let key = SigningKey::derive(credentials.secret_access_key(), time, &self.region, &self.service);
        let signer = Signer::new(&credentials, &key, Rules::of(&self.service), time)?;
        let hash = sha256_hex(self.payload.as_deref().unwrap_or_default().as_bytes());
        let payload = match &self.payload {
            _ if self.unsigned => Payload::Unsigned,
            Some(_) => Payload::Hash(&hash),
            None => Payload::Bytes(self.body.as_bytes()),
        };
        let mut request = Request::new(&self.method, &self.target, payload)?;
        for (name, value) in &self.headers {
            request.header(name, value.as_bytes())?;
        }
        Ok(match self.lifetime {
            None => look(Outcome::Header(&signer.sign(&request)?)),
            Some(lifetime) => look(Outcome::Query(&signer.presign(&request, lifetime)?)),
        })
    }

    fn signature(&self) -> String {
        let signature = self.sign(|outcome| match outcome {
            Outcome::Header(signed) => signed.signature().as_str().to_owned(),
            Outcome::Query(presigned) => presigned.signature().as_str().to_owned(),
        });
        signature.expect("a signature")
    }
}

enum Outcome<'a, 'r> {
    Header(&'a Signed<'r>),
    Query(&'a Presigned<'r>),
}

fn cases() -> Vec<Value> {
    json(&own("sigv4.json")).as_array().expect("a list of cases").clone()
}

#[test]
fn sigv4_own_cases() {
    let cases = cases();
    for case in &cases {
        check(case);
    }
    say(&format!("sigv4: {} own signing cases", cases.len()));
    assert!(cases.len() >= 70, "only {} cases", cases.len());
}

/// What botocore signs is accepted, and with any byte changed it is refused, or it means the same.
#[test]
fn what_botocore_signs_is_verified() {
    let mut changed = 0;
    for case in &cases() {
        let name = case["name"].as_str().expect("a name");
        let Case { method, target, headers, body, secret, region, service, time, .. } = &Case::read(case);
        let mut arrived = verify::Arrived {
            method: method.clone(),
            target: target.clone(),
            headers: headers.clone(),
            body: body.clone(),
            secret,
            scope: (region, service, Rules::of(service)),
            token_after_signing: false,
        };
        if let Some(url) = case["signed_url"].as_str().filter(|_| case["expires"].is_u64()) {
            arrived.target = Uri::parse(url).expect("a URL").target.to_owned();
        }
        for (name, value) in case["added_headers"].as_object().into_iter().flatten() {
            arrived.headers.push((name.clone(), value.as_str().expect("a value").to_owned()));
        }
        changed += verify::check(arrived, UnixTime::from_secs(*time), name);
    }
    say(&format!("sigv4: the same cases verified, and with {changed} bytes changed"));
    assert!(changed > 40_000, "only {changed}");
}

fn check(case: &Value) {
    let name = case["name"].as_str().expect("a name");
    let expected = |what: &str| case[what].as_str().unwrap_or_else(|| panic!("{name}: {what}"));
    let [canonical, to_sign, signature] = Case::read(case)
        .sign(|outcome| match outcome {
            Outcome::Header(signed) => {
                check_headers(name, &case["added_headers"], &text(|out| signed.put_header_lines(out)));
                [
                    text(|out| signed.put_canonical_request(out).unwrap()),
                    text(|out| signed.put_string_to_sign(out).unwrap()),
                    signed.signature().as_str().to_owned(),
                ]
            }
            Outcome::Query(presigned) => {
                let url = Uri::parse(expected("signed_url")).expect("a URL");
                check_target(name, url.target, &text(|out| presigned.put_target(out)));
                [
                    text(|out| presigned.put_canonical_request(out).unwrap()),
                    text(|out| presigned.put_string_to_sign(out).unwrap()),
                    presigned.signature().as_str().to_owned(),
                ]
            }
        })
        .expect("a signature");
    assert_eq!(canonical, expected("canonical_request"), "{name}");
    assert_eq!(to_sign, expected("string_to_sign"), "{name}");
    assert_eq!(signature, expected("signature"), "{name}");
}

fn check_headers(name: &str, expected: &Value, lines: &str) {
    let mut added = serde_json::Map::new();
    for line in lines.split_terminator("\r\n") {
        let (header, value) = line.split_once(": ").expect("a header line");
        let before = added.insert(header.to_ascii_lowercase(), value.into());
        assert!(before.is_none(), "{name}: {header} is repeated");
    }
    assert_eq!(&Value::Object(added), expected, "{name}");
}

/// Compares the path, and the parameters in any order.
fn check_target(name: &str, expected: &str, target: &str) {
    let parts = |target: &str| {
        let (path, query) = target.split_once('?').expect("a query");
        let mut parameters: Vec<String> = query.split('&').map(str::to_owned).collect();
        parameters.sort();
        (path.to_owned(), parameters)
    };
    assert_eq!(parts(target), parts(expected), "{name}");
}

/// The negative cases: changing any single signed byte changes the signature.
#[test]
fn sigv4_own_cases_with_one_byte_changed() {
    let (mut changes, mut cases_seen) = (0, 0);
    for value in cases() {
        let name = value["name"].as_str().expect("a name");
        let case = Case::read(&value);
        let signature = case.signature();
        assert_eq!(signature, value["signature"], "{name}");
        let mut differs = |what: &str, change: &dyn Fn(&mut Case)| {
            let mut changed = case.clone();
            change(&mut changed);
            assert_ne!(changed.signature(), signature, "{name}: {what}: {changed:?}");
            changes += 1;
        };

        for at in 0..case.secret.len() {
            differs("secret", &|case| case.secret = with_byte_changed(&case.secret, at));
        }
        for at in significant_bytes(&case.target) {
            differs("target", &|case| case.target = with_byte_changed(&case.target, at));
        }
        differs("target", &|case| case.target.push('x'));
        for (index, (header, value)) in case.headers.iter().enumerate() {
            if is_never_signed(header) {
                continue;
            }
            for at in (0..value.len()).filter(|at| value.as_bytes()[*at].is_ascii_graphic()) {
                differs(header, &|case| case.headers[index].1 = with_byte_changed(value, at));
            }
            differs(header, &|case| case.headers[index].1.push('x'));
            // Without a host, signing fails.
            if header != "Host" {
                differs(header, &|case| case.headers[index].0.push('x'));
            }
        }
        if !case.unsigned {
            differs("body", &|case| case.body.push(' '));
            differs("hash", &|case| case.payload = Some(format!("{} ", case.body)));
            if let Some(at) = case.body.bytes().position(|byte| byte.is_ascii_alphanumeric()) {
                differs("body", &|case| case.body = with_byte_changed(&case.body, at));
            }
        }
        if let Some(token) = &case.token {
            for at in [0, token.len() / 2, token.len() - 1] {
                differs("token", &|case| case.token = Some(with_byte_changed(token, at)));
            }
            differs("no token", &|case| case.token = None);
        }
        for seconds in [1, 60, 3600, 86_400] {
            differs("later", &|case| case.time += seconds);
            differs("earlier", &|case| case.time -= seconds);
        }
        for at in 0..case.region.len() {
            differs("region", &|case| case.region = with_byte_changed(&case.region, at));
        }
        differs("service", &|case| case.service.push('x'));
        differs("method", &|case| case.method = with_byte_changed(&case.method, 0));
        if case.lifetime.is_some() {
            differs("lifetime", &|case| {
                case.lifetime = case.lifetime.map(|seconds| if seconds == 1 { 2 } else { seconds - 1 });
            });
            differs("key id", &|case| case.access_key_id = with_byte_changed(&case.access_key_id, 4));
        }
        cases_seen += 1;
    }
    say(&format!("sigv4: {changes} single-byte changes in {cases_seen} own signing cases"));
    assert!(cases_seen >= 70 && changes > 7_000, "{cases_seen} cases, {changes} changes");
}

/// Changes that do not affect the signature, by design: an unsigned payload, the hash in place of the body,
/// headers that are never signed, whitespace around and within header values.
#[test]
fn sigv4_own_cases_with_unsigned_parts_changed() {
    for value in cases() {
        let case = Case::read(&value);
        let same = |change: &dyn Fn(&mut Case)| {
            let mut changed = case.clone();
            change(&mut changed);
            assert_eq!(changed.signature(), value["signature"], "{}: {changed:?}", value["name"]);
        };
        if case.unsigned {
            same(&|case| case.body.push('x'));
        }
        same(&|case| case.payload = Some(case.body.clone()));
        same(&|case| case.headers.push(("User-Agent".into(), "any".into())));
        same(&|case| case.headers.push(("proxy-authorization".into(), "any".into())));
        same(&|case| case.headers.iter_mut().for_each(|(_, value)| *value = format!("\t {value}  ")));
        same(&|case| case.headers.iter_mut().for_each(|(name, _)| *name = name.to_ascii_uppercase()));
    }
}

/// Replaces the byte at `at` with another one of its kind.
fn with_byte_changed(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = match bytes[at] {
        b'0'..=b'8' | b'a'..=b'y' | b'A'..=b'Y' => bytes[at] + 1,
        b'9' => b'0',
        _ => b'a',
    };
    String::from_utf8(bytes).expect("text")
}

/// The positions of letters and digits in a target, except those that dot segments remove.
fn significant_bytes(target: &str) -> impl Iterator<Item = usize> {
    let from = target.rfind("/..").map_or(0, |at| at + "/..".len());
    let target = target.to_owned();
    (from..target.len()).filter(move |at| target.as_bytes()[*at].is_ascii_alphanumeric())
}

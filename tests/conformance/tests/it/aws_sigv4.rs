//! Random requests, the same each time: what the crate `aws-sigv4` signs is signed so here and accepted, and refused with
//! another byte in any of its parts. The same is done with botocore (`tests/e2e`) and s3s (`tests/benches/peers`).

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::verify::{Covered, Received, Verifier, VerifyError};
use rolecall_core::sigv4::{Payload, Request, Rules, Scope, Signer, SigningKey, sha256_hex};
use rolecall_core::wire::Cursor;
use rolecall_core::wire::percent::{self, Keep};
use rolecall_core::wire::time::UnixTime;

use crate::generator::Draw;

const COUNT: usize = 3_000;
const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TIME: u64 = 1_767_323_045;
const CHARACTERS: &str = "abkzAQZ0379-._~/ !\"#$%&'()*+,:;<=>?@[\\]^`{|}\u{e9}\u{6f22}\u{1f600}";

/// A request, and how it is signed.
struct Drawn {
    service: &'static str,
    token: Option<String>,
    lifetime: Option<u32>,
    method: &'static str,
    target: String,
    lines: Vec<(String, String)>,
    body: String,
}

fn text(draw: &mut Draw, most: usize) -> String {
    let count = CHARACTERS.chars().count();
    (0..draw.below(most + 1)).filter_map(|_| CHARACTERS.chars().nth(draw.below(count))).collect()
}

fn encoded(text: &str, keep: Keep) -> String {
    let mut buffer = [0; 512];
    let mut out = Cursor::new(&mut buffer);
    percent::encode(text.as_bytes(), keep, &mut out);
    String::from_utf8(out.finish().expect("room").to_vec()).expect("ASCII")
}

impl Drawn {
    fn new(draw: &mut Draw) -> Self {
        let service = *draw.one_of::<&str>(&["s3", "service"]);
        let mut target = format!("/{}", encoded(&text(draw, 24), Keep::Slash));
        if service != "s3" && draw.below(3) == 0 {
            target.push_str("//a/../b/./c");
        }
        let parameters: Vec<String> = (0..draw.below(7))
            .map(|_| {
                let name = encoded(&format!("p{}", text(draw, 5)), Keep::Unreserved);
                format!("{name}={}", encoded(&text(draw, 12), Keep::Unreserved))
            })
            .collect();
        if !parameters.is_empty() {
            target = format!("{target}?{}", parameters.join("&"));
        }
        let mut lines = vec![("host".to_owned(), "example.com".to_owned())];
        for _ in 0..draw.below(6) {
            let name = *draw.one_of(&["x-amz-meta-a", "X-Amz-Meta-B", "Content-Type", "If-Match", "Z"]);
            let words = [text(draw, 6), "  b ".repeat(draw.below(3)), text(draw, 6)].concat();
            lines.push((name.to_owned(), words.chars().filter(char::is_ascii).collect()));
        }
        let graphic: String = text(draw, 40).chars().filter(char::is_ascii_graphic).collect();
        let lifetime = (draw.below(3) == 0).then(|| 1 + draw.below(604_800) as u32);
        Self {
            service,
            token: (draw.below(2) == 0 && !graphic.is_empty()).then_some(graphic),
            lifetime,
            method: *draw.one_of::<&str>(&["GET", "PUT", "POST", "DELETE"]),
            target,
            lines,
            body: if lifetime.is_some() { String::new() } else { text(draw, 60) },
        }
    }

    fn rules(&self) -> Rules {
        Rules::of(self.service)
    }

    /// The signature of aws-sigv4, and the lines or parameters that it adds.
    fn signed_by_peer(&self) -> (String, Vec<(String, String)>) {
        let mut settings = SigningSettings::default();
        if self.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        if let Some(lifetime) = self.lifetime {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(lifetime.into()));
            settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        }
        let keys = aws_credential_types::Credentials::new(KEY_ID, SECRET, self.token.clone(), None, "test");
        let identity = keys.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(TIME))
            .settings(settings)
            .build()
            .expect("parameters")
            .into();
        let body = match self.lifetime {
            Some(_) if self.service == "s3" => SignableBody::UnsignedPayload,
            _ => SignableBody::Bytes(self.body.as_bytes()),
        };
        let lines = self.lines.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let uri = format!("https://example.com{}", self.target);
        let request = SignableRequest::new(self.method, uri, lines, body).expect("a request");
        let (instructions, signature) = sign(request, &params).expect("a signature").into_parts();
        let (lines, parameters) = instructions.into_parts();
        let lines = lines.iter().map(|line| (line.name().to_owned(), line.value().to_owned()));
        let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned()));
        (signature, lines.chain(parameters).collect())
    }

    fn signature(&self) -> String {
        let credentials = Credentials::new(KEY_ID, SECRET, self.token.as_deref()).expect("credentials");
        let time = UnixTime::from_secs(TIME);
        let key = SigningKey::derive(credentials.secret_access_key(), time, "eu-west-1", self.service);
        let payload = match self.lifetime {
            Some(_) if self.service == "s3" => Payload::Unsigned,
            _ => Payload::Bytes(self.body.as_bytes()),
        };
        let mut request = Request::new(self.method, &self.target, payload).expect("a request");
        for (name, value) in &self.lines {
            request.header(name, value.as_bytes()).expect("a header");
        }
        let signer = Signer::new(&credentials, &key, self.rules(), time).expect("a signer");
        match self.lifetime {
            Some(lifetime) => signer.presign(&request, lifetime).expect("a URL").signature().to_string(),
            None => signer.sign(&request).expect("a signature").signature().to_string(),
        }
    }

    /// What arrives, signed.
    fn arrived(&self, added: &[(String, String)]) -> Arrived {
        let (mut target, mut lines) = (self.target.clone(), self.lines.clone());
        for (name, value) in added {
            if self.lifetime.is_some() {
                let separator = if target.contains('?') { '&' } else { '?' };
                target = format!("{target}{separator}{name}={}", encoded(value, Keep::Unreserved));
            } else {
                lines.push((name.clone(), value.clone()));
            }
        }
        Arrived { method: self.method.to_owned(), target, lines, body: self.body.clone() }
    }

    fn verify(&self, arrived: &Arrived) -> Result<(), VerifyError> {
        let scope = Scope { region: "eu-west-1", service: self.service, rules: self.rules() };
        let lines = arrived.lines.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let verifier = Verifier::new(scope).with_unsigned_payload(true);
        let claim = verifier.claim(Received::new(&arrived.method, &arrived.target, lines))?;
        let credentials = Credentials::new(KEY_ID, SECRET, None).expect("credentials");
        let key =
            SigningKey::derive(credentials.secret_access_key(), claim.time(), "eu-west-1", self.service);
        let hash = sha256_hex(arrived.body.as_bytes());
        let verified = claim.verify(&key, claim.time(), claim.needs_body_hash().then_some(&hash))?;
        match verified.payload() {
            Covered::Hashed(signed) if signed != hash => Err(VerifyError::Body),
            _ => Ok(()),
        }
    }
}

#[derive(Clone)]
struct Arrived {
    method: String,
    target: String,
    lines: Vec<(String, String)>,
    body: String,
}

#[test]
fn aws_sigv4_signs_as_the_core_and_a_change_of_it_is_refused() {
    let (mut draw, mut presigned) = (Draw::new(20_260_102), 0);
    for number in 0..COUNT {
        let drawn = Drawn::new(&mut draw);
        let (signature, added) = drawn.signed_by_peer();
        assert_eq!(drawn.signature(), signature, "{number}: {} {}", drawn.target, drawn.service);
        let arrived = drawn.arrived(&added);
        assert_eq!(drawn.verify(&arrived), Ok(()), "{number}: {}", arrived.target);
        presigned += usize::from(drawn.lifetime.is_some());

        let other = if signature.starts_with('0') { "1" } else { "0" };
        let changed_signature = format!("{other}{}", &signature[1..]);
        let changes: [&dyn Fn(&mut Arrived); 5] = [
            &|it| it.method.push('X'),
            &|it| it.target.insert(1, 'k'),
            &|it| it.lines[0].1.push('k'),
            &|it| it.lines.push(("x-amz-acl".to_owned(), "public-read".to_owned())),
            &|it| {
                it.target = it.target.replace(&signature, &changed_signature);
                it.lines.iter_mut().for_each(|line| line.1 = line.1.replace(&signature, &changed_signature));
            },
        ];
        for (at, change) in changes.iter().enumerate() {
            let mut changed = arrived.clone();
            change(&mut changed);
            assert!(drawn.verify(&changed).is_err(), "{number}: change {at}: {}", changed.target);
        }
        let mut changed = arrived;
        changed.body.push('k');
        // A URL for S3 covers no body.
        let covers = drawn.lifetime.is_none() || drawn.service != "s3";
        assert_eq!(drawn.verify(&changed).is_err(), covers, "{number}: another body");
    }
    assert!(presigned > COUNT / 4);
}

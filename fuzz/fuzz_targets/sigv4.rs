//! Signing compared with the crate `aws-sigv4`: the same signature, signed headers and parameters for every
//! request that both can sign; what aws-sigv4 signs is verified, and refused with another signature.
//!
//! An input is a line `SERVICE REGION SECONDS TOKEN LIFETIME SECRET`, of which the last three may be missing
//! or `-`, then a request: its first line, header lines, an empty line, the body. With a lifetime the request
//! is presigned. For the service of IoT, the token is added after signing.

#![no_main]

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
    SignatureLocation, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use libfuzzer_sys::fuzz_target;
use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::verify::{Covered, Received, Verifier, VerifyError};
use rolecall_core::sigv4::{
    Payload, Request, Rules, Scope, SignError, Signer, SigningKey, TokenPlacement, is_never_signed,
    sha256_hex,
};
use rolecall_core::wire::percent;
use rolecall_core::wire::time::UnixTime;
use rolecall_fuzz::text;

const KEY_ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fuzz_target!(|input: &str| {
    let Some(case) = Case::read(input) else { return };
    let Ok(credentials) = Credentials::new(KEY_ID, case.secret, case.token) else { return };
    let time = UnixTime::from_secs(case.seconds);
    let key = SigningKey::derive(credentials.secret_access_key(), time, case.region, case.service);
    let Some(signer) = allowed(Signer::new(&credentials, &key, Rules::of(case.service), time)) else {
        return;
    };
    let signer =
        if case.adds_token_later() { signer.with_token(TokenPlacement::AfterSigning) } else { signer };
    let Some(request) = case.request() else { return };
    let shown = format!("{signer:?} {request:?}");
    assert!(!shown.contains(SECRET) || input.contains(SECRET), "{shown}");
    let theirs = case.signed_by_peer();
    match case.lifetime {
        None => {
            let Some(signed) = allowed(signer.sign(&request)) else { return };
            let canonical = text(|mut out| signed.put_canonical_request(&mut out).expect("a signed request"));
            let to_sign = text(|mut out| signed.put_string_to_sign(&mut out).expect("a signed request"));
            assert!(to_sign.ends_with(sha256_hex(canonical.as_bytes()).as_str()));
            let lines = text(|mut out| signed.put_header_lines(&mut out));
            assert!(
                lines.split_terminator("\r\n").all(|line| !line.contains(|char: char| char.is_control()))
            );
            assert_eq!(lines.matches("\r\n").count(), theirs.added.len(), "{lines}");
            if case.difference().is_some() {
                return;
            }
            assert_eq!(signed.signature().as_str(), theirs.signature, "{canonical}");
            case.is_verified(&key, &theirs);
            for (name, value) in &theirs.added {
                let line = |line: &str| {
                    let (found, own) = line.split_once(": ").expect("a header line");
                    found.eq_ignore_ascii_case(name) && own == value
                };
                assert!(lines.split_terminator("\r\n").any(line), "{name}: {value} in {lines}");
            }
        }
        Some(lifetime) => {
            let presigned = match signer.presign(&request, lifetime) {
                Ok(presigned) => presigned,
                Err(SignError::InvalidLifetime) => return assert!(!(1..=604_800).contains(&lifetime)),
                refused => return drop(allowed(refused)),
            };
            let canonical =
                text(|mut out| presigned.put_canonical_request(&mut out).expect("a signed request"));
            let to_sign = text(|mut out| presigned.put_string_to_sign(&mut out).expect("a signed request"));
            assert!(to_sign.ends_with(sha256_hex(canonical.as_bytes()).as_str()));
            let target = text(|out| presigned.put_target(&mut { out }));
            assert!(target.starts_with(case.target.split('?').next().expect("a path")));
            if case.difference().is_some() {
                return;
            }
            assert_eq!(presigned.signature().as_str(), theirs.signature, "{canonical}");
            for (name, value) in &theirs.added {
                let value =
                    text(|mut out| percent::encode(value.as_bytes(), percent::Keep::Unreserved, &mut out));
                let parameter = format!("{name}={value}");
                assert!(target.split(['?', '&']).any(|found| found == parameter), "{parameter} in {target}");
            }
        }
    }
});

/// Converts to an option, checking that errors have a description.
fn allowed<T>(made: Result<T, SignError>) -> Option<T> {
    made.inspect_err(|error| assert!(!error.to_string().is_empty())).ok()
}

/// The request, and its signing parameters.
struct Case<'i> {
    service: &'i str,
    region: &'i str,
    seconds: u64,
    token: Option<&'i str>,
    lifetime: Option<u32>,
    secret: &'i str,
    method: &'i str,
    target: &'i str,
    headers: Vec<(&'i str, &'i str)>,
    body: &'i str,
}

/// The result of aws-sigv4: a signature, and header lines or parameters to add.
struct Theirs {
    signature: String,
    added: Vec<(String, String)>,
}

impl<'i> Case<'i> {
    fn read(input: &'i str) -> Option<Self> {
        let (scope, request) = input.split_once('\n')?;
        let mut words = scope.split(' ');
        let (service, region) = (words.next()?, words.next()?);
        let seconds = words.next()?.parse::<u64>().ok()?.min(UnixTime::MAX.as_secs());
        let token = words.next().filter(|token| *token != "-");
        let lifetime = words.next().and_then(|lifetime| lifetime.parse().ok());
        let secret = words.next().unwrap_or(SECRET);
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let mut lines = head.split('\n');
        let (method, target) = lines.next()?.split_once(' ')?;
        let headers = lines.filter_map(|line| line.split_once(':')).collect();
        Some(Self { service, region, seconds, token, lifetime, secret, method, target, headers, body })
    }

    /// The request, if both this crate and aws-sigv4 can sign it.
    fn request(&self) -> Option<Request<'i>> {
        let mut request = allowed(Request::new(self.method, self.target, self.payload()))?;
        for (name, value) in &self.headers {
            allowed(request.header(name, value.as_bytes()))?;
        }
        let host = |name: &&str| name.eq_ignore_ascii_case("host");
        let hosts = self.headers.iter().filter(|(name, _)| host(name)).count();
        let uri = self.uri().parse::<http::Uri>().ok()?;
        // The parsed parts must be those that the URI was built from.
        let whole = uri.path_and_query().is_some_and(|found| found.as_str() == self.target);
        (hosts == 1 && whole).then_some(request)
    }

    fn uri(&self) -> String {
        format!("https://example.amazonaws.com{}", self.target)
    }

    fn payload(&self) -> Payload<'i> {
        if self.lifetime.is_some() { Payload::Unsigned } else { Payload::Bytes(self.body.as_bytes()) }
    }

    fn adds_token_later(&self) -> bool {
        self.service == "iotdevicegateway"
    }

    fn query(&self) -> &'i str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    fn signed_by_peer(&self) -> Theirs {
        let s3 = Rules::of(self.service) == Rules::S3;
        let mut settings = SigningSettings::default();
        if s3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        if self.adds_token_later() {
            settings.session_token_mode = SessionTokenMode::Exclude;
        }
        match self.lifetime {
            Some(lifetime) => {
                settings.signature_location = SignatureLocation::QueryParams;
                settings.expires_in = Some(Duration::from_secs(lifetime.into()));
            }
            None if s3 => settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256,
            None => {}
        }
        let keys = aws_credential_types::Credentials::new(
            KEY_ID,
            self.secret,
            self.token.filter(|token| !token.is_empty()).map(str::to_owned),
            None,
            "fuzz",
        );
        let identity = aws_smithy_runtime_api::client::identity::Identity::from(keys);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds))
            .settings(settings)
            .build()
            .expect("parameters")
            .into();
        let body = match self.lifetime {
            None => SignableBody::Bytes(self.body.as_bytes()),
            Some(_) => SignableBody::UnsignedPayload,
        };
        // Permitted difference: aws-sigv4 signs all but four of the headers that intermediaries change.
        let headers = self.headers.iter().copied().filter(|(name, _)| !is_never_signed(name));
        // Permitted difference: aws-sigv4 reads a `+` in a query as a space.
        let uri = match self.uri().split_once('?') {
            Some((path, query)) => format!("{path}?{}", query.replace('+', "%2B")),
            None => self.uri(),
        };
        let request = SignableRequest::new(self.method, uri, headers, body).expect("a request");
        let (instructions, signature) = sign(request, &params).expect("a signature").into_parts();
        let (headers, params) = instructions.into_parts();
        let headers = headers.iter().map(|header| (header.name().to_owned(), header.value().to_owned()));
        let params = params.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned()));
        Theirs { signature, added: headers.chain(params).collect() }
    }

    /// Verifies what aws-sigv4 signed with header lines: it is accepted, and is not with another signature.
    fn is_verified(&self, key: &SigningKey<'_>, theirs: &Theirs) {
        let scope = Scope { region: self.region, service: self.service, rules: Rules::of(self.service) };
        let verifier = Verifier::new(scope).with_token_after_signing(self.adds_token_later());
        let added = || theirs.added.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let own = || self.headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        let hash = sha256_hex(self.body.as_bytes());
        let time = UnixTime::from_secs(self.seconds);
        match verifier.claim(Received::new(self.method, self.target, own().chain(added()))) {
            Ok(claim) => {
                let body = claim.needs_body_hash().then_some(&hash);
                let verified = claim.verify(key, time, body).expect("a right signature");
                assert_eq!(verified.access_key_id(), KEY_ID);
                assert_eq!(verified.payload(), Covered::Hashed(hash));
            }
            // Long lists, and a query that looks like that of a presigned URL.
            Err(VerifyError::TooLong(_) | VerifyError::Ambiguous) => {}
            Err(error) => assert!(self.query_has_a_claim(), "{error}"),
        }
        let other =
            theirs.signature.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect::<String>();
        let added: Vec<_> = added()
            .map(|(name, value)| (name, String::from_utf8_lossy(value).replace(&theirs.signature, &other)))
            .collect();
        let added = added.iter().map(|(name, value)| (*name, value.as_bytes()));
        if let Ok(claim) = verifier.claim(Received::new(self.method, self.target, own().chain(added))) {
            let body = claim.needs_body_hash().then_some(&hash);
            assert_eq!(claim.verify(key, time, body).err(), Some(VerifyError::Signature));
        }
    }

    fn query_has_a_claim(&self) -> bool {
        let decoded: Vec<u8> = percent::decode(self.query().as_bytes()).collect();
        decoded.to_ascii_lowercase().windows(6).any(|six| six == b"x-amz-")
    }

    /// The reason why aws-sigv4 signs the request differently, if any.
    fn difference(&self) -> Option<&'static str> {
        let path = self.target.split('?').next().unwrap_or_default();
        let decoded = |text: &str| percent::decode(text.as_bytes()).collect::<Vec<u8>>();
        let left_out =
            |name: &str| ["x-amz-user-agent", "x-amz-checksum-mode"].contains(&&*name.to_ascii_lowercase());
        let signed = || self.headers.iter().filter(|(name, _)| !is_never_signed(name));
        if Rules::of(self.service) == Rules::STANDARD && (path.ends_with("/.") || path.ends_with("/..")) {
            Some("it adds a slash after a trailing dot segment, which botocore does not")
        } else if Rules::of(self.service) == Rules::S3 && path.bytes().any(|byte| !byte.is_ascii_graphic()) {
            Some("it signs characters unescaped that cannot be sent unescaped")
        } else if str::from_utf8(&decoded(self.query())).is_err() {
            Some("it replaces bytes in a query that are not UTF-8")
        } else if signed().any(|(_, value)| value.contains('\t')) {
            Some("it does not treat a tab as whitespace")
        } else if self.lifetime.is_some() && signed().any(|(name, _)| left_out(name)) {
            Some("it excludes two headers from presigned requests")
        } else {
            None
        }
    }
}

//! SigV4 verification: the crate `aws-sigv4` recomputes the signature from the received request; the
//! checks around it are those of the real services.

use crate::clock::{self, Seconds};
use crate::events::Service;
use crate::http::Request;
use crate::keys::{self, Issued};
use crate::state::State;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const MAX_SKEW: Seconds = 300;
/// A week, in seconds.
pub(crate) const MAX_EXPIRES: Seconds = 604_800;
pub(crate) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// The query parameters that carry a presigned request's signature.
const PRESIGNING: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
];

/// The access key id that signed, if it could be parsed, and the authentication result.
pub(crate) struct Verdict {
    pub access_key_id: Option<String>,
    pub caller: Result<Arc<Issued>, Refusal>,
}

/// Why a request is rejected. Each service maps these to its own error codes.
pub(crate) enum Refusal {
    Unauthenticated,
    /// Both an `Authorization` header and a presigned query.
    TwoSignatures,
    /// The signature fields cannot be parsed, or the credential scope is wrong.
    Malformed {
        presigned: bool,
        reason: String,
    },
    ExpiresOutOfRange,
    UnknownKey,
    MissingToken,
    WrongToken,
    ExpiredCredentials,
    Skewed {
        sent: Seconds,
        now: Seconds,
    },
    NotYetValid,
    ExpiredRequest {
        sent: Seconds,
        expires: Seconds,
        now: Seconds,
    },
    /// `host` or the sent `x-amz-*` headers that are not signed.
    HeadersNotSigned(String),
    MissingPayloadHash,
    InvalidPayloadHash,
    StreamingPayload,
    WrongSignature,
    /// The body does not match the signed hash.
    WrongPayload {
        declared: String,
        computed: String,
    },
}

/// Verifies a request to STS or S3.
pub(crate) fn verify(state: &State, service: Service, request: &Request) -> Verdict {
    match Signature::read(request) {
        Ok(signature) => Verdict {
            access_key_id: keys::is_access_key_id(&signature.access_key_id)
                .then(|| signature.access_key_id.clone()),
            caller: check(state, service, request, &signature),
        },
        Err(refusal) => Verdict { access_key_id: None, caller: Err(refusal) },
    }
}

fn check(
    state: &State,
    service: Service,
    request: &Request,
    signature: &Signature,
) -> Result<Arc<Issued>, Refusal> {
    let now = state.clock.now();
    let issued = state.keys.find(&signature.access_key_id).ok_or(Refusal::UnknownKey)?;
    match (&issued.session_token, &signature.session_token) {
        (Some(_), None) => return Err(Refusal::MissingToken),
        (issued, sent) if issued != sent => return Err(Refusal::WrongToken),
        _ => {}
    }
    if issued.expires.is_some_and(|expires| expires <= now) {
        return Err(Refusal::ExpiredCredentials);
    }
    signature.check_date(now)?;
    signature.check_scope(&state.config.region, service)?;
    signature.check_headers(request)?;
    let payload = Payload::read(service, request, signature)?;
    let secret = if state.config.verify_with_wrong_secret {
        format!("wrong {}", issued.secret_access_key)
    } else {
        issued.secret_access_key.clone()
    };
    let computed = recompute(service, request, signature, &secret, &payload);
    if computed.as_ref() != Some(&signature.value) {
        return Err(Refusal::WrongSignature);
    }
    payload.check(request)?;
    Ok(issued)
}

/// The fields of an `Authorization` header, or of a presigned query.
struct Signature {
    /// How long a presigned request is valid; `None` for a header-signed one.
    expires: Option<Seconds>,
    access_key_id: String,
    /// Date, region, service and `aws4_request`.
    scope: [String; 4],
    signed_headers: Vec<String>,
    value: String,
    date: Seconds,
    session_token: Option<String>,
    /// Path and query, without the presigning parameters.
    target: String,
}

impl Signature {
    fn read(request: &Request) -> Result<Self, Refusal> {
        let pairs: Vec<(&str, (String, String))> =
            request.query().split('&').filter_map(|raw| Some((raw, decode(raw)?))).collect();
        let presigned =
            pairs.iter().any(|(_, (name, _))| name == "X-Amz-Algorithm" || name == "X-Amz-Signature");
        match (request.header("authorization"), presigned) {
            (None, false) => Err(Refusal::Unauthenticated),
            (Some(_), true) => Err(Refusal::TwoSignatures),
            (Some(header), false) => Self::from_header(request, header),
            (None, true) => Self::from_query(request, &pairs),
        }
    }

    fn from_header(request: &Request, header: &str) -> Result<Self, Refusal> {
        let malformed = |reason: &str| malformed(false, reason);
        let fields = header
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(|| malformed("The algorithm is not AWS4-HMAC-SHA256."))?;
        let mut parts = HashMap::new();
        for field in fields.split(',') {
            let (name, value) = field
                .trim()
                .split_once('=')
                .ok_or_else(|| malformed("A field of the header has no value."))?;
            if parts.insert(name, value).is_some() {
                return Err(malformed("A field of the header is repeated."));
            }
        }
        let part = |name: &str| {
            let missing = || malformed(&format!("The header needs the field {name}."));
            parts.get(name).copied().ok_or_else(missing)
        };
        for name in ["authorization", "x-amz-date", "x-amz-security-token", CONTENT_SHA256] {
            if request.headers(name).count() > 1 {
                return Err(malformed(&format!("The header {name} is repeated.")));
            }
        }
        let date = request
            .header("x-amz-date")
            .ok_or_else(|| malformed("The request needs the header x-amz-date."))?;
        let token = request.header("x-amz-security-token");
        Self {
            expires: None,
            target: request.target.clone(),
            session_token: token.map(str::to_owned),
            value: part("Signature")?.to_owned(),
            ..Self::of(false, part("Credential")?, part("SignedHeaders")?, date)?
        }
        .check_value()
    }

    fn from_query(request: &Request, pairs: &[(&str, (String, String))]) -> Result<Self, Refusal> {
        let malformed = |reason: &str| malformed(true, reason);
        let mut parts: HashMap<&str, &str> = HashMap::new();
        let mut rest = Vec::new();
        for (raw, (name, value)) in pairs {
            if !PRESIGNING.contains(&name.as_str()) {
                rest.push(*raw);
            } else if parts.insert(name, value).is_some() {
                return Err(malformed(&format!("The parameter {name} is repeated.")));
            }
        }
        let part = |name: &str| {
            let missing = || malformed(&format!("The query needs the parameter {name}."));
            parts.get(name).copied().ok_or_else(missing)
        };
        if part("X-Amz-Algorithm")? != ALGORITHM {
            return Err(malformed("X-Amz-Algorithm is not AWS4-HMAC-SHA256."));
        }
        let expires: Seconds =
            part("X-Amz-Expires")?.parse().map_err(|_| malformed("X-Amz-Expires is not a number."))?;
        if !(1..=MAX_EXPIRES).contains(&expires) {
            return Err(Refusal::ExpiresOutOfRange);
        }
        let (credential, date) = (part("X-Amz-Credential")?, part("X-Amz-Date")?);
        let mut target = request.path().to_owned();
        if !rest.is_empty() {
            target.push('?');
            target.push_str(&rest.join("&"));
        }
        Self {
            expires: Some(expires),
            target,
            session_token: parts.get("X-Amz-Security-Token").map(|&t| t.to_owned()),
            value: part("X-Amz-Signature")?.to_owned(),
            ..Self::of(true, credential, part("X-Amz-SignedHeaders")?, date)?
        }
        .check_value()
    }

    /// Parses the fields that both forms share.
    fn of(presigned: bool, credential: &str, headers: &str, date: &str) -> Result<Self, Refusal> {
        let malformed = |reason: &str| malformed(presigned, reason);
        let unreadable = || malformed("The credential is not KEY/DATE/REGION/SERVICE/aws4_request.");
        let mut parts = credential.split('/').map(str::to_owned);
        let access_key_id = parts.next().ok_or_else(unreadable)?;
        let scope: Vec<String> = parts.collect();
        Ok(Self {
            expires: None,
            access_key_id,
            scope: scope.try_into().map_err(|_| unreadable())?,
            signed_headers: headers.split(';').map(str::to_owned).collect(),
            value: String::new(),
            date: clock::parse_amz_date(date)
                .ok_or_else(|| malformed("The date has not the form YYYYMMDDTHHMMSSZ."))?,
            session_token: None,
            target: String::new(),
        })
    }

    fn check_value(self) -> Result<Self, Refusal> {
        if is_hex_256(&self.value) {
            return Ok(self);
        }
        let reason = "The signature is not 64 lower-case hexadecimal digits.";
        Err(malformed(self.expires.is_some(), reason))
    }

    fn check_date(&self, now: Seconds) -> Result<(), Refusal> {
        let sent = self.date;
        match self.expires {
            None if (now - sent).abs() > MAX_SKEW => Err(Refusal::Skewed { sent, now }),
            Some(_) if sent - now > MAX_SKEW => Err(Refusal::NotYetValid),
            Some(expires) if sent + expires < now => {
                let expires = sent + expires;
                Err(Refusal::ExpiredRequest { sent, expires, now })
            }
            _ => Ok(()),
        }
    }

    fn check_scope(&self, region: &str, service: Service) -> Result<(), Refusal> {
        let [date, scope_region, scope_service, end] = &self.scope;
        let service = signing_name(service);
        let malformed = |reason| Err(malformed(self.expires.is_some(), reason));
        let day = &clock::amz_date(self.date)[..8];
        if date != day {
            return malformed(&format!("The credential's date is not {day}, that of the request."));
        }
        if scope_region != region {
            return malformed(&format!("The region '{scope_region}' is wrong; expecting '{region}'"));
        }
        if scope_service != service {
            return malformed(&format!("Credential should be scoped to correct service: '{service}'."));
        }
        if end != "aws4_request" {
            return malformed("Credential should be scoped with a valid terminator: 'aws4_request'.");
        }
        Ok(())
    }

    fn check_headers(&self, request: &Request) -> Result<(), Refusal> {
        let unsigned: Vec<&str> = request
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| *name == "host" || name.starts_with("x-amz-"))
            .filter(|name| !self.signs(name))
            .collect();
        if unsigned.is_empty() {
            return Ok(());
        }
        Err(Refusal::HeadersNotSigned(unsigned.join(", ")))
    }

    fn signs(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|signed| signed == name)
    }
}

/// The payload hash of the canonical request.
enum Payload {
    /// The hash of the body, which the request does not declare.
    Body,
    /// S3: a declared hash, or `UNSIGNED-PAYLOAD`.
    Declared(String),
}

impl Payload {
    fn read(service: Service, request: &Request, signature: &Signature) -> Result<Self, Refusal> {
        let header = request.header(CONTENT_SHA256);
        if service != Service::S3 {
            return match header {
                Some(declared) if declared != sha256_hex(&request.body) => Err(Refusal::WrongSignature),
                _ => Ok(Self::Body),
            };
        }
        let declared = match header {
            Some(declared) => declared,
            None if signature.expires.is_some() => UNSIGNED_PAYLOAD,
            None => return Err(Refusal::MissingPayloadHash),
        };
        if declared.starts_with("STREAMING-") {
            Err(Refusal::StreamingPayload)
        } else if is_hex_256(declared) || declared == UNSIGNED_PAYLOAD {
            Ok(Self::Declared(declared.to_owned()))
        } else {
            Err(Refusal::InvalidPayloadHash)
        }
    }

    fn check(self, request: &Request) -> Result<(), Refusal> {
        let Self::Declared(declared) = self else {
            return Ok(());
        };
        let computed = sha256_hex(&request.body);
        if declared == UNSIGNED_PAYLOAD || declared == computed {
            return Ok(());
        }
        Err(Refusal::WrongPayload { declared, computed })
    }
}

/// Computes the expected signature; `None` when the request cannot be signed.
fn recompute(
    service: Service,
    request: &Request,
    signature: &Signature,
    secret: &str,
    payload: &Payload,
) -> Option<String> {
    let mut settings = SigningSettings::default();
    // The request decides which headers are signed, not the signer's defaults.
    settings.excluded_headers = None;
    if service == Service::S3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    // The token of a header-signed request is already among its headers.
    let mut token = None;
    if let Some(expires) = signature.expires {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(u64::try_from(expires).ok()?));
        token = signature.session_token.clone();
    }
    let identity = Credentials::new(&signature.access_key_id, secret, token, None, "simulator").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&signature.scope[1])
        .name(signing_name(service))
        .time(clock::system_time(signature.date)?)
        .settings(settings)
        .build()
        .ok()?
        .into();
    let headers = request
        .headers
        .iter()
        .filter(|(name, _)| signature.signs(name))
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let body = match payload {
        Payload::Body => SignableBody::Bytes(&request.body),
        Payload::Declared(declared) => SignableBody::Precomputed(declared.clone()),
    };
    // The authority is not used: the host header is among the headers.
    let uri = format!("http://{}{}", signing_name(service), signature.target);
    let signable = SignableRequest::new(&request.method, uri, headers, body).ok()?;
    Some(sign(signable, &params).ok()?.into_parts().1)
}

fn signing_name(service: Service) -> &'static str {
    match service {
        Service::S3 => "s3",
        _ => "sts",
    }
}

fn malformed(presigned: bool, reason: &str) -> Refusal {
    Refusal::Malformed { presigned, reason: reason.to_owned() }
}

/// Parses a query or form, without the presigning parameters.
pub(crate) fn parameters(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded)
        .into_owned()
        .filter(|(name, _)| !PRESIGNING.contains(&name.as_str()))
        .collect()
}

fn decode(pair: &str) -> Option<(String, String)> {
    form_urlencoded::parse(pair.as_bytes()).into_owned().next()
}

/// A hash or a signature: 256 bits in lower-case hexadecimal digits.
fn is_hex_256(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(hex)
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

//! An S3-like bucket with path-style addressing.

use crate::clock::{self, Seconds};
use crate::events::Service;
use crate::http::{Request, Response};
use crate::markup::xml_text;
use crate::server::Answer;
use crate::state::State;
use crate::verify::{MAX_SKEW, Refusal, Verdict, parameters, sha256_hex, verify};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

const MAX_KEY: usize = 1024;
const MAX_KEYS: usize = 1000;
/// The maximum total size of the keys and bodies of all objects.
const CAPACITY: usize = 64 * 1024 * 1024;

/// The characters that `encoding-type=url` leaves unescaped.
const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Query parameters that select sub-resources, none of which are implemented.
const SUBRESOURCES: [&str; 24] = [
    "accelerate",
    "acl",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "tagging",
    "uploadId",
    "uploads",
    "versionId",
    "versions",
    "website",
];

struct Object {
    body: Vec<u8>,
    /// `content-type` and `x-amz-meta-*`, as sent.
    headers: Vec<(String, String)>,
    etag: String,
    modified: Seconds,
}

/// The objects of the bucket, by key.
#[derive(Default)]
pub(crate) struct Objects(Mutex<BTreeMap<String, Object>>);

struct Error {
    status: u16,
    code: &'static str,
    message: String,
    /// Additional elements of the error document.
    details: String,
}

fn error(status: u16, code: &'static str, message: impl Into<String>) -> Error {
    Error { status, code, message: message.into(), details: String::new() }
}

fn not_implemented(what: &str) -> Error {
    let message = format!("The simulator does not implement {what}.");
    error(501, "NotImplemented", message)
}

pub(crate) fn answer(state: &State, request: &Request, id: &str) -> Answer {
    let path = request.path().strip_prefix('/').unwrap_or_default();
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let operation = match (request.method.as_str(), key.is_empty()) {
        ("GET", true) => "ListObjectsV2",
        ("HEAD", true) => "HeadBucket",
        ("GET", false) => "GetObject",
        ("HEAD", false) => "HeadObject",
        ("PUT", false) => "PutObject",
        ("DELETE", false) => "DeleteObject",
        _ => "Unknown",
    };
    let Verdict { access_key_id, caller } = verify(state, Service::S3, request);
    let result = caller.map_err(Error::from).and_then(|caller| {
        if !state.config.bucket_accounts.contains(&caller.identity.account) {
            return Err(error(403, "AccessDenied", "Access Denied"));
        }
        perform(state, request, operation, bucket, key)
    });
    let (response, code) = match result {
        Ok(response) => (response, "OK"),
        Err(error) => {
            let document = failure(&error, request.path(), id);
            let response = Response::new(error.status, "application/xml", document);
            (response, error.code)
        }
    };
    Answer { response, operation, code, access_key_id }
}

fn perform(
    state: &State,
    request: &Request,
    operation: &str,
    bucket: &str,
    key: &str,
) -> Result<Response, Error> {
    if bucket != state.config.bucket {
        let message = "The specified bucket does not exist";
        return Err(error(404, "NoSuchBucket", message));
    }
    let query: HashMap<String, String> = parameters(request.query().as_bytes()).into_iter().collect();
    if let Some(name) = SUBRESOURCES.iter().find(|name| query.contains_key(**name)) {
        return Err(not_implemented(name));
    }
    let key = percent_decode_str(key)
        .decode_utf8()
        .map_err(|_| error(400, "InvalidURI", "The key is not UTF-8."))?;
    if key.len() > MAX_KEY {
        return Err(error(400, "KeyTooLongError", "Your key is too long"));
    }
    let objects = &state.objects;
    match operation {
        "ListObjectsV2" => objects.list(bucket, &query),
        "HeadBucket" => Ok(Response::empty(200)),
        "GetObject" | "HeadObject" => objects.get(&key),
        "PutObject" => objects.put(&key, request, state.clock.now()),
        "DeleteObject" => Ok(objects.delete(&key)),
        _ => {
            let message = "The specified method is not allowed against this resource.";
            Err(error(405, "MethodNotAllowed", message))
        }
    }
}

impl Objects {
    fn get(&self, key: &str) -> Result<Response, Error> {
        let objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(object) = objects.get(key) else {
            return Err(error(404, "NoSuchKey", "The specified key does not exist."));
        };
        let mut headers = object.headers.clone();
        headers.push(("ETag".into(), object.etag.clone()));
        headers.push(("Last-Modified".into(), clock::http_date(object.modified)));
        Ok(Response { status: 200, headers, body: object.body.clone() })
    }

    fn put(&self, key: &str, request: &Request, now: Seconds) -> Result<Response, Error> {
        if request.header("content-length").is_none() {
            let message = "You must provide the Content-Length HTTP header.";
            return Err(error(411, "MissingContentLength", message));
        }
        if request.header("x-amz-copy-source").is_some() {
            return Err(not_implemented("x-amz-copy-source"));
        }
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = objects.iter().filter(|(other, _)| *other != key);
        let held: usize = others.map(|(key, object)| key.len() + object.body.len()).sum();
        if held + key.len() + request.body.len() > CAPACITY {
            return Err(error(507, "InsufficientStorage", "The bucket is full."));
        }
        let etag = format!("\"{}\"", &sha256_hex(&request.body)[..32]);
        let kept = |name: &str| name == "content-type" || name.starts_with("x-amz-meta-");
        let object = Object {
            body: request.body.clone(),
            headers: request.headers.iter().filter(|(name, _)| kept(name)).cloned().collect(),
            etag: etag.clone(),
            modified: now,
        };
        objects.insert(key.to_owned(), object);
        Ok(Response::empty(200).with("ETag", etag))
    }

    fn delete(&self, key: &str) -> Response {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        objects.remove(key);
        Response::empty(204)
    }

    fn list(&self, bucket: &str, query: &HashMap<String, String>) -> Result<Response, Error> {
        const KNOWN: [&str; 7] =
            ["list-type", "prefix", "max-keys", "start-after", "continuation-token", "encoding-type", "x-id"];
        let get = |name: &str| query.get(name).map(String::as_str);
        if get("list-type") != Some("2") {
            return Err(not_implemented("ListObjects, version 1"));
        }
        if let Some(name) = query.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(not_implemented(name));
        }
        let max_keys = match get("max-keys").map(str::parse::<usize>) {
            None => MAX_KEYS,
            Some(Ok(max_keys)) => max_keys.min(MAX_KEYS),
            Some(Err(_)) => {
                let message = "Provided max-keys not an integer or within integer range";
                return Err(error(400, "InvalidArgument", message));
            }
        };
        let url_encoded = get("encoding-type") == Some("url");
        let text = |text: &str| {
            if url_encoded { utf8_percent_encode(text, URL).to_string() } else { xml_text(text) }
        };
        let prefix = get("prefix").unwrap_or_default();
        // A continuation token is the last listed key, encoded.
        let after = match (get("continuation-token"), get("start-after")) {
            (Some(token), _) => percent_decode_str(token).decode_utf8_lossy().into_owned(),
            (None, after) => after.unwrap_or_default().to_owned(),
        };
        let objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut following = objects
            .range::<str, _>((Bound::Excluded(after.as_str()), Bound::Unbounded))
            .filter(|(key, _)| key.starts_with(prefix));
        let page: Vec<_> = following.by_ref().take(max_keys).collect();
        let next = (following.next().is_some()).then(|| page.last().map(|(key, _)| key)).flatten();

        let mut document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{bucket}</Name>\
             <Prefix>{}</Prefix><MaxKeys>{max_keys}</MaxKeys><KeyCount>{}</KeyCount>\
             <IsTruncated>{}</IsTruncated>",
            text(prefix),
            page.len(),
            next.is_some()
        );
        if url_encoded {
            document.push_str("<EncodingType>url</EncodingType>");
        }
        if let Some(key) = next {
            let token = utf8_percent_encode(key, NON_ALPHANUMERIC);
            document.push_str(&format!("<NextContinuationToken>{token}</NextContinuationToken>"));
        }
        for (key, object) in page {
            document.push_str(&format!(
                "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag>\
                 <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                text(key),
                clock::rfc3339(object.modified),
                object.etag,
                object.body.len()
            ));
        }
        document.push_str("</ListBucketResult>");
        Ok(Response::new(200, "application/xml", document))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let denied = |message: &str| error(403, "AccessDenied", message);
        let detail = |name: &str, value: &str| format!("<{name}>{}</{name}>", xml_text(value));
        match refusal {
            Refusal::Unauthenticated => denied("Access Denied"),
            Refusal::TwoSignatures => error(400, "InvalidArgument", "Only one auth mechanism allowed"),
            Refusal::Malformed { presigned, reason } => {
                let code = if presigned {
                    "AuthorizationQueryParametersError"
                } else {
                    "AuthorizationHeaderMalformed"
                };
                error(400, code, reason)
            }
            Refusal::ExpiresOutOfRange => {
                let message = "X-Amz-Expires must be 1 to 604800 seconds";
                error(400, "AuthorizationQueryParametersError", message)
            }
            // To S3, a temporary key without its token is an unknown key.
            Refusal::UnknownKey | Refusal::MissingToken => {
                let message = "The AWS Access Key Id you provided does not exist in our records.";
                error(403, "InvalidAccessKeyId", message)
            }
            Refusal::WrongToken => {
                let message = "The provided token is malformed or otherwise invalid.";
                error(400, "InvalidToken", message)
            }
            Refusal::ExpiredCredentials => error(400, "ExpiredToken", "The provided token has expired."),
            Refusal::Skewed { sent, now } => Error {
                details: [
                    detail("RequestTime", &clock::amz_date(sent)),
                    detail("ServerTime", &clock::rfc3339(now)),
                    detail("MaxAllowedSkewMilliseconds", &(MAX_SKEW * 1000).to_string()),
                ]
                .concat(),
                ..error(
                    403,
                    "RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large.",
                )
            },
            Refusal::NotYetValid => denied("Request is not yet valid"),
            Refusal::ExpiredRequest { expires, now, .. } => Error {
                details: [
                    detail("Expires", &clock::rfc3339(expires)),
                    detail("ServerTime", &clock::rfc3339(now)),
                ]
                .concat(),
                ..denied("Request has expired")
            },
            Refusal::HeadersNotSigned(names) => Error {
                details: detail("HeadersNotSigned", &names),
                ..denied("There were headers present in the request which were not signed")
            },
            Refusal::MissingPayloadHash => {
                let message = "Missing required header for this request: x-amz-content-sha256";
                error(400, "InvalidRequest", message)
            }
            Refusal::InvalidPayloadHash => {
                let message = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, or a valid sha256 value.";
                error(400, "InvalidArgument", message)
            }
            Refusal::StreamingPayload => not_implemented("STREAMING payloads"),
            Refusal::WrongSignature => {
                let message = "The request signature we calculated does not match the signature \
                               you provided. Check your key and signing method.";
                error(403, "SignatureDoesNotMatch", message)
            }
            Refusal::WrongPayload { declared, computed } => Error {
                details: [
                    detail("ClientComputedContentSHA256", &declared),
                    detail("S3ComputedContentSHA256", &computed),
                ]
                .concat(),
                ..error(
                    400,
                    "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.",
                )
            },
        }
    }
}

fn failure(error: &Error, resource: &str, id: &str) -> String {
    let Error { code, message, details, .. } = error;
    let (message, resource) = (xml_text(message), xml_text(resource));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{message}</Message>{details}<Resource>{resource}</Resource>\
         <RequestId>{id}</RequestId></Error>"
    )
}

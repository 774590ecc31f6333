//! `rust-s3`, for S3 alone: its public parts of signing, in the order in which its client calls them. It derives the
//! key for every request.

use benches::Operation;
use benches::operation::{KEY_ID, REGION, SECRET};
use benches::signer::{Signature, Signer};
use hmac_of_rust_s3::Mac;
use http::{HeaderMap, HeaderValue};
use rolecall_core::wire::time::UnixTime;
use s3::Region;
use s3::signing::{
    HmacSha256, authorization_header, authorization_query_params_no_sig, canonical_request,
    signed_header_string, signing_key, string_to_sign,
};
use time::OffsetDateTime;
use url::Url;

const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The address and the headers, those of the signature among them: its client makes them for each request.
pub(crate) struct RustS3 {
    method: &'static str,
    url: Url,
    headers: HeaderMap,
    token: Option<String>,
    lifetime: Option<u32>,
    region: Region,
    time: OffsetDateTime,
}

impl Signer for RustS3 {
    const NAME: &'static str = "rust-s3";
    type Request = ();
    type Signed = String;

    fn new(operation: &Operation) -> Option<Self> {
        if operation.service != "s3" {
            return None;
        }
        let mut headers = super::http_request(operation, ()).into_parts().0.headers;
        if operation.lifetime.is_none() {
            let date = UnixTime::from_secs(operation.time).compact();
            headers.insert("x-amz-date", HeaderValue::from_str(date.as_str()).expect("a date"));
            headers.insert("x-amz-content-sha256", HeaderValue::from_static(EMPTY_SHA256));
        }
        Some(Self {
            method: operation.method,
            url: Url::parse(&operation.url()).expect("an address"),
            headers,
            token: operation.token.clone(),
            lifetime: operation.lifetime,
            region: REGION.parse().expect("a region"),
            time: OffsetDateTime::from_unix_timestamp(operation.time as i64).expect("a time"),
        })
    }

    fn request(&self) {}

    fn sign(&self, (): ()) -> String {
        let Some(lifetime) = self.lifetime else {
            let hex = self.hex(&self.url, EMPTY_SHA256);
            let signed = signed_header_string(&self.headers);
            return authorization_header(KEY_ID, &self.time, &self.region, &signed, &hex).expect("a header");
        };
        let token = self.token.as_ref();
        let query =
            authorization_query_params_no_sig(KEY_ID, &self.time, &self.region, lifetime, None, token)
                .expect("a query");
        // Its client does this twice, with the same result.
        let url = Url::parse(&format!("{}{query}", self.url)).expect("an address");
        let hex = self.hex(&url, "UNSIGNED-PAYLOAD");
        format!("{url}&X-Amz-Signature={hex}")
    }

    fn signature(&self, signed: &String) -> Signature {
        Signature { hex: Signature::at_end_of(signed), ..Signature::default() }
    }
}

impl RustS3 {
    fn hex(&self, url: &Url, payload: &str) -> String {
        let request = canonical_request(self.method, url, &self.headers, payload).expect("a request");
        let text = string_to_sign(&self.time, &self.region, &request).expect("a text");
        let key = signing_key(&self.time, SECRET, &self.region, "s3").expect("a key");
        let mut hmac = HmacSha256::new_from_slice(&key).expect("any length");
        hmac.update(text.as_bytes());
        hex::encode(hmac.finalize().into_bytes())
    }
}

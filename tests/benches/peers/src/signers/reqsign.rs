//! `reqsign-aws-v4`, the signer of OpenDAL. It derives the key for every request, and adds to the request.

use std::time::Duration;

use benches::Operation;
use benches::operation::{KEY_ID, REGION, SECRET};
use benches::signer::{Signature, Signer};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use reqsign_aws_v4::{Credential, EMPTY_STRING_SHA256, RequestSigner};
use reqsign_core::hash::hex_sha256;
use reqsign_core::{Context, SignRequest};

const SHA256_HEADER: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// The signer, the request, and the credentials.
pub(crate) struct Reqsign {
    signer: RequestSigner,
    context: Context,
    credential: Credential,
    parts: Parts,
    body: &'static [u8],
    lifetime: Option<Duration>,
}

impl Signer for Reqsign {
    const NAME: &'static str = "reqsign-aws-v4";
    type Request = Parts;
    type Signed = Parts;

    fn new(operation: &Operation) -> Option<Self> {
        Some(Self {
            signer: RequestSigner::new(operation.service, REGION),
            context: Context::new(),
            credential: Credential {
                access_key_id: KEY_ID.to_owned(),
                secret_access_key: SECRET.to_owned(),
                session_token: operation.token.clone(),
                expires_in: None,
            },
            parts: super::http_request(operation, ()).into_parts().0,
            body: operation.body.as_bytes(),
            lifetime: operation.lifetime.map(|seconds| Duration::from_secs(seconds.into())),
        })
    }

    fn request(&self) -> Parts {
        self.parts.clone()
    }

    fn sign(&self, mut parts: Parts) -> Parts {
        // It hashes no body: the caller does, and states the hash in a header, which is signed for every service.
        if self.lifetime.is_none() {
            let hash = match self.body {
                [] => HeaderValue::from_static(EMPTY_STRING_SHA256),
                body => HeaderValue::try_from(hex_sha256(body)).expect("digits"),
            };
            parts.headers.insert(SHA256_HEADER, hash);
        }
        super::now(self.signer.sign_request(
            &self.context,
            &mut parts,
            Some(&self.credential),
            self.lifetime,
        ))
        .expect("a signature");
        parts
    }

    fn signature(&self, parts: &Parts) -> Signature {
        let text = match self.lifetime {
            None => parts.headers[AUTHORIZATION].to_str().expect("text").to_owned(),
            Some(_) => parts.uri.to_string(),
        };
        Signature {
            hex: Signature::at_end_of(&text),
            date: Some(super::date(&parts.headers, &text)),
            sha256_header: self.lifetime.is_none(),
        }
    }
}

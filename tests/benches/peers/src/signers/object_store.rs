//! `object_store`, of the Arrow project: its `AwsAuthorizer` for headers, its client of S3 for presigned URLs.
//! It derives the key for every request, and takes the cryptography from its user: here the SHA-256 of the
//! other signers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use benches::Operation;
use benches::operation::{KEY_ID, REGION, SECRET};
use benches::signer::{Signature, Signer};
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use http::header::AUTHORIZATION;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsAuthorizer, AwsCredential};
use object_store::client::{
    ClientOptions, CryptoProvider, DigestAlgorithm, DigestContext, HmacContext, HttpClient, HttpConnector,
    HttpError, HttpRequest, HttpRequestBody, HttpResponse, HttpService, SigningAlgorithm,
};
use object_store::path::Path;
use object_store::signer::Signer as _;
use object_store::{Error, Result};
use sha2::{Digest, Sha256};
use url::Url;

/// The request, and the client that presigns.
pub(crate) struct ObjectStore {
    service: &'static str,
    credential: AwsCredential,
    request: HttpRequest,
    presigned: Option<(AmazonS3, Path, Duration)>,
}

/// What is sent.
pub(crate) enum Signed {
    Request(Box<HttpRequest>),
    Url(Url),
}

impl Signer for ObjectStore {
    const NAME: &'static str = "object_store";
    type Request = HttpRequest;
    type Signed = Signed;

    fn new(operation: &Operation) -> Option<Self> {
        Some(Self {
            service: operation.service,
            credential: AwsCredential {
                key_id: KEY_ID.to_owned(),
                secret_key: SECRET.to_owned(),
                token: operation.token.clone(),
            },
            request: super::http_request(operation, HttpRequestBody::from(operation.body.to_owned())),
            presigned: operation.lifetime.map(|seconds| {
                let path = Path::from(operation.target);
                (client(operation), path, Duration::from_secs(seconds.into()))
            }),
        })
    }

    fn request(&self) -> HttpRequest {
        self.request.clone()
    }

    fn sign(&self, mut request: HttpRequest) -> Signed {
        if let Some((client, path, lifetime)) = &self.presigned {
            let url = super::now(client.signed_url(Method::GET, path, *lifetime)).expect("a presigned URL");
            return Signed::Url(url);
        }
        AwsAuthorizer::new(&self.credential, self.service, REGION)
            .with_crypto(&Sha2)
            .try_authorize(&mut request, None)
            .expect("a signature");
        Signed::Request(Box::new(request))
    }

    fn signature(&self, signed: &Signed) -> Signature {
        let (text, date) = match signed {
            Signed::Url(url) => (url.as_str(), super::date(self.request.headers(), url.as_str())),
            Signed::Request(request) => {
                let text = request.headers()[AUTHORIZATION].to_str().expect("text");
                (text, super::date(request.headers(), text))
            }
        };
        Signature {
            hex: Signature::at_end_of(text),
            date: Some(date),
            sha256_header: self.presigned.is_none(),
        }
    }
}

fn client(operation: &Operation) -> AmazonS3 {
    let (bucket, _) = operation.host.split_once('.').expect("a bucket");
    let builder = AmazonS3Builder::new()
        .with_region(REGION)
        .with_bucket_name(bucket)
        .with_virtual_hosted_style_request(true)
        .with_access_key_id(KEY_ID)
        .with_secret_access_key(SECRET)
        .with_crypto_provider(Arc::new(Sha2))
        .with_http_connector(NoClient);
    let builder = match &operation.token {
        None => builder,
        Some(token) => builder.with_token(token),
    };
    builder.build().expect("a client")
}

/// SHA-256 and HMAC of the crates that the others use.
#[derive(Debug)]
struct Sha2;

impl CryptoProvider for Sha2 {
    fn digest(&self, _: DigestAlgorithm) -> Result<Box<dyn DigestContext>> {
        Ok(Box::new(Running { state: Some(Sha256::new()), result: [0; 32] }))
    }

    fn hmac(&self, _: DigestAlgorithm, secret: &[u8]) -> Result<Box<dyn HmacContext>> {
        let state = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
        Ok(Box::new(Running { state: Some(state), result: [0; 32] }))
    }

    fn sign(&self, _: SigningAlgorithm, _: &[u8]) -> Result<Box<dyn object_store::client::Signer>> {
        Err(Error::NotImplemented { operation: "RSA".to_owned(), implementer: "benches".to_owned() })
    }
}

/// A hash or HMAC until it is finished, and then its result.
struct Running<S> {
    state: Option<S>,
    result: [u8; 32],
}

impl DigestContext for Running<Sha256> {
    fn update(&mut self, data: &[u8]) {
        Digest::update(self.state.as_mut().expect("not finished"), data);
    }

    fn finish(&mut self) -> Result<&[u8]> {
        self.result = self.state.take().expect("not finished").finalize().into();
        Ok(&self.result)
    }
}

impl HmacContext for Running<Hmac<Sha256>> {
    fn update(&mut self, data: &[u8]) {
        Mac::update(self.state.as_mut().expect("not finished"), data);
    }

    fn finish(&mut self) -> Result<&[u8]> {
        self.result = self.state.take().expect("not finished").finalize().into_bytes().into();
        Ok(&self.result)
    }
}

/// No client of HTTP: nothing is sent.
#[derive(Debug)]
struct NoClient;

impl HttpConnector for NoClient {
    fn connect(&self, _: &ClientOptions) -> Result<HttpClient> {
        Ok(HttpClient::new(Self))
    }
}

#[async_trait]
impl HttpService for NoClient {
    async fn call(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        unreachable!("signing sends nothing")
    }
}

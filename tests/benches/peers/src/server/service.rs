//! The server: `s3s` checks signatures, and what is behind it keeps the bodies that it lets through.

use std::sync::{Arc, Mutex};

use benches::operation::{KEY_ID, SECRET};
use http::{Extensions, HeaderMap, Method, Uri};
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::dto::{PutObjectInput, PutObjectOutput};
use s3s::route::S3Route;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, TrailingHeaders};

use super::sent::Sent;
use crate::signers::now;

/// More than any body here has.
const LIMIT: usize = 1 << 20;

/// A body that was let through.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) data: Vec<u8>,
    /// The lines of the trailer.
    pub(super) trailer: Vec<(String, String)>,
}

/// `s3s`, with the one access key.
pub(super) struct Server {
    service: S3Service,
    taken: Store,
}

impl Server {
    pub(super) fn new() -> Self {
        let taken = Store::default();
        let mut config = S3Config::default();
        // Any time, so that every run signs the same.
        config.presigned_url_max_skew_time_secs = u32::MAX;
        let mut builder = S3ServiceBuilder::new(taken.clone());
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
        builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        builder.set_route(taken.clone());
        Self { service: builder.build(), taken }
    }

    /// Sends a request, and returns what was let through, or the server's reply.
    pub(super) fn take(&self, sent: &Sent) -> Result<Taken, String> {
        let mut request = http::Request::builder().method(sent.method).uri(&sent.target);
        for (name, value) in &sent.lines {
            request = request.header(name, value.as_slice());
        }
        let request = request.body(Body::from(sent.body.clone())).map_err(|error| error.to_string())?;
        let reply = now(self.service.call(request)).map_err(|error| format!("{error:?}"))?;
        let text = reply.body().bytes().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let taken = self.taken.0.lock().expect("no panic before").take();
        taken.filter(|_| reply.status().is_success()).ok_or(text.unwrap_or_default())
    }
}

/// Takes every request that `s3s` lets through, and reads its body to the end.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<Option<Taken>>>);

impl Store {
    async fn keep(&self, mut body: Body, trailer: Option<TrailingHeaders>) -> S3Result<()> {
        let refused = |error: s3s::StdError| {
            S3Error::with_message(S3ErrorCode::BadDigest, format!("reading the body: {error}"))
        };
        let data = body.store_all_limited(LIMIT).await.map_err(refused)?.to_vec();
        let lines = trailer.and_then(|trailer| trailer.take()).unwrap_or_default();
        let text = |value: &http::HeaderValue| value.to_str().expect("text").to_owned();
        let trailer = lines.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        *self.0.lock().expect("no panic before") = Some(Taken { data, trailer });
        Ok(())
    }
}

/// Requests of any method, for anything.
#[async_trait::async_trait]
impl S3Route for Store {
    fn is_match(&self, _: &Method, _: &Uri, headers: &HeaderMap, _: &mut Extensions) -> bool {
        !headers.contains_key("x-amz-decoded-content-length")
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        self.keep(request.input, None).await?;
        Ok(S3Response::new(Body::empty()))
    }
}

/// Uploads in chunks.
#[async_trait::async_trait]
impl S3 for Store {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let body = request.input.body.map(Body::from).unwrap_or_default();
        self.keep(body, request.trailing_headers).await?;
        Ok(S3Response::new(PutObjectOutput::default()))
    }
}

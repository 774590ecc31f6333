//! The other signers: a file each.

mod aws_sigv4;
#[cfg(feature = "object-store")]
mod object_store;
mod reqsign;
mod rust_s3;
mod rusty_s3;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use benches::Operation;
use http::{HeaderMap, Request};

pub(crate) use aws_sigv4::AwsSigV4;
#[cfg(feature = "object-store")]
pub(crate) use object_store::ObjectStore;
pub(crate) use reqsign::Reqsign;
pub(crate) use rust_s3::RustS3;
pub(crate) use rusty_s3::RustyS3;

/// Signs nothing, in a build without it.
#[cfg(not(feature = "object-store"))]
#[derive(Debug)]
pub(crate) struct ObjectStore;

#[cfg(not(feature = "object-store"))]
impl benches::signer::Signer for ObjectStore {
    const NAME: &'static str = "object_store";
    type Request = ();
    type Signed = ();

    fn new(_: &Operation) -> Option<Self> {
        None
    }

    fn request(&self) {}

    fn sign(&self, (): ()) {}

    fn signature(&self, (): &()) -> benches::signer::Signature {
        benches::signer::Signature::default()
    }
}

/// The request of `operation`, as the crate `http` has it.
fn http_request<B>(operation: &Operation, body: B) -> Request<B> {
    let mut request = Request::builder().method(operation.method).uri(operation.url());
    for (name, value) in &operation.headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request")
}

/// The time in the headers of a signed request or in a presigned URL.
fn date(headers: &HeaderMap, url: &str) -> String {
    let in_header = headers.get("x-amz-date").map(|value| value.to_str().expect("text"));
    let in_url = || url.split_once("X-Amz-Date=").map(|(_, rest)| rest.split('&').next().unwrap_or_default());
    in_header.or_else(in_url).expect("a date").to_owned()
}

/// The result of a future that waits for nothing.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("it waits for nothing"),
    }
}

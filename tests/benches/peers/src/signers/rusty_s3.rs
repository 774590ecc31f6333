//! `rusty-s3`, which makes presigned URLs of S3 alone. It derives the key for every URL.

use std::time::Duration;

use benches::Operation;
use benches::operation::{KEY_ID, REGION, SECRET};
use benches::signer::{Signature, Signer};
use jiff::Timestamp;
use rusty_s3::actions::GetObject;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use url::Url;

/// The bucket, the key of the object, and the credentials.
pub(crate) struct RustyS3 {
    bucket: Bucket,
    object: &'static str,
    credentials: Credentials,
    lifetime: Duration,
    time: Timestamp,
}

impl Signer for RustyS3 {
    const NAME: &'static str = "rusty-s3";
    type Request = ();
    type Signed = Url;

    fn new(operation: &Operation) -> Option<Self> {
        let lifetime = Duration::from_secs(operation.lifetime?.into());
        let endpoint = Url::parse(&format!("https://s3.{REGION}.amazonaws.com")).expect("an address");
        let (bucket, _) = operation.host.split_once('.')?;
        let credentials = match &operation.token {
            None => Credentials::new(KEY_ID, SECRET),
            Some(token) => Credentials::new_with_token(KEY_ID, SECRET, token.as_str()),
        };
        Some(Self {
            bucket: Bucket::new(endpoint, UrlStyle::VirtualHost, bucket, REGION).expect("a bucket"),
            object: operation.target.strip_prefix('/')?,
            credentials,
            lifetime,
            time: Timestamp::from_second(operation.time as i64).expect("a time"),
        })
    }

    fn request(&self) {}

    fn sign(&self, (): ()) -> Url {
        GetObject::new(&self.bucket, Some(&self.credentials), self.object)
            .sign_with_time(self.lifetime, &self.time)
    }

    fn signature(&self, url: &Url) -> Signature {
        Signature { hex: Signature::at_end_of(url.as_str()), ..Signature::default() }
    }
}

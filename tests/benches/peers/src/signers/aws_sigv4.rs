//! `aws-sigv4`, the signer of the AWS SDK. It derives the key for every request, and returns the headers or parameters
//! to add.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningInstructions, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use benches::Operation;
use benches::operation::{KEY_ID, REGION, SECRET};
use benches::signer::{Signature, Signer};

/// What can be prepared before the request exists.
#[derive(Debug)]
pub(crate) struct AwsSigV4 {
    operation: Operation,
    identity: Identity,
    settings: SigningSettings,
    uri: String,
    time: SystemTime,
}

impl Signer for AwsSigV4 {
    const NAME: &'static str = "aws-sigv4";
    type Request = ();
    type Signed = (SigningInstructions, String);

    fn new(operation: &Operation) -> Option<Self> {
        let mut settings = SigningSettings::default();
        if operation.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        if let Some(lifetime) = operation.lifetime {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(lifetime.into()));
        } else if operation.service == "s3" {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        Some(Self {
            identity: Credentials::new(KEY_ID, SECRET, operation.token.clone(), None, "benches").into(),
            settings,
            uri: operation.url(),
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(operation.time),
            operation: operation.clone(),
        })
    }

    fn request(&self) {}

    fn sign(&self, (): ()) -> Self::Signed {
        let operation = &self.operation;
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(REGION)
            .name(operation.service)
            .time(self.time)
            .settings(self.settings.clone())
            .build()
            .expect("parameters")
            .into();
        let body = match operation.lifetime {
            None => SignableBody::Bytes(operation.body.as_bytes()),
            Some(_) => SignableBody::UnsignedPayload,
        };
        let headers = operation.headers.iter().copied();
        let request = SignableRequest::new(operation.method, &self.uri, headers, body).expect("a request");
        sign(request, &params).expect("a signature").into_parts()
    }

    fn signature(&self, (_, hex): &Self::Signed) -> Signature {
        Signature { hex: hex.clone(), ..Signature::default() }
    }
}

//! The same signatures by the crate `aws-sigv4`.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningInstructions, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;

use crate::operation::{KEY_ID, Operation, SECRET, TIME};

/// What can be prepared before the request exists.
#[derive(Debug)]
pub struct Peer {
    identity: Identity,
    settings: SigningSettings,
    uri: String,
    time: SystemTime,
}

impl Peer {
    /// Prepares to sign `operation`.
    pub fn new(operation: &Operation) -> Self {
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
        Self {
            identity: Credentials::new(KEY_ID, SECRET, operation.token.clone(), None, "benches").into(),
            settings,
            uri: format!("https://{}{}", operation.host, operation.target),
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(TIME),
        }
    }

    /// Signs; this crate derives the key for every request.
    pub fn sign(&self, operation: &Operation) -> (SigningInstructions, String) {
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region("eu-west-1")
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
}

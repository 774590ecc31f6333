//! Differences between services in the canonical request.

use crate::wire::scan::is_one_of;

/// How a service computes the canonical request. Two ways are in use: [`Rules::S3`], and [`Rules::STANDARD`]
/// for all other services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether dot segments and empty segments of the path are resolved before it is signed.
    pub normalize_path: bool,
    /// Whether the path, as sent, is percent-encoded once more. If not, it is signed as sent: services differ
    /// in how they treat `%7E` or a raw `=`, so send what S3's documentation calls encoded
    /// ([`percent::canonical`](crate::wire::percent::canonical) returns it).
    pub double_encode: bool,
    /// Whether the header `x-amz-content-sha256` is sent and signed.
    pub content_sha256: bool,
    /// Whether the signature is for a set of regions (SigV4a): the region of the scope is `*`, or a list separated by commas.
    /// The feature `sigv4a` signs so.
    pub region_set: bool,
    /// Whether the session token is that of a session of S3 Express One Zone (*CreateSession*, S3 API reference), which has a
    /// name of its own: `x-amz-s3session-token`.
    pub s3_session: bool,
}

impl Rules {
    /// The rules of S3: the path is a key and is left alone, the hash of the payload is a header.
    pub const S3: Self = Self {
        normalize_path: false,
        double_encode: false,
        content_sha256: true,
        region_set: false,
        s3_session: false,
    };
    /// The rules of S3 with the credentials of a session of S3 Express One Zone, as
    /// [`CreateSession`](crate::sources::CreateSession) returns them.
    pub const S3_SESSION: Self = Self { s3_session: true, ..Self::S3 };
    /// The rules of every other service.
    pub const STANDARD: Self =
        Self { normalize_path: true, double_encode: true, content_sha256: false, ..Self::S3 };

    /// The rules of the service that signs as `service`.
    pub fn of(service: &str) -> Self {
        let s3 = service.starts_with("s3") && is_one_of("s3 s3-object-lambda s3-outposts s3express", service);
        if s3 { Self::S3 } else { Self::STANDARD }
    }

    /// Whether they are those of S3, for sessions or without.
    pub(super) fn is_s3(self) -> bool {
        self.content_sha256 && !self.double_encode && !self.normalize_path
    }

    /// The name of the header that has the session token.
    pub(super) fn token_header(self) -> &'static str {
        if self.s3_session { S3_SESSION_TOKEN } else { "x-amz-security-token" }
    }
}

/// The header with the token of a session of S3 Express One Zone.
pub(super) const S3_SESSION_TOKEN: &str = "x-amz-s3session-token";

/// What a signature is for: the parts of the credential scope beside the day, and the rules of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The region, as in the credential scope: `eu-west-1`.
    pub region: &'a str,
    /// The service, by the name it signs with: `s3`.
    pub service: &'a str,
    /// The rules of the service.
    pub rules: Rules,
}

//! Credentials from Amazon Cognito: an identity pool issues them to users who signed in elsewhere, and to
//! unauthenticated identities if it allows them.
//!
//! A chain of flows: [`SignIn`] at a user pool, or an [`IdentityToken`](crate::sources::IdentityToken) of
//! another provider, or [`Unsigned`](crate::sources::Unsigned); on it [`Identity`], the id in
//! the identity pool; on that [`CredentialsForIdentity`], or [`OpenIdToken`] and
//! [`AssumeRoleWithWebIdentity`](crate::sources::sts::AssumeRoleWithWebIdentity) with it.
//!
//! ```
//! use rolecall_core::call::Service;
//! use rolecall_core::sources::cognito::{CredentialsForIdentity, Identity, Logins};
//! use rolecall_core::flow::Endpoint;
//! use rolecall_core::sources::IdentityToken;
//!
//! let service = Service::new(Endpoint::parse("https://cognito-identity.eu-west-1.amazonaws.com")?, "eu-west-1");
//! let logins = Logins::of("accounts.google.com");
//! let token = IdentityToken::file("/run/secrets/google");
//! let identity = Identity::in_pool(token, service, "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d", logins);
//! let source = CredentialsForIdentity::new(identity, service, logins.credentials());
//! # let _ = source;
//! # Ok::<(), rolecall_core::wire::Error>(())
//! ```

mod asking;
mod identity;
mod sign_in;
#[cfg(feature = "srp")]
mod srp;
mod turn;

use base64ct::{Base64, Encoding as _};

use crate::error::Origin;
use crate::sigv4::hmac;
use crate::wire::Ascii;

use crate::call::{Api, Protocol};

pub use identity::{
    CredentialsForIdentity, GetCredentialsForIdentityRequest, GetIdRequest, GetOpenIdTokenRequest, Identity,
    Logins, OpenIdToken,
};
pub use sign_in::{Password, SignIn};
pub use turn::Client;

/// User pools; one endpoint for each region.
pub const USER_POOL: Api = Api {
    origin: Origin::UserPool,
    service: "cognito-idp",
    protocol: Protocol::Json {
        content_type: "application/x-amz-json-1.1",
        target: "AWSCognitoIdentityProviderService",
    },
};

/// Identity pools; one endpoint for each region.
pub const IDENTITY_POOL: Api = Api {
    origin: Origin::IdentityPool,
    service: "cognito-identity",
    protocol: Protocol::Json {
        content_type: "application/x-amz-json-1.1",
        target: "AWSCognitoIdentityService",
    },
};

/// The proof that a client of a user pool knows its secret: the value of `SECRET_HASH` in calls
/// about `username` (Amazon Cognito Developer Guide, *Computing secret hash values*).
///
/// ```
/// # use rolecall_core::sources::cognito::secret_hash;
/// let proof = secret_hash("3n4b5urk1ft4fl3mg5e62d9ado", "client secret", "ada");
/// assert_eq!(proof.as_str(), "T/bV1YCMJdyC15mS/6+dLNmEXVr/U2IQ2ViG9O4iRdo=");
/// ```
pub fn secret_hash(client_id: &str, client_secret: &str, username: &str) -> Ascii<44> {
    base64(&hmac(client_secret.as_bytes(), &mut |out| {
        out.put(username.as_bytes());
        out.put(client_id.as_bytes());
    }))
}

/// A hash in base64: 32 bytes are 44 characters.
fn base64(bytes: &[u8; 32]) -> Ascii<44> {
    let mut text = [b'='; 44];
    let _ = Base64::encode(bytes, &mut text);
    Ascii::new(text)
}

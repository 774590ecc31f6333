//! Checking signatures: the other side of [`Signer`](super::Signer), in front of a service or in a proxy.
//!
//! A request makes a claim: who signed it, when, and for which scope. [`Verifier::claim`] reads the claim and refuses
//! what no signer of AWS sends; the caller looks up the secret of [`Claim::access_key_id`], and [`Claim::verify`]
//! computes the signature again and compares it, in a time that does not depend on where it differs. Only a comparison
//! that has passed makes a [`Verified`], which says what the signature covers.
//!
//! ```
//! use rolecall_core::credentials::{Credentials, Secret};
//! use rolecall_core::sigv4::verify::{Covered, Received, Verifier};
//! use rolecall_core::sigv4::{Payload, Request, Rules, Scope, Signer, SigningKey, sha256_hex};
//! use rolecall_core::wire::{Cursor, time::UnixTime};
//!
//! // A client signs.
//! let now = UnixTime::from_compact(b"20150830T123600Z")?;
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)?;
//! let key = SigningKey::derive(credentials.secret_access_key(), now, "us-east-1", "service");
//! let mut request = Request::new("GET", "/?a=1", Payload::Bytes(b""))?;
//! request.header("host", b"example.com")?;
//! let signer = Signer::new(&credentials, &key, Rules::STANDARD, now)?;
//! let (mut buffer, signed) = ([0; 256], signer.sign(&request)?);
//! let mut out = Cursor::new(&mut buffer);
//! signed.put_authorization(&mut out);
//! let authorization = out.finish()?;
//!
//! // A service checks.
//! let headers: [(&str, &[u8]); 3] =
//!     [("Host", b"example.com"), ("X-Amz-Date", b"20150830T123600Z"), ("Authorization", authorization)];
//! let received = Received::new("GET", "/?a=1", headers.into_iter());
//! let scope = Scope { region: "us-east-1", service: "service", rules: Rules::STANDARD };
//! let claim = Verifier::new(scope).claim(received)?;
//! assert_eq!(claim.access_key_id(), "AKIDEXAMPLE");
//! let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
//! let key = SigningKey::derive(&secret, claim.time(), "us-east-1", "service");
//! // This service hashes bodies itself; S3 has the hash in a header.
//! let body = sha256_hex(b"");
//! let verified = claim.verify(&key, now, Some(&body))?;
//! assert_eq!(verified.payload(), Covered::Hashed(body));
//! assert!(verified.covers("host"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A signature covers a canonical form, and what has the same form has the same signature: the order of parameters, also of
//! those with the same name; `a` and `a=`; empty parameters; the spaces between the words of a header, and whether its values
//! are in one line or in several; and, but for S3, dot segments and empty segments of the path. Whatever acts on a request has
//! to take the path of [`Claim::put_path`], and not depend on the others. Characters of a target that services read in two
//! ways are refused.
//!
//! Limits: 1,024 header lines, access key id and credential scope of 256 bytes, 64 signed headers with names of 1,024 bytes in all, 64 query
//! parameters, a request target of 65,535 bytes.

mod body;
mod carried;
mod chunks;
mod claim;
mod covered;
mod error;
mod verifier;

pub use chunks::{ChunkDecoder, Released};
pub use claim::Claim;
pub use covered::{BodyCheck, Covered, Verified};
pub use error::{Part, VerifyError};
pub use verifier::{Received, Verifier};

//! Bodies in chunks (`aws-chunked`), as S3 takes them: each is signed as it goes by, so that a body of any length is sent
//! out of one small buffer, and its hash need not be known before (*Signature calculations for the Authorization header:
//! transferring payload in multiple chunks*, and *including trailing headers*, S3 API reference).
//!
//! The request is signed with [`Payload::Chunks`](super::Payload::Chunks); its signature is the seed of the first chunk's,
//! and each chunk's signature covers the one before. [`ChunkLayout`] has the length of the encoded body and the header lines
//! that announce it, [`ChunkEncoder`] writes head and end of each chunk around data in a lent buffer, and [`ChunkSigner`]
//! signs. [`SendRequest`](crate::call::SendRequest) does all but the encoding, which is the reader's of the body:
//! [`Content::Chunked`](crate::call::Content::Chunked).
//!
//! ```
//! use rolecall_core::credentials::Credentials;
//! use rolecall_core::sigv4::chunked::{ChunkEncoder, ChunkLayout, ChunkSigner, Chunks};
//! use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
//! use rolecall_core::wire::time::UnixTime;
//!
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)?;
//! let time = UnixTime::from_compact(b"20150830T123600Z")?;
//! let key = SigningKey::derive(credentials.secret_access_key(), time, "us-east-1", "s3");
//!
//! let layout = ChunkLayout::new(Chunks::SIGNED, 5)?;
//! let announced = layout.announcement();
//! let mut request = Request::new("PUT", "/log", Payload::Chunks(layout.chunks()))?;
//! request.header("host", b"example.s3.amazonaws.com")?;
//! for (name, value) in announced.lines() {
//!     request.header(name, value)?;
//! }
//! let signer = Signer::new(&credentials, &key, Rules::S3, time)?;
//! let mut chunks = ChunkSigner::new(&signer, &signer.sign(&request)?.signature())?;
//!
//! let mut buffer = vec![0; layout.buffer_len()];
//! let mut encoder = ChunkEncoder::new(layout, &mut buffer)?;
//! let mut sent = Vec::new();
//! while !encoder.is_complete() {
//!     let room = encoder.room();
//!     room.copy_from_slice(&b"hello"[..room.len()]);
//!     let count = room.len();
//!     encoder.filled(count, &mut chunks);
//!     sent.extend_from_slice(encoder.ready());
//!     encoder.consumed(encoder.ready().len());
//! }
//! assert!(sent.starts_with(b"5;chunk-signature="));
//! assert_eq!(sent.len() as u64, layout.encoded_len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checksum;
mod encode;
mod keys;
mod layout;
mod sign;

pub use checksum::{Checksum, RunningChecksum};
pub use encode::ChunkEncoder;
pub use keys::ChunkKeys;
pub use layout::{Announcement, ChunkLayout, Chunks};
pub(super) use sign::Chain;
pub use sign::ChunkSigner;

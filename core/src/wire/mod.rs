//! Readers and writers for the formats that AWS endpoints and clients use: JSON, XML, HTTP/1.1, RFC
//! 3339 and HTTP dates, percent-encoding, URIs, shared configuration files, PEM and certificates. The module knows no service and
//! depends on no crate: `default-features = false` builds it alone.
//!
//! # Panic contract
//!
//! No function in this module panics, for any input and any buffer. None recurses, so the stack
//! each needs is fixed. None allocates. A reader that refuses its input reports the offset.
//!
//! # Whole or incremental
//!
//! | module | input |
//! |---|---|
//! | [`json`], [`xml`] | the whole document, token by token |
//! | [`ini`] | the whole file, line by line |
//! | [`http1::head_len`], [`http1::Body`] | the stream, split anywhere |
//! | [`http1::ResponseHead`], [`http1::RequestHead`] | the whole head, once `head_len` found its end |
//! | [`pem`] | the whole file, block by block |
//! | [`time`], [`percent`], [`uri`], [`base64`], [`x509`] | the whole text or certificate |
//!
//! # Example
//!
//! An HTTP response and one member of its JSON body:
//!
//! ```
//! use rolecall_core::wire::{http1, json};
//!
//! let bytes = b"HTTP/1.1 200 OK\r
//! Content-Length: 22\r
//! \r
//! {\"level\":7,\"unit\":\"m\"}";
//!
//! let end = http1::head_len(bytes, 0).expect("the head is complete");
//! let head = http1::ResponseHead::parse(&bytes[..end])?;
//! assert_eq!(head.status, 200);
//! assert_eq!(head.headers.get("content-length"), Some(&b"22"[..]));
//!
//! let body = &bytes[end..];
//! let unit = json::member(body, "unit")?.expect("there is a unit");
//! assert!(unit.is_str("m"));
//! # Ok::<(), rolecall_core::wire::Error>(())
//! ```

pub mod base64;
pub(crate) mod device;
mod error;
pub mod http1;
pub mod ini;
pub mod json;
pub mod pem;
pub mod percent;
mod put;
pub(crate) mod scan;
pub mod time;
pub mod uri;
pub(crate) mod words;
pub mod x509;
pub mod xml;

pub use error::{Error, Kind};
pub use put::{Ascii, BufferTooSmall, Count, Cursor, Put, decimal, long_decimal};

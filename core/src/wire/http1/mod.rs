//! HTTP/1.1 messages (RFC 9112): heads as slices of the received bytes, bodies piece by piece.
//!
//! Strict where others have been exploited: lines end with CRLF, header lines are not folded, a length is
//! stated once and unambiguously. HTTP/1.0 is supported, HTTP/0.9 is not.

mod body;
mod head;
mod write;

pub use body::{Advance, Body, Framing};
pub use head::{Headers, RequestHead, ResponseHead, head_len};
pub use write::{HeadWriter, InvalidHead, is_header_name, is_header_value, is_target};

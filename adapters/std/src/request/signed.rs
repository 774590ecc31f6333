//! Results of signing, and replies of services.

use std::fmt;

use rolecall_core::sigv4;
use rolecall_core::wire::{Count, Put};
use zeroize::Zeroize;

use crate::Error;
use crate::secret::Wiped;
use crate::sink::Sink;

/// The headers of a signed request. They include the session token, and are wiped when dropped.
pub struct Signed {
    /// Header lines, each ended by CRLF.
    lines: Wiped<String>,
}

impl Signed {
    /// The caller's header lines (`own`, with `Host`), and those of the signature.
    pub(super) fn new(own: &[(&str, &str)], signed: &sigv4::Signed<'_>) -> Self {
        let put = |out: &mut dyn Put| {
            for (name, value) in own {
                for part in [name, ": ", value, "\r\n"] {
                    out.put(part.as_bytes());
                }
            }
            signed.put_header_lines(out);
        };
        Self { lines: wiped(put) }
    }

    /// Every header line to send, `Host` and the request's own included.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.split_terminator("\r\n").filter_map(|line| line.split_once(": "))
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signed({} headers)", self.headers().count())
    }
}

/// A URL that carries its own authorization: any holder may use it until it expires. It is wiped when
/// dropped.
pub struct Presigned {
    url: Wiped<String>,
}

impl Presigned {
    pub(super) fn new(origin: &str, presigned: &sigv4::Presigned<'_>) -> Self {
        let put = |out: &mut dyn Put| {
            out.put(origin.as_bytes());
            presigned.put_target(out);
        };
        Self { url: wiped(put) }
    }

    /// What `put` writes.
    #[cfg(feature = "iot")]
    pub(crate) fn written(put: &dyn Fn(&mut dyn Put) -> Result<(), sigv4::SignError>) -> Result<Self, Error> {
        // An error occurs here, before any memory is allocated.
        put(&mut Count::default())?;
        Ok(Self { url: wiped(|out| put(out).unwrap_or_default()) })
    }

    /// The complete URL, with the signature in its query. It is a secret: any holder may use it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presigned({} bytes)", self.url.len())
    }
}

/// What is signed, session token included: compare it with what a service says it computed. It is wiped when
/// dropped.
pub struct Canonical {
    request: Wiped<String>,
    string_to_sign: Wiped<String>,
}

impl Canonical {
    pub(super) fn new(
        request: &dyn Fn(&mut dyn Put) -> Result<(), sigv4::SignError>,
        string_to_sign: &dyn Fn(&mut dyn Put) -> Result<(), sigv4::SignError>,
    ) -> Result<Self, Error> {
        // An error occurs here, before any memory is allocated.
        request(&mut Count::default())?;
        string_to_sign(&mut Count::default())?;
        Ok(Self {
            request: wiped(|out| request(out).unwrap_or_default()),
            string_to_sign: wiped(|out| string_to_sign(out).unwrap_or_default()),
        })
    }

    /// The canonical request, as in the documentation of Signature Version 4.
    pub fn request(&self) -> &str {
        &self.request
    }

    /// The string to sign, four lines.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }
}

impl fmt::Debug for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Canonical({} bytes)", self.request.len())
    }
}

/// The reply of a service.
#[derive(Clone)]
#[non_exhaustive]
pub struct Reply {
    /// The status code, 100 to 999.
    pub status: u16,
    /// The header lines whose values are text, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; empty if it was streamed.
    pub body: Vec<u8>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

/// The text that `put` writes, in memory that is wiped when dropped and never grows: it is counted first.
fn wiped(put: impl Fn(&mut dyn Put)) -> Wiped<String> {
    let mut len = Count::default();
    put(&mut len);
    let mut text = Wiped::new(Vec::with_capacity(len.0));
    put(&mut Sink(&mut text));
    let text = String::from_utf8(std::mem::take(&mut *text));
    Wiped(text.unwrap_or_else(|error| {
        let mut bytes = error.into_bytes();
        bytes.zeroize();
        String::new()
    }))
}

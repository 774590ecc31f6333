//! A URL, parsed once.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use rolecall_core::flow::Endpoint;
use rolecall_core::wire::uri::{Scheme, Uri};

use crate::Error;

/// A text that was parsed as a URL, and the positions of its parts.
#[derive(Clone)]
pub(super) struct Url {
    text: String,
    scheme: Scheme,
    port: u16,
    host: Range<usize>,
    authority: Range<usize>,
    path: Range<usize>,
    query: Option<Range<usize>>,
    target: Range<usize>,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let uri = Uri::parse(text).map_err(|error| Error::invalid("URL", &error.to_string()))?;
        // Each part is a slice of the text.
        let place = |part: &str| {
            let start = part.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
            start..start.wrapping_add(part.len())
        };
        Ok(Self {
            scheme: uri.scheme,
            port: uri.port,
            host: place(uri.host),
            authority: place(uri.authority),
            path: place(uri.path),
            query: uri.query.map(place),
            target: place(uri.target),
            text: text.to_owned(),
        })
    }

    /// The parts.
    pub(super) fn uri(&self) -> Uri<'_> {
        let part = |place: &Range<usize>| self.text.get(place.clone()).unwrap_or_default();
        Uri {
            scheme: self.scheme,
            host: part(&self.host),
            port: self.port,
            authority: part(&self.authority),
            path: part(&self.path),
            query: self.query.as_ref().map(part),
            target: part(&self.target),
        }
    }

    /// Scheme, host and port.
    pub(super) fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::at_origin_of(&self.uri())
    }

    /// Whether S3 stores the body of a PUT to it as an object or a part of one, and not as a setting.
    pub(super) fn is_of_object(&self) -> bool {
        let names = self.uri().query.unwrap_or_default().split('&').map(|pair| pair.split('=').next());
        names.flatten().all(|name| matches!(name, "" | "partNumber" | "uploadId" | "x-id"))
    }

    /// Scheme and authority.
    pub(super) fn origin(&self) -> String {
        let uri = self.uri();
        format!("{}://{}", uri.scheme.as_str(), uri.authority)
    }
}

/// Percent-encodes what a URL cannot hold (RFC 3986, section 2): `é` becomes `%C3%A9`, and `"` becomes `%22`.
pub(super) fn encoded(text: &str) -> Cow<'_, str> {
    let fits = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    };
    if text.bytes().all(fits) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if fits(byte) {
            written.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(written, "%{byte:02X}");
        }
    }
    Cow::Owned(written)
}

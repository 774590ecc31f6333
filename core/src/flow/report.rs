//! A peer's words about an error, made safe to show.

use core::fmt;

use heapless::string::{String, StringView};
use zeroize::Zeroize;

use crate::wire::Put;

use crate::flow::Slot;
use crate::flow::slot::Field;

/// The longest message kept, in bytes.
const MAX_MESSAGE: usize = 256;
/// This many bytes of a secret in a row would reveal it.
const TELLING: usize = 8;

/// A service's code, request id and message for the last error: printable ASCII, bounded, and without any
/// part of a secret that the flow holds.
#[derive(Debug, Clone, Default)]
pub struct Report {
    code: String<64>,
    request_id: String<64>,
    message: String<MAX_MESSAGE>,
}

impl Report {
    /// An empty report; it has room for 64 bytes of code, 64 of id and 256 of message.
    pub const fn new() -> Self {
        Self { code: String::new(), request_id: String::new(), message: String::new() }
    }

    /// The service's error code, such as `AccessDenied`, at most 64 bytes; empty if there is none.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The id by which the service's operators find the request; empty if there is none.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The service's message, at most 256 bytes; empty if there is none or if it was redacted because it held
    /// part of a secret.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the service said nothing.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty() && self.request_id.is_empty() && self.message.is_empty()
    }

    /// Empties the report, before another exchange.
    pub fn clear(&mut self) {
        self.texts().into_iter().for_each(wipe);
    }

    fn texts(&mut self) -> [&mut StringView; 3] {
        [&mut self.code, &mut self.request_id, &mut self.message]
    }

    /// Starts a new code, in place of the old one; the same for the others.
    pub(crate) fn new_code(&mut self) -> Shown<'_> {
        Shown::in_place_of(&mut self.code)
    }

    pub(crate) fn new_request_id(&mut self) -> Shown<'_> {
        Shown::in_place_of(&mut self.request_id)
    }

    pub(crate) fn new_message(&mut self) -> Shown<'_> {
        Shown::in_place_of(&mut self.message)
    }

    /// Redacts every text that holds part of a secret of `slots`.
    pub(crate) fn redact_all(&mut self, slots: &[Slot<'_>]) {
        for slot in slots {
            // A secret that did not fit cannot be compared.
            if slot.overflows() {
                return self.clear();
            }
            for field in [Field::SecretAccessKey, Field::SessionToken] {
                self.redact(slot.text(field).unwrap_or_default());
            }
        }
    }

    /// Redacts every text that holds eight bytes in a row of `secret`, or all of a shorter one. For sources of the
    /// caller's, with each secret that a request had and no slot holds.
    ///
    /// ```
    /// use rolecall_core::call::read_json_error;
    /// use rolecall_core::flow::Report;
    /// let mut report = Report::new();
    /// read_json_error(br#"{"message":"key k-1-c2VjcmV0 is unknown","code":"Denied"}"#, "", &mut report)?;
    /// report.redact("k-1-c2VjcmV0");
    /// assert_eq!((report.code(), report.message()), ("Denied", ""));
    /// # Ok::<(), rolecall_core::wire::Error>(())
    /// ```
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn redact(&mut self, secret: &str) {
        // A header's value loses the white space around it: a service that quotes it has it without.
        let secret = secret.trim_ascii();
        self.texts().into_iter().filter(|text| shows(text, secret)).for_each(wipe);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.code.is_empty() { "no code" } else { &self.code })?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if !self.request_id.is_empty() {
            write!(f, " (request id {})", self.request_id)?;
        }
        Ok(())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Report {
    fn format(&self, f: defmt::Formatter<'_>) {
        let (code, message) = (self.code(), self.message());
        defmt::write!(f, "{=str}: {=str} (request id {=str})", code, message, self.request_id());
    }
}

/// A text of a report that is being written: everything but printable ASCII becomes a space, and the part
/// that does not fit is cut off.
pub(crate) struct Shown<'r> {
    text: &'r mut StringView,
    each_byte: bool,
}

impl<'r> Shown<'r> {
    fn in_place_of(text: &'r mut StringView) -> Self {
        wipe(text);
        Self { text, each_byte: false }
    }

    /// One space for each byte of a character outside ASCII, not for each character.
    pub(crate) fn bytes(self) -> Self {
        Self { each_byte: true, ..self }
    }

    /// Drops what was written.
    pub(crate) fn clear(&mut self) {
        wipe(self.text);
    }
}

impl Put for Shown<'_> {
    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let goes_on = byte & 0xc0 == 0x80;
            if self.each_byte || !goes_on {
                let _ = self.text.push(if byte.is_ascii_graphic() { char::from(*byte) } else { ' ' });
            }
        }
    }
}

/// Wipes a text, which may hold part of a secret.
#[cfg_attr(target_os = "none", inline(never))]
fn wipe(text: &mut StringView) {
    text.as_mut_str().zeroize();
    text.clear();
}

/// Whether `text` holds eight bytes in a row of `secret`, or all of a shorter one.
fn shows(text: &str, secret: &str) -> bool {
    let len = secret.len().min(TELLING);
    len > 0
        && secret
            .as_bytes()
            .windows(len)
            .any(|part| text.as_bytes().windows(len).any(|window| window == part))
}

//! What a peer said about an error, made safe to show.

use core::fmt;

use heapless::string::{String, StringView};

use super::Slot;
use super::slot::Field;

/// The longest message kept, in bytes.
const MAX_MESSAGE: usize = 256;
/// As many bytes of a secret in a row give it away.
const TELLING: usize = 8;

/// A service's code, request id and message for the last error: printable ASCII, bounded, and
/// without any part of a secret that the flow holds.
#[derive(Debug, Clone, Default)]
pub struct Report {
    code: String<64>,
    request_id: String<64>,
    message: String<MAX_MESSAGE>,
}

impl Report {
    /// Nothing said.
    pub const fn new() -> Self {
        Self { code: String::new(), request_id: String::new(), message: String::new() }
    }

    /// The service's error code, `AccessDenied` say; empty if it gave none.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The id by which the service's operators find the request; empty if it gave none.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The service's message, at most 256 bytes; empty if it gave none or if it was withheld
    /// because it held part of a secret.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the service said anything.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty() && self.request_id.is_empty() && self.message.is_empty()
    }

    /// Forgets it.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    pub(crate) fn set_code(&mut self, mut chars: impl Iterator<Item = char>) {
        fill(&mut self.code, &mut chars);
    }

    pub(crate) fn set_request_id(&mut self, mut chars: impl Iterator<Item = char>) {
        fill(&mut self.request_id, &mut chars);
    }

    pub(crate) fn set_message(&mut self, mut chars: impl Iterator<Item = char>) {
        fill(&mut self.message, &mut chars);
    }

    /// Drops every text that holds part of a secret: of `slots`, or of `others`.
    pub(crate) fn withhold(&mut self, slots: &[Slot<'_>], others: &[&str]) {
        let of_slots = slots.iter().flat_map(|slot| {
            [Field::SecretAccessKey, Field::SessionToken].into_iter().filter_map(|field| slot.text(field))
        });
        for secret in of_slots.chain(others.iter().copied()) {
            let texts: [&mut StringView; 3] = [&mut self.message, &mut self.code, &mut self.request_id];
            for text in texts {
                if shows(text, secret) {
                    text.clear();
                }
            }
        }
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

/// Fills `text`, everything but printable ASCII replaced by a blank, cut where it is full.
fn fill(text: &mut StringView, chars: &mut dyn Iterator<Item = char>) {
    text.clear();
    for char in chars {
        let char = if char == ' ' || char.is_ascii_graphic() { char } else { ' ' };
        if text.push(char).is_err() {
            break;
        }
    }
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

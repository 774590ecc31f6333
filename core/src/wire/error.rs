//! The error of every reader.

use core::fmt;

/// Input that a reader refuses, with the offset of the first byte that it could not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Error {
    /// Offset into the input, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub kind: Kind,
}

/// What is wrong with an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// What carries it is copied word by word.
#[repr(u32)]
pub enum Kind {
    /// The input ends too early.
    UnexpectedEnd,
    /// A byte that the grammar does not allow here.
    UnexpectedByte,
    /// Data after the end of the document.
    TrailingData,
    /// A control character in text.
    ControlCharacter,
    /// Text that is not UTF-8.
    NotUtf8,
    /// An escape or a character reference that does not represent a character.
    BadEscape,
    /// A number that is out of range or malformed.
    BadNumber,
    /// Nesting beyond the reader's fixed depth.
    TooDeep,
    /// A close tag that does not match the open one.
    Mismatch,
    /// XML with a document type, which this reader refuses by design.
    Doctype,
    /// A protocol version that this reader does not support.
    Version,
    /// Two lengths of a message that differ, or a length beside a transfer coding.
    AmbiguousLength,
    /// A line or section longer than its limit.
    TooLong,
    /// A date or time out of range.
    OutOfRange,
    /// A section's name without its closing bracket.
    UnclosedSection,
    /// A property before any section.
    MissingSection,
    /// A continuation line without a property above it.
    MissingProperty,
    /// A property without a name.
    MissingName,
    /// A property without an equals sign.
    MissingEquals,
}

impl Error {
    pub(crate) const fn new(offset: usize, kind: Kind) -> Self {
        Self { offset, kind }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::UnexpectedEnd => "input ends too early",
            Kind::UnexpectedByte => "unexpected byte",
            Kind::TrailingData => "data after the end",
            Kind::ControlCharacter => "control character",
            Kind::NotUtf8 => "not UTF-8",
            Kind::BadEscape => "bad escape",
            Kind::BadNumber => "bad number",
            Kind::TooDeep => "nested too deeply",
            Kind::Mismatch => "close tag does not match",
            Kind::Doctype => "document type refused",
            Kind::Version => "unsupported version",
            Kind::AmbiguousLength => "ambiguous message length",
            Kind::TooLong => "line or section too long",
            Kind::OutOfRange => "date or time out of range",
            Kind::UnclosedSection => "section without its closing bracket",
            Kind::MissingSection => "property before any section",
            Kind::MissingProperty => "continuation line without a property above it",
            Kind::MissingName => "property without a name",
            Kind::MissingEquals => "property without an equals sign",
        };
        write!(f, "{what} at byte {}", self.offset)
    }
}

impl core::error::Error for Error {}

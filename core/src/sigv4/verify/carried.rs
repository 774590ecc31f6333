//! Where a request carries the parts of its signature: in a header or in the query, each once.

use heapless::Vec;

use crate::wire::percent;

use super::super::key::ALGORITHM;
use super::super::query::Parameter;
use super::error::{Part, VerifyError};

/// A value of a header, or of a parameter as it is in the query.
#[derive(Clone, Copy)]
pub(super) struct Value<'r> {
    pub(super) raw: &'r [u8],
    encoded: bool,
}

impl Value<'_> {
    /// Copies the decoded value.
    pub(super) fn text<const N: usize>(self, part: Part) -> Result<Vec<u8, N>, VerifyError> {
        let mut text = Vec::new();
        self.bytes().try_for_each(|byte| text.push(byte)).map_err(|_| VerifyError::TooLong(part))?;
        Ok(text)
    }

    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> {
        let (encoded, plain) = if self.encoded { (self.raw, &[][..]) } else { (&[][..], self.raw) };
        percent::decode(encoded).chain(plain.iter().copied())
    }
}

/// The parts of a signature where they are carried, each once.
#[derive(Default)]
pub(super) struct Carried<'r> {
    pub(super) credential: Option<Value<'r>>,
    pub(super) signed: Option<Value<'r>>,
    pub(super) signature: Option<Value<'r>>,
    pub(super) date: Option<Value<'r>>,
    pub(super) expires: Option<Value<'r>>,
    pub(super) token: Option<Value<'r>>,
    pub(super) algorithm: Option<Value<'r>>,
}

/// Sets a part, unless it is there already.
pub(super) fn once<'r>(
    slot: &mut Option<Value<'r>>,
    raw: &'r [u8],
    encoded: bool,
    part: Part,
) -> Result<(), VerifyError> {
    match slot.replace(Value { raw, encoded }) {
        Some(_) => Err(VerifyError::Repeated(part)),
        None => Ok(()),
    }
}

impl<'r> Carried<'r> {
    /// Reads the parameters of a presigned URL.
    pub(super) fn of_query(query: &'r str) -> Result<Self, VerifyError> {
        let mut carried = Self::default();
        for parameter in query.as_bytes().split(|byte| *byte == b'&') {
            let name = parameter.split(|byte| *byte == b'=').next().unwrap_or_default();
            let value = parameter.get(name.len().wrapping_add(1)..).unwrap_or_default();
            let Some((own, exact)) = Parameter::named(name) else { continue };
            let (slot, part) = match own {
                // Of another algorithm; here it is one of the request's own.
                #[cfg(feature = "sigv4a")]
                Parameter::RegionSet => continue,
                Parameter::Algorithm => (&mut carried.algorithm, Part::Algorithm),
                Parameter::Credential => (&mut carried.credential, Part::Credential),
                Parameter::Date => (&mut carried.date, Part::Date),
                Parameter::Expires => (&mut carried.expires, Part::Expires),
                Parameter::SecurityToken | Parameter::S3SessionToken => {
                    (&mut carried.token, Part::SecurityToken)
                }
                Parameter::Signature => (&mut carried.signature, Part::Signature),
                Parameter::SignedHeaders => (&mut carried.signed, Part::SignedHeaders),
            };
            // Another spelling might be read by what is behind, and is not by this.
            if !exact {
                return Err(VerifyError::Malformed(part));
            }
            once(slot, value, true, part)?;
        }
        Ok(carried)
    }

    pub(super) fn is_signed(&self) -> bool {
        [self.credential, self.signature, self.signed, self.algorithm].iter().any(Option::is_some)
    }

    /// Reads the value of an `Authorization` header.
    pub(super) fn of_header(value: &'r [u8]) -> Result<Self, VerifyError> {
        let malformed = VerifyError::Malformed(Part::Authorization);
        let space = value.iter().position(|byte| *byte == b' ').ok_or(malformed)?;
        let (algorithm, rest) = value.split_at_checked(space).ok_or(malformed)?;
        let mut carried =
            Self { algorithm: Some(Value { raw: algorithm, encoded: false }), ..Self::default() };
        for part in rest.split(|byte| *byte == b',') {
            let part = part.trim_ascii();
            if let Some(value) = part.strip_prefix(b"Credential=") {
                once(&mut carried.credential, value, false, Part::Credential)?;
            } else if let Some(value) = part.strip_prefix(b"SignedHeaders=") {
                once(&mut carried.signed, value, false, Part::SignedHeaders)?;
            } else if let Some(value) = part.strip_prefix(b"Signature=") {
                once(&mut carried.signature, value, false, Part::Signature)?;
            } else {
                // Of another algorithm, it may have other parts.
                carried.has_algorithm()?;
                return Err(malformed);
            }
        }
        Ok(carried)
    }

    pub(super) fn has_algorithm(&self) -> Result<(), VerifyError> {
        let algorithm = self.algorithm.ok_or(VerifyError::Missing(Part::Algorithm))?;
        if algorithm.bytes().eq(ALGORITHM.iter().copied()) { Ok(()) } else { Err(VerifyError::Algorithm) }
    }
}

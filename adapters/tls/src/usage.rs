//! The key usages of certificates (RFC 5280, section 4.2.1.3), which webpki does not read.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

/// A bit of the extension.
pub(crate) type Usage = u8;

/// A server has to have this one for TLS 1.3 (RFC 8446, section 4.4.2.2).
pub(crate) const DIGITAL_SIGNATURE: Usage = 0x80;
/// An issuer has to have this one.
pub(crate) const KEY_CERT_SIGN: Usage = 0x04;

/// The identifier of the extension, in DER.
const KEY_USAGE: [u8; 5] = [6, 3, 0x55, 0x1d, 15];

/// Whether a certificate has no such extension, or one with this usage; not if it cannot be read.
pub(crate) fn allows(certificate: &[u8], usage: Usage) -> bool {
    key_usage(certificate).is_ok_and(|found| found.is_none_or(|bits| bits & usage != 0))
}

/// The first byte of the extension's bits.
fn key_usage(certificate: &[u8]) -> der::Result<Option<u8>> {
    let certificate = AnyRef::from_der(certificate)?;
    let content = find(certificate.value(), |_| true)?;
    let tag = Tag::ContextSpecific { constructed: true, number: TagNumber(3) };
    let Some(tagged) = find_in(content, |part| part.tag() == tag)? else { return Ok(None) };
    let extensions = AnyRef::from_der(tagged.value())?;
    let found = find(extensions.value(), |extension| extension.value().starts_with(&KEY_USAGE))?;
    let Some(value) = find_in(found, |part| part.tag() == Tag::OctetString)? else { return Ok(None) };
    let bits = BitStringRef::from_der(value.value())?;
    Ok(Some(bits.raw_bytes().first().copied().unwrap_or(0)))
}

/// The first of the parts of `content` that `is` it.
fn find<'a>(content: &'a [u8], is: impl Fn(&AnyRef<'a>) -> bool) -> der::Result<Option<AnyRef<'a>>> {
    let mut reader = SliceReader::new(content)?;
    while !reader.is_finished() {
        let part = AnyRef::decode(&mut reader)?;
        if is(&part) {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

fn find_in<'a>(
    whole: Option<AnyRef<'a>>,
    is: impl Fn(&AnyRef<'a>) -> bool,
) -> der::Result<Option<AnyRef<'a>>> {
    whole.map_or(Ok(None), |whole| find(whole.value(), is))
}

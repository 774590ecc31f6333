//! The parts of an X.509 certificate that its holder needs (RFC 5280): serial number, validity, and the kind of its key.
//! It verifies nothing: that is a TLS library's task.

use core::fmt;

use super::put::big_decimal;
use super::scan::Scan;
use super::time::UnixTime;
use super::{Error, Kind, Put};

/// A certificate in DER.
///
/// ```
/// use rolecall_core::wire::x509::{Certificate, KeyKind};
/// # fn serial(der: &[u8]) -> Result<(), rolecall_core::wire::Error> {
/// let certificate = Certificate::parse(der)?;
/// if certificate.key == KeyKind::P256 {
///     println!("valid until {}", certificate.not_after.rfc3339());
/// }
/// # Ok(())
/// # }
/// # assert!(serial(b"0").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate<'a> {
    /// The serial number: big endian, 1 to 20 bytes, without zeroes in front.
    pub serial: &'a [u8],
    /// When it becomes valid.
    pub not_before: UnixTime,
    /// The last second in which it is valid.
    pub not_after: UnixTime,
    /// The kind of its key.
    pub key: KeyKind,
    /// The public key: the content of the bit string of SubjectPublicKeyInfo.
    pub public_key: &'a [u8],
}

/// The kinds of keys that certificates are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum KeyKind {
    /// An elliptic curve key on P-256 (secp256r1).
    P256,
    /// An elliptic curve key on P-384 (secp384r1).
    P384,
    /// An RSA key.
    Rsa,
    /// Another key.
    Other,
}

/// The signature schemes of keys: algorithm and hash (RFC 8446, section 4.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Scheme {
    /// ECDSA on P-256 with SHA-256; the signature is in DER.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-256, as IAM Roles Anywhere takes it; the signature is in DER.
    EcdsaP384Sha256,
    /// ECDSA on P-384 with SHA-384; the signature is in DER.
    EcdsaP384Sha384,
    /// RSA PKCS#1 version 1.5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSA PKCS#1 version 1.5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSA PKCS#1 version 1.5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSA PSS with SHA-256, whose salt is as long as the hash.
    RsaPssSha256,
    /// RSA PSS with SHA-384, whose salt is as long as the hash.
    RsaPssSha384,
    /// RSA PSS with SHA-512, whose salt is as long as the hash.
    RsaPssSha512,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256Sha256 => "ECDSA P-256 with SHA-256",
            Self::EcdsaP384Sha256 => "ECDSA P-384 with SHA-256",
            Self::EcdsaP384Sha384 => "ECDSA P-384 with SHA-384",
            Self::RsaPkcs1Sha256 => "RSA PKCS#1 with SHA-256",
            Self::RsaPkcs1Sha384 => "RSA PKCS#1 with SHA-384",
            Self::RsaPkcs1Sha512 => "RSA PKCS#1 with SHA-512",
            Self::RsaPssSha256 => "RSA PSS with SHA-256",
            Self::RsaPssSha384 => "RSA PSS with SHA-384",
            Self::RsaPssSha512 => "RSA PSS with SHA-512",
        })
    }
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const SECP256R1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const SECP384R1: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

impl<'a> Certificate<'a> {
    /// Parses the certificate that `der` consists of.
    ///
    /// # Errors
    /// `UnexpectedEnd`, `UnexpectedByte`, `TooLong`, `OutOfRange` or `TrailingData`, with an offset into `der`.
    pub fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let whole = Element::only(der)?.tagged(SEQUENCE)?;
        let mut outer = whole.content();
        let mut fields = outer.next(SEQUENCE)?.content();
        if fields.scan.peek() == Some(VERSION) {
            fields.next(VERSION)?;
        }
        let serial = fields.next(INTEGER)?.positive(20)?;
        // The signature's algorithm, and the issuer.
        fields.next(SEQUENCE)?;
        fields.next(SEQUENCE)?;
        let mut validity = fields.next(SEQUENCE)?.content();
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        // The subject.
        fields.next(SEQUENCE)?;
        let mut info = fields.next(SEQUENCE)?.content();
        let mut algorithm = info.next(SEQUENCE)?.content();
        let name = algorithm.next(OID)?.bytes;
        // A curve may be written out, which no service accepts.
        let named = name == EC_PUBLIC_KEY && algorithm.scan.peek() == Some(OID);
        let curve = if named { algorithm.next(OID)?.bytes } else { &[] };
        let key = match (name, curve) {
            (EC_PUBLIC_KEY, SECP256R1) => KeyKind::P256,
            (EC_PUBLIC_KEY, SECP384R1) => KeyKind::P384,
            (RSA_ENCRYPTION, _) => KeyKind::Rsa,
            _ => KeyKind::Other,
        };
        let bits = info.next(BIT_STRING)?;
        // Without the count of unused bits, which is 0 for a key.
        let public_key =
            bits.bytes.strip_prefix(&[0]).ok_or(Error::new(bits.offset, Kind::UnexpectedByte))?;
        Ok(Self { serial, not_before, not_after, key, public_key })
    }

    /// Writes the serial number in decimal digits.
    pub fn put_serial(&self, out: &mut (impl Put + ?Sized)) {
        // 20 bytes have 49 digits.
        big_decimal(self.serial, &mut [0; 49], out);
    }
}

/// The two numbers of an ECDSA signature on P-256 in DER, 32 bytes each: the form that JSON Web Signatures have (RFC 7518,
/// section 3.4).
#[cfg(feature = "sources")]
pub(crate) fn p256_numbers(signature: &[u8]) -> Result<[[u8; 32]; 2], Error> {
    let whole = Element::only(signature)?.tagged(SEQUENCE)?;
    let mut numbers = whole.content();
    let mut fixed = [[0; 32]; 2];
    for half in &mut fixed {
        let number = numbers.next(INTEGER)?.positive(32)?;
        // As long as both are, from the last byte on.
        for (to, from) in half.iter_mut().rev().zip(number.iter().rev()) {
            *to = *from;
        }
    }
    if numbers.scan.rest().is_empty() { Ok(fixed) } else { Err(numbers.error(Kind::TrailingData)) }
}

/// An element of DER: tag and content.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    bytes: &'a [u8],
    /// Where its content starts in the document.
    offset: usize,
}

/// The elements inside of another.
struct Elements<'a> {
    scan: Scan<'a>,
    /// Where they start in the document.
    base: usize,
}

impl<'a> Element<'a> {
    /// The element that `der` consists of.
    fn only(der: &'a [u8]) -> Result<Self, Error> {
        let mut elements = Elements { scan: Scan::new(der), base: 0 };
        let element = elements.read()?;
        let trailing = elements.error(Kind::TrailingData);
        if elements.scan.rest().is_empty() { Ok(element) } else { Err(trailing) }
    }

    fn tagged(self, tag: u8) -> Result<Self, Error> {
        if self.tag == tag { Ok(self) } else { Err(Error::new(self.offset, Kind::UnexpectedByte)) }
    }

    fn content(&self) -> Elements<'a> {
        Elements { scan: Scan::new(self.bytes), base: self.offset }
    }

    /// A positive number of at most `most` bytes, without zeroes in front.
    fn positive(&self, most: usize) -> Result<&'a [u8], Error> {
        let negative = self.bytes.first().is_none_or(|first| *first > 0x7f);
        let zeroes = self.bytes.iter().take_while(|byte| **byte == 0).count();
        let number = self.bytes.get(zeroes..).unwrap_or_default();
        if number.len() > most {
            return Err(Error::new(self.offset, Kind::TooLong));
        }
        if negative || number.is_empty() {
            return Err(Error::new(self.offset, Kind::BadNumber));
        }
        Ok(number)
    }
}

impl<'a> Elements<'a> {
    fn error(&self, kind: Kind) -> Error {
        Error::new(self.base.wrapping_add(self.scan.offset()), kind)
    }

    /// The next element, which has this tag.
    fn next(&mut self, tag: u8) -> Result<Element<'a>, Error> {
        let refused = self.error(Kind::UnexpectedByte);
        let element = self.read()?;
        if element.tag == tag { Ok(element) } else { Err(refused) }
    }

    /// The next element, of any tag below 31.
    fn read(&mut self) -> Result<Element<'a>, Error> {
        let end = self.error(Kind::UnexpectedEnd);
        let (Some(tag), Some(first)) = (self.scan.next(), self.scan.next()) else { return Err(end) };
        if tag & 0x1f == 0x1f {
            return Err(Error::new(end.offset, Kind::UnexpectedByte));
        }
        let len = match first {
            0..0x80 => usize::from(first),
            // In three bytes at most: no certificate has 16 MiB.
            0x81..=0x83 => {
                let mut len = 0usize;
                for _ in 0x80..first {
                    let byte = self.scan.next().ok_or(end)?;
                    len = len << 8 | usize::from(byte);
                }
                // The shortest form alone is DER.
                let shorter = 1usize << 8u32.wrapping_mul(u32::from(first).wrapping_sub(0x81));
                if len < shorter.max(0x80) {
                    return Err(Error::new(end.offset, Kind::UnexpectedByte));
                }
                len
            }
            0x80 => return Err(Error::new(end.offset, Kind::UnexpectedByte)),
            _ => return Err(Error::new(end.offset, Kind::TooLong)),
        };
        let offset = self.base.wrapping_add(self.scan.offset());
        if self.scan.rest().len() < len {
            return Err(Error::new(offset, Kind::UnexpectedEnd));
        }
        Ok(Element { tag, bytes: self.scan.skip(len), offset })
    }

    /// A time: two digits of the year (1950 to 2049) or four, to the second, and `Z`.
    fn time(&mut self) -> Result<UnixTime, Error> {
        let element = self.read()?;
        let refused = |kind| Error::new(element.offset, kind);
        let century: &[u8] = match (element.tag, element.bytes.first()) {
            (GENERALIZED_TIME, _) => b"",
            (UTC_TIME, Some(b'5'..=b'9')) => b"19",
            (UTC_TIME, _) => b"20",
            _ => return Err(refused(Kind::UnexpectedByte)),
        };
        // As the compact form of SigV4: `20150830T123600Z`.
        let (mut text, mut len) = ([0u8; 16], 0usize);
        let digits = century.iter().chain(element.bytes);
        let day = digits.clone().take(8);
        for (to, from) in text.iter_mut().zip(day.chain(b"T").chain(digits.clone().skip(8))) {
            *to = *from;
            len = len.wrapping_add(1);
        }
        if len < text.len() || digits.count() != 15 {
            return Err(refused(Kind::OutOfRange));
        }
        // What was valid before 1970 is valid at its start: another leap year serves to check the rest.
        let [year @ .., _, _, _, _, _, _, _, _, _, _, _, _] = &mut text;
        let early = year.iter().all(u8::is_ascii_digit) && *year < *b"1970";
        if early {
            *year = *b"1972";
        }
        let time = UnixTime::from_compact(&text).map_err(|error| refused(error.kind))?;
        Ok(if early { UnixTime::EPOCH } else { time })
    }
}

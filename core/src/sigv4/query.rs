//! The canonical query: the parameters in the order of their encodings.

use core::cmp::Ordering;

use crate::wire::Put;
use crate::wire::device::ON_DEVICE;
use crate::wire::percent::{self, Keep};
use crate::wire::words::{self, Stops};

use super::SignError;
use super::order::sink_last;

/// Query parameters that are sorted without memory of the caller's, at most.
const MAX_PARAMETERS: usize = 64;

/// A parameter that presigning adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Algorithm,
    Credential,
    Date,
    Expires,
    #[cfg(feature = "sigv4a")]
    RegionSet,
    S3SessionToken,
    SecurityToken,
    Signature,
    SignedHeaders,
}

impl Parameter {
    /// All, in the order of their names.
    const ALL: &'static [Self] = &[
        Self::Algorithm,
        Self::Credential,
        Self::Date,
        Self::Expires,
        #[cfg(feature = "sigv4a")]
        Self::RegionSet,
        Self::S3SessionToken,
        Self::SecurityToken,
        Self::Signature,
        Self::SignedHeaders,
    ];

    /// The parameter whose encoded name is `name` in any case, and whether it is in this one.
    pub(super) fn named(name: &[u8]) -> Option<(Self, bool)> {
        let same = |own: &Self| percent::decode(name).map(lower).eq(own.name().bytes().map(lower));
        let own = *Self::ALL.iter().find(|own| same(own))?;
        Some((own, percent::decode(name).eq(own.name().bytes())))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Algorithm => "X-Amz-Algorithm",
            Self::Credential => "X-Amz-Credential",
            Self::Date => "X-Amz-Date",
            Self::Expires => "X-Amz-Expires",
            #[cfg(feature = "sigv4a")]
            Self::RegionSet => "X-Amz-Region-Set",
            Self::S3SessionToken => "X-Amz-S3session-Token",
            Self::SecurityToken => "X-Amz-Security-Token",
            Self::Signature => "X-Amz-Signature",
            Self::SignedHeaders => "X-Amz-SignedHeaders",
        }
    }
}

fn lower(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}

/// The parameters that a signer adds to the request's own.
pub(super) trait Added {
    /// Those that are signed, in the order of their names.
    fn parameters(&self) -> &'static [Parameter];

    /// Writes the value of one, not encoded.
    fn put_value(&self, parameter: Parameter, out: &mut dyn Put);

    /// Whether the request's own parameter at the front of `_text` is not signed.
    fn leaves_out(&self, _text: &[u8]) -> bool {
        false
    }
}

/// None, where headers carry the signature.
impl Added for () {
    fn parameters(&self) -> &'static [Parameter] {
        &[]
    }

    fn put_value(&self, _: Parameter, _: &mut dyn Put) {}
}

/// Writes the parameters of the query `text`, at the offsets `sorted` unless it is empty, and those that are added. Not inlined on a device, so that its table is off the
/// stack when the headers are hashed.
#[cfg_attr(target_os = "none", inline(never))]
pub(super) fn put_query(
    text: &str,
    sorted: &[u16],
    added: &impl Added,
    out: &mut (impl Put + ?Sized),
) -> Result<(), SignError> {
    let text = text.as_bytes();
    let mut table = [0; MAX_PARAMETERS];
    let sorted = if sorted.is_empty() { sort(text, &mut table)? } else { sorted };
    put_sorted(text, sorted, added, out)
}

/// Finds the parameters of `text`, and writes the offset of each into `table` in their order. Empty ones (`a&&b`)
/// are left out, as services do.
// Not inlined, so that what compares is off the stack when the parameters are hashed.
#[inline(never)]
pub(super) fn sort<'t>(text: &[u8], table: &'t mut [u16]) -> Result<&'t [u16], SignError> {
    let (mut start, mut count) = (0usize, 0usize);
    while let Some(rest) = text.get(start..)
        && !rest.is_empty()
    {
        let (at, len) = (start, words::before(rest, b'&'));
        start = start.wrapping_add(len).wrapping_add(1);
        if len == 0 {
            continue;
        }
        *table.get_mut(count).ok_or(SignError::TooManyParameters)? = at as u16;
        count = count.wrapping_add(1);
        let found = table.get_mut(..count).unwrap_or_default();
        sink_last(found, |a, b| compare_parameters(from(text, *a), from(text, *b)));
    }
    Ok(table.get(..count).unwrap_or_default())
}

/// Writes the parameters at the offsets `sorted`, and those that are added.
fn put_sorted(
    text: &[u8],
    sorted: &[u16],
    added: &impl Added,
    out: &mut (impl Put + ?Sized),
) -> Result<(), SignError> {
    let mut separator: &[u8] = b"";
    let mut own = added.parameters();
    for parameter in sorted {
        let parameter = from(text, *parameter);
        if added.leaves_out(parameter) {
            continue;
        }
        if !added.parameters().is_empty() && matches!(Parameter::named(name(parameter)), Some((_, true))) {
            return Err(SignError::AlreadySigned);
        }
        while let [first, tail @ ..] = own
            && compare_parameters(first.name().as_bytes(), parameter) == Ordering::Less
        {
            put_added(&mut separator, added, *first, out);
            own = tail;
        }
        out.put(separator);
        separator = b"&";
        let rest = percent::canonical_until(parameter, Keep::Unreserved, b"=&", out);
        out.put(b"=");
        if let [b'=', value @ ..] = rest {
            percent::canonical_until(value, Keep::Unreserved, b"&", out);
        }
    }
    for parameter in own {
        put_added(&mut separator, added, *parameter, out);
    }
    Ok(())
}

/// Writes a parameter that is added, after the separator.
pub(super) fn put_added(
    separator: &mut &[u8],
    added: &impl Added,
    parameter: Parameter,
    mut out: &mut (impl Put + ?Sized),
) {
    out.put(separator);
    *separator = b"&";
    out.put(parameter.name().as_bytes());
    out.put(b"=");
    match parameter {
        // Letters, digits and hyphens.
        Parameter::Algorithm | Parameter::Date | Parameter::Expires | Parameter::Signature if !ON_DEVICE => {
            added.put_value(parameter, &mut out);
        }
        _ => added.put_value(parameter, &mut Encoded(out)),
    }
}

/// Encodes what is written to it.
struct Encoded<'o, P: ?Sized>(&'o mut P);

impl<P: Put + ?Sized> Put for Encoded<'_, P> {
    fn put(&mut self, bytes: &[u8]) {
        percent::encode(bytes, Keep::Unreserved, self.0);
    }
}

fn from(text: &[u8], start: u16) -> &[u8] {
    text.get(usize::from(start)..).unwrap_or_default()
}

/// The name of the parameter at the front of `text`, as written.
pub(super) fn name(text: &[u8]) -> &[u8] {
    text.get(..Stops(*b"\0=&").front(text)).unwrap_or_default()
}

/// Orders the parameters at the front of two texts as the canonical encodings of their names, then
/// of their values.
fn compare_parameters(a: &[u8], b: &[u8]) -> Ordering {
    // Most differ in an unreserved byte, before the end of either and outside of an escape.
    if !ON_DEVICE {
        let plain = |byte: &u8| Keep::Unreserved.keeps(*byte);
        let same = words::common(a, b);
        if let (Some(last), Some(other)) =
            (a.get(same).filter(|a| plain(a)), b.get(same).filter(|b| plain(b)))
            && a.get(..same).is_some_and(|front| Stops(*b"\0%&").front(front) == same)
        {
            return last.cmp(other);
        }
    }
    Ranks(a, false).cmp(Ranks(b, false))
}

/// The parameter at the front of a text as numbers in the order of its canonical encoding, one for each
/// decoded byte: encoded bytes come before others, and the separator of name and value before both. With it,
/// whether the name has ended.
struct Ranks<'a>(&'a [u8], bool);

impl Iterator for Ranks<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        match self.0 {
            [] | [b'&', ..] => None,
            [b'=', rest @ ..] if !self.1 => {
                *self = Self(rest, true);
                Some(0)
            }
            text => {
                let mut bytes = percent::decode(text);
                let byte = bytes.next()?;
                self.0 = bytes.rest();
                let first = if Keep::Unreserved.keeps(byte) { 0x101 } else { 1 };
                Some(u16::from(byte).wrapping_add(first))
            }
        }
    }
}

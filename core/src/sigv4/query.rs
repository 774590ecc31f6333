//! The canonical query: the parameters in the order of their encodings.

use core::cmp::Ordering;

use crate::wire::Put;
use crate::wire::device::ON_DEVICE;
use crate::wire::percent::{self, Keep};

use super::request::{Parts, sink_last};
use super::{Request, SignError};

/// Query parameters that are sorted without memory of the caller's, at most.
const MAX_PARAMETERS: usize = 64;

/// Parameters that presigning adds, the token only if there is one.
const PRESIGNING: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// What the signer adds to the request's own header lines or parameters, sorted by name; entries without a
/// value are left out.
pub(super) type Extra<'a, const N: usize> = [(&'static str, &'a [u8]); N];

impl<'a, const H: usize> Request<'a, H> {
    /// Sorts the query's parameters in `table`, which has room for one in each element: for a query of more than 64.
    /// Without this call they are sorted when the request is signed, in 128 bytes of stack.
    ///
    /// ```
    /// # use rolecall_core::sigv4::{Payload, Request};
    /// let target = format!("/?{}", "key=value&".repeat(1_000));
    /// let mut table = vec![0; 1_000];
    /// let mut request = Request::new("GET", &target, Payload::Bytes(b""))?;
    /// request.sort_parameters_in(&mut table)?;
    /// # Ok::<(), rolecall_core::sigv4::SignError>(())
    /// ```
    ///
    /// # Errors
    /// [`SignError::TooManyParameters`].
    pub fn sort_parameters_in(&mut self, table: &'a mut [u16]) -> Result<(), SignError> {
        self.parts.sorted = sort(self.parts.query.as_bytes(), table)?;
        Ok(())
    }
}

/// Writes the parameters of the query and those that are added, whose values are written as they are. Not inlined on a
/// device, so that its table is off the stack when the headers are hashed.
#[cfg_attr(target_os = "none", inline(never))]
pub(super) fn put_query<const M: usize>(
    parts: &Parts<'_>,
    added: Extra<'_, M>,
    out: &mut (impl Put + ?Sized),
) -> Result<(), SignError> {
    let text = parts.query.as_bytes();
    let mut table = [0; MAX_PARAMETERS];
    let sorted = if parts.sorted.is_empty() { sort(text, &mut table)? } else { parts.sorted };
    put_sorted(text, sorted, added, out)
}

/// Finds the parameters of `text`, and writes the offset of each into `table` in their order. Empty ones (`a&&b`)
/// are left out, as services do.
// Not inlined, so that what compares is off the stack when the parameters are hashed.
#[inline(never)]
fn sort<'t>(text: &[u8], table: &'t mut [u16]) -> Result<&'t [u16], SignError> {
    let (mut start, mut count) = (0usize, 0usize);
    for parameter in text.split(|byte| *byte == b'&') {
        let at = start;
        start = start.wrapping_add(parameter.len()).wrapping_add(1);
        if parameter.is_empty() {
            continue;
        }
        *table.get_mut(count).ok_or(SignError::TooManyParameters)? = at as u16;
        count = count.wrapping_add(1);
        let found = table.get_mut(..count).unwrap_or_default();
        sink_last(found, |a, b| compare_parameters(from(text, *a), from(text, *b)));
    }
    Ok(table.get(..count).unwrap_or_default())
}

/// Writes the parameters at the offsets `sorted`, and those that presigning adds.
fn put_sorted<const M: usize>(
    text: &[u8],
    sorted: &[u16],
    added: Extra<'_, M>,
    out: &mut (impl Put + ?Sized),
) -> Result<(), SignError> {
    let mut separator: &[u8] = b"";
    let mut extra = added.as_slice();
    for parameter in sorted {
        let parameter = from(text, *parameter);
        let (name, value) = parts(parameter);
        if M > 0 && PRESIGNING.iter().any(|own| percent::decode(name).eq(own.bytes())) {
            return Err(SignError::AlreadySigned);
        }
        while let [(own, value), tail @ ..] = extra {
            if compare_parameters(own.as_bytes(), parameter) != Ordering::Less {
                break;
            }
            put_parameter(&mut separator, own, value, out);
            extra = tail;
        }
        out.put(separator);
        separator = b"&";
        percent::canonical(name, Keep::Unreserved, out);
        out.put(b"=");
        percent::canonical(value, Keep::Unreserved, out);
    }
    for (own, value) in extra {
        put_parameter(&mut separator, own, value, out);
    }
    Ok(())
}

fn put_parameter(separator: &mut &[u8], name: &str, value: &[u8], out: &mut (impl Put + ?Sized)) {
    if value.is_empty() {
        return;
    }
    out.put(separator);
    *separator = b"&";
    out.put(name.as_bytes());
    out.put(b"=");
    percent::encode(value, Keep::Unreserved, out);
}

pub(super) fn from(text: &[u8], start: u16) -> &[u8] {
    text.get(usize::from(start)..).unwrap_or_default()
}

/// Name and value of the parameter at the front of `text`, as written.
fn parts(text: &[u8]) -> (&[u8], &[u8]) {
    let name = text.iter().position(|byte| matches!(byte, b'=' | b'&')).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(name).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'&').unwrap_or(rest.len());
    (name, rest.get(1..end).unwrap_or_default())
}

/// Orders the parameters at the front of two texts as the canonical encodings of their names, then
/// of their values.
fn compare_parameters(a: &[u8], b: &[u8]) -> Ordering {
    // A common prefix has no influence, and most names differ in an unreserved byte.
    if !ON_DEVICE {
        let plain = |byte: &u8| Keep::Unreserved.keeps(*byte);
        let same = a.iter().zip(b).take_while(|(a, b)| a == b && plain(a)).count();
        if let (Some(a), Some(b)) = (a.get(same).filter(|a| plain(a)), b.get(same).filter(|b| plain(b))) {
            return a.cmp(b);
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

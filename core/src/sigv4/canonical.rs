//! The canonical request, streamed: each part is written where it belongs, none is buffered.

use core::cmp::Ordering;

use crate::wire::Put;
use crate::wire::device::ON_DEVICE;
use crate::wire::words;

use super::SignError;
use super::request::{Header, Parts, View, compare_names};
use super::target::Target;

/// Writes the canonical request of a request to sign; `put_target` writes path and query.
pub(super) fn put<P: Put + ?Sized, const N: usize>(
    request: View<'_>,
    put_target: impl FnOnce(&Target<'_>, &mut P) -> Result<(), SignError>,
    headers: &SignedHeaders<'_, N>,
    out: &mut P,
) -> Result<(), SignError> {
    if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        return Err(SignError::MissingHost);
    }
    put_parts(request.parts, put_target, headers, request.parts.payload.as_bytes(), out)
}

/// Header lines that are signed.
pub(super) trait HeaderLines {
    /// Writes `name:value` lines, each with its end; the values of one name joined by commas.
    fn put(&self, out: &mut (impl Put + ?Sized));

    /// Writes the names, each once, separated by `;`.
    fn put_names(&self, out: &mut (impl Put + ?Sized));
}

/// Writes method, path, query, headers, the list of signed headers, and `payload`: the one form that is signed and
/// verified.
pub(super) fn put_parts<P: Put + ?Sized>(
    parts: &Parts<'_>,
    put_target: impl FnOnce(&Target<'_>, &mut P) -> Result<(), SignError>,
    headers: &impl HeaderLines,
    payload: &[u8],
    out: &mut P,
) -> Result<(), SignError> {
    out.put(parts.method.as_bytes());
    out.put(b"\n");
    put_target(&parts.target, out)?;
    headers.put(out);
    out.put(b"\n");
    headers.put_names(out);
    out.put(b"\n");
    out.put(payload);
    Ok(())
}

/// What a signer adds to the request's own header lines, sorted by name; lines without a value are left out.
pub(super) type Extra<'a, const N: usize> = [(&'static str, &'a [u8]); N];

/// The request's header lines to sign and those that the signer adds, in the order of their names.
pub(super) struct SignedHeaders<'a, const N: usize> {
    sorted: &'a [Header<'a>],
    extra: Extra<'a, N>,
}

impl<'a, const N: usize> SignedHeaders<'a, N> {
    pub(super) fn new(request: View<'a>, extra: Extra<'a, N>) -> Self {
        Self { sorted: request.headers, extra }
    }

    /// Writes the lines, or their names alone. Dynamic dispatch on devices, to avoid monomorphization.
    fn put_lines(&self, values: bool, mut out: &mut (impl Put + ?Sized)) {
        let lines = Lines { sorted: self.sorted, extra: &self.extra };
        if ON_DEVICE {
            put_lines::<dyn Put>(lines, values, &mut out);
        } else {
            put_lines(lines, values, out);
        }
    }
}

impl<const N: usize> HeaderLines for SignedHeaders<'_, N> {
    fn put(&self, out: &mut (impl Put + ?Sized)) {
        self.put_lines(true, out);
        out.put(b"\n");
    }

    fn put_names(&self, out: &mut (impl Put + ?Sized)) {
        self.put_lines(false, out);
    }
}

/// The lines that are left.
struct Lines<'a> {
    sorted: &'a [Header<'a>],
    extra: &'a [Header<'a>],
}

impl<'a> Iterator for Lines<'a> {
    /// Name and value of each line, and whether the value is known to need no trimming.
    type Item = (&'a str, &'a [u8], bool);

    fn next(&mut self) -> Option<Self::Item> {
        while let [(own, value), extra @ ..] = self.extra {
            if self.sorted.first().is_some_and(|(name, _)| compare_names(own, name) != Ordering::Less) {
                break;
            }
            self.extra = extra;
            if !value.is_empty() {
                return Some((own, value, true));
            }
        }
        let ((name, value), sorted) = self.sorted.split_first()?;
        self.sorted = sorted;
        Some((name, value, false))
    }
}

/// Writes each name once, with the values of all its lines, a line for each, or separated by `;`.
fn put_lines<P: Put + ?Sized>(lines: Lines<'_>, values: bool, out: &mut P) {
    let separator: &[u8] = if values { b"\n" } else { b";" };
    let mut previous = "";
    for (name, value, trimmed) in lines {
        let again = name.eq_ignore_ascii_case(previous);
        if !again {
            if !previous.is_empty() {
                out.put(separator);
            }
            put_lower(name, out);
            previous = name;
        }
        if values {
            out.put(if again { b"," } else { b":" });
            if trimmed { out.put(value) } else { put_folded(value, out) }
        }
    }
}

fn put_lower(name: &str, out: &mut (impl Put + ?Sized)) {
    let is_lower = if ON_DEVICE {
        !name.bytes().any(|byte| byte.is_ascii_uppercase())
    } else {
        words::all_within(name.as_bytes(), [(b' ', b'@'), (b'[', b'~')])
    };
    if is_lower {
        return out.put(name.as_bytes());
    }
    // One by one on a device, where few names have capitals.
    const PIECE: usize = if ON_DEVICE { 1 } else { 16 };
    for piece in name.as_bytes().chunks(PIECE) {
        let mut lower = [0; PIECE];
        for (to, from) in lower.iter_mut().zip(piece) {
            *to = from.to_ascii_lowercase();
        }
        out.put(lower.get(..piece.len()).unwrap_or_default());
    }
}

/// Writes the value without the spaces around it, and each run of spaces inside as one.
pub(super) fn put_folded(value: &[u8], out: &mut (impl Put + ?Sized)) {
    if !ON_DEVICE && is_folded(value) {
        return out.put(value);
    }
    let space_or_tab = |byte: &u8| matches!(byte, b' ' | b'\t');
    let words = value.split(space_or_tab).filter(|word| !word.is_empty());
    let mut separator: &[u8] = b"";
    for word in words {
        out.put(separator);
        out.put(word);
        separator = b" ";
    }
}

/// Whether a value has no space to be left out. Every byte is compared without a branch, so that many are at once.
fn is_folded(value: &[u8]) -> bool {
    let [first, inner @ ..] = value else { return true };
    let pairs = value.iter().zip(inner);
    let unfit =
        pairs.fold(*first == b'\t', |any, (a, b)| any | (*b == b'\t') | ((*a == b' ') & (*b == b' ')));
    !unfit && *first != b' ' && !value.ends_with(b" ")
}

//! The canonical request, streamed: each part is written where it belongs, none is buffered.

use core::cmp::Ordering;

use heapless::{Deque, Vec};

use crate::wire::Put;
use crate::wire::device::ON_DEVICE;
use crate::wire::percent::{self, Keep};

use super::request::{Header, View, compare_names, sink_last};
use super::{Rules, SignError};

/// Query parameters of one request, at most.
const MAX_PARAMETERS: usize = 64;

/// Segments of a path that are held because a later `..` may remove them, at most.
const MAX_HELD: usize = 64;

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

/// Writes method, path, query, headers and the list of signed headers.
pub(super) fn put<const N: usize, const M: usize>(
    request: View<'_>,
    rules: Rules,
    added: Extra<'_, M>,
    headers: &SignedHeaders<'_, N>,
    mut out: &mut (impl Put + ?Sized),
) -> Result<(), SignError> {
    if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        return Err(SignError::MissingHost);
    }
    out.put(request.parts.method.as_bytes());
    out.put(b"\n");
    put_path(request.parts.path.as_bytes(), rules, out)?;
    out.put(b"\n");
    put_query(request.parts.query, added, out)?;
    out.put(b"\n");
    headers.put(&mut out);
    out.put(b"\n");
    headers.put_names(b";", &mut out);
    out.put(b"\n");
    out.put(request.parts.payload.as_bytes());
    Ok(())
}

/// Writes the parameters of `query` and those that are added. Not inlined on a device, so that its list is off the stack
/// when the headers are hashed.
#[cfg_attr(target_os = "none", inline(never))]
fn put_query<const M: usize>(
    query: &str,
    added: Extra<'_, M>,
    out: &mut (impl Put + ?Sized),
) -> Result<(), SignError> {
    let mut query = Query::new(query, added);
    query.sort()?;
    query.put(out);
    Ok(())
}

/// Writes the path by `rules`: dot segments and empty segments resolved or not, encoded once more or as it is
/// sent.
fn put_path(path: &[u8], rules: Rules, out: &mut (impl Put + ?Sized)) -> Result<(), SignError> {
    let keep = if rules.double_encode { Keep::Slash } else { Keep::Visible };
    if !rules.normalize_path {
        percent::encode(path, keep, out);
        return Ok(());
    }
    put_resolved(path, path.split(|byte| *byte == b'/'), keep, out)
}

/// Writes the `segments` of `path` but those that dot segments remove (RFC 3986, section 5.2.4). It walks them
/// twice: to count the `..`, and to write.
pub(super) fn put_resolved<'a>(
    path: &[u8],
    segments: impl Iterator<Item = &'a [u8]> + Clone,
    keep: Keep,
    out: &mut (impl Put + ?Sized),
) -> Result<(), SignError> {
    let mut climbs = segments.clone().filter(|segment| *segment == b"..").count();
    // The offsets of those that may still be removed: at most one for each `..` to come.
    let mut held: Deque<u16, MAX_HELD> = Deque::new();
    let (mut start, mut empty) = (0usize, true);
    for segment in segments {
        match segment {
            b"" | b"." => {}
            b".." => {
                climbs = climbs.wrapping_sub(1);
                held.pop_back();
            }
            _ => held.push_back(start as u16).map_err(|_| SignError::TooManySegments)?,
        }
        start = start.wrapping_add(segment.len()).wrapping_add(1);
        while held.len() > climbs
            && let Some(at) = held.pop_front()
        {
            out.put(b"/");
            let kept = from(path, at).split(|byte| *byte == b'/').next().unwrap_or_default();
            percent::encode(kept, keep, out);
            empty = false;
        }
    }
    if empty || path.ends_with(b"/") {
        out.put(b"/");
    }
    Ok(())
}

/// The parameters of a query, sorted, and those that presigning adds.
struct Query<'a, const M: usize> {
    text: &'a [u8],
    /// The offset of each in the text.
    sorted: Vec<u16, MAX_PARAMETERS>,
    extra: Extra<'a, M>,
}

impl<'a, const M: usize> Query<'a, M> {
    /// The parameters of `text`; none until they are sorted. The values of `extra` are written as they are.
    fn new(text: &'a str, extra: Extra<'a, M>) -> Self {
        Self { text: text.as_bytes(), sorted: Vec::new(), extra }
    }

    /// Finds and sorts the parameters. Empty ones (`a&&b`) are left out, as services do.
    // Not inlined, so that what compares is off the stack when the parameters are hashed.
    #[inline(never)]
    fn sort(&mut self) -> Result<(), SignError> {
        let text = self.text;
        let mut start = 0usize;
        for parameter in text.split(|byte| *byte == b'&') {
            let at = start;
            start = start.wrapping_add(parameter.len()).wrapping_add(1);
            if parameter.is_empty() {
                continue;
            }
            if M > 0 {
                let (name, _) = parts(parameter);
                if PRESIGNING.iter().any(|own| percent::decode(name).eq(own.bytes())) {
                    return Err(SignError::AlreadySigned);
                }
            }
            self.sorted.push(at as u16).map_err(|_| SignError::TooManyParameters)?;
            sink_last(&mut self.sorted, |a, b| compare_parameters(from(text, *a), from(text, *b)));
        }
        Ok(())
    }

    fn put(&self, out: &mut (impl Put + ?Sized)) {
        let mut separator: &[u8] = b"";
        let mut extra = self.extra.as_slice();
        for parameter in &self.sorted {
            let parameter = from(self.text, *parameter);
            let (name, value) = parts(parameter);
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
    }
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

fn from(text: &[u8], start: u16) -> &[u8] {
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

/// The request's header lines to sign and those that the signer adds, in the order of their names.
pub(super) struct SignedHeaders<'a, const N: usize> {
    sorted: &'a [Header<'a>],
    extra: Extra<'a, N>,
}

impl<'a, const N: usize> SignedHeaders<'a, N> {
    pub(super) fn new(request: View<'a>, extra: Extra<'a, N>) -> Self {
        Self { sorted: request.headers, extra }
    }

    /// Writes `name:value` lines; the values of one name joined by commas.
    fn put(&self, out: &mut dyn Put) {
        put_lines(self.lines(), true, b"\n", out);
        out.put(b"\n");
    }

    /// Writes the names, each once.
    pub(super) fn put_names(&self, separator: &[u8], out: &mut dyn Put) {
        put_lines(self.lines(), false, separator, out);
    }

    fn lines(&self) -> Lines<'_> {
        Lines { sorted: self.sorted, extra: &self.extra }
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

/// Writes each name once, `separator` between them, with the values of all its lines or without.
// Dynamic dispatch for hashing and writing: it is called once a request, and writes a dozen pieces.
fn put_lines(lines: Lines<'_>, values: bool, separator: &[u8], out: &mut dyn Put) {
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

fn put_lower(name: &str, out: &mut dyn Put) {
    if !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
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
fn put_folded(value: &[u8], out: &mut dyn Put) {
    let space_or_tab = |byte: &u8| matches!(byte, b' ' | b'\t');
    let words = value.split(space_or_tab).filter(|word| !word.is_empty());
    let mut separator: &[u8] = b"";
    for word in words {
        out.put(separator);
        out.put(word);
        separator = b" ";
    }
}

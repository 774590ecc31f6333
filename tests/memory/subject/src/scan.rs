//! Searches the memory of this process, through `/proc/self`, without having the searched bytes unmasked.

use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::input::MASK;

/// The number of consecutive bytes that are a finding.
const MIN_MATCH: usize = 8;
/// The number of bytes that are read at once.
const PIECE: usize = 1 << 20;

/// What to search for: every eight consecutive bytes of each secret, masked.
#[derive(Default)]
pub(crate) struct Patterns {
    names: Vec<String>,
    /// The index of the name, and the offset in the secret.
    windows: HashMap<u64, (usize, usize)>,
}

impl Patterns {
    pub(crate) fn add(&mut self, name: &str, masked: &[u8]) {
        self.names.push(name.to_owned());
        for (offset, window) in masked.windows(MIN_MATCH).enumerate() {
            self.windows.entry(word(window)).or_insert((self.names.len() - 1, offset));
        }
    }
}

/// A finding: eight or more consecutive bytes.
pub(crate) struct Found {
    pub(crate) name: String,
    /// The offset in the secret.
    pub(crate) offset: usize,
    pub(crate) len: usize,
    pub(crate) address: usize,
    /// The name of the mapping.
    pub(crate) mapping: String,
    /// Whether there is an empty line in the text before it, as after the head of an HTTP message; none of
    /// the library's own buffers have one.
    pub(crate) after_head: bool,
}

pub(crate) struct Scanner {
    patterns: Patterns,
    /// A filter by the low sixteen bits: whether a word may be searched for.
    likely: Vec<bool>,
    /// The buffer that memory is read into, which is not scanned itself.
    piece: Vec<u8>,
    scanned: usize,
}

impl Scanner {
    pub(crate) fn new(patterns: Patterns) -> Self {
        let mut likely = vec![false; 1 << 16];
        patterns.windows.keys().for_each(|word| likely[usize::from(*word as u16)] = true);
        Self { patterns, likely, piece: vec![0; PIECE], scanned: 0 }
    }

    /// The number of bytes scanned so far.
    pub(crate) fn scanned(&self) -> usize {
        self.scanned
    }

    /// Scans all writable memory except `excluded`.
    pub(crate) fn scan(&mut self, excluded: &[Range<usize>]) -> Vec<Found> {
        let memory = File::open("/proc/self/mem").expect("/proc/self/mem");
        let own = range_of(&self.piece);
        let mut excluded: Vec<_> = excluded.iter().cloned().chain([own]).collect();
        excluded.sort_by_key(|range| range.start);
        let mut found = Vec::new();
        for (mapping, name) in mappings() {
            let mut start = mapping.start;
            for gap in &excluded {
                if gap.end > start && gap.start < mapping.end {
                    self.scan_range(&memory, start..gap.start, &name, &mut found);
                    start = gap.end;
                }
            }
            self.scan_range(&memory, start..mapping.end, &name, &mut found);
        }
        found
    }

    fn scan_range(&mut self, memory: &File, range: Range<usize>, mapping: &str, found: &mut Vec<Found>) {
        let mut start = range.start;
        while start + MIN_MATCH <= range.end {
            let len = PIECE.min(range.end - start);
            let piece = &mut self.piece[..len];
            // The mapping may have been removed since they were listed.
            if memory.read_exact_at(piece, start as u64).is_err() {
                return;
            }
            self.scanned += len;
            for (at, window) in piece.windows(MIN_MATCH).enumerate() {
                let word = word(window) ^ u64::from_ne_bytes([MASK; 8]);
                if !self.likely[usize::from(word as u16)] {
                    continue;
                }
                if let Some((name, offset)) = self.patterns.windows.get(&word) {
                    let (name, address) = (&self.patterns.names[*name], start + at);
                    if !continues(found, name, *offset, address) {
                        let (name, mapping) = (name.clone(), mapping.to_owned());
                        let after_head = is_after_head(&piece[..at]);
                        let (offset, len) = (*offset, MIN_MATCH);
                        found.push(Found { name, offset, len, address, mapping, after_head });
                    }
                }
            }
            // A match may begin in one piece and end in the next.
            start += len - (MIN_MATCH - 1).min(len - 1);
            if len < PIECE {
                return;
            }
        }
    }
}

/// Whether a match continues the previous finding, which is then extended by a byte.
fn continues(found: &mut [Found], name: &str, offset: usize, address: usize) -> bool {
    let last = found.last_mut().filter(|last| {
        let end = last.len + 1 - MIN_MATCH;
        last.name == name && last.address + end == address && last.offset + end == offset
    });
    last.map(|last| last.len += 1).is_some()
}

/// Whether the text at the end of these bytes contains an empty line.
fn is_after_head(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n');
    let start = bytes.iter().rposition(|byte| !is_text(byte)).map_or(0, |last| last + 1);
    bytes[start..].windows(4).any(|end| end == b"\r\n\r\n")
}

/// The writable mappings and their names: `[heap]`, `[stack]`, a file, or `memory` if anonymous.
fn mappings() -> Vec<(Range<usize>, String)> {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("/proc/self/maps");
    let mapping = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |digits| usize::from_str_radix(digits, 16).ok();
        let range = address(start)?..address(end)?;
        let writable = words.next()?.starts_with("rw");
        writable.then(|| (range, words.nth(3).unwrap_or("memory").to_owned()))
    };
    maps.lines().filter_map(mapping).collect()
}

fn word(window: &[u8]) -> u64 {
    u64::from_ne_bytes(window.try_into().expect("eight bytes"))
}

/// The address range of some bytes.
pub(crate) fn range_of(bytes: &[u8]) -> Range<usize> {
    let range = bytes.as_ptr_range();
    range.start as usize..range.end as usize
}

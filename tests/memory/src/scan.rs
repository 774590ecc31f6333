//! Looking for bytes in the memory of this process, by `/proc/self`, without having them.

use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::given::MASK;

/// As many bytes in a row are a find.
const TELLING: usize = 8;
/// Bytes that are read at once.
const PIECE: usize = 1 << 20;

/// What to look for: every eight bytes in a row of it, masked.
#[derive(Default)]
pub(crate) struct Sought {
    names: Vec<String>,
    /// Which name, and where in it.
    windows: HashMap<u64, (usize, usize)>,
}

impl Sought {
    pub(crate) fn add(&mut self, name: &str, masked: &[u8]) {
        self.names.push(name.to_owned());
        for (offset, window) in masked.windows(TELLING).enumerate() {
            self.windows.entry(word(window)).or_insert((self.names.len() - 1, offset));
        }
    }
}

/// A find: eight bytes or more in a row.
pub(crate) struct Found {
    pub(crate) name: String,
    /// Where in what was sought.
    pub(crate) offset: usize,
    pub(crate) len: usize,
    pub(crate) address: usize,
    /// What the memory is of.
    pub(crate) mapping: String,
    /// Whether an empty line stands somewhere in the text before it: as an HTTP message has one, and none of
    /// the library's own buffers.
    pub(crate) behind_head: bool,
}

pub(crate) struct Scanner {
    sought: Sought,
    /// By sixteen bits of it, whether a word may be one that is sought.
    likely: Vec<bool>,
    /// Memory as it is looked at. Never looked at itself.
    piece: Vec<u8>,
    scanned: usize,
}

impl Scanner {
    pub(crate) fn new(sought: Sought) -> Self {
        let mut likely = vec![false; 1 << 16];
        sought.windows.keys().for_each(|word| likely[usize::from(*word as u16)] = true);
        Self { sought, likely, piece: vec![0; PIECE], scanned: 0 }
    }

    /// Bytes looked at so far.
    pub(crate) fn scanned(&self) -> usize {
        self.scanned
    }

    /// Looks at all memory that can be written, but for `spared`.
    pub(crate) fn scan(&mut self, spared: &[Range<usize>]) -> Vec<Found> {
        let memory = File::open("/proc/self/mem").expect("/proc/self/mem");
        let own = range_of(&self.piece);
        let mut spared: Vec<_> = spared.iter().cloned().chain([own]).collect();
        spared.sort_by_key(|range| range.start);
        let mut found = Vec::new();
        for (mapping, name) in mappings() {
            let mut start = mapping.start;
            for gap in &spared {
                if gap.end > start && gap.start < mapping.end {
                    self.look(&memory, start..gap.start, &name, &mut found);
                    start = gap.end;
                }
            }
            self.look(&memory, start..mapping.end, &name, &mut found);
        }
        found
    }

    fn look(&mut self, memory: &File, range: Range<usize>, mapping: &str, found: &mut Vec<Found>) {
        let mut start = range.start;
        while start + TELLING <= range.end {
            let len = PIECE.min(range.end - start);
            let piece = &mut self.piece[..len];
            // A mapping may have gone since they were listed.
            if memory.read_exact_at(piece, start as u64).is_err() {
                return;
            }
            self.scanned += len;
            for (at, window) in piece.windows(TELLING).enumerate() {
                let word = word(window) ^ u64::from_ne_bytes([MASK; 8]);
                if !self.likely[usize::from(word as u16)] {
                    continue;
                }
                if let Some((name, offset)) = self.sought.windows.get(&word) {
                    let (name, address) = (&self.sought.names[*name], start + at);
                    if !goes_on(found, name, *offset, address) {
                        let (name, mapping) = (name.clone(), mapping.to_owned());
                        let behind_head = is_behind_head(&piece[..at]);
                        let (offset, len) = (*offset, TELLING);
                        found.push(Found { name, offset, len, address, mapping, behind_head });
                    }
                }
            }
            // A window may begin in one piece and end in the next.
            start += len - (TELLING - 1).min(len - 1);
            if len < PIECE {
                return;
            }
        }
    }
}

/// Whether a find is a part of the one before it, which then has one byte more.
fn goes_on(found: &mut [Found], name: &str, offset: usize, address: usize) -> bool {
    let last = found.last_mut().filter(|last| {
        let end = last.len + 1 - TELLING;
        last.name == name && last.address + end == address && last.offset + end == offset
    });
    last.map(|last| last.len += 1).is_some()
}

/// Whether the text that these bytes end with has an empty line.
fn is_behind_head(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n');
    let start = bytes.iter().rposition(|byte| !is_text(byte)).map_or(0, |last| last + 1);
    bytes[start..].windows(4).any(|end| end == b"\r\n\r\n")
}

/// What can be written, and what it is of: `[heap]`, `[stack]`, a file, or nothing that has a name.
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

/// Where bytes are.
pub(crate) fn range_of(bytes: &[u8]) -> Range<usize> {
    let range = bytes.as_ptr_range();
    range.start as usize..range.end as usize
}

//! The documents, read by all.

use std::hint::black_box;

use crate::clock::{Timed, shortest, timed};
use crate::readers::{Document, Format, http1, json, xml};

/// Room for the fields of any document.
const BUFFER: usize = 256 * 1024;

/// The bytes that a round reads at least: as many small documents as make a large one.
const ROUND: usize = 130_000;

/// The times of a document, in nanoseconds.
pub(crate) struct Row {
    pub(crate) format: &'static str,
    pub(crate) name: &'static str,
    pub(crate) bytes: usize,
    pub(crate) ours: f64,
    pub(crate) peer: &'static str,
    pub(crate) theirs: f64,
    /// The time per byte, as a multiple of that of the small document before it; `None` for that.
    pub(crate) growth: Option<f64>,
}

impl Row {
    /// The time per byte.
    pub(crate) fn per_byte(&self) -> f64 {
        self.ours / self.bytes as f64
    }

    /// The other time, as a multiple of this one.
    pub(crate) fn times_ours(&self) -> f64 {
        self.theirs / self.ours
    }
}

/// Measures every document.
pub(crate) fn rows(rounds: usize) -> Vec<Row> {
    let formats = [json::format(), xml::format(), http1::format()];
    let documents =
        || formats.iter().flat_map(|format| format.documents.iter().map(move |one| (format, one)));
    let times = shortest(rounds, documents().map(|(format, document)| both(format, document)).collect());
    let mut small = 0.0;
    let rows = documents().zip(times).map(|((format, document), times)| {
        let [ours, theirs] = times.map(|time| time.expect("it was measured"));
        let (format, peer, name, bytes) = (format.name, format.peer, document.name, document.text.len());
        let mut row = Row { format, name, bytes, ours, peer, theirs, growth: None };
        if document.small {
            small = row.per_byte();
        } else {
            row.growth = Some(row.per_byte() / small);
        }
        row
    });
    rows.collect()
}

/// A reading of `document` by both, once they read the same.
fn both<'a>(format: &Format, document: &'a Document) -> [Option<Timed<'a>>; 2] {
    let Document { name, text, ours, theirs, .. } = document;
    let text = text.as_bytes();
    let mut buffer = vec![0; BUFFER];
    assert_eq!(ours(text, &mut buffer), theirs(text), "{}: {name}", format.name);
    let calls = (ROUND / text.len()).max(1);
    [
        Some(timed(calls, move || ours(black_box(text), &mut buffer))),
        Some(timed(calls, move || theirs(black_box(text)))),
    ]
}

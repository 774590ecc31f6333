//! Work that grows no faster than its input: what is counted is visits and comparisons, as time depends on the
//! machine.

extern crate std;

use core::cell::Cell;
use core::cmp::Ordering;
use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use super::SignError;
use super::order::sink_last;
use super::path::put_resolved;
use crate::wire::Put;
use crate::wire::percent::Keep;

struct Text(Vec<u8>);

impl Put for Text {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// The resolved path, or the error, and the number of segments that were looked at.
fn resolve(path: &str) -> (Result<String, SignError>, usize) {
    let visits = Cell::new(0);
    let segments = path.as_bytes().split(|byte| *byte == b'/').inspect(|_| visits.set(visits.get() + 1));
    let mut out = Text(Vec::new());
    let put = put_resolved(path.as_bytes(), segments, Keep::Slash, &mut out);
    (put.map(|()| String::from_utf8(out.0).unwrap()), visits.get())
}

/// The algorithm with memory for every segment.
fn expected(path: &str) -> String {
    let mut kept = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

#[test]
fn a_path_of_any_shape_takes_two_visits_a_segment() {
    let long = |piece: &str, last: &str| {
        let times = (65_535 - last.len() - 1) / piece.len();
        format!("/{}{last}", piece.repeat(times))
    };
    for path in [
        long("a/", ""),
        long("a/", ".."),
        long("a/", "../../../b/"),
        long("a/../", ""),
        long("a/../", "b"),
        long("a/b/../../", ".."),
        long("a/b/c/../../../", "d/./../e"),
        long("../", ""),
        long("../", "a"),
        long("./", ".."),
        long("/", ".."),
        long("//a/./", ".."),
        format!("/{}{}{}", "a/".repeat(64), "../".repeat(10_000), "b/".repeat(10_000)),
        format!("/{}{}", "a/".repeat(30_000), "../".repeat(63)),
        format!("/{}{}", "a/b/../".repeat(63), "c/".repeat(30_000)),
        long("abc/", ".."),
    ] {
        let (resolved, visits) = resolve(&path);
        let start = path.get(..16).unwrap();
        assert!(resolved.as_deref() == Ok(&expected(&path)), "{start}: another path");
        assert_eq!(visits, 2 * path.split('/').count(), "{start}");
    }
}

#[test]
fn short_paths_are_resolved_as_with_memory_for_every_segment() {
    // All of up to seven segments of four kinds.
    for length in 0..=7u32 {
        for number in 0..4u32.pow(length) {
            let kinds = ["a", "..", "b.", ""];
            let segment = |at: u32| kinds[number as usize / 4usize.pow(at) % 4];
            let path = format!("/{}", (0..length).map(segment).collect::<Vec<_>>().join("/"));
            assert_eq!(resolve(&path).0, Ok(expected(&path)), "{path}");
        }
    }
}

#[test]
fn too_many_segments_to_hold_are_an_error() {
    let path = |down: usize, up: usize| format!("/{}{}", "a/".repeat(down), "../".repeat(up));
    for (down, up) in [(64, 64), (64, 1_000), (65, 63), (20_000, 63), (30_000, 1), (0, 20_000)] {
        assert_eq!(resolve(&path(down, up)).0, Ok(expected(&path(down, up))), "{down} {up}");
    }
    for (down, up) in [(65, 64), (65, 1_000), (10_000, 10_000)] {
        assert_eq!(resolve(&path(down, up)).0, Err(SignError::TooManySegments), "{down} {up}");
    }
    let wavering = format!("/{}", "a/b/../".repeat(200));
    assert_eq!(resolve(&wavering).0, Err(SignError::TooManySegments));
}

#[test]
fn sorting_compares_each_element_with_few_others() {
    const MANY: u32 = 1_024;
    type Order = fn(u32) -> u32;
    let orders: [(&str, Order); 5] = [
        ("ascending", |index| index),
        ("descending", |index| MANY - index),
        ("equal", |_| 7),
        ("two values", |index| index % 2),
        ("mixed", |index| index.wrapping_mul(2_654_435_761) >> 16),
    ];
    for (name, order) in orders {
        let compared = Cell::new(0u32);
        let mut list: Vec<(u32, u32)> = vec![];
        for index in 0..MANY {
            list.push((order(index), index));
            sink_last(&mut list, |a, b| -> Ordering {
                compared.set(compared.get() + 1);
                a.0.cmp(&b.0)
            });
        }
        // Those that are equal stay in their order.
        assert!(list.is_sorted() && list.len() == MANY as usize, "{name}");
        assert!(compared.get() <= MANY * 11, "{name}: {}", compared.get());
    }
}

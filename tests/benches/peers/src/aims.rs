//! What the numbers should be, and whether they are.

use crate::table::{Table, times};
use crate::{builds, reading, signing};

/// For each request, at most this many times as long as the compressions alone: the key derived, and kept.
const SIGNED: [[f64; 2]; 4] = [[1.35, 1.5], [1.65, 2.3], [1.45, 1.75], [1.75, 2.35]];
/// A provider, to a signature written with a kept key.
const PROVIDER: f64 = 2.0;
/// At least this many times as long for another signer, to a signature that derives the key as it does.
const SIGNERS: f64 = 1.5;
/// The same for the other readers of JSON and XML, of the small document.
const READERS: f64 = 1.0;
/// The time per byte of a large document, to that of a small one.
const GROWTH: f64 = 1.25;
/// A release build with TLS and no more, to one of an HTTP client and a reader of JSON.
const BUILT: f64 = 1.3;

/// The aims, each with the number that is farthest from it.
pub(crate) fn table(signed: &[signing::Row], read: &[reading::Row], built: &[builds::Row]) -> Table {
    let kept = |kept| signed.iter().filter(move |row| row.kept == kept);
    let others = kept(false).flat_map(|row| row.times_written().into_iter().flatten());
    let mut table = Table::new(1, ["aim", "limit", "farthest", "reached"]);
    let mut most = |aim: &str, limit: f64, numbers: &mut dyn Iterator<Item = f64>| {
        let farthest = numbers.fold(0.0, f64::max);
        table.row([aim.to_owned(), times(limit), times(farthest), yes(farthest <= limit)]);
    };
    for (index, key) in ["derived", "kept"].into_iter().enumerate() {
        for (row, limits) in kept(index == 1).zip(SIGNED) {
            let aim = format!("{}, key {key}, to the compressions: at most", row.name);
            most(&aim, limits[index], &mut std::iter::once(row.written / row.floor));
        }
    }
    most(
        "provider, to written, key kept: at most",
        PROVIDER,
        &mut kept(true).filter_map(|row| Some(row.provider? / row.written)),
    );
    most(
        "large documents, per byte, to the small one: at most",
        GROWTH,
        &mut read.iter().filter_map(|row| row.growth),
    );
    if let Some(least) = builds::least(built) {
        most("release build with `tls` alone, by hand: at most", BUILT, &mut std::iter::once(least));
    }
    let mut least = |aim: &str, limit: f64, numbers: &mut dyn Iterator<Item = f64>| {
        let farthest = numbers.fold(f64::INFINITY, f64::min);
        table.row([aim.to_owned(), times(limit), times(farthest), yes(farthest >= limit)]);
    };
    least("other signers, to written, key derived: at least", SIGNERS, &mut { others });
    for name in ["credentials", "AssumeRole"] {
        let rows = || read.iter().filter(|row| row.name == name);
        let peer = rows().next().map_or("", |row| row.peer);
        least(&format!("{peer}, {name}: at least"), READERS, &mut rows().map(reading::Row::times_ours));
    }
    table
}

fn yes(reached: bool) -> String {
    if reached { "yes" } else { "no" }.to_owned()
}

//! What is printed, and written to files.

use std::path::Path;
use std::{fs, io};

use crate::chart::{self, Bar, Group, Kind};
use crate::table::{Table, times};
use crate::{aims, builds, reading, signing};

/// The folder of the benchmarks.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Around the tables in the README.
const BEGIN: &str = "<!-- benches: begin -->";
const END: &str = "<!-- benches: end -->";

/// All that was measured.
pub(crate) struct Report {
    pub(crate) rounds: usize,
    /// Empty if builds were not asked for.
    pub(crate) built: Vec<builds::Row>,
    pub(crate) signed: Vec<signing::Row>,
    pub(crate) read: Vec<reading::Row>,
    /// A provider's cached credentials: nanoseconds, and 64 threads to one.
    pub(crate) cached: (f64, f64),
}

impl Report {
    /// The tables, with what their columns mean.
    pub(crate) fn markdown(&self) -> String {
        let (cached, threads) = self.cached;
        format!(
            "On {}; times are in nanoseconds, the shortest of {} rounds in which all take turns.\n\n\
             {}\n\
             - *blocks*: the SHA-256 compressions that the signature needs; *floor*: their time alone\n\
             - *signed*, as a multiple of the floor: from the parts of a request to its signature; *written*: with the \
             header lines or the presigned target in the caller's buffer; *provider*: by `Provider::sign` or \
             `Provider::presign`, which return owned strings\n\
             - the other columns: the time of other signers as a multiple of *written*; all of them derive the key for \
             every request, and what they are given is made before the clock starts; `-`: not signed by that crate\n\
             - `reqsign-aws-v4` and `object_store` sign one header more for STS; all other signatures are equal to ours\n\n\
             `Provider::credentials`, cached: {cached:.0} ns; 64 threads together: {threads:.2}x one thread.\n\n\
             {}\n\
             - from a document to its fields in a buffer, escapes resolved; for HTTP, to the length of the body\n\
             - *growth*: the time per byte as a multiple of that of the small document before it\n\
             - *other reader*: its time as a multiple of ours; `serde_json` copies no string but those with escapes\n\n\
             {}{}",
            machine(),
            self.rounds,
            self.signing().markdown(),
            self.reading().markdown(),
            self.builds(),
            aims::table(&self.signed, &self.read, &self.built).markdown(),
        )
    }

    /// The table of builds, with what its columns mean; empty if there is none.
    fn builds(&self) -> String {
        if self.built.is_empty() {
            return String::new();
        }
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        format!(
            "{}\n\
             - the time of `cargo build --release` in an empty folder, once, on {processors} processors, downloads left \
             out, and as a multiple of the first; *crates*: with those that compile others\n\n",
            builds::table(&self.built).markdown()
        )
    }

    fn signing(&self) -> Table {
        let headings =
            ["request", "key", "blocks", "floor, ns", "written, ns", "signed", "written", "provider"];
        let mut table = Table::new(2, headings).headings(&signing::OTHERS);
        for row in &self.signed {
            let to_floor = |time: f64| times(time / row.floor);
            let ours = [
                if row.kept { "" } else { row.name }.to_owned(),
                if row.kept { "kept" } else { "derived" }.to_owned(),
                row.blocks.to_string(),
                format!("{:.0}", row.floor),
                format!("{:.0}", row.written),
                to_floor(row.signed),
                to_floor(row.written),
                times(row.provider.map(|time| time / row.floor)),
            ];
            table.row(ours.into_iter().chain(row.times_written().map(times)));
        }
        table
    }

    fn reading(&self) -> Table {
        let mut table =
            Table::new(2, ["format", "document", "bytes", "ns", "per byte", "growth", "other reader"]);
        for row in &self.read {
            table.row([
                row.format.to_owned(),
                row.name.to_owned(),
                row.bytes.to_string(),
                format!("{:.0}", row.ours),
                format!("{:.3}", row.per_byte()),
                times(row.growth),
                format!("{} {}", row.peer, times(row.times_ours())),
            ]);
        }
        table
    }

    /// Each time as a multiple of ours: of a signature that derives its key, as the others do.
    fn chart(&self) -> String {
        let signed = self.signed.chunks_exact(2).map(|rows| {
            let [cold, kept] = rows else { unreachable!("pairs") };
            let ours = [
                ("rolecall, key kept", kept.written / cold.written, Kind::Ours),
                ("rolecall", 1.0, Kind::Ours),
            ];
            let others = signing::OTHERS.into_iter().zip(cold.times_written());
            let others = others.filter_map(|(name, ratio)| Some((name, ratio?, Kind::Other)));
            let bars = [("SHA-256 alone", cold.floor / cold.written, Kind::Floor)]
                .into_iter()
                .chain(ours)
                .chain(others);
            group(cold.name, bars)
        });
        let read = self.read.iter().filter(|row| row.growth.is_none()).map(|row| {
            let bars = [("rolecall", 1.0, Kind::Ours), (row.peer, row.times_ours(), Kind::Other)];
            group(&format!("{}: {}, {} bytes", row.format, row.name, row.bytes), bars)
        });
        chart::svg(&signed.chain(read).collect::<Vec<_>>())
    }

    /// Writes the tables, the chart, and the tables of the README.
    ///
    /// # Errors
    /// That a file cannot be read or written.
    pub(crate) fn write(&self) -> io::Result<()> {
        let folder = Path::new(FOLDER);
        let text = format!(
            "# Benchmarks\n\nMeasured by `cargo run --release -p benches -- --write`.\n\n{}",
            self.markdown()
        );
        fs::write(folder.join("RESULTS.md"), text)?;
        fs::write(folder.join("chart.svg"), self.chart())?;
        let readme = folder.join("../../README.md");
        let text = fs::read_to_string(&readme)?;
        let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
        let (before, after) =
            parts.ok_or_else(|| io::Error::other("README.md has no place for the tables"))?;
        let tables = format!("{}\n{}", self.signing().markdown(), self.reading().markdown());
        fs::write(readme, format!("{before}{BEGIN}\n{tables}{END}{after}"))
    }
}

fn group<'a>(title: &str, bars: impl IntoIterator<Item = (&'a str, f64, Kind)>) -> Group {
    let bars = bars.into_iter().map(|(name, ratio, kind)| Bar { name: name.to_owned(), ratio, kind });
    Group { title: title.to_owned(), bars: bars.collect() }
}

/// The kind of machine, as far as it matters here.
fn machine() -> String {
    #[cfg(target_arch = "x86_64")]
    let hashes = std::arch::is_x86_feature_detected!("sha");
    #[cfg(target_arch = "aarch64")]
    let hashes = std::arch::is_aarch64_feature_detected!("sha2");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let hashes = false;
    let kind = std::env::consts::ARCH.replace('_', "-");
    format!("an {kind} machine with{} SHA instructions", if hashes { "" } else { "out" })
}

//! Locates third-party test vectors and the project's own cases.

pub mod replay;

use std::io::Write;
use std::path::{Path, PathBuf};

use rolecall_core::wire::Put;
use serde_json::Value;

/// The third-party vectors in `folder`, below the directory in `ROLECALL_VECTORS`.
///
/// If the variable is not set, prints a notice and returns `None`: the caller still runs the project's own
/// cases. If it is set, a missing or empty directory is a failure.
pub fn vectors(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("ROLECALL_VECTORS") else {
        say(&format!("NOTICE: ROLECALL_VECTORS is not set: {folder} runs only the project's own cases"));
        return None;
    };
    let path = Path::new(&root).join(folder);
    let entries = std::fs::read_dir(&path).map(|entries| entries.count());
    assert!(
        matches!(entries, Ok(1..)),
        "ROLECALL_VECTORS is set, but {} is missing or empty",
        path.display()
    );
    Some(path)
}

/// The path of a file or directory of the project's own cases.
pub fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases").join(name)
}

/// Prints a line to the user; the test harness would capture `println!`.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Parses a JSON file.
pub fn json(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Parses every JSON file of a directory, in the order of their names.
pub fn json_files(folder: &Path) -> Vec<Value> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().map(|path| json(path)).collect()
}

/// Returns what `write` puts.
pub fn text(write: impl FnOnce(&mut Text)) -> String {
    let mut text = Text(Vec::new());
    write(&mut text);
    String::from_utf8(text.0).expect("text")
}

/// Collects what is put.
#[derive(Debug)]
pub struct Text(Vec<u8>);

impl Put for Text {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

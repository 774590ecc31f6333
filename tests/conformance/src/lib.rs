//! Finds the vectors and the project's own cases.

use std::path::{Path, PathBuf};

/// The published vectors of `folder`, from the directory that `ROLECALL_VECTORS` names.
///
/// Unset, this says so loudly and returns `None`: the caller still runs the project's own cases.
/// Set but without that folder, or with an empty one, it is a failure.
pub fn vectors(folder: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("ROLECALL_VECTORS") else {
        eprintln!("NOTICE: ROLECALL_VECTORS is not set: {folder} runs on the project's own cases alone");
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

/// A file of the project's own cases.
pub fn own(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases").join(file)
}

/// A JSON file.
pub fn json(path: &Path) -> serde_json::Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

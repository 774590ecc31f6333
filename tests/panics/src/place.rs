//! A place that could panic, and whose it is.

use std::fmt;
use std::path::Path;

/// A function that an instruction comes from.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) function: String,
    /// The source file; none without line tables.
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
}

impl Frame {
    /// Whether it is of the standard library.
    pub(crate) fn is_of_standard_library(&self) -> bool {
        match &self.file {
            Some(file) => file.contains("/library/"),
            None => other_crate(&self.function).is_none(),
        }
    }
}

/// The first crate in the name of a function that is not of the standard library.
pub(crate) fn other_crate(function: &str) -> Option<&str> {
    let is_of_path = |byte: char| byte.is_alphanumeric() || byte == '_' || byte == ':';
    let paths = function.split(|byte| !is_of_path(byte));
    let crates = paths.filter_map(|path| Some(path.split_once("::")?.0));
    crates.into_iter().find(|name| !["", "core", "alloc", "compiler_builtins", "__rustc"].contains(name))
}

/// The folder of the project: this package is two below it.
fn root() -> &'static str {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).and_then(Path::to_str).unwrap_or_default()
}

/// Where a panic could begin.
#[derive(Debug)]
pub(crate) struct Place {
    /// The function to which it is attributed.
    pub(crate) frame: Frame,
    /// The function of the standard library that panics.
    pub(crate) by: String,
}

impl Place {
    /// The crate with its version, or the package's folder in the project.
    pub(crate) fn crate_name(&self) -> String {
        let Some(file) = &self.frame.file else {
            return other_crate(&self.frame.function).unwrap_or("standard library").to_owned();
        };
        let mut folders = file.split('/');
        // A crate of the registry is in the folder of its index.
        if folders.by_ref().any(|folder| folder == "registry") {
            return folders.nth(2).unwrap_or_default().to_owned();
        }
        let folder = file.split_once("/src/").map_or(file.as_str(), |(folder, _)| folder);
        let in_project = folder.strip_prefix(root()).and_then(|folder| folder.strip_prefix('/'));
        in_project.unwrap_or(folder).to_owned()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frame: Frame { function, file, line }, by } = self;
        let file = file.as_deref().unwrap_or("no file");
        write!(f, "{file}:{}: {function} by {by}", line.unwrap_or_default())
    }
}

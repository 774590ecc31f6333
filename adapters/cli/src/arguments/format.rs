//! The formats that credentials are printed in.

/// What is printed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Format {
    /// The document of `credential_process`.
    #[default]
    Process,
    Json,
    Variables(Syntax),
    /// A section of a credentials file.
    Section,
}

/// How variables are written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Syntax {
    Posix,
    /// For a POSIX shell without `export`, or a program that reads such a file.
    Assignments,
    Fish,
    PowerShell,
    WindowsCmd,
}

const FORMATS: [(&str, Format); 8] = [
    ("process", Format::Process),
    ("json", Format::Json),
    ("env", Format::Variables(Syntax::Posix)),
    ("env-no-export", Format::Variables(Syntax::Assignments)),
    ("fish", Format::Variables(Syntax::Fish)),
    ("powershell", Format::Variables(Syntax::PowerShell)),
    ("windows-cmd", Format::Variables(Syntax::WindowsCmd)),
    ("aws-credentials", Format::Section),
];

/// The format of that name.
pub(super) fn format(name: &str) -> Result<Format, String> {
    let found = FORMATS.iter().find(|(known, _)| *known == name);
    found.map(|(_, format)| *format).ok_or_else(|| {
        let names = FORMATS.map(|(name, _)| name).join(", ");
        format!("--format: expected one of {names}, found {name:?}")
    })
}

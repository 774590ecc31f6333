//! Results on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Prints an error or a warning on standard error; it is lost if that is closed.
pub(crate) fn note(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "rolecall: {what}");
}

/// Prints what is being done on standard error, without the name that marks errors and warnings.
pub(crate) fn progress(what: impl Display) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// Writes a result at once: standard output gets all of it or nothing.
pub(crate) fn print(text: impl AsRef<[u8]>) -> Result<ExitCode, Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_ref()).and_then(|()| out.flush()).map_err(Failure::Output)?;
    Ok(ExitCode::SUCCESS)
}

/// What a result has: its name for people, its name in JSON, and its value.
pub(crate) type Fact<'a> = (&'static str, &'static str, &'a str);

/// Prints a result in lines, or as one JSON object.
pub(crate) fn facts(json: bool, facts: &[Fact<'_>]) -> Result<ExitCode, Failure> {
    if json {
        let members: Vec<_> = facts.iter().map(|(_, name, value)| (*name, Some(*value))).collect();
        let mut document = crate::json::object(None, &members);
        document.push(b'\n');
        return print(&*document);
    }
    print(facts.iter().map(|(name, _, value)| format!("{name}: {value}\n")).collect::<String>())
}

/// Closes standard output, for a shell that reads until its end. What is printed afterwards is lost.
#[cfg(feature = "serve")]
pub(crate) fn close() {
    // In place of a descriptor that another file would get. Where there is no such device, it stays open.
    #[cfg(unix)]
    if let Ok(nothing) = std::fs::File::options().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(nothing);
    }
}

/// The longest part of a value that an error shows, in characters.
const SHOWN: usize = 80;

/// The beginning of a value, in quotes.
pub(crate) fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    let more = if start.len() < text.len() { "..." } else { "" };
    format!("{start:?}{more}")
}

/// What a service says, such as an id, with everything but printable ASCII escaped.
#[cfg(any(feature = "setup", feature = "upload"))]
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if char == ' ' || char.is_ascii_graphic() {
            out.push(char)
        } else {
            out.extend(char.escape_unicode())
        }
    }
    out
}

/// Joins parts that hold a secret, in memory that does not grow and is wiped.
pub(crate) fn joined<'a>(parts: impl Iterator<Item = &'a str> + Clone) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(parts.clone().map(str::len).sum()));
    parts.for_each(|part| text.push_str(part));
    text
}

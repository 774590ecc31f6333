//! Completions for shells and a manual page, made from the catalog as the help is.

mod man;
mod shells;
mod words;

pub(super) use words::KINDS;

/// The text of this kind; `None` if there is no such kind.
pub(super) fn generated(kind: &str) -> Option<String> {
    Some(match kind {
        "bash" => shells::bash(),
        "zsh" => shells::zsh(),
        "fish" => shells::fish(),
        "powershell" => shells::powershell(),
        "man" => man::page(),
        _ => return None,
    })
}

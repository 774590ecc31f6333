//! Completions for shells and a manual page, made from the catalog as the help is.

mod man;
mod shells;

use super::catalog::{COMMANDS, Opt, RECIPES, Topic};

/// What can be generated, as it is asked for.
pub(super) const KINDS: [&str; 5] = ["bash", "zsh", "fish", "powershell", "man"];

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

/// Commands and recipes, those that begin with the same word one after the other.
fn topics() -> impl Iterator<Item = &'static Topic> {
    COMMANDS.iter().chain(RECIPES)
}

/// The words that may follow a command before its options.
fn second_words(topic: &Topic) -> Vec<&'static str> {
    match topic.name {
        "setup" => RECIPES.iter().filter_map(|recipe| recipe.name.strip_prefix("setup ")).collect(),
        "help" => COMMANDS.iter().map(|topic| topic.name).collect(),
        "generate" => KINDS.to_vec(),
        "token" => vec!["rds", "dsql", "elasticache", "memorydb", "msk", "eks"],
        _ => Vec::new(),
    }
}

/// What the value of an option is.
enum Value {
    /// It has none.
    None,
    File,
    Folder,
    OneOf(&'static [&'static str]),
    Other,
}

impl Value {
    fn of(option: &Opt) -> Self {
        let value =
            option.spelled.rsplit("--").next().and_then(|long| long.split_once(' ')).map(|(_, value)| value);
        match (option.long(), value) {
            (_, None) => Self::None,
            ("format", _) => Self::OneOf(&[
                "process",
                "json",
                "env",
                "env-no-export",
                "fish",
                "powershell",
                "windows-cmd",
                "aws-credentials",
            ]),
            ("mode", _) => Self::OneOf(&["container", "imds"]),
            (_, Some("FOLDER")) => Self::Folder,
            // Behind an @ it is a file, and else something else.
            (_, Some(value)) if value.contains("@FILE") => Self::Other,
            (_, Some(value)) if value.contains("FILE") => Self::File,
            _ => Self::Other,
        }
    }
}

//! What may stand where on a command line.

use super::super::catalog::{COMMANDS, Opt, RECIPES, Topic};

/// What can be generated, as it is asked for.
pub(in super::super) const KINDS: [&str; 5] = ["bash", "zsh", "fish", "powershell", "man"];

/// Commands and recipes, those that begin with the same word one after the other.
pub(super) fn topics() -> impl Iterator<Item = &'static Topic> {
    COMMANDS.iter().chain(RECIPES)
}

/// The words that may follow a command before its options.
pub(super) fn second_words(topic: &Topic) -> Vec<&'static str> {
    match topic.name {
        "setup" => RECIPES.iter().filter_map(|recipe| recipe.name.strip_prefix("setup ")).collect(),
        "help" => COMMANDS.iter().map(|topic| topic.name).collect(),
        "generate" => KINDS.to_vec(),
        "token" => vec!["rds", "dsql", "elasticache", "memorydb", "msk", "eks"],
        _ => Vec::new(),
    }
}

/// What the value of an option is.
pub(super) enum Value {
    /// It has none.
    None,
    File,
    Folder,
    OneOf(&'static [&'static str]),
    Other,
}

impl Value {
    pub(super) fn of(option: &Opt) -> Self {
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

//! The text of `--help`, made from the catalog.

use super::catalog::{COMMANDS, Given, Group, Opt, RECIPES, SHARED, SOURCES, Topic};

/// The longest line.
const WIDTH: usize = 118;
/// Where the text about an option begins, and about a command.
const OPTIONS: usize = 32;
const TOPICS: usize = 46;

/// The command or recipe that begins with these words, the longest match first; `None` for an unknown command.
pub(super) fn topic(words: &[String]) -> Option<&'static Topic> {
    let recipe = words.get(..2).map(|words| words.join(" "));
    let named = |topics: &'static [Topic], name: &str| topics.iter().find(|topic| topic.name == name);
    recipe.and_then(|name| named(RECIPES, &name)).or_else(|| named(COMMANDS, words.first()?))
}

/// Every command, and the options that they share.
pub(super) fn overview() -> String {
    let mut out =
        "AWS credentials and signed requests, without an SDK.\n\nusage: rolecall COMMAND [OPTIONS]; rolecall COMMAND --help prints what the command takes\n\n"
            .to_owned();
    for topic in COMMANDS {
        put_topic(&mut out, topic);
        if topic.name == "setup" {
            RECIPES.iter().for_each(|recipe| put_topic(&mut out, recipe));
        }
    }
    SHARED.iter().for_each(|group| put_group(&mut out, group));
    out.push_str("\nA value that begins with -- is given as --option=VALUE, but for -d.\n");
    fill(&mut out, 0, SOURCES.iter().flat_map(|line| line.split(' ')));
    out.push('\n');
    let exceptions = COMMANDS.iter().filter_map(|topic| Some(format!("{}: {}", topic.name, topic.success?)));
    let exceptions = exceptions.collect::<Vec<_>>().join("; ");
    let codes = format!("Exit code: 0 success ({exceptions}), 1 failure, 2 wrong usage.");
    fill(&mut out, 0, codes.split(' '));
    out.push('\n');
    out
}

/// All that a command or a recipe takes.
pub(super) fn of(topic: &Topic) -> String {
    let mut out = format!("rolecall {}: ", topic.name);
    fill(&mut out, 0, topic.about.split(' '));
    out.push_str("\n\nusage: rolecall ");
    out.push_str(topic.name);
    let needed = topic.options.iter().filter(|option| option.given == Given::Always);
    let words = topic.words.split_terminator(' ').map(str::to_owned).chain(needed.map(bracketed));
    for word in words.chain(["[OPTIONS]".to_owned()]) {
        out.push(' ');
        out.push_str(&word);
    }
    out.push('\n');
    if topic.name == "setup" {
        out.push('\n');
        RECIPES.iter().for_each(|recipe| put_topic(&mut out, recipe));
    }
    if !topic.options.is_empty() {
        out.push('\n');
        topic.options.iter().for_each(|option| put_option(&mut out, option));
    }
    topic.groups.iter().for_each(|group| put_group(&mut out, group));
    if let Some(success) = topic.success {
        out.push_str(&format!("\nExit code: 0 success ({success}), 1 failure, 2 wrong usage.\n"));
    }
    out
}

/// `[-H NAME:VALUE]...`
fn bracketed(option: &Opt) -> String {
    // A short name stands for the long one.
    let spelled = match (option.short(), option.spelled.split_once(' ')) {
        (Some(letter), Some((_, long))) => match long.split_once(' ') {
            Some((_, value)) => format!("-{letter} {value}"),
            None => format!("-{letter}"),
        },
        _ => option.spelled.to_owned(),
    };
    match option.given {
        Given::Once => format!("[{spelled}]"),
        Given::Often => format!("[{spelled}]..."),
        Given::Always => spelled,
    }
}

fn put_group(out: &mut String, group: &Group) {
    out.push_str(&format!("\n{}:\n", group.title));
    group.options.iter().for_each(|option| put_option(out, option));
}

fn put_option(out: &mut String, option: &Opt) {
    out.push_str("  ");
    out.push_str(option.spelled);
    put_about(out, OPTIONS, option.about);
}

/// A topic with its words and options.
fn put_topic(out: &mut String, topic: &Topic) {
    let start = out.len();
    out.push_str("  ");
    out.push_str(topic.name);
    let margin = column(out) + 1;
    let words = topic.words.split_terminator(' ').map(str::to_owned);
    let more: Vec<String> = words.chain(topic.options.iter().map(bracketed)).collect();
    fill(out, margin, more.iter().map(String::as_str));
    if out[start..].contains('\n') {
        out.push('\n');
    }
    put_about(out, TOPICS, topic.about);
}

/// What an option or a topic is about, from column `margin` on.
fn put_about(out: &mut String, margin: usize, about: &str) {
    if column(out) + 2 > margin {
        out.push('\n');
    }
    fill(out, margin, about.split(' '));
    out.push('\n');
}

/// Appends words to the last line, and to further lines that begin at column `margin`.
fn fill<'a>(out: &mut String, margin: usize, words: impl Iterator<Item = &'a str>) {
    for word in words {
        if column(out) > margin {
            let space = usize::from(!out.ends_with(' '));
            if column(out) + space + word.len() > WIDTH {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
            } else {
                out.push_str(&" "[..space]);
            }
        }
        let missing = margin.saturating_sub(column(out));
        out.extend(std::iter::repeat_n(' ', missing));
        out.push_str(word);
    }
}

/// The length of the last line.
fn column(out: &str) -> usize {
    out.len() - out.rfind('\n').map_or(0, |end| end + 1)
}

//! The text of `--help`, made from the catalog.

use super::catalog::{COMMANDS, Given, Group, OVERVIEW, Opt, RECIPES, SHARED, SOURCES, Topic};

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
    let mut out = "AWS credentials and signed requests, without an SDK.\n\n\
         usage: rolecall COMMAND [OPTIONS]; rolecall COMMAND --help prints what the command takes\n\n"
        .to_owned();
    for topic in COMMANDS {
        put_topic(&mut out, topic);
        if topic.name == "setup" {
            RECIPES.iter().for_each(|recipe| put_topic(&mut out, recipe));
        }
    }
    OVERVIEW.iter().for_each(|group| put_group(&mut out, group));
    let others = SHARED.iter().filter(|group| !OVERVIEW.iter().any(|shown| shown.title == group.title));
    let titles: Vec<&str> = others.map(|group| group.title).collect();
    if !titles.is_empty() {
        out.push('\n');
        let more = format!("And, in rolecall COMMAND --help: {}.", titles.join("; "));
        fill(&mut out, 0, more.split(' '));
        out.push('\n');
    }
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
    let mut words: Vec<String> = words.collect();
    // Behind the hyphens are words of another command.
    let options = if topic.words.contains("--") { 0 } else { words.len() };
    words.insert(options, "[OPTIONS]".to_owned());
    for word in words {
        out.push(' ');
        out.push_str(&word);
    }
    out.push('\n');
    out.push('\n');
    topic.examples.iter().for_each(|example| out.push_str(&format!("  {example}\n")));
    if !topic.more.is_empty() {
        out.push_str(&format!("\n{}\n", topic.more.join("\n")));
    }
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

/// A topic with its words.
fn put_topic(out: &mut String, topic: &Topic) {
    out.push_str("  ");
    out.push_str(topic.name);
    let margin = column(out) + 1;
    fill(out, margin, topic.words.split_terminator(' '));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::parse;

    fn topics() -> impl Iterator<Item = &'static Topic> {
        COMMANDS.iter().chain(RECIPES)
    }

    /// The option with a value that can be parsed.
    fn written(option: &Opt) -> String {
        let name = option.long();
        let value = match name {
            "format" => "json",
            "date" => "20150830T123600Z",
            "expires" | "duration-seconds" | "max-session-duration" | "wait" | "timeout" => "3600",
            "retry" => "3",
            "mfa-code" => "123456",
            "tag" | "login" | "login-provider" => "a=b",
            "header" => "a:b",
            "length" => "100",
            "listen" => "127.0.0.1:0",
            "mode" => "imds",
            _ => "value",
        };
        let takes = option.spelled.rsplit("--").next().is_some_and(|long| long.contains(' '));
        if takes { format!("--{name}={value}") } else { format!("--{name}") }
    }

    /// The error of a topic with an option.
    fn error(topic: &Topic, option: &Opt) -> String {
        let line = format!("rolecall {} {}", topic.name, written(option));
        parse(line.split(' ').map(Into::into)).err().unwrap_or_default()
    }

    #[test]
    fn a_topic_takes_the_options_that_its_help_lists_and_no_others() {
        for topic in topics() {
            let text = of(topic);
            for option in topics().flat_map(Topic::all) {
                let listed = text.lines().any(|line| line.trim_start().starts_with(option.spelled));
                if topic.has(option.long()) {
                    let found = error(topic, option);
                    let unknown = found.contains("has no option") || found.contains("invalid option");
                    assert!(!unknown, "{} {}: {found}", topic.name, option.spelled);
                } else {
                    assert!(!listed, "{} lists {}", topic.name, option.spelled);
                    // `help` and the options about help ask for a text, whatever else is given.
                    if topic.name != "help" {
                        let found = error(topic, option);
                        assert!(
                            found.contains("has no option"),
                            "{} {}: {found}",
                            topic.name,
                            option.spelled
                        );
                    }
                }
            }
            for option in topic.all() {
                assert!(text.contains(option.spelled), "{} does not list {}", topic.name, option.spelled);
            }
        }
    }

    #[test]
    fn the_overview_has_every_command_and_every_common_option() {
        let text = overview();
        for topic in topics() {
            assert!(text.contains(&format!("\n  {} ", topic.name)), "{}", topic.name);
            assert!(text.contains(topic.about.split(' ').next().unwrap_or_default()), "{}", topic.name);
        }
        for option in OVERVIEW.iter().flat_map(|group| group.options) {
            assert!(text.contains(&format!("\n  {} ", option.spelled)), "{}", option.spelled);
        }
    }

    #[test]
    fn no_line_is_too_long_or_ends_with_a_space() {
        for text in topics().map(of).chain([overview()]) {
            for line in text.lines() {
                assert!(line.is_ascii() && line.len() <= WIDTH && !line.ends_with(' '), "{line:?}");
            }
        }
    }

    #[test]
    fn the_texts_name_what_this_build_has() {
        let all: String = topics().map(of).chain([overview()]).collect();
        for (word, built) in [
            ("setup", cfg!(feature = "setup")),
            ("--undo", cfg!(feature = "setup")),
            ("demo", cfg!(feature = "demo")),
            ("rolecall serve", cfg!(feature = "serve")),
            ("--refresh", cfg!(feature = "serve")),
            ("rolecall token", cfg!(feature = "tokens")),
            ("rolecall verify", cfg!(feature = "verify")),
            ("rolecall profiles", cfg!(feature = "profiles")),
            ("rolecall generate", cfg!(feature = "generate")),
            ("--region-set", cfg!(feature = "sigv4a")),
            ("IAM Identity Center", cfg!(feature = "sso")),
            ("(SRP)", cfg!(feature = "srp")),
        ] {
            let found = all.split_whitespace().collect::<Vec<_>>().join(" ").contains(word);
            assert_eq!(found, built, "{word}");
        }
    }

    /// The words of the first command of this one in a line of a shell.
    fn words(example: &str) -> Vec<String> {
        let (_, rest) = example.split_once("rolecall ").expect("the command");
        let mut words = vec![String::new()];
        let mut quote = None;
        for letter in rest.chars() {
            match (letter, quote) {
                (';' | '|' | '<' | '>' | '&' | ')' | '"', None) => break,
                ('\'', None) => quote = Some('\''),
                ('\'', Some(_)) => quote = None,
                (' ', None) => words.push(String::new()),
                _ => words.last_mut().expect("one").push(letter),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_example_is_a_command_line_of_its_topic() {
        for topic in COMMANDS.iter().chain(RECIPES) {
            for example in topic.examples {
                let words = words(example);
                assert_eq!(
                    words.get(..topic.name.split(' ').count()).map(|name| name.join(" ")).as_deref(),
                    Some(topic.name)
                );
                let parsed =
                    parse(["rolecall"].into_iter().chain(words.iter().map(String::as_str)).map(Into::into));
                assert!(parsed.is_ok(), "{example}: {parsed:?}");
            }
            let help = of(topic);
            assert!(
                topic.examples.iter().all(|example| help.contains(&format!("\n  {example}\n"))),
                "{help}"
            );
        }
    }
}

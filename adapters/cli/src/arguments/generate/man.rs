//! The manual page, in the macros of man(7).

use super::super::catalog::{COMMANDS, Group, Opt, RECIPES, SHARED, SOURCES, Topic};

pub(super) fn page() -> String {
    let mut out = format!(
        ".TH ROLECALL 1 \"\" \"rolecall {}\" \"User commands\"\n.SH NAME\nrolecall \\- AWS credentials and signed \
         requests, without an SDK\n.SH SYNOPSIS\n.B rolecall\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n",
        env!("CARGO_PKG_VERSION")
    );
    SOURCES.iter().for_each(|line| put_line(&mut out, line));
    out.push_str(".SH COMMANDS\n");
    for topic in COMMANDS {
        put_topic(&mut out, topic);
        if topic.name == "setup" {
            RECIPES.iter().for_each(|recipe| put_topic(&mut out, recipe));
        }
    }
    out.push_str(".SH OPTIONS\n");
    SHARED.iter().for_each(|group| put_group(&mut out, group));
    out.push_str(".SH EXIT STATUS\n0 for success, 1 for a failure, 2 for wrong usage.\n");
    for topic in COMMANDS {
        if let Some(success) = topic.success {
            out.push_str(&format!(".br\n{}: 0 is {}.\n", escaped(topic.name), escaped(success)));
        }
    }
    out.push_str(".SH FILES\n.I ~/.aws/config\n.br\n.I ~/.aws/credentials\n");
    out
}

fn put_topic(out: &mut String, topic: &Topic) {
    out.push_str(&format!(".SS \"rolecall {} {}\"\n", escaped(topic.name), escaped(topic.words)));
    put_line(out, topic.about);
    // Examples, and text whose lines are broken already.
    out.push_str(".PP\n.nf\n");
    topic.examples.iter().for_each(|example| put_line(out, &format!("  {example}")));
    if !topic.more.is_empty() {
        out.push('\n');
        topic.more.iter().for_each(|line| put_line(out, line));
    }
    out.push_str(".fi\n");
    topic.options.iter().for_each(|option| put_option(out, option));
}

fn put_group(out: &mut String, group: &Group) {
    out.push_str(&format!(".SS \"{}\"\n", escaped(group.title)));
    group.options.iter().for_each(|option| put_option(out, option));
}

fn put_option(out: &mut String, option: &Opt) {
    out.push_str(&format!(".TP\n.B {}\n", escaped(option.spelled)));
    put_line(out, option.about);
}

/// A line of text, which is no request of the formatter.
fn put_line(out: &mut String, line: &str) {
    if line.starts_with(['.', '\'']) {
        out.push_str("\\&");
    }
    out.push_str(&escaped(line));
    out.push('\n');
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq").replace('\'', "\\(aq")
}

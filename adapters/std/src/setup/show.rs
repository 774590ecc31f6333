//! A call as a line of text.

use std::fmt;

use rolecall_core::call::{AnyAction, Members, Operation};

/// A call that is next. It prints as its text.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Call<'a> {
    /// The service, the operation and its parameters, without secrets: `IAM GetRole RoleName=gateway`.
    pub text: &'a str,
    /// Whether it changes something. A dry run does not make such a call.
    pub changes: bool,
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// Longer texts are cut.
const LONGEST: usize = 200;
/// Members whose values are secret.
const SECRETS: [&str; 3] = ["Password", "SecretHash", "ConfirmationCode"];

/// `IAM CreateRole RoleName=gateway ...`
pub(super) fn show(action: &AnyAction<'_>) -> String {
    let shape = action.shape();
    let mut line = Line { text: format!("{} {}", shape.api.origin, shape.action), within: String::new() };
    action.members(&mut line);
    line.text
}

struct Line {
    text: String,
    /// The names of the structures around the members.
    within: String,
}

impl Line {
    fn inside(&mut self, name: &str, members: &mut dyn FnMut(&mut Self)) {
        let length = self.within.len();
        self.within.push_str(name);
        self.within.push('.');
        members(self);
        self.within.truncate(length);
    }
}

impl Members for Line {
    fn text(&mut self, name: &str, value: &str) {
        let shown = if SECRETS.contains(&name) {
            "***".to_owned()
        } else if value.chars().count() > LONGEST {
            value.chars().take(LONGEST).chain(['.', '.', '.']).collect()
        } else {
            value.to_owned()
        };
        // One line, whatever the value.
        let shown: String = shown.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        self.text.push_str(&format!(" {}{name}={shown}", self.within));
    }

    fn number(&mut self, name: &str, value: u32) {
        self.text(name, &value.to_string());
    }

    fn truth(&mut self, name: &str, value: bool) {
        self.text(name, if value { "true" } else { "false" });
    }

    fn texts(&mut self, name: &str, values: &[&str]) {
        if !values.is_empty() {
            self.text(name, &values.join(","));
        }
    }

    fn structure(&mut self, name: &str, members: &mut dyn FnMut(&mut dyn Members)) {
        self.inside(name, &mut |line| members(line));
    }

    fn structures(&mut self, name: &str, count: usize, members: &mut dyn FnMut(usize, &mut dyn Members)) {
        for index in 0..count {
            self.inside(&format!("{name}.{}", index + 1), &mut |line| members(index, line));
        }
    }
}

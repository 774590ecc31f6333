//! `rolecall setup` as a user goes about it: look first, set up, again, undo.

use serde_json::json;

use crate::boto::text;
use crate::command::{Run, rolecall};
use crate::servers::Server;

/// A policy that allows everything on S3, in JSON.
pub const S3: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
/// One that IAM takes, by its ARN.
pub const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

/// A set-up and the server that it is for.
pub struct SetUp<'a> {
    /// The server.
    pub server: &'a Server,
    arguments: Vec<&'a str>,
    environment: Vec<(&'static str, String)>,
}

impl<'a> SetUp<'a> {
    /// `rolecall setup` with these arguments.
    pub fn new(server: &'a Server, arguments: &[&'a str]) -> Self {
        let arguments = [&["setup"], arguments].concat();
        Self { server, arguments, environment: server.every_service() }
    }

    /// With a variable more.
    pub fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Runs it, with more arguments.
    pub fn run(&self, more: &[&str]) -> Run {
        let arguments: Vec<&str> = self.arguments.iter().chain(more).copied().collect();
        rolecall(&arguments, self.environment.clone())
    }

    /// Runs it dry, for good, and again. `things` are what it makes, as `tests/lib/readback.py` names
    /// them. The first run and its standard output.
    #[track_caller]
    pub fn up(&self, things: &[&[&str]]) -> Run {
        let dry = self.run(&["--dry-run"]);
        assert!(dry.ok().lines().count() >= things.len(), "{dry:#?}");
        assert!(dry.ok().lines().all(|line| line.starts_with("would be made: ")), "{dry:#?}");
        for thing in things {
            assert!(!self.server.has(thing), "{thing:?} was made by a dry run: {dry:#?}");
        }
        let first = self.run(&[]);
        first.ok();
        let changing = |run: &'_ Run| {
            let calls = run.calls().into_iter().filter(|call| !is_reading(call));
            calls.map(str::to_owned).collect::<Vec<_>>()
        };
        let (planned, done) = (changing(&dry), changing(&first));
        assert!(!planned.is_empty() && planned == done, "planned: {dry:#?}\ndone: {first:#?}");

        let made: Vec<_> = things.iter().map(|thing| self.server.read(thing)).collect();
        let again = self.run(&[]);
        assert_eq!(again.ok(), first.stdout, "a second time, it tells otherwise");
        for (thing, made) in things.iter().zip(made) {
            assert!(made["exists"] == true, "{thing:?} is not there: {first:#?}");
            assert_eq!(self.server.read(thing), made, "{thing:?} is another after a second run");
        }
        let makes = |call: &&str| {
            ["Create", "Register", "Run", "Associate", "Add"].iter().any(|verb| call.starts_with(verb))
        };
        assert!(!again.calls().iter().any(makes), "{again:#?}");
        first
    }

    /// Undoes it: dry, for good, and again.
    #[track_caller]
    pub fn down(&self, things: &[&[&str]]) {
        let before: Vec<_> = things.iter().map(|thing| self.server.read(thing)).collect();
        let dry = self.run(&["--undo", "--dry-run"]);
        assert!(dry.ok().lines().count() >= things.len(), "{dry:#?}");
        assert!(dry.ok().lines().all(|line| line.starts_with("would be removed: ")), "{dry:#?}");
        for (thing, before) in things.iter().zip(before) {
            assert_eq!(self.server.read(thing), before, "{thing:?} is another after a dry run");
        }
        let undone = self.run(&["--undo"]);
        assert_eq!(undone.ok(), dry.stdout.replace("would be removed", "removed"));
        for thing in things {
            assert!(!self.server.has(thing), "{thing:?} is left: {undone:#?}");
        }
        let again = self.run(&["--undo"]);
        assert_eq!(again.ok(), "", "nothing is left to remove");
        assert!(again.calls().into_iter().all(is_reading), "{again:#?}");
    }

    /// The ARN of a role at the server.
    pub fn role_arn(&self, role: &str) -> String {
        format!("arn:aws:iam::{}:role/{role}", self.server.need("ACCOUNT_ID"))
    }
}

/// Whether an operation changes nothing.
fn is_reading(call: &str) -> bool {
    ["Get", "List", "Describe"].iter().any(|verb| call.starts_with(verb))
}

/// What a set-up's standard output says of something: `user pool: ID`.
#[track_caller]
pub fn told(run: &Run, what: &str) -> String {
    let line = |line: &str| line.strip_prefix(what)?.strip_prefix(": ").map(str::to_owned);
    run.stdout.lines().find_map(line).unwrap_or_else(|| panic!("no {what}: {run:#?}"))
}

/// The ids of the user pools of that name, which several may have.
pub fn user_pools(server: &Server, name: &str) -> Vec<String> {
    let (mut ids, mut given) = (Vec::new(), json!({"MaxResults": 60}));
    loop {
        let page = server.boto_call("cognito-idp", "list_user_pools", given.clone());
        let pools = page["UserPools"].as_array().expect("a list").iter();
        ids.extend(pools.filter(|pool| pool["Name"] == name).map(|pool| text(&pool["Id"])));
        match page.get("NextToken") {
            Some(next) => given["NextToken"] = next.clone(),
            None => return ids,
        }
    }
}

//! `rolecall setup` as a user runs it: a dry run, the real run, the same run again, and `--undo`.

use serde_json::json;

use crate::boto::text;
use crate::command::{Run, rolecall};
use crate::servers::Server;

/// A policy document that allows everything on S3.
pub const S3: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
/// A policy document that only the service can refuse.
pub const PERHAPS: &str = r#"{"Statement":[{"Effect":"Perhaps","Action":"s3:*","Resource":"*"}]}"#;
/// The ARN of a managed policy.
pub const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

/// A `rolecall setup` command line and its server.
pub struct Provisioning<'a> {
    /// The server.
    pub server: &'a Server,
    arguments: Vec<&'a str>,
    environment: Vec<(&'static str, String)>,
}

impl<'a> Provisioning<'a> {
    /// Prepares `rolecall setup` with these arguments.
    pub fn new(server: &'a Server, arguments: &[&'a str]) -> Self {
        let arguments = [&["setup"], arguments].concat();
        Self { server, arguments, environment: server.every_service() }
    }

    /// Adds an environment variable.
    pub fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Runs it with additional arguments.
    pub fn run(&self, more: &[&str]) -> Run {
        let arguments: Vec<&str> = self.arguments.iter().chain(more).copied().collect();
        rolecall(&arguments, self.environment.clone())
    }

    /// Runs it dry, for real, and again, and checks `resources`, which are named as in
    /// `tests/lib/readback.py`. Returns the first real run.
    #[track_caller]
    pub fn apply(&self, resources: &[&[&str]]) -> Run {
        let dry = self.run(&["--dry-run"]);
        assert!(dry.ok().lines().count() >= resources.len(), "{dry:#?}");
        assert!(dry.ok().lines().all(|line| line.starts_with("would create ")), "{dry:#?}");
        says_what_a_dry_run_does(&dry);
        for resource in resources {
            assert!(!self.server.has(resource), "{resource:?} was made by a dry run: {dry:#?}");
        }
        let first = self.run(&[]);
        let secret = |line: &str| line.starts_with("client secret: ");
        assert!(first.ok().lines().all(|line| line.starts_with("created ") || secret(line)), "{first:#?}");
        let changing = |run: &'_ Run| {
            let calls = run.calls().into_iter().filter(|call| !is_read_only(call));
            calls.map(str::to_owned).collect::<Vec<_>>()
        };
        let (planned, done) = (changing(&dry), changing(&first));
        assert!(!planned.is_empty() && planned == done, "planned: {dry:#?}\ndone: {first:#?}");

        let made: Vec<_> = resources.iter().map(|resource| self.server.read(resource)).collect();
        let again = self.run(&[]);
        assert_eq!(
            again.ok(),
            first.stdout.replace("created ", "found "),
            "the second run found something else"
        );
        for (resource, made) in resources.iter().zip(made) {
            assert!(made["exists"] == true, "{resource:?} does not exist: {first:#?}");
            assert_eq!(self.server.read(resource), made, "{resource:?} was changed by the second run");
        }
        let makes = |call: &&str| {
            ["Create", "Register", "Run", "Associate", "Add"].iter().any(|verb| call.starts_with(verb))
        };
        assert!(!again.calls().iter().any(makes), "{again:#?}");
        first
    }

    /// Undoes it dry, for real, and again, and checks that `resources` are gone.
    #[track_caller]
    pub fn undo(&self, resources: &[&[&str]]) {
        let before: Vec<_> = resources.iter().map(|resource| self.server.read(resource)).collect();
        let dry = self.run(&["--undo", "--dry-run"]);
        assert!(dry.ok().lines().count() >= resources.len(), "{dry:#?}");
        assert!(dry.ok().lines().all(|line| line.starts_with("would remove ")), "{dry:#?}");
        says_what_a_dry_run_does(&dry);
        for (resource, before) in resources.iter().zip(before) {
            assert_eq!(self.server.read(resource), before, "{resource:?} was changed by the dry run");
        }
        let undone = self.run(&["--undo"]);
        assert_eq!(undone.ok(), dry.stdout.replace("would remove", "removed"));
        for resource in resources {
            assert!(!self.server.has(resource), "{resource:?} was not removed: {undone:#?}");
        }
        let again = self.run(&["--undo"]);
        assert_eq!(again.ok(), "", "nothing is left to remove");
        assert!(again.stderr.lines().any(|line| line.starts_with("nothing to remove")), "{again:#?}");
        assert!(again.calls().into_iter().all(is_read_only), "{again:#?}");
    }

    /// The ARN of a role at the server.
    pub fn role_arn(&self, role: &str) -> String {
        format!("arn:aws:iam::{}:role/{role}", self.server.need("ACCOUNT_ID"))
    }
}

/// Checks that each call of a dry run is reported as one that reads, or as one that is not made.
#[track_caller]
fn says_what_a_dry_run_does(dry: &Run) {
    let said = dry.stderr.lines().map(|line| line.starts_with("reading: "));
    let read_only = dry.calls().into_iter().map(is_read_only);
    assert!(said.eq(read_only), "{dry:#?}");
    assert!(dry.stderr.contains("\nwould call: "), "{dry:#?}");
}

/// Whether an operation is read-only.
pub fn is_read_only(call: &str) -> bool {
    ["Get", "List", "Describe"].iter().any(|verb| call.starts_with(verb))
}

/// The value that the command printed for a name: `created user pool ID`, `client secret: SECRET`.
#[track_caller]
pub fn reported(run: &Run, what: &str) -> String {
    let line = |line: &str| {
        let resource = ["created ", "found ", "changed "].iter().find_map(|done| line.strip_prefix(done));
        let value = match resource {
            Some(resource) => resource.strip_prefix(what)?.strip_prefix(' ')?,
            None => line.strip_prefix(what)?.strip_prefix(": ")?,
        };
        // The rest of a longer name is no value.
        Some(value.to_owned()).filter(|value| !value.contains(' '))
    };
    run.stdout.lines().find_map(line).unwrap_or_else(|| panic!("no {what}: {run:#?}"))
}

/// The ids of all user pools with this name.
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

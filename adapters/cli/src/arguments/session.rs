//! Options of the other calls of STS that give credentials.

use std::ffi::OsString;

use lexopt::Parser;

use super::role::RoleOptions;
use super::value;

/// A call of STS in place of AssumeRole, or none.
#[derive(Debug, Default)]
pub(crate) struct SessionOptions {
    /// The provider of a SAML assertion, and the assertion or `@FILE`.
    pub(crate) saml_provider: Option<String>,
    pub(crate) saml_assertion: Option<OsString>,
    /// Whether a session of the user itself is asked for (GetSessionToken).
    pub(crate) user_session: bool,
    /// The name of a federated user (GetFederationToken).
    pub(crate) federated_user: Option<String>,
    /// The account whose root user is assumed, and the policy of the task (AssumeRoot).
    pub(crate) root_of: Option<String>,
    pub(crate) root_task: Option<String>,
}

impl SessionOptions {
    /// Parses the option `name`, and returns whether it is one of these.
    pub(super) fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let option = format!("--{name}");
        let mut text = || value::text(&option, parser);
        match name {
            "saml-provider-arn" => self.saml_provider = Some(text()?),
            "saml-assertion" => self.saml_assertion = Some(value::any(&option, parser)?),
            "user-session" => self.user_session = true,
            "federated-user" => self.federated_user = Some(text()?),
            "root-of" => self.root_of = Some(text()?),
            "root-task" => self.root_task = Some(text()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether one of them is asked for.
    pub(crate) fn is_given(&self) -> bool {
        self.saml_provider.is_some()
            || self.user_session
            || self.federated_user.is_some()
            || self.root_of.is_some()
    }

    /// The options beside a role that the call takes, too.
    fn takes(&self) -> &'static [&'static str] {
        if self.user_session {
            &["--duration-seconds", "--mfa-serial", "--mfa-code"]
        } else if self.federated_user.is_some() {
            &["--duration-seconds", "--policy", "--policy-arn", "--tag"]
        } else if self.root_of.is_some() {
            &["--duration-seconds"]
        } else {
            // The role of an assertion has no name of the caller's.
            &["--duration-seconds", "--policy", "--policy-arn"]
        }
    }

    /// The seconds that it may last, at least and at most.
    pub(super) fn durations(&self) -> (u32, u32) {
        if self.root_of.is_some() {
            (1, 900)
        } else if self.user_session || self.federated_user.is_some() {
            (900, 129_600)
        } else {
            (900, 43_200)
        }
    }

    /// Checks that the options go together.
    pub(super) fn check(&self, role: &RoleOptions) -> Result<(), lexopt::Error> {
        let pairs = [
            (
                self.saml_provider.is_some(),
                self.saml_assertion.is_some(),
                "saml-provider-arn",
                "saml-assertion",
            ),
            (self.root_of.is_some(), self.root_task.is_some(), "root-of", "root-task"),
        ];
        for (first, second, name, other) in pairs {
            if first != second {
                let (given, missing) = if first { (name, other) } else { (other, name) };
                return Err(format!("--{given} needs --{missing}").into());
            }
        }
        let calls = [
            self.saml_provider.is_some(),
            self.user_session,
            self.federated_user.is_some(),
            self.root_of.is_some(),
        ];
        let calls = calls.iter().filter(|given| **given).count();
        if calls == 0 {
            return Ok(());
        }
        if calls > 1 {
            return Err(
                "--saml-provider-arn, --user-session, --federated-user or --root-of: one of them".into()
            );
        }
        match (self.saml_provider.is_some(), &role.arn) {
            (true, None) => return Err("--saml-provider-arn needs --role-arn".into()),
            (false, Some(_)) => {
                let problem = "--user-session, --federated-user and --root-of are in place of --role-arn, not beside it";
                return Err(problem.into());
            }
            _ => {}
        }
        match role.given.iter().find(|option| !self.takes().contains(&option.as_str())) {
            Some(option) => Err(format!("{option} is no parameter of that call of STS; leave it out").into()),
            None => Ok(()),
        }
    }
}

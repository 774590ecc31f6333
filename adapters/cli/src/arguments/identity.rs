//! Options of an Amazon Cognito identity.

use lexopt::Parser;

use super::value;

/// The identity, and what proves it.
#[derive(Debug, Default)]
pub(crate) struct IdentityOptions {
    pub(crate) pool: Option<String>,
    pub(crate) id: Option<String>,
    /// Provider and token, or `@` and the file it is in.
    pub(crate) logins: Vec<(String, String)>,
    pub(crate) user_pool: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password_stdin: bool,
    pub(crate) send_password: bool,
    pub(crate) custom_role_arn: Option<String>,
    pub(crate) role_arn: Option<String>,
    /// The first option of these that has no meaning without an identity.
    first: Option<String>,
}

impl IdentityOptions {
    /// Parses the option `name`, and returns whether it is one of these.
    pub(super) fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let option = format!("--{name}");
        let mut text = || value::text(&option, parser);
        match name {
            "cognito-identity-pool" => self.pool = Some(text()?),
            "cognito-identity-id" => self.id = Some(text()?),
            "login" => self.logins.push(value::secret_pair(&option, "PROVIDER=TOKEN", parser)?),
            "user-pool" => self.user_pool = Some(text()?),
            "client-id" => self.client_id = Some(text()?),
            "username" => self.username = Some(text()?),
            "password-stdin" => self.password_stdin = true,
            "send-password" => self.send_password = true,
            "custom-role-arn" => self.custom_role_arn = Some(text()?),
            "identity-role-arn" => self.role_arn = Some(text()?),
            _ => return Ok(false),
        }
        // `setup cognito` has a user, too.
        if !matches!(name, "cognito-identity-pool" | "cognito-identity-id" | "username" | "password-stdin") {
            self.first.get_or_insert(option);
        }
        Ok(true)
    }

    /// Whether an identity is given.
    pub(crate) fn is_given(&self) -> bool {
        self.pool.is_some() || self.id.is_some()
    }

    /// Checks that the options go together, for a command that creates a user or any other.
    pub(super) fn check(&self, makes_user: bool) -> Result<(), lexopt::Error> {
        if !self.is_given() && !makes_user && (self.username.is_some() || self.password_stdin) {
            let of =
                "--username and --password-stdin go with --cognito-identity-pool or --cognito-identity-id";
            return Err(of.into());
        }
        if let (Some(option), false) = (&self.first, self.is_given()) {
            return Err(format!("{option} needs --cognito-identity-pool or --cognito-identity-id").into());
        }
        if self.pool.is_some() && self.id.is_some() {
            return Err("--cognito-identity-pool or --cognito-identity-id, not both".into());
        }
        let user = [self.user_pool.is_some(), self.client_id.is_some(), self.username.is_some()];
        if self.is_given() && user.contains(&true) && user.contains(&false) {
            return Err("--user-pool, --client-id and --username go together".into());
        }
        if self.password_stdin && self.username.is_none() {
            return Err("--password-stdin needs --username".into());
        }
        if self.send_password && self.username.is_none() {
            return Err("--send-password needs --username".into());
        }
        if self.custom_role_arn.is_some() && self.role_arn.is_some() {
            return Err("--custom-role-arn or --identity-role-arn, not both".into());
        }
        Ok(())
    }
}

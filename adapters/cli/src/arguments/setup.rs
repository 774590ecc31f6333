//! Options of `rolecall setup`.

use std::ffi::OsString;

use lexopt::{Parser, ValueExt};

use super::common::Common;

/// A recipe and its options.
#[derive(Debug, Default)]
pub(crate) struct SetupOptions {
    pub(crate) recipe: Recipe,
    pub(crate) undo: bool,
    pub(crate) dry_run: bool,
    pub(crate) policy: Option<OsString>,
    pub(crate) policy_arns: Vec<String>,
    pub(crate) role: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) replace: bool,
    pub(crate) image: Option<String>,
    pub(crate) family: Option<String>,
    pub(crate) run: bool,
    pub(crate) cluster: Option<String>,
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) trust: String,
    pub(crate) external_id: Option<String>,
    pub(crate) name: String,
    pub(crate) client_secret: bool,
    pub(crate) classic: bool,
    pub(crate) unauthenticated: bool,
    pub(crate) unauthenticated_policy: Option<OsString>,
    pub(crate) unauthenticated_policy_arns: Vec<String>,
    pub(crate) login_providers: Vec<(String, String)>,
    pub(crate) oidc_url: Option<String>,
    pub(crate) oidc_client_ids: Vec<String>,
    pub(crate) thumbprints: Vec<String>,
    /// The options that were given; the first of them, for commands that have none of them.
    given: Vec<String>,
    pub(super) first: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Recipe {
    #[default]
    Ec2Role,
    EcsRole,
    CrossAccount,
    Cognito,
}

impl Recipe {
    /// The options of this recipe beside those of all recipes; the first is required.
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Ec2Role => &["role", "instance-id", "replace"],
            Self::EcsRole => &["role", "image", "family", "run", "cluster", "subnet", "security-group"],
            Self::CrossAccount => &["role", "trust"],
            Self::Cognito => &[
                "name",
                "client-secret",
                "classic",
                "allow-unauthenticated",
                "unauthenticated-policy",
                "unauthenticated-policy-arn",
                "login-provider",
                "oidc-url",
                "oidc-client-id",
                "thumbprint",
            ],
        }
    }
}

impl SetupOptions {
    /// Parses the option `name`, and returns whether it is one of these.
    pub(super) fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let mut text = || parser.value()?.string();
        match name {
            "undo" => self.undo = true,
            "dry-run" => self.dry_run = true,
            "role" => self.role = text()?,
            "instance-id" => self.instance_id = Some(text()?),
            "replace" => self.replace = true,
            "image" => self.image = Some(text()?),
            "family" => self.family = Some(text()?),
            "run" => self.run = true,
            "cluster" => self.cluster = Some(text()?),
            "subnet" => self.subnets.push(text()?),
            "security-group" => self.security_groups.push(text()?),
            "trust" => self.trust = text()?,
            "name" => self.name = text()?,
            "client-secret" => self.client_secret = true,
            "classic" => self.classic = true,
            "allow-unauthenticated" => self.unauthenticated = true,
            "unauthenticated-policy" => self.unauthenticated_policy = Some(parser.value()?),
            "unauthenticated-policy-arn" => self.unauthenticated_policy_arns.push(text()?),
            "login-provider" => {
                let login = text()?;
                let (provider, app) =
                    login.split_once('=').ok_or("--login-provider: expected PROVIDER=APP")?;
                self.login_providers.push((provider.to_owned(), app.to_owned()));
            }
            "oidc-url" => self.oidc_url = Some(text()?),
            "oidc-client-id" => self.oidc_client_ids.push(text()?),
            "thumbprint" => self.thumbprints.push(text()?),
            _ => return Ok(false),
        }
        self.first.get_or_insert_with(|| format!("--{name}"));
        self.given.push(name.to_owned());
        Ok(true)
    }

    /// Checks that each option that was given has one of those it depends on.
    fn together(&self, pairs: &[(&str, &[&str])]) -> Result<(), lexopt::Error> {
        let given = |name: &str| self.given.iter().any(|given| given == name);
        let alone = pairs.iter().find(|(option, with)| given(option) && !with.iter().any(|with| given(with)));
        match alone {
            Some((option, [with, ..])) => Err(format!("--{option} needs --{with}").into()),
            _ => Ok(()),
        }
    }

    /// The options for the recipe of that name. Policies and an external id, which a role to assume has too,
    /// belong to the role that is created.
    pub(super) fn of(mut self, name: &str, common: &mut Common) -> Result<Self, lexopt::Error> {
        self.recipe = match name {
            "ec2-role" => Recipe::Ec2Role,
            "ecs-role" => Recipe::EcsRole,
            "cross-account" => Recipe::CrossAccount,
            "cognito" => Recipe::Cognito,
            _ => {
                let all = "ec2-role, ecs-role, cross-account, cognito";
                return Err(format!("setup: unknown recipe {name:?}, expected one of {all}").into());
            }
        };
        let options = self.recipe.options();
        let unknown = |given: &&String| {
            !matches!(given.as_str(), "undo" | "dry-run") && !options.contains(&given.as_str())
        };
        if let Some(option) = self.given.iter().find(unknown) {
            return Err(format!("setup {name} has no option --{option}").into());
        }
        let needed: &[&str] =
            if self.recipe == Recipe::CrossAccount && !self.undo { options } else { &options[..1] };
        if let Some(option) = needed.iter().find(|option| !self.given.iter().any(|given| given == *option)) {
            return Err(format!("setup {name}: --{option} is required").into());
        }
        self.together(&[
            ("run", &["image"]),
            ("subnet", &["run"]),
            ("security-group", &["subnet"]),
            ("replace", &["instance-id"]),
            ("family", &["image", "undo"]),
            ("cluster", &["run", "undo"]),
            ("thumbprint", &["oidc-url"]),
        ])?;
        if self.oidc_url.is_some() == self.oidc_client_ids.is_empty() {
            return Err("--oidc-url and --oidc-client-id go together".into());
        }
        let role = &mut common.role;
        self.policy = role.policy.take();
        self.policy_arns = std::mem::take(&mut role.policy_arns);
        self.external_id = role.external_id.take();
        if self.external_id.is_some() && self.recipe != Recipe::CrossAccount {
            return Err(format!("setup {name} has no option --external-id").into());
        }
        role.given.retain(|given| !matches!(given.as_str(), "--policy" | "--policy-arn" | "--external-id"));
        Ok(self)
    }
}

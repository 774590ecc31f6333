//! Options of `rolecall setup`.

use std::ffi::OsString;

use lexopt::Parser;

use super::catalog::{Given, Opt, RECIPES, Topic};
use super::common::Common;
use super::value;

/// A recipe and its options.
#[derive(Debug, Default)]
pub(crate) struct SetupOptions {
    pub(crate) recipe: Recipe,
    pub(crate) undo: bool,
    pub(crate) dry_run: bool,
    pub(crate) json: bool,
    pub(crate) policy: Option<OsString>,
    pub(crate) policy_arns: Vec<String>,
    pub(crate) role: String,
    pub(crate) description: Option<String>,
    pub(crate) max_session_duration: Option<u32>,
    pub(crate) instance_id: Option<String>,
    pub(crate) replace: bool,
    pub(crate) image: Option<String>,
    pub(crate) family: Option<String>,
    pub(crate) run: bool,
    pub(crate) cluster: Option<String>,
    pub(crate) execution_role: Option<String>,
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) public_ip: bool,
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
    /// The options that were given.
    given: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Recipe {
    #[default]
    Ec2Role,
    EcsRole,
    CrossAccount,
    Cognito,
}

impl Topic {
    pub(super) fn is_recipe(&self) -> bool {
        RECIPES.iter().any(|recipe| recipe.name == self.name)
    }
}

/// The error about a word in place of a recipe.
pub(super) fn unknown(word: &str) -> String {
    let all: Vec<_> = RECIPES.iter().map(|recipe| recipe.name.trim_start_matches("setup ")).collect();
    format!("setup: unknown recipe {word:?}, expected one of {}", all.join(", "))
}

impl SetupOptions {
    /// Parses the option `name`, and returns whether it is one of these.
    pub(super) fn take(&mut self, name: &str, parser: &mut Parser) -> Result<bool, lexopt::Error> {
        let option = format!("--{name}");
        let mut text = || value::text(&option, parser);
        match name {
            "undo" => self.undo = true,
            "dry-run" => self.dry_run = true,
            "role" => self.role = text()?,
            "description" => self.description = Some(value::maybe_empty(&option, parser)?),
            "max-session-duration" => {
                self.max_session_duration = Some(value::seconds(&option, 3_600..=43_200, parser)?);
            }
            "instance-id" => self.instance_id = Some(text()?),
            "replace" => self.replace = true,
            "image" => self.image = Some(text()?),
            "family" => self.family = Some(text()?),
            "execution-role" => self.execution_role = Some(text()?),
            "run" => self.run = true,
            "cluster" => self.cluster = Some(text()?),
            "subnet" => self.subnets.push(text()?),
            "security-group" => self.security_groups.push(text()?),
            "public-ip" => self.public_ip = true,
            "trust" => self.trust = text()?,
            "name" => self.name = text()?,
            "client-secret" => self.client_secret = true,
            "classic" => self.classic = true,
            "allow-unauthenticated" => self.unauthenticated = true,
            "unauthenticated-policy" => self.unauthenticated_policy = Some(value::any(&option, parser)?),
            "unauthenticated-policy-arn" => self.unauthenticated_policy_arns.push(text()?),
            "login-provider" => self.login_providers.push(value::pair(&option, "PROVIDER=APP", parser)?),
            "oidc-url" => self.oidc_url = Some(text()?),
            "oidc-client-id" => self.oidc_client_ids.push(text()?),
            "thumbprint" => self.thumbprints.push(text()?),
            _ => return Ok(false),
        }
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

    /// The options for a recipe. Policies and an external id, which a role to assume has too, belong to the role
    /// that is created.
    pub(super) fn of(mut self, topic: &Topic, common: &mut Common) -> Result<Self, lexopt::Error> {
        self.recipe = match topic.name {
            "setup ecs-role" => Recipe::EcsRole,
            "setup cross-account" => Recipe::CrossAccount,
            "setup cognito" => Recipe::Cognito,
            _ => Recipe::Ec2Role,
        };
        // An undo needs the name alone, which is the first.
        let needed = topic.options.iter().filter(|option| option.given == Given::Always);
        let mut needed = needed.map(Opt::long).take(if self.undo { 1 } else { usize::MAX });
        if let Some(option) = needed.find(|option| !self.given.iter().any(|given| given == option)) {
            return Err(format!("{}: --{option} is required", topic.name).into());
        }
        self.together(&[
            ("run", &["image"]),
            ("subnet", &["run"]),
            ("security-group", &["subnet"]),
            ("public-ip", &["subnet"]),
            ("execution-role", &["image", "undo"]),
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
        role.given.retain(|given| !matches!(given.as_str(), "--policy" | "--policy-arn" | "--external-id"));
        Ok(self)
    }
}

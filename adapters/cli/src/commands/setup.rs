//! `rolecall setup`.

use std::ffi::OsStr;
use std::process::ExitCode;

use rolecall::setup::{
    CognitoPools, CrossAccountRole, Ec2Role, EcsRole, Launch, Outcome, Recipe, Resource, Setup, TAG,
};
use rolecall::{Buffer, Environment, Error, Host, Provider, Secret, System};

use crate::arguments::{Common, Recipe as Name, SetupOptions};
use crate::failure::Failure;
use crate::input::{file_of, password, text_of};
use crate::output::{joined, note, print, printable};

pub(super) fn run(options: &SetupOptions, common: &Common, provider: &Provider) -> Result<ExitCode, Failure> {
    match options.recipe {
        Name::Ec2Role => go(options, provider, &ec2_role(options)?),
        Name::EcsRole => go(options, provider, &ecs_role(options)?),
        Name::CrossAccount => go(options, provider, &cross_account(options)?),
        Name::Cognito => go(options, provider, &cognito(options, common, provider)?),
    }
}

fn go(options: &SetupOptions, provider: &Provider, recipe: &impl Recipe) -> Result<ExitCode, Failure> {
    let setup = Setup::new(provider).dry_run(options.dry_run).on_call(|call| note(printable(call)));
    let ended = if options.undo { setup.undo(recipe) } else { setup.apply(recipe) };
    let resources = ended.map_err(|error| Failure::Setup(Box::new(error)))?;
    let lines: Vec<_> = resources.iter().map(|resource| line(resource, options.dry_run)).collect();
    let parts = lines.iter().zip(&resources).flat_map(|(line, Resource { kind, secret, .. })| {
        let secret = secret.as_deref().filter(|_| !options.dry_run).map(Secret::expose);
        let of_secret = secret.map(|secret| [*kind, " secret: ", secret, "\n"]);
        std::iter::once(line.as_str()).chain(of_secret.into_iter().flatten())
    });
    print(joined(parts).as_bytes())?;
    let mut kept = resources.iter().filter(|resource| resource.outcome == Outcome::Kept).peekable();
    if kept.peek().is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    for Resource { kind, id, .. } in kept {
        let id = printable(id);
        note(format_args!("{kind} {id} is not tagged {TAG}; left unchanged"));
    }
    Ok(ExitCode::FAILURE)
}

/// The line about a resource; its secret is another.
fn line(resource: &Resource, dry_run: bool) -> String {
    let Resource { kind, id, outcome, .. } = resource;
    let id = printable(id);
    match (outcome, dry_run) {
        (Outcome::Removed, false) => format!("removed: {kind} {id}\n"),
        (Outcome::Removed, true) => format!("would be removed: {kind} {id}\n"),
        (Outcome::Kept, _) => format!("kept: {kind} {id}\n"),
        (Outcome::Created, true) => format!("would be created: {kind} {id}\n"),
        (Outcome::Changed, true) => format!("would be changed: {kind} {id}\n"),
        (Outcome::Changed, false) => format!("{kind}, changed: {id}\n"),
        _ => format!("{kind}: {id}\n"),
    }
}

/// Adds the policies of the role.
macro_rules! with_policies {
    ($recipe:ident, $options:ident) => {{
        if let Some(policy) = &$options.policy {
            $recipe = $recipe.policy(policy_of("--policy", policy)?);
        }
        for arn in &$options.policy_arns {
            $recipe = $recipe.policy_arn(arn);
        }
        $recipe
    }};
}

fn ec2_role(options: &SetupOptions) -> Result<Ec2Role, Failure> {
    let mut role = Ec2Role::new(&options.role).replacing(options.replace);
    if let Some(instance) = &options.instance_id {
        role = role.instance(instance);
    }
    Ok(with_policies!(role, options))
}

fn ecs_role(options: &SetupOptions) -> Result<EcsRole, Failure> {
    let mut role = EcsRole::new(&options.role);
    if let Some(family) = &options.family {
        role = role.family(family);
    }
    if let Some(image) = &options.image {
        role = role.image(image);
    }
    // An undo looks for tasks in the same places.
    if options.run || options.undo {
        role = role.run(Launch {
            cluster: options.cluster.clone(),
            subnets: options.subnets.clone(),
            security_groups: options.security_groups.clone(),
        });
    }
    Ok(with_policies!(role, options))
}

fn cross_account(options: &SetupOptions) -> Result<CrossAccountRole, Failure> {
    let mut role = CrossAccountRole::new(&options.role, &options.trust);
    if let Some(id) = &options.external_id {
        role = role.external_id(id);
    }
    Ok(with_policies!(role, options))
}

fn cognito(options: &SetupOptions, common: &Common, provider: &Provider) -> Result<CognitoPools, Failure> {
    let mut pools = CognitoPools::new(&options.name);
    if options.client_secret {
        pools = pools.client_secret();
    }
    if options.classic {
        pools = pools.classic();
    }
    if options.unauthenticated {
        pools = pools.unauthenticated();
    }
    if let Some(policy) = &options.unauthenticated_policy {
        pools = pools.unauthenticated_policy(policy_of("--unauthenticated-policy", policy)?);
    }
    for arn in &options.unauthenticated_policy_arns {
        pools = pools.unauthenticated_policy_arn(arn);
    }
    for (provider, application) in &options.login_providers {
        pools = pools.login_provider(provider, application);
    }
    if let Some(url) = &options.oidc_url {
        pools = pools.open_id(url, options.oidc_client_ids.clone(), options.thumbprints.clone());
    }
    if let (Some(username), false) = (&common.identity.username, options.undo) {
        let password = match password(&common.identity, &Environment::process())? {
            Some(password) => Some(password),
            None if options.dry_run => None,
            None => Some(new_password(username, provider)?),
        };
        pools = pools.user(username, password);
    }
    Ok(with_policies!(pools, options))
}

/// Asks for a new password twice, because it cannot be read back.
fn new_password(username: &str, provider: &Provider) -> Result<Secret, Failure> {
    let password = asked(&format!("Password for {username}: "), provider)?;
    let again = asked(&format!("Password for {username}, once more: "), provider)?;
    if password.expose() == again.expose() {
        return Ok(password);
    }
    Err(Error::Configuration("the two passwords are not the same".to_owned()).into())
}

/// Asks for a password.
fn asked(question: &str, provider: &Provider) -> Result<Secret, Failure> {
    let mut answer = Buffer::new();
    let asked = System::new(provider.settings()).prompt(question, true, &mut answer);
    let typed = asked.ok().and_then(|()| std::str::from_utf8(answer.bytes()).ok());
    let typed = typed.map(|text| text.trim_end_matches(['\r', '\n'])).filter(|text| !text.is_empty());
    let none = || {
        Error::Configuration(
            "no password: type it at a terminal, give it on standard input (--password-stdin), or set \
             AWS_COGNITO_PASSWORD"
                .to_owned(),
        )
    };
    Ok(Secret::new(typed.ok_or_else(none)?.to_owned()))
}

/// A policy: JSON, or the name of a file with it.
fn policy_of(option: &str, policy: &OsStr) -> Result<String, Failure> {
    match policy.to_str() {
        Some(text) if text.trim_start().starts_with('{') => Ok(text.to_owned()),
        _ => text_of(option, file_of(policy).unwrap_or(policy)),
    }
}

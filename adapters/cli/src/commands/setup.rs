//! `rolecall setup`.

use std::ffi::OsStr;
use std::process::ExitCode;

use rolecall::setup::{
    Call, CognitoPools, CrossAccountRole, Ec2Role, EcsRole, Launch, Outcome, Recipe, Resource, Setup, TAG,
};
use rolecall::{Buffer, Environment, Error, Host, Provider, Secret, System};
use zeroize::Zeroizing;

use crate::arguments::{Common, Recipe as Name, SetupOptions};
use crate::failure::Failure;
use crate::input::{file_of, password, text_of};
use crate::json::list;
use crate::output::{joined, note, print, printable, progress};

pub(super) fn run(options: &SetupOptions, common: &Common, provider: &Provider) -> Result<ExitCode, Failure> {
    match options.recipe {
        Name::Ec2Role => go(options, common, provider, &ec2_role(options)?),
        Name::EcsRole => go(options, common, provider, &ecs_role(options)?),
        Name::CrossAccount => go(options, common, provider, &cross_account(options)?),
        Name::Cognito => go(options, common, provider, &cognito(options, common, provider)?),
    }
}

fn go(
    options: &SetupOptions,
    common: &Common,
    provider: &Provider,
    recipe: &impl Recipe,
) -> Result<ExitCode, Failure> {
    let mut setup = Setup::new(provider).dry_run(options.dry_run);
    if !common.quiet {
        setup = setup.on_call(|call| progress(reported(call, options.dry_run)));
    }
    let resources = if options.undo { setup.undo(recipe)? } else { setup.apply(recipe)? };
    if options.json {
        print(&*list(resources.iter().map(|resource| members(resource, options.dry_run))).0)?;
    } else {
        print(lines(&resources, options.dry_run).as_bytes())?;
    }
    if options.undo && resources.is_empty() && !common.quiet {
        progress("nothing to remove: none of what the recipe creates is there");
    }
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

/// The line about a call. A dry run makes those that change nothing.
fn reported(call: Call<'_>, dry_run: bool) -> String {
    let words = match (dry_run, call.changes) {
        (false, _) => "",
        (true, false) => "reading: ",
        (true, true) => "would call: ",
    };
    format!("{words}{}", printable(call.text))
}

/// The lines about resources: what was done with each, and its secret in another.
fn lines(resources: &[Resource], dry_run: bool) -> Zeroizing<String> {
    let lines: Vec<_> = resources
        .iter()
        .map(|resource| {
            format!("{} {} {}\n", done(resource.outcome, dry_run), resource.kind, printable(&resource.id))
        })
        .collect();
    let parts = lines.iter().zip(resources).flat_map(|(line, resource)| {
        let of_secret = secret(resource, dry_run).map(|secret| [resource.kind, " secret: ", secret, "\n"]);
        std::iter::once(line.as_str()).chain(of_secret.into_iter().flatten())
    });
    joined(parts)
}

/// The same of one, by name.
fn members(resource: &Resource, dry_run: bool) -> [(&'static str, &str); 4] {
    [
        ("outcome", done(resource.outcome, dry_run)),
        ("kind", resource.kind),
        ("id", &resource.id),
        ("secret", secret(resource, dry_run).unwrap_or_default()),
    ]
}

/// The secret of a resource that was made.
fn secret(resource: &Resource, dry_run: bool) -> Option<&str> {
    resource.secret.as_deref().filter(|_| !dry_run).map(Secret::expose)
}

/// What was done.
fn done(outcome: Outcome, dry_run: bool) -> &'static str {
    match (outcome, dry_run) {
        (Outcome::Created, false) => "created",
        (Outcome::Created, true) => "would create",
        (Outcome::Changed, false) => "changed",
        (Outcome::Changed, true) => "would change",
        (Outcome::Removed, false) => "removed",
        (Outcome::Removed, true) => "would remove",
        (Outcome::Kept, false) => "kept",
        (Outcome::Kept, true) => "would keep",
        _ => "found",
    }
}

/// Adds the policies of the role, and its description.
macro_rules! with_properties {
    ($recipe:ident, $options:ident) => {{
        if let Some(policy) = &$options.policy {
            $recipe = $recipe.policy(policy_of("--policy", policy)?);
        }
        for arn in &$options.policy_arns {
            $recipe = $recipe.policy_arn(arn);
        }
        if let Some(description) = &$options.description {
            $recipe = $recipe.description(description);
        }
        $recipe
    }};
}

fn ec2_role(options: &SetupOptions) -> Result<Ec2Role, Failure> {
    let mut role = Ec2Role::new(&options.role).replacing(options.replace);
    if let Some(instance) = &options.instance_id {
        role = role.instance(instance);
    }
    Ok(with_properties!(role, options))
}

fn ecs_role(options: &SetupOptions) -> Result<EcsRole, Failure> {
    let mut role = EcsRole::new(&options.role);
    if let Some(family) = &options.family {
        role = role.family(family);
    }
    if let Some(image) = &options.image {
        role = role.image(image);
    }
    if let Some(execution_role) = &options.execution_role {
        role = role.execution_role(execution_role);
    }
    // An undo looks for tasks in the same places.
    if options.run || options.undo {
        role = role.run(Launch {
            cluster: options.cluster.clone(),
            subnets: options.subnets.clone(),
            security_groups: options.security_groups.clone(),
            public_ip: options.public_ip,
        });
    }
    Ok(with_properties!(role, options))
}

fn cross_account(options: &SetupOptions) -> Result<CrossAccountRole, Failure> {
    let mut role = CrossAccountRole::new(&options.role, &options.trust);
    if let Some(id) = &options.external_id {
        role = role.external_id(id);
    }
    if let Some(seconds) = options.max_session_duration {
        role = role.max_session_duration(seconds);
    }
    Ok(with_properties!(role, options))
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
    if let Some(seconds) = options.max_session_duration {
        pools = pools.max_session_duration(seconds);
    }
    pools = with_properties!(pools, options);
    if let (Some(username), false) = (&common.identity.username, options.undo) {
        // Before the user is asked for a password.
        pools = pools.user(username, None);
        Setup::new(provider).check(&pools)?;
        let password = match password(&common.identity, &Environment::process())? {
            Some(password) => Some(password),
            None if options.dry_run => None,
            None => Some(new_password(username, provider)?),
        };
        pools = pools.user(username, password);
    }
    Ok(pools)
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

//! The provider that the options describe.

use std::time::Duration;

use rolecall::{Environment, PoolIdentity, Provider, ProviderBuilder, Role, Secret, Settings, Trace, User};
#[cfg(feature = "sessions")]
use rolecall::{FederatedUser, RootTask, Saml, Session, UserSession};
use zeroize::Zeroizing;

use crate::arguments::{Common, IdentityOptions, RoleOptions};
use crate::failure::Failure;
#[cfg(feature = "sessions")]
use crate::input::text_or_file;
use crate::input::{password, session_policy, text_of};
use crate::output::{note, progress};
use crate::waiting::Waiting;

/// The default chain, and the role or identity on top of it, if one is given.
pub(crate) fn provider(common: &Common) -> Result<Provider, Failure> {
    let environment = Environment::process();
    let mut settings = Settings::load(&environment, common.profile.as_deref())?;
    if let Some(region) = &common.region {
        settings.set_region("--region", region);
    }
    let mut provider = Provider::builder(settings);
    let (verbose, quiet) = (common.verbose, common.quiet);
    let waiting = Waiting::new(!verbose && !quiet);
    provider = provider.trace(move |trace| {
        waiting.note(&trace);
        match trace {
            // It is a warning of the result.
            Trace::Stale => note(&trace),
            _ if quiet => {}
            _ => note_step(&trace, verbose),
        }
    });
    if let Some(seconds) = common.wait {
        provider = provider.wait(Duration::from_secs(seconds.into()));
    }
    let named = match &common.cache {
        Some(folder) => Some(("--cache", folder.clone())),
        None => environment.get("ROLECALL_CACHE").map(|folder| ("ROLECALL_CACHE", folder)),
    };
    if let Some((name, folder)) = named {
        provider = cached(provider, name, &folder, &environment)?;
    }
    let mut provider = provider.build();
    if common.identity.is_given() {
        provider = provider.session(identity(&common.identity, &environment)?);
    }
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    if let Some(session) = device(common) {
        provider = provider.session(session);
    }
    environment.check()?;
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    if common.certificate.trust_anchor_arn.is_some() {
        // The role is that of the session.
        return Ok(provider);
    }
    #[cfg(feature = "sessions")]
    if let Some(session) = session(common)? {
        return Ok(provider.session(session));
    }
    Ok(match role(&common.role)? {
        Some(role) => provider.assume_role(role),
        None => provider,
    })
}

/// The Cognito identity of the command line.
fn identity(options: &IdentityOptions, environment: &Environment) -> Result<PoolIdentity, Failure> {
    let mut identity = match (&options.id, &options.pool) {
        (Some(id), _) => PoolIdentity::of_id(id),
        (None, pool) => PoolIdentity::in_pool(pool.as_deref().unwrap_or_default()),
    };
    for (provider, token) in &options.logins {
        let token = match token.strip_prefix('@') {
            Some(path) => Zeroizing::new(text_of("--login", path.as_ref())?).trim().to_owned(),
            None => token.clone(),
        };
        identity = identity.login(provider, Secret::new(token));
    }
    if let (Some(pool), Some(client), Some(name)) =
        (&options.user_pool, &options.client_id, &options.username)
    {
        let mut user = User::new(pool, client, name);
        if let Some(secret) = environment.get("AWS_COGNITO_CLIENT_SECRET") {
            user = user.client_secret(Secret::new(secret));
        }
        if let Some(password) = password(options, environment)? {
            user = user.password(password);
        }
        if options.send_password {
            user = user.sending_password();
        }
        identity = identity.user(user);
    }
    if let Some(arn) = &options.custom_role_arn {
        identity = identity.custom_role_arn(arn);
    }
    if let Some(arn) = &options.role_arn {
        let name = environment.get("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "rolecall".to_owned());
        identity = identity.assuming(arn, name);
    }
    Ok(identity)
}

/// The role that the certificate of the command line leads to.
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
fn device(common: &Common) -> Option<rolecall::Session> {
    let options = &common.certificate;
    let mut files = rolecall::ClientCertificate::files(options.certificate.as_ref()?, options.key.as_ref()?);
    if let Some(path) = &options.chain {
        files = files.chain_file(path);
    }
    if let Some(path) = &options.passphrase_file {
        files = files.passphrase_file(path);
    }
    if let Some(path) = &options.ca {
        files = files.ca_file(path);
    }
    if options.shared_key {
        files = files.shared_key_file();
    }
    #[cfg(feature = "iot")]
    if let (Some(endpoint), Some(alias)) = (&options.iot_endpoint, &options.role_alias) {
        let role = rolecall::IotRole::new(endpoint, alias, files);
        return Some(match &options.thing_name {
            Some(name) => role.thing_name(name).into(),
            None => role.into(),
        });
    }
    #[cfg(feature = "roles-anywhere")]
    if let (Some(anchor), Some(profile), Some(arn)) =
        (&options.trust_anchor_arn, &options.profile_arn, &common.role.arn)
    {
        let mut role = rolecall::AnywhereRole::new(anchor, profile, arn, files);
        if let Some(name) = &common.role.session_name {
            role = role.session_name(name);
        }
        if let Some(seconds) = common.role.duration_seconds {
            role = role.duration_seconds(seconds);
        }
        return Some(role.into());
    }
    None
}

/// Another session by STS than that of a role.
#[cfg(feature = "sessions")]
fn session(common: &Common) -> Result<Option<Session>, Failure> {
    let (options, role) = (&common.session, &common.role);
    let policy = role.policy.as_ref().map(|policy| session_policy("--policy", policy)).transpose()?;
    if let (Some(provider), Some(assertion), Some(arn)) =
        (&options.saml_provider, &options.saml_assertion, &role.arn)
    {
        let assertion = text_or_file("--saml-assertion", assertion)?;
        let mut saml = Saml::new(arn, provider, Secret::new(assertion.trim().to_owned()));
        saml = role.duration_seconds.into_iter().fold(saml, Saml::duration_seconds);
        saml = policy.into_iter().fold(saml, Saml::policy);
        return Ok(Some(role.policy_arns.iter().fold(saml, Saml::policy_arn).into()));
    }
    if options.user_session {
        let mut user = UserSession::new();
        user = role.duration_seconds.into_iter().fold(user, UserSession::duration_seconds);
        return Ok(Some(match (&role.mfa_serial, &role.mfa_code) {
            (Some(serial), Some(code)) => user.mfa_code(serial, code).into(),
            (Some(serial), None) => user.mfa(serial).into(),
            (None, _) => user.into(),
        }));
    }
    if let Some(name) = &options.federated_user {
        let mut user = FederatedUser::new(name);
        user = role.duration_seconds.into_iter().fold(user, FederatedUser::duration_seconds);
        user = policy.into_iter().fold(user, FederatedUser::policy);
        user = role.policy_arns.iter().fold(user, FederatedUser::policy_arn);
        return Ok(Some(role.tags.iter().fold(user, |user, (key, value)| user.tag(key, value)).into()));
    }
    if let (Some(account), Some(task)) = (&options.root_of, &options.root_task) {
        let root = RootTask::new(account, task);
        return Ok(Some(role.duration_seconds.into_iter().fold(root, RootTask::duration_seconds).into()));
    }
    Ok(None)
}

/// The role of the command line.
fn role(options: &RoleOptions) -> Result<Option<Role>, Failure> {
    let Some(arn) = &options.arn else { return Ok(None) };
    let mut role = match &options.session_name {
        Some(name) => Role::new(arn, name),
        None => Role::unnamed(arn),
    };
    if let Some(seconds) = options.duration_seconds {
        role = role.duration_seconds(seconds);
    }
    if let Some(id) = &options.external_id {
        role = role.external_id(id);
    }
    if let Some(policy) = &options.policy {
        role = role.policy(session_policy("--policy", policy)?);
    }
    for arn in &options.policy_arns {
        role = role.policy_arn(arn);
    }
    for (key, value) in &options.tags {
        role = role.tag(key, value);
    }
    for key in &options.transitive_tags {
        role = role.transitive_tag_key(key);
    }
    if let Some(serial) = &options.mfa_serial {
        role = match &options.mfa_code {
            Some(code) => role.mfa_code(serial, code),
            None => role.mfa(serial),
        };
    }
    if let Some(name) = &options.source_identity {
        role = role.source_identity(name);
    }
    Ok(Some(role))
}

#[cfg(unix)]
fn cached(
    provider: ProviderBuilder,
    name: &str,
    folder: &str,
    environment: &Environment,
) -> Result<ProviderBuilder, Failure> {
    Ok(provider.cache(rolecall::FileCache::at(name, folder, environment)?))
}

#[cfg(not(unix))]
fn cached(_: ProviderBuilder, name: &str, _: &str, _: &Environment) -> Result<ProviderBuilder, Failure> {
    Err(rolecall::Error::Configuration(format!("{name}: there is no cache on this system")).into())
}

/// Prints a step on standard error: what is wrong here always, exchanges and waits with `--verbose`.
fn note_step(trace: &Trace<'_>, verbose: bool) {
    match trace {
        Trace::Clock { .. }
        | Trace::Cache { .. }
        | Trace::NoCredentialSettings { .. }
        | Trace::Warning { .. }
        | Trace::Stale => note(trace),
        Trace::NotYet { .. } => progress(trace),
        // Its end is printed, with what came of it.
        Trace::Asking { .. } => {}
        _ if verbose => progress(trace),
        _ => {}
    }
}

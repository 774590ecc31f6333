//! Cache keys: everything that decides which credentials a provider gets. Two configurations that may lead to
//! different credentials have different keys.

use rolecall_core::sigv4::sha256_hex;

use crate::Settings;
use crate::host::{Buffer, Host};
use crate::sessions::{Session, TokenPlace};
use crate::settings::profiles::{Base, Plan};

/// The key of the default chain; `None` if it leads to keys, which need no cache, or to an error.
///
/// The hash of a token is included, though it changes now and then: pods of one host may have all else in
/// common.
pub(crate) fn of_chain(settings: &Settings, host: &dyn Host) -> Option<String> {
    if settings.keys_id().is_some() {
        return None;
    }
    let mut key = String::new();
    let mut add = |name: &str, value: &dyn std::fmt::Debug| key.push_str(&format!("{name} {value:?}\n"));
    let plan = settings.profile.as_ref().ok()?.as_ref();
    add("profile", &plan);
    if let Some(Plan { base: Base::WebIdentity(step), .. }) = plan {
        add("its token", &hash_of_file(&step.token_file, host));
    }
    // They may be what a profile starts with, or what follows one without credentials.
    add("keys", &settings.environment_keys().map(|keys| keys.access_key_id()));
    add("session name", &settings.role_session_name);
    add("sign-ins", &settings.sso_cache);
    add("web identity", &settings.web_identity);
    if let Ok(Some(step)) = &settings.web_identity {
        add("its token", &hash_of_file(&step.token_file, host));
    }
    add("container", &(&settings.container_relative_uri, &settings.container_full_uri));
    match (&settings.container_token_file, &settings.container_token) {
        (Some(path), _) => add("its token", &hash_of_file(path, host)),
        (None, Some(token)) => add("its token", &hash(token.expose().as_bytes())),
        (None, None) => {}
    }
    add("instance", &(settings.imds_url(), settings.imds_disabled));
    add("services", &(&settings.region, settings.variant, &settings.endpoints));
    Some(key)
}

/// The key of a session, beside that of the credentials it is requested with.
pub(crate) fn of_session(settings: &Settings, session: &Session, host: &dyn Host) -> Option<String> {
    let of_token = |token: &TokenPlace| match token {
        TokenPlace::File(path) => hash_of_file(path, host),
        TokenPlace::Given(token) => Some(hash(token.expose().as_bytes())),
    };
    // Members that Debug does not show.
    let secrets: Vec<Option<String>> = match session {
        Session::WebIdentity(web) => vec![of_token(&web.token)],
        Session::Saml(saml) => vec![of_token(&saml.assertion)],
        Session::Role(role) => {
            let assertions = role.provided_contexts.iter();
            assertions.map(|(_, assertion)| Some(hash(assertion.expose().as_bytes()))).collect()
        }
        Session::Identity(identity) => {
            identity.tokens().map(|token| Some(hash(token.expose().as_bytes()))).collect()
        }
        _ => Vec::new(),
    };
    let urls = match session {
        Session::Identity(_) => format!("{:?}", settings.endpoints),
        _ => settings.sts_url().ok()?,
    };
    Some(format!("{urls} {:?} {session:?} {secrets:?}", settings.role_session_name))
}

fn hash(text: &[u8]) -> String {
    sha256_hex(text).as_str().to_owned()
}

/// `None` for a file that cannot be read: the fetch will report it.
fn hash_of_file(path: &str, host: &dyn Host) -> Option<String> {
    let mut content = Buffer::new();
    host.read_file(path, &mut content).ok()?;
    Some(hash(content.bytes()))
}

//! What credentials are stored under: everything that decides whose they are. Two configurations
//! that may come to different credentials have different keys.

use rolecall_core::sigv4::sha256_hex;

use crate::Settings;
use crate::host::{Buffer, Host};
use crate::profiles::{Base, Named, Plan};
use crate::sessions::{Session, TokenPlace};

/// Of what the default chain comes to; `None` where that is keys, which need no cache, or an error.
///
/// A token says who asks, so that its hash is a part, though it changes now and then: pods of one
/// host may have all else in common.
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
    if let Some(Plan { base: Base::Named(Named::Environment), .. }) = plan {
        add("its keys", &settings.credentials.as_ref()?.access_key_id());
    }
    add("session name", &settings.role_session_name);
    add("sign-ins", &settings.sso_cache);
    add("web identity", &settings.web_identity);
    if let Some(step) = &settings.web_identity {
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

/// Of a session, beside what it is asked for with.
pub(crate) fn of_session(settings: &Settings, session: &Session, host: &dyn Host) -> Option<String> {
    let token = match session {
        Session::WebIdentity(web) => Some(&web.token),
        Session::Saml(saml) => Some(&saml.assertion),
        _ => None,
    };
    let token = token.map(|token| match token {
        TokenPlace::File(path) => hash_of_file(path, host),
        TokenPlace::Given(token) => Some(hash(token.expose().as_bytes())),
    });
    Some(format!("{} {session:?} {token:?}", settings.sts_url().ok()?))
}

fn hash(text: &[u8]) -> String {
    sha256_hex(text).as_str().to_owned()
}

/// `None` for a file that cannot be read: the fetch will tell.
fn hash_of_file(path: &str, host: &dyn Host) -> Option<String> {
    let mut content = Buffer::new();
    host.read_file(path, &mut content).ok()?;
    Some(hash(content.bytes()))
}

//! Cache keys: everything that decides which credentials a provider gets. Two configurations that may lead to
//! different credentials have different keys.

use std::ffi::OsString;

use rolecall_core::sigv4::{Hasher, sha256_hex};
use rolecall_core::wire::Put;

use crate::Settings;
use crate::host::{Buffer, Host};
use crate::secret::Wiped;
use crate::sessions::{Session, TokenPlace};
use crate::settings::profiles::{Base, Named, Plan};

/// The key of the default chain; `None` if it leads to keys, which need no cache, or to an error.
///
/// The hash of a token is included, though it changes now and then: pods of one host may have all else in
/// common. So are the folder and the environment of a command, which may depend on them, and the machine where a
/// link-local address is asked, because a folder may be shared by several.
pub(crate) fn of_chain(settings: &Settings, host: &dyn Host) -> Option<String> {
    if settings.keys_id().is_some() {
        return None;
    }
    let mut key = String::new();
    let mut add = |name: &str, value: &dyn std::fmt::Debug| key.push_str(&format!("{name} {value:?}\n"));
    let plan: Option<&Plan> = settings.profile.as_ref().ok()?.as_ref();
    add("profile", &plan);
    match plan.map(|plan| &plan.base) {
        Some(Base::WebIdentity(step)) => add("its token", &hash_of_file(&step.token_file, host)),
        Some(Base::Process { .. }) => add("its surroundings", &surroundings()),
        #[cfg(feature = "sso")]
        Some(Base::Sso(session)) => {
            let file = crate::fetch::sso::token_file(settings, session);
            add("its token", &file.and_then(|path| hash_of_file(&path, host)));
        }
        #[cfg(feature = "iot")]
        Some(Base::Iot(role)) => add("its certificate", &role.certificate.hashes(host)),
        #[cfg(feature = "roles-anywhere")]
        Some(Base::RolesAnywhere(role)) => add("its certificate", &role.certificate.hashes(host)),
        None | Some(Base::Named(Named::Ec2InstanceMetadata | Named::EcsContainer)) => {
            add("machine", &machine())
        }
        _ => {}
    }
    // They may be what a profile starts with, or what follows one without credentials.
    add("keys", &settings.environment_keys().map(|keys| keys.access_key_id()));
    add("session name", &settings.role_session_name);
    add("sign-ins", &(&settings.sso_cache, &settings.login_cache));
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
    add("instance", &(settings.imds_url(), &settings.imds_disabled, &settings.imds_role));
    add("services", &(settings.known_region(), settings.variant, &settings.endpoints));
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
        // Another certificate is another identity.
        #[cfg(feature = "iot")]
        Session::Iot(role) => role.certificate.hashes(host),
        #[cfg(feature = "roles-anywhere")]
        Session::RolesAnywhere(role) => role.certificate.hashes(host),
        _ => Vec::new(),
    };
    let urls = match session {
        #[cfg(feature = "iot")]
        Session::Iot(_) => String::new(),
        #[cfg(feature = "roles-anywhere")]
        Session::RolesAnywhere(_) => format!("{:?}", settings.endpoints),
        Session::S3(_) => format!("{:?}", settings.known_region()),
        Session::Identity(_) => format!("{:?}", settings.endpoints),
        _ => settings.sts_url().ok()?,
    };
    Some(format!("{urls} {:?} {session:?} {secrets:?}", settings.role_session_name))
}

/// What a command may depend on besides its words: its folder, and every variable.
fn surroundings() -> String {
    let wiped = |text: OsString| Wiped::new(text.into_encoded_bytes());
    let folder = std::env::current_dir().unwrap_or_default();
    let mut variables: Vec<_> =
        std::env::vars_os().map(|(name, value)| (wiped(name), wiped(value))).collect();
    variables.sort_by(|(a, _), (b, _)| a.as_slice().cmp(b.as_slice()));
    // A hash, because some are secrets, and not by way of a text, which would leave copies as it grew.
    let mut hasher = Hasher::new();
    let values = variables.iter().flat_map(|(name, value)| [name.as_slice(), value.as_slice()]);
    for part in std::iter::once(folder.as_os_str().as_encoded_bytes()).chain(values) {
        hasher.put(part);
        // No folder and no variable has this byte.
        hasher.put(b"\0");
    }
    hasher.finish_hex().as_str().to_owned()
}

/// This machine: its name, which differs between the containers on it, and the id of its start, which differs between
/// instances of one image.
fn machine() -> (String, String) {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    (name, boot)
}

fn hash(text: &[u8]) -> String {
    sha256_hex(text).as_str().to_owned()
}

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
impl crate::ClientCertificate {
    /// The hashes of its certificates.
    fn hashes(&self, host: &dyn Host) -> Vec<Option<String>> {
        let files = std::iter::once(&self.certificate).chain(&self.chain);
        files.map(|path| hash_of_file(path, host)).collect()
    }
}

/// `None` for a file that cannot be read: the fetch will report it.
fn hash_of_file(path: &str, host: &dyn Host) -> Option<String> {
    let mut content = Buffer::new();
    host.read_file(path, &mut content).ok()?;
    Some(hash(content.bytes()))
}

//! Sign-in with IAM Identity Center.

use rolecall_core::call::Partition;
use rolecall_core::sources::Sso;
use sha1::{Digest, Sha1};

use super::{Fetched, Fetcher};
use crate::settings::checked_region;
use crate::settings::endpoints::parsed;
use crate::settings::profiles::SsoSession;
use crate::{Error, Settings};

impl Fetcher<'_> {
    /// The credentials of the role that the profile names.
    pub(super) fn sso(&self, session: &SsoSession) -> Result<Fetched, Error> {
        let settings = self.settings;
        let (Some(account), Some(role)) = (&session.account_id, &session.role_name) else {
            return Err(Error::Configuration(
                "it has an sso_session but neither sso_account_id nor sso_role_name".to_owned(),
            ));
        };
        let Some(path) = token_file(settings, session) else {
            return Err(Error::Configuration("no home folder: HOME is not set".to_owned()));
        };
        checked_region("sso_region", &session.region)?;
        let url = match settings.endpoint("sso") {
            Some(url) => url.to_owned(),
            None => {
                format!("https://portal.sso.{}.{}", session.region, Partition::of(&session.region).dns_suffix)
            }
        };
        self.credentials(&mut Sso::new(parsed("sso", &url)?, &path, account, role))
    }
}

/// The path of the file that AWS clients keep the session's access token in; `None` without a home folder.
pub(crate) fn token_file(settings: &Settings, session: &SsoSession) -> Option<String> {
    let folder = settings.sso_cache.as_ref()?;
    Some(format!("{folder}/{}", file_name(session.session.as_ref().unwrap_or(&session.start_url))))
}

/// The name of the file that AWS clients keep a session's access token in.
fn file_name(session: &str) -> String {
    let hash = Sha1::digest(session.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    hex + ".json"
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_cache_file_name_is_derived_from_the_start_url() {
        // From the published vector chain/sso_assume_role.
        let name = super::file_name("https://ssotest.awsapps.com/start");
        assert_eq!(name, "dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json");
    }
}

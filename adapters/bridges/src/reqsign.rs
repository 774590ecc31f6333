//! `reqsign`, which asks again when two minutes are left.

use reqsign_aws_v4::Credential;
use reqsign_core::time::Timestamp;
use reqsign_core::{Context, ErrorKind, ProvideCredential, Result};

use crate::error::Kind;
use crate::{AsyncProvider, Error};

impl ProvideCredential for AsyncProvider {
    type Credential = Credential;

    /// Never `None`, which a signer reports without a reason; a chain goes on to its next provider after an error, too.
    async fn provide_credential(&self, _: &Context) -> Result<Option<Credential>> {
        let fetched = self.credentials().await.map_err(refused)?;
        let seconds = self.end(&fetched).map(|end| end.duration_since(std::time::UNIX_EPOCH));
        let seconds = seconds.map(|since| since.map_or(0, |since| since.as_secs() as i64));
        Ok(Some(Credential {
            access_key_id: fetched.access_key_id().to_owned(),
            secret_access_key: fetched.expose_secret_access_key().to_owned(),
            session_token: fetched.expose_session_token().map(str::to_owned),
            expires_in: seconds.map(Timestamp::from_second).transpose()?,
        }))
    }
}

fn refused(error: Error) -> reqsign_core::Error {
    let may_succeed = matches!(&error, Error::Provider(error) if error.is_recoverable());
    let (kind, may_succeed) = match error.kind() {
        Kind::Absent | Kind::Setting => (ErrorKind::ConfigInvalid, may_succeed),
        Kind::Refused => (ErrorKind::PermissionDenied, false),
        Kind::Failed => (ErrorKind::Unexpected, may_succeed),
    };
    reqsign_core::Error::new(kind, error.to_string()).set_retryable(may_succeed)
}

//! The official SDK.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};

use crate::error::Kind;
use crate::{AsyncProvider, Error};

impl ProvideCredentials for AsyncProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(provide(self))
    }
}

async fn provide(provider: &AsyncProvider) -> Result {
    let fetched = provider.credentials().await.map_err(refused)?;
    let mut credentials = Credentials::builder()
        .provider_name("rolecall")
        .access_key_id(fetched.access_key_id())
        .secret_access_key(fetched.expose_secret_access_key());
    credentials.set_session_token(fetched.expose_session_token().map(str::to_owned));
    credentials.set_account_id(fetched.account_id().map(Into::into));
    credentials.set_expiry(provider.end(&fetched));
    Ok(credentials.build())
}

fn refused(error: Error) -> CredentialsError {
    match error.kind() {
        Kind::Absent => CredentialsError::not_loaded(error),
        Kind::Setting => CredentialsError::invalid_configuration(error),
        Kind::Refused | Kind::Failed => CredentialsError::provider_error(error),
    }
}

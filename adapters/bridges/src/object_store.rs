//! `object_store`, which asks before each request.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;

use crate::AsyncProvider;

#[async_trait]
impl CredentialProvider for AsyncProvider {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let fetched = self.credentials().await;
        let credentials = fetched
            .map_err(|error| object_store::Error::Generic { store: "rolecall", source: error.into() })?;
        Ok(Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.expose_secret_access_key().to_owned(),
            token: credentials.expose_session_token().map(str::to_owned),
        }))
    }
}

//! `object_store` with credentials of rolecall.

use std::error::Error as _;
use std::sync::Arc;

use bridges_e2e::Ureq;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{CredentialProvider, Error, ObjectStoreExt};
use rolecall_aws::AsyncProvider;
use rolecall_simulator::{Config, Service, Simulator};

use crate::{accepted, provider, refused, run, short_lived, until_refreshed, without_sources};

fn store(simulator: &Simulator, provider: AsyncProvider) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_bucket_name(simulator.bucket())
        .with_region(simulator.region())
        .with_endpoint(simulator.s3_url())
        .with_allow_http(true)
        .with_http_connector(Ureq)
        .with_credentials(Arc::new(provider))
        .build()
        .expect("a store")
}

#[test]
fn objects_are_written_and_read_with_credentials_that_are_refreshed() {
    let simulator = short_lived(2);
    let store = store(&simulator, provider(simulator.container_environment()));
    run(async {
        let path = Path::from("gateway-7/temperature");
        store.put(&path, "21.5".into()).await.expect("written");
        until_refreshed(&simulator, Service::S3, async || {
            let read = store.get(&path).await.expect("found").bytes().await.expect("read");
            assert_eq!(&read[..], b"21.5");
        })
        .await;
    });
}

/// The opposite of the test above.
#[test]
fn objects_are_refused_with_a_wrong_secret() {
    let mut config = Config { verify_with_wrong_secret: true, ..Config::default() };
    config.bucket_accounts.push(config.host_account.clone());
    let simulator = Simulator::start(config).expect("ports on loopback");
    let store = store(&simulator, provider(simulator.container_environment()));
    let error = run(store.put(&Path::from("key"), "21.5".into())).expect_err("refused");
    assert!(error.to_string().contains("SignatureDoesNotMatch"), "{error}");
}

#[test]
fn a_credential_has_the_same_texts() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let provider = provider(simulator.environment());
    let own = run(provider.credentials()).expect("credentials");
    let given = run(provider.get_credential()).expect("credentials");
    assert_eq!(given.key_id, own.access_key_id());
    assert_eq!(given.secret_key, own.expose_secret_access_key());
    assert_eq!(given.token.as_deref(), own.expose_session_token());
    assert!(!format!("{given:?}").contains(own.expose_secret_access_key()));
}

#[test]
fn an_error_reaches_the_caller_of_the_store() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    for (provider, words) in
        [(without_sources(), "set AWS_ACCESS_KEY_ID"), (refused(&simulator), "container")]
    {
        let error = run(store(&simulator, provider).get(&Path::from("key"))).expect_err("no credentials");
        assert!(matches!(error, Error::Generic { store: "rolecall", .. }), "{error:?}");
        let below = error.source().expect("a source").downcast_ref::<rolecall_aws::Error>();
        assert!(below.expect("of the provider").to_string().contains(words), "{error}");
    }
    assert_eq!(accepted(&simulator, Service::S3), [""; 0]);
}

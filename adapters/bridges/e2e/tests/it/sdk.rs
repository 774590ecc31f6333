//! The official SDK with credentials of rolecall.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_config::identity::IdentityCache;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::Client;
use rolecall::{Role, UnixTimeExt};
use rolecall_aws::AsyncProvider;
use rolecall_simulator::{Config, Service, Simulator};

use crate::{provider, refused, run, short_lived, until_refreshed, without_sources};

/// A client that asks the provider for each request.
async fn client(simulator: &Simulator, provider: AsyncProvider) -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(aws_config::Region::new(simulator.region().to_owned()))
        .endpoint_url(simulator.sts_url())
        .http_client(bridges_e2e::sdk())
        .identity_cache(IdentityCache::no_cache())
        .credentials_provider(provider);
    Client::new(&config.load().await)
}

#[test]
fn the_sdk_gets_the_same_credentials_with_their_account_and_end() {
    let config = Config { instance_account_id: true, ..Config::default() };
    let simulator = Simulator::start(config).expect("ports on loopback");
    let provider = provider(simulator.environment());
    let own = run(provider.credentials()).expect("credentials");
    let given = run(provider.provide_credentials()).expect("credentials");
    assert_eq!(given.access_key_id(), own.access_key_id());
    assert_eq!(given.secret_access_key(), own.expose_secret_access_key());
    assert_eq!(given.session_token(), own.expose_session_token());
    assert_eq!(given.account_id().map(|id| id.as_str()), Some("111122223333"));
    assert_eq!(given.expiry(), own.expiration().map(UnixTimeExt::to_system_time));
    assert!(given.session_token().is_some() && given.expiry().is_some(), "{given:?}");
    for shown in [format!("{given:?}"), format!("{provider:?}")] {
        assert!(!shown.contains(own.expose_secret_access_key()), "{shown}");
        assert!(!shown.contains(own.expose_session_token().expect("a token")), "{shown}");
    }
}

#[test]
fn keys_without_an_end_have_neither_token_nor_end() {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLEAKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let given = run(provider(keys.map(|(name, value)| (name, value.to_owned()))).provide_credentials());
    let given = given.expect("credentials");
    assert_eq!((given.session_token(), given.expiry(), given.account_id()), (None, None, None));
}

/// The simulator's clock is two hours ahead, as seen from a machine that is two hours behind.
#[test]
fn the_end_is_by_the_clock_of_this_machine() {
    let ahead = Config { clock_offset: 7_200, ..Config::default() };
    let simulator = Simulator::start(ahead).expect("ports on loopback");
    let base = provider(simulator.environment());
    let role = base.provider().assume_role(Role::new(simulator.role_arn(), "bridge").duration_seconds(900));
    let given = run(AsyncProvider::new(role).provide_credentials()).expect("credentials");
    let left = given.expiry().expect("an end").duration_since(SystemTime::now()).expect("not yet");
    assert!(left <= Duration::from_secs(930), "{left:?}");
}

#[test]
fn a_client_of_the_sdk_signs_with_credentials_that_are_refreshed() {
    let simulator = short_lived(2);
    let provider = provider(simulator.container_environment());
    run(async {
        let client = client(&simulator, provider).await;
        until_refreshed(&simulator, Service::Sts, async || {
            let identity = client.get_caller_identity().send().await.expect("an identity");
            assert_eq!(identity.account(), Some("111122223333"));
        })
        .await;
    });
}

/// The opposite of the test above.
#[test]
fn a_client_of_the_sdk_is_refused_with_a_wrong_secret() {
    let config = Config { verify_with_wrong_secret: true, ..Config::default() };
    let simulator = Simulator::start(config).expect("ports on loopback");
    let provider = provider(simulator.container_environment());
    let sent = run(async { client(&simulator, provider).await.get_caller_identity().send().await });
    assert_eq!(sent.expect_err("refused").raw_response().expect("a reply").status().as_u16(), 403);
}

#[test]
fn errors_are_of_the_kinds_that_the_sdk_acts_on() {
    let error = |provider: AsyncProvider| run(provider.provide_credentials()).expect_err("no credentials");

    let absent = error(without_sources());
    assert!(matches!(absent, CredentialsError::CredentialsNotLoaded(_)), "{absent:?}");
    says(&absent, "set AWS_ACCESS_KEY_ID");

    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let refused = error(refused(&simulator));
    assert!(matches!(refused, CredentialsError::ProviderError(_)), "{refused:?}");
    says(&refused, "container");

    let setting = error(provider([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLEAKIDEXAMPLE".to_owned())]));
    assert!(matches!(setting, CredentialsError::InvalidConfiguration(_)), "{setting:?}");
    says(&setting, "AWS_SECRET_ACCESS_KEY");

    let not_run = error(AsyncProvider::with_executor(without_sources().provider().clone(), drop));
    assert!(matches!(not_run, CredentialsError::ProviderError(_)), "{not_run:?}");
}

#[track_caller]
fn says(error: &CredentialsError, words: &str) {
    let below = error.source().expect("a source");
    assert!(below.is::<rolecall_aws::Error>() && below.to_string().contains(words), "{below}");
}

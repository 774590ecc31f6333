//! `reqsign` with credentials of rolecall.

use reqsign_aws_v4::RequestSigner;
use reqsign_core::{Context, ErrorKind, ProvideCredential, Signer, SigningCredential};
use rolecall_aws::AsyncProvider;
use rolecall_simulator::{Config, Service, Simulator};

use crate::{accepted, provider, refused, run, short_lived, without_sources};

/// Sends a signed GET for a key that is not there, and returns the status.
async fn get(simulator: &Simulator, signer: &Signer<reqsign_aws_v4::Credential>) -> u16 {
    let url = format!("{}/{}/absent", simulator.s3_url(), simulator.bucket());
    let (mut head, ()) = http::Request::get(url).body(()).expect("a request").into_parts();
    signer.sign(&mut head, None).await.expect("signed");
    let request = http::Request::from_parts(head, Vec::new());
    bridges_e2e::send(request).expect("a reply").status().as_u16()
}

fn signer(simulator: &Simulator, provider: AsyncProvider) -> Signer<reqsign_aws_v4::Credential> {
    Signer::new(Context::new(), provider, RequestSigner::new("s3", simulator.region()))
}

/// It refuses credentials that end within ten seconds, which would make real time long.
#[test]
fn requests_are_signed_with_credentials_that_are_refreshed() {
    let simulator = short_lived(60);
    let provider = provider(simulator.container_environment());
    let signer = signer(&simulator, provider.clone());
    run(async {
        assert_eq!(get(&simulator, &signer).await, 404);
        assert_eq!(get(&simulator, &signer).await, 404);
        let first = accepted(&simulator, Service::S3);
        assert_eq!(first.len(), 1, "{first:?}");
        simulator.shift_clock(31);
        provider.provider().invalidate(&first[0]);
        assert_eq!(get(&simulator, &signer).await, 404);
        assert_eq!(accepted(&simulator, Service::S3).len(), 2);
    });
}

/// The opposite of the test above.
#[test]
fn requests_are_refused_with_a_wrong_secret() {
    let config = Config { verify_with_wrong_secret: true, ..Config::default() };
    let simulator = Simulator::start(config).expect("ports on loopback");
    let signer = signer(&simulator, provider(simulator.container_environment()));
    assert_eq!(run(get(&simulator, &signer)), 403);
}

#[test]
fn a_credential_has_the_same_texts_and_end() {
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let provider = provider(simulator.environment());
    let own = run(provider.credentials()).expect("credentials");
    let given = run(provider.provide_credential(&Context::new())).expect("credentials").expect("some");
    assert_eq!(given.access_key_id, own.access_key_id());
    assert_eq!(given.secret_access_key, own.expose_secret_access_key());
    assert_eq!(given.session_token.as_deref(), own.expose_session_token());
    let end = given.expires_in.expect("an end").as_second();
    assert_eq!(Some(end as u64), own.expiration().map(|end| end.as_secs()));
    assert!(given.is_valid() && !format!("{given:?}").contains(own.expose_secret_access_key()));
}

#[test]
fn errors_have_a_kind_and_say_what_to_do() {
    let error = |provider: AsyncProvider| {
        let given = run(provider.provide_credential(&Context::new()));
        given.map(|given| given.is_some()).expect_err("no credentials")
    };
    let absent = error(without_sources());
    assert_eq!((absent.kind(), absent.is_retryable()), (ErrorKind::ConfigInvalid, false), "{absent}");
    assert!(absent.to_string().contains("set AWS_ACCESS_KEY_ID"), "{absent}");
    let simulator = Simulator::start(Config::default()).expect("ports on loopback");
    let refused = error(refused(&simulator));
    assert_eq!((refused.kind(), refused.is_retryable()), (ErrorKind::PermissionDenied, false), "{refused}");
}

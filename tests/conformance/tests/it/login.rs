//! Sessions of `aws login`: the published cases, and the proof of each renewal, verified by ring.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use conformance::replay::{Recorded, Replay};
use conformance::{json, say, vectors};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use rolecall::{Credentials, Environment, Error, Provider, Settings, UnixTime};
use rolecall_core::sigv4::sha256_hex;
use serde_json::{Value, json as value};

const URL: &str = "https://us-east-2.signin.aws.amazon.com/v1/token";
/// The time of the published cases.
const NOW: &str = "2025-11-19T00:00:00Z";

fn seconds(time: &str) -> u64 {
    UnixTime::from_rfc3339(time.as_bytes()).expect("a time").as_secs()
}

/// The credentials of the profile `signin`, with these files.
fn credentials(host: &Replay) -> Result<Arc<Credentials>, Error> {
    credentials_with(host, &[("AWS_REGION", "us-east-2")])
}

fn credentials_with(host: &Replay, more: &[(&str, &str)]) -> Result<Arc<Credentials>, Error> {
    let files = [
        ("AWS_CONFIG_FILE", "/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/none"),
        ("AWS_LOGIN_CACHE_DIRECTORY", "/cache"),
    ];
    let environment: Environment = files.iter().chain(more).copied().collect();
    let settings = Settings::load_from(host, &environment, Some("signin")).expect("settings");
    Provider::builder(settings).host(host.clone()).build().credentials()
}

fn host(config: &str, sessions: &Value, recorded: Vec<Recorded>) -> Replay {
    let sessions = sessions.as_object().expect("files").iter();
    let mut files: HashMap<String, String> =
        sessions.map(|(name, content)| (format!("/cache/{name}"), content.to_string())).collect();
    files.insert("/config".to_owned(), config.to_owned());
    Replay::new(Path::new("/nonexistent"), recorded).with_files(files).at(UnixTime::from_secs(seconds(NOW)))
}

/// The DER in a PEM text.
fn der(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Base64::decode_vec(&lines).expect("base64")
}

/// Verifies the proof of a request with the key of the session, and returns its payload.
fn verified(proof: &str, pem: &str) -> Value {
    let (message, signature) = proof.rsplit_once('.').expect("a signature");
    let (header, payload) = message.split_once('.').expect("a payload");
    let decode = |part: &str| Base64UrlUnpadded::decode_vec(part).expect("base64");
    let signature = decode(signature);
    // Both forms of a key end with its public point.
    let key = der(pem);
    let point = &key[key.len() - 65..];
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    public.verify(message.as_bytes(), &signature).expect("the key's signature");
    for at in [0, message.len() / 2, message.len() - 1] {
        let mut changed = message.as_bytes().to_vec();
        changed[at] ^= 1;
        assert!(public.verify(&changed, &signature).is_err(), "byte {at} is covered");
    }
    let mut changed = signature.clone();
    changed[63] ^= 1;
    assert!(public.verify(message.as_bytes(), &changed).is_err());

    let coordinate = |range| Base64UrlUnpadded::encode_string(&point[range]);
    let jwk = value!({"kty": "EC", "x": coordinate(1..33), "y": coordinate(33..65), "crv": "P-256"});
    let header: Value = serde_json::from_slice(&decode(header)).expect("JSON");
    assert_eq!(header, value!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}));
    serde_json::from_slice(&decode(payload)).expect("JSON")
}

/// Asserts that each request is the one of the case, with a proof by the key of its session.
fn assert_requests(host: &Replay, inputs: &[Value], pem: &str) {
    let requests = host.requests();
    assert_eq!(requests.len(), inputs.len());
    for ((request, _), input) in requests.iter().zip(inputs) {
        assert_eq!((&*request.method, &*request.url), ("POST", URL));
        assert_eq!(&serde_json::from_str::<Value>(&request.body).expect("JSON"), input);
        assert_eq!(request.headers.get("content-type").map(String::as_str), Some("application/json"));
        assert!(!request.headers.contains_key("authorization"));
        let jti = "5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a";
        let payload = value!({"htm": "POST", "htu": URL, "iat": seconds(NOW), "jti": jti});
        assert_eq!(verified(&request.headers["dpop"], pem), payload);
    }
}

fn assert_outcome(name: &str, wanted: &Value, found: &Result<Arc<Credentials>, Error>, host: &Replay) {
    match (wanted["result"].as_str().expect("a result"), found) {
        ("error", Err(error)) => {
            let error = error.to_string();
            assert!(error.contains("aws login --profile signin"), "{name}: {error}");
        }
        ("credentials", Ok(found)) => {
            let end = found.expiration().expect("an end").rfc3339();
            let found = value!({
                "result": "credentials",
                "accessKeyId": found.access_key_id(),
                "secretAccessKey": found.expose_secret_access_key(),
                "sessionToken": found.expose_session_token(),
                "accountId": found.account_id(),
                "expiresAt": end.as_str(),
            });
            assert_eq!(&found, wanted, "{name}");
        }
        ("cacheContents", _) => {
            let files = wanted.as_object().expect("files").iter().filter(|(file, _)| *file != "result");
            for (file, content) in files {
                let found = host.file(&format!("/cache/{file}")).expect("the file");
                assert_eq!(&serde_json::from_str::<Value>(&found).expect("JSON"), content, "{name}");
            }
        }
        (wanted, Ok(_)) => panic!("{name}: credentials, but {wanted}"),
        (wanted, Err(error)) => panic!("{name}: {error}, but {wanted}"),
    }
}

#[test]
fn login_of_published_cases() {
    let Some(folder) = vectors("login") else { return };
    let cases = json(&folder.join("login-provider-test-cases.json"));
    let cases = cases.as_array().expect("a list");
    for case in cases {
        let name = case["documentation"].as_str().expect("a name");
        let calls = case["mockApiCalls"].as_array().map(Vec::as_slice).unwrap_or_default();
        let recorded = calls.iter().map(|call| match call["responseCode"].as_u64() {
            Some(status) => Recorded::post(URL, status.try_into().expect("a status"), "{}"),
            None => Recorded::post(URL, 200, &call["response"]["tokenOutput"].to_string()),
        });
        let config = case["configContents"].as_str().expect("text");
        let sessions = &case["cacheContents"];
        let host = host(config, sessions, recorded.collect());
        let found = credentials(&host);
        for wanted in case["outcomes"].as_array().expect("outcomes") {
            assert_outcome(name, wanted, &found, &host);
        }
        let inputs: Vec<Value> = calls.iter().map(|call| call["request"]["tokenInput"].clone()).collect();
        let mut files = sessions.as_object().expect("files").values();
        let pem = files.next().and_then(|file| file["dpopKey"].as_str()).unwrap_or_default();
        assert_requests(&host, &inputs, pem);
    }
    assert_eq!(cases.len(), 8, "number of cases");
    say(&format!("login: {} of {} published cases", cases.len(), cases.len()));
}

const SESSION: &str = "arn:aws:sts::012345678910:assumed-role/Admin/admin";

/// A session of the project's own, whose key is new and in PKCS#8.
fn session(end: &str) -> (Value, String) {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let key = Base64::encode_string(key.expect("a key").as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
    let tokens = value!({"accessKeyId": "ASIAOLD", "secretAccessKey": "old-secret", "sessionToken": "old-token",
        "accountId": "012345678901", "expiresAt": end});
    let file = value!({"accessToken": tokens, "clientId": "client", "refreshToken": "first-refresh-token",
        "dpopKey": pem, "more": [1, {"refreshToken": "other"}]});
    let name = format!("{}.json", sha256_hex(SESSION.as_bytes()).as_str());
    (value!({ name: file }), pem)
}

fn config() -> String {
    format!("[profile signin]\nlogin_session =  {SESSION} \n")
}

#[test]
fn login_of_own_cases() {
    let input =
        value!({"clientId": "client", "grantType": "refresh_token", "refreshToken": "first-refresh-token"});
    let renewed = value!({"accessToken": {"accessKeyId": "ASIANEW", "secretAccessKey": "new", "sessionToken": "n"},
        "refreshToken": "next", "expiresIn": 900, "tokenType": "aws_sigv4"});
    // Five minutes are left, and then one second more.
    for (end, key) in [("2025-11-19T00:05:00Z", "ASIANEW"), ("2025-11-19T00:05:01Z", "ASIAOLD")] {
        let (sessions, pem) = session(end);
        let host = host(&config(), &sessions, vec![Recorded::post(URL, 200, &renewed.to_string())]);
        assert_eq!(credentials(&host).expect("credentials").access_key_id(), key);
        let inputs = std::slice::from_ref(&input);
        assert_requests(&host, if key == "ASIANEW" { inputs } else { &[] }, &pem);
        // The next process uses what this one has written.
        assert_eq!(credentials(&host).expect("credentials").access_key_id(), key);
        assert!(host.requests().len() <= 1);
    }
    // Those that end soon serve if they cannot be renewed.
    let (sessions, _) = session("2025-11-19T00:00:01Z");
    let unreachable = host(&config(), &sessions, Vec::new());
    assert_eq!(credentials(&unreachable).expect("credentials").access_key_id(), "ASIAOLD");

    for (code, advice) in [
        ("TOKEN_EXPIRED", "the session has ended"),
        ("USER_CREDENTIALS_CHANGED", "have changed"),
        ("INSUFFICIENT_PERMISSIONS", "signin:CreateOAuth2Token"),
        ("invalid_grant", "sign in again"),
    ] {
        let (sessions, pem) = session("2020-01-01T00:00:00Z");
        let body = format!(r#"{{"error":"{code}","message":"first-refresh-token of old-token is refused"}}"#);
        let host = host(&config(), &sessions, vec![Recorded::post(URL, 400, &body)]);
        let error = credentials(&host).expect_err(code).to_string();
        for part in [code, advice, "profile signin", "aws login --profile signin"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        for secret in ["first-refresh-token", "old-secret", "old-token", pem.lines().nth(1).expect("a line")]
        {
            assert!(!error.contains(secret), "{error}");
        }
        assert_eq!(
            serde_json::from_str::<Value>(&host.file(&path(&sessions)).expect("it")).expect("JSON"),
            *sessions.as_object().expect("files").values().next().expect("one"),
            "a refusal leaves the file as it is"
        );
    }
}

fn path(sessions: &Value) -> String {
    format!("/cache/{}", sessions.as_object().expect("files").keys().next().expect("one"))
}

#[test]
fn login_with_a_key_that_is_of_no_use() {
    for (pem, problem) in [
        ("PEM", "dpopKey: no private key in it"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "dpopKey: not a key"),
    ] {
        let (mut sessions, _) = session("2020-01-01T00:00:00Z");
        let file = sessions.as_object_mut().expect("files").values_mut().next().expect("one");
        file["dpopKey"] = pem.into();
        let host = host(&config(), &sessions, Vec::new());
        let error = credentials(&host).expect_err(pem).to_string();
        assert!(error.contains(problem) && error.contains("aws login --profile signin"), "{error}");
    }
}

/// As botocore 1.44 requests them.
#[test]
fn login_at_the_endpoint_of_each_partition() {
    const PLAIN: &[(&str, &str)] = &[];
    const FIPS: &[(&str, &str)] = &[("AWS_USE_FIPS_ENDPOINT", "true")];
    const DUAL: &[(&str, &str)] = &[("AWS_USE_DUALSTACK_ENDPOINT", "true")];
    for (region, variant, wanted) in [
        ("us-east-1", PLAIN, "us-east-1.signin.aws.amazon.com"),
        ("us-east-1", FIPS, "signin-fips.us-east-1.amazonaws.com"),
        ("us-east-1", DUAL, "signin.us-east-1.api.aws"),
        ("cn-north-1", PLAIN, "cn-north-1.signin.amazonaws.cn"),
        ("cn-north-1", DUAL, "signin.cn-north-1.api.amazonwebservices.com.cn"),
        ("us-gov-west-1", PLAIN, "us-gov-west-1.signin.amazonaws-us-gov.com"),
        ("us-gov-west-1", FIPS, "signin-fips.amazonaws-us-gov.com"),
        ("us-gov-east-1", FIPS, "us-gov-east-1.signin-fips.amazonaws-us-gov.com"),
        ("us-iso-east-1", PLAIN, "us-iso-east-1.signin.c2shome.ic.gov"),
        ("us-isob-east-1", PLAIN, "us-isob-east-1.signin.sc2shome.sgov.gov"),
        ("eu-isoe-west-1", PLAIN, "eu-isoe-west-1.signin.csphome.adc-e.uk"),
        ("us-isof-south-1", PLAIN, "us-isof-south-1.signin.csphome.hci.ic.gov"),
        ("us-isof-south-1", FIPS, "signin-fips.us-isof-south-1.csp.hci.ic.gov"),
        ("eusc-de-east-1", PLAIN, "eusc-de-east-1.signin.amazonaws-eusc.eu"),
    ] {
        let (sessions, _) = session("2020-01-01T00:00:00Z");
        let host = host(&config(), &sessions, Vec::new());
        let variables: Vec<_> = [("AWS_REGION", region)].iter().chain(variant).copied().collect();
        credentials_with(&host, &variables).expect_err("it is not reachable");
        let (request, _) = host.requests().swap_remove(0);
        assert_eq!(request.url, format!("https://{wanted}/v1/token"));
    }
    // The region of the session comes before that of the settings, and is checked as any other.
    let in_region = |region: &str| {
        let (mut sessions, _) = session("2020-01-01T00:00:00Z");
        let file = sessions.as_object_mut().expect("files").values_mut().next().expect("one");
        file["signInRegion"] = region.into();
        let host = host(&config(), &sessions, Vec::new());
        let error = credentials(&host).expect_err("it is not reachable").to_string();
        (host.requests().pop().map(|(request, _)| request.url), error)
    };
    let (url, _) = in_region("ap-south-1");
    assert_eq!(url.as_deref(), Some("https://ap-south-1.signin.aws.amazon.com/v1/token"));
    let (url, error) = in_region("evil.example/");
    assert!(url.is_none() && error.contains("signInRegion"), "{error}");
}

#[test]
fn login_beside_other_settings_has_the_place_that_botocore_gives_it() {
    use rolecall::profiles::{Base, Plan, Profiles};
    let base = |config: &str, credentials: &str| {
        let mut profiles = Profiles::default();
        profiles
            .add_config(format!("[profile p]\nlogin_session = arn\n{config}").as_bytes())
            .expect("a file");
        profiles.add_credentials(credentials.as_bytes()).expect("a file");
        let plan = Plan::of(&profiles, "p").expect("a plan").expect("credentials");
        match plan.base {
            Base::Login(session) => session.session,
            other => format!("{other:?}").split(['(', ' ']).next().expect("a name").to_owned(),
        }
    };
    let keys = "aws_access_key_id = AKID\naws_secret_access_key = s\n";
    assert_eq!(base("", ""), "arn");
    assert_eq!(base("credential_process = x\n", ""), "arn");
    assert_eq!(base(keys, ""), "arn");
    assert_eq!(base("", &format!("[p]\n{keys}")), "Keys");
    assert_eq!(base("web_identity_token_file = t\nrole_arn = r\n", ""), "WebIdentity");
    let sso = "sso_start_url = u\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n";
    assert_eq!(base(sso, ""), "Sso");
}

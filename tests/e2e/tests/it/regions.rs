//! A region becomes a label of a host's name: a text that is not a region is refused before any connection, wherever it
//! comes from.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use e2e::command::rolecall;

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];

/// Texts that are not regions; each would lead elsewhere in a URL, or is malformed.
const NOT_REGIONS: [&str; 8] = [
    "evil.example/",
    "evil.example#",
    "a.b",
    "-eu-west-1",
    "eu-west-1-",
    "EU-WEST-1",
    "eu~west",
    "x@evil.example",
];

/// Arguments, variables, and what the error names.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

/// A proxy that counts connections and closes them.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    (url, connections)
}

#[test]
fn a_text_that_is_not_a_region_is_refused_before_any_connection() {
    let (proxy, connections) = proxy();
    for region in NOT_REGIONS {
        let pool = format!("{region}:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d");
        let user_pool = format!("{region}_aBcDeFgHi");
        let user = ["--client-id", "c", "--username", "u"];
        let identity = "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d";
        let cases: [Case<'_>; 6] = [
            (
                &["credentials", "--cognito-identity-pool", &pool, "--login", "accounts.example=TOKEN"],
                &[],
                "pool",
            ),
            (
                &["credentials", "--cognito-identity-id", &pool, "--login", "accounts.example=TOKEN"],
                &[],
                "pool",
            ),
            (
                &[
                    &["credentials", "--cognito-identity-pool", identity, "--user-pool", &user_pool][..],
                    &user,
                ]
                .concat(),
                &[("AWS_COGNITO_PASSWORD", "not for them")],
                "user pool",
            ),
            (&["setup", "ec2-role", "--role", "x"], &[("AWS_REGION", region)], "region"),
            (&["whoami"], &[("AWS_REGION", region)], "region"),
            (&["whoami", "--region", region], &[], "region"),
        ];
        for (arguments, more, names) in cases {
            let variables = [&KEYS[..], &[("HTTPS_PROXY", proxy.as_str())], more].concat();
            let run = rolecall(arguments, variables);
            assert_eq!(run.code, Some(1), "{region}: {run:#?}");
            assert!(
                run.stderr.contains(names) && run.stderr.contains("is not a region"),
                "{region}: {run:#?}"
            );
            assert!(!run.stderr.contains("not for them"), "{run:#?}");
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    // The opposite: a region leads to the proxy.
    let variables = [&KEYS[..], &[("HTTPS_PROXY", proxy.as_str()), ("AWS_REGION", "eu-west-1")]].concat();
    assert_eq!(rolecall(&["whoami"], variables).code, Some(1));
    assert!(connections.load(Ordering::SeqCst) > 0);
}

#[test]
fn the_region_of_a_sign_in_is_checked() {
    let (proxy, connections) = proxy();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("regions-home");
    std::fs::create_dir_all(folder.join(".aws/sso/cache")).expect("a folder");
    // SHA-1 of "my".
    let token = folder.join(".aws/sso/cache/3ece1471f44f63177cbc35ba0b904e0c096b6783.json");
    std::fs::write(token, r#"{"accessToken":"secret-token","expiresAt":"2999-01-01T00:00:00Z"}"#)
        .expect("a file");
    for region in NOT_REGIONS {
        let config = format!(
            "[sso-session my]\nsso_start_url = https://x.awsapps.com/start\nsso_region = {region}\n\
             [profile p]\nsso_session = my\nsso_account_id = 123456789012\nsso_role_name = Admin\n"
        );
        let file = folder.join("config");
        std::fs::write(&file, config).expect("a file");
        let variables = [
            ("HOME", folder.to_str().expect("text")),
            ("AWS_CONFIG_FILE", file.to_str().expect("text")),
            ("HTTPS_PROXY", proxy.as_str()),
        ];
        let run = rolecall(&["credentials", "--profile", "p"], variables);
        // A `#` starts a comment only after a space, so that it is part of the region.
        assert_eq!(run.code, Some(1), "{region}: {run:#?}");
        assert!(run.stderr.contains("sso_region") && run.stderr.contains("profile p"), "{region}: {run:#?}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[test]
fn white_space_around_a_region_is_trimmed() {
    let simulator = rolecall_simulator::Simulator::start(Default::default()).expect("ports on loopback");
    for (name, value) in [
        ("AWS_REGION", "eu-central-1\n"),
        ("AWS_REGION", "\teu-central-1 "),
        ("AWS_DEFAULT_REGION", "eu-central-1 "),
        ("AWS_DEFAULT_REGION", "eu-central-1\r\n"),
    ] {
        let mut variables = simulator.environment();
        variables.retain(|(known, _)| *known != "AWS_REGION");
        variables.push((name, value.to_owned()));
        let run = rolecall(&["whoami"], variables);
        assert!(run.ok().contains("assumed-role"), "{value:?}: {run:#?}");
    }
}

#[test]
fn a_text_that_is_not_a_region_is_refused_with_an_endpoint_of_ones_own_too() {
    let sts = ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9");
    let role = ["credentials", "--role-arn", "arn:aws:iam::123456789012:role/x"];
    for region in ["a b", "EU_WEST/", "eu-west-1/"] {
        for arguments in [&["whoami"][..], &role, &["sign", "GET", "http://x.example/", "--service", "s3"]] {
            let variables = [&KEYS[..], &[sts, ("AWS_REGION", region)]].concat();
            let run = rolecall(arguments, variables);
            assert!(run.failed().contains(&format!("AWS_REGION: {region:?} is not a region")), "{run:#?}");
        }
    }
}

#[test]
fn an_endpoint_of_sts_without_a_region_is_signed_for_one_with_a_note() {
    let simulator = rolecall_simulator::Simulator::start(Default::default()).expect("ports on loopback");
    let mut variables = simulator.environment();
    variables.retain(|(known, _)| *known != "AWS_REGION");
    variables.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
    for name in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
        variables.retain(|(known, _)| !known.starts_with("AWS_ENDPOINT_URL"));
        variables.push((name, simulator.sts_url()));
        let given = variables.iter().map(|(name, value)| (*name, value.as_str())).chain(KEYS);
        let run = rolecall(&["whoami"], given.clone());
        let note = format!(
            "rolecall: no region is set: requests to the endpoint of {name} are signed for us-east-1"
        );
        let notes = run.stderr.lines().filter(|line| line.starts_with(&note)).count();
        assert_eq!(notes, 1, "{run:#?}");
        for (more, arguments) in [
            (Some(("AWS_REGION", "us-east-1")), &["whoami"][..]),
            (None, &["whoami", "--region", "us-east-1"]),
            (None, &["whoami", "-q"]),
            (None, &["request", "GET", "https://127.0.0.1:9/", "--service", "s3", "--region", "eu-west-1"]),
        ] {
            let run = rolecall(arguments, given.clone().chain(more));
            assert!(!run.stderr.contains("no region is set"), "{run:#?}");
        }
    }
    // A token proves a call that is not signed.
    let token = Path::new(env!("CARGO_TARGET_TMPDIR")).join("regions.token");
    std::fs::write(&token, "token").expect("a file");
    let web = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().expect("text")),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    assert!(!rolecall(&["credentials"], web).failed().contains("no region"));
}

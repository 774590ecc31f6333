//! The command on a machine that is still booting, and in an outage of instance metadata.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::command::{Run, rolecall};
use e2e::peer::{Act, Peer, Request, Then};

const DOCUMENT: &str = r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAMETADATA",
    "SecretAccessKey":"c2VjcmV0c2VjcmV0","Token":"dG9rZW4=","Expiration":"2099-01-01T00:00:00Z"}"#;
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// A metadata service; `first` answers the first requests for `target`, so many of them.
fn metadata(target: &'static str, times: usize, first: Act) -> Peer {
    let asked = AtomicUsize::new(0);
    Peer::start(move |request| {
        if request.target == target && asked.fetch_add(1, Ordering::SeqCst) < times {
            return first.clone();
        }
        answer(request)
    })
}

fn answer(request: &Request) -> Act {
    match request.target.as_str() {
        "/latest/api/token" => Act::ok("TOKEN=="),
        ROLES => Act::ok("role-1"),
        "/latest/meta-data/placement/region" => Act::ok("eu-central-1"),
        "/x" => Act::ok(DOCUMENT),
        target if target.starts_with(ROLES) => Act::ok(DOCUMENT),
        _ => Act::page(404),
    }
}

fn credentials(peer: &Peer, variables: &[(&str, &str)]) -> Run {
    let endpoint = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url());
    rolecall(&["credentials"], [endpoint].into_iter().chain(variables.iter().copied()))
}

fn attempts(number: &'static str) -> (&'static str, &'static str) {
    ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", number)
}

#[test]
fn attempts_that_were_asked_for_are_made_whatever_ended_the_last_one() {
    let half = Act::ok(&DOCUMENT[..60]);
    let cut = Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Code\"".to_vec(), Then::Close);
    let document = "/latest/meta-data/iam/security-credentials/role-1";
    let cases: [(&str, usize, Act, &str); 9] = [
        ("/latest/api/token", 1, Act::STALL, "3"),
        ("/latest/api/token", 2, Act::page(503), "3"),
        (ROLES, 1, Act::STALL, "3"),
        (ROLES, 3, Act::page(404), "5"),
        (ROLES, 1, Act::ok(""), "3"),
        (ROLES, 1, Act::ok("\n"), "3"),
        (document, 1, half, "3"),
        (document, 1, cut, "3"),
        (document, 1, Act::STALL, "3"),
    ];
    thread::scope(|scope| {
        for (number, (target, times, act, most)) in cases.into_iter().enumerate() {
            scope.spawn(move || {
                let peer = metadata(target, times, act);
                let run = credentials(&peer, &[attempts(most)]);
                assert!(run.ok().contains("ASIAMETADATA"), "case {number}: {run:#?}");
            });
        }
    });
}

#[test]
fn numbers_of_any_size_are_taken() {
    let peer = metadata("", 0, Act::STALL);
    for (name, value) in [
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "20"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1000000"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "120"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "1.0"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "0.75"),
    ] {
        assert!(credentials(&peer, &[(name, value)]).ok().contains("ASIAMETADATA"), "{name}={value}");
    }
    for (name, value) in [("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1.5"), ("AWS_METADATA_SERVICE_TIMEOUT", "0")]
    {
        let run = credentials(&peer, &[(name, value)]);
        assert!(run.failed().contains(&format!("{name}: \"{value}\": expected")), "{run:#?}");
    }
}

#[test]
fn ten_attempts_outlast_eight_refusals() {
    let peer = metadata("/latest/api/token", 8, Act::page(503));
    let run = credentials(&peer, &[attempts("10")]);
    assert!(run.ok().contains("ASIAMETADATA") && run.took < Duration::from_secs(17), "{run:#?}");
}

#[test]
fn a_service_that_starts_to_listen_later_is_found() {
    let (url, server) = late(Duration::from_secs(2));
    let run =
        rolecall(&["credentials"], [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str()), attempts("10")]);
    assert!(run.ok().contains("ASIAMETADATA"), "{run:#?}");
    server.join().expect("a server");
}

/// The defaults are for a host without metadata: it is absent at once.
#[test]
fn without_the_variables_a_host_without_metadata_falls_through_at_once() {
    let began = Instant::now();
    let closed = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")];
    let run = rolecall(&["credentials"], closed);
    assert!(run.failed().contains("no credentials found"), "{run:#?}");
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    let peer = metadata(ROLES, 1, Act::page(404));
    let run = credentials(&peer, &[]);
    assert!(run.failed().contains("no role attached") && peer.requests() == 2, "{run:#?}");
}

#[test]
fn a_role_that_is_named_is_not_listed() {
    let config = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-boot-role.ini");
    std::fs::write(&config, "[default]\nec2_instance_profile_name = my-role\n").expect("a file");
    let variable = "AWS_EC2_INSTANCE_PROFILE_NAME";
    for setting in [(variable, "my-role"), ("AWS_CONFIG_FILE", config.to_str().expect("text"))] {
        let peer = metadata("", 0, Act::STALL);
        assert!(credentials(&peer, &[setting]).ok().contains("ASIAMETADATA"));
        assert_eq!(peer.requests(), 2);
    }
    for wrong in ["../other", "a b", "a/b"] {
        let peer = metadata("", 0, Act::STALL);
        let run = credentials(&peer, &[(variable, wrong)]);
        assert!(run.failed().contains(variable) && peer.requests() == 0, "{run:#?}");
    }
}

#[test]
fn stale_credentials_are_used_with_a_warning() {
    let stale = DOCUMENT.replace("2099", "2024");
    let peer = Peer::imds(Act::ok(stale));
    let run = credentials(&peer, &[]);
    assert!(run.ok().contains("ASIAMETADATA") && !run.stdout.contains("2024"), "{run:#?}");
    assert!(run.stderr.contains("have expired; using them"), "{run:#?}");
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url()), ("AWS_REGION", "eu-west-1")];
    let target = Peer::start(|_| Act::ok("hello"));
    let run = rolecall(&["request", "GET", target.url(), "--service", "s3"], variables);
    assert!(run.ok() == "hello" && run.stderr.contains("have expired"), "{run:#?}");
    // Nothing says until when a URL works: the next request to instance metadata is not the end of the credentials.
    for more in [&[][..], &["--expires", "60"], &["--expires", "604800"]] {
        let run = rolecall(&[&["presign", "https://b.s3.amazonaws.com/k"], more].concat(), variables);
        run.ok();
        assert!(run.stderr.contains("warning: the credentials that signed the URL have expired"), "{run:#?}");
        assert!(!run.stderr.contains("works until"), "{run:#?}");
    }
}

#[test]
fn the_region_of_the_instance_signs() {
    let peer = metadata("", 0, Act::STALL);
    let endpoint = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url());
    let scope = |variables: &[(&str, &str)]| {
        let run = rolecall(
            &["sign", "GET", "https://minio.example/k", "--service", "s3"],
            [endpoint].into_iter().chain(variables.iter().copied()),
        );
        run.ok()
            .split("/s3/aws4_request")
            .next()
            .and_then(|it| it.rsplit('/').next())
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(scope(&[]), "eu-central-1");
    assert_eq!(scope(&[("AWS_REGION", "eu-west-3")]), "eu-west-3");
    let explained = rolecall(&["explain"], [endpoint]);
    assert!(explained.stdout.contains("region: eu-central-1 (instance metadata)"), "{explained:#?}");
}

#[test]
fn what_a_status_of_the_token_can_mean_is_said() {
    for (target, status, words) in [
        ("/latest/api/token", 405, "does not speak version 2"),
        ("/latest/api/token", 404, "does not speak version 2"),
        ("/latest/api/token", 403, "switched off"),
        (ROLES, 403, "kube2iam"),
        ("/latest/meta-data/iam/security-credentials/role-1", 403, "kube2iam"),
    ] {
        let peer = metadata(target, usize::MAX, Act::page(status));
        let run = credentials(&peer, &[]);
        let error = run.failed();
        assert!(error.contains(words) && error.contains(&format!("status {status}")), "{error}");
        assert!(error.contains(peer.url()), "{error}");
        assert_eq!(words == "switched off", error.contains("switched off"), "{error}");
    }
}

#[test]
fn a_container_endpoint_that_comes_late_is_found() {
    let (url, server) = late(Duration::from_millis(1500));
    let url = format!("{url}/x");
    let run = rolecall(&["credentials"], [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str())]);
    assert!(run.ok().contains("ASIAMETADATA"), "{run:#?}");
    server.join().expect("a server");
}

/// An address of this machine that no other test listens at.
fn unused() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    SocketAddr::from(([127, 0, 7, NEXT.fetch_add(1, Ordering::SeqCst)], 8080))
}

/// A service at an address where nothing listens for `delay`, of metadata and at `/x` of a container.
fn late(delay: Duration) -> (String, thread::JoinHandle<Peer>) {
    let address = unused();
    let server = thread::spawn(move || {
        thread::sleep(delay);
        Peer::start_at(address, answer)
    });
    (format!("http://{address}"), server)
}

#[test]
fn a_command_waits_as_long_as_it_may() {
    for (number, arguments) in [
        &["credentials", "--wait", "30"][..],
        &["sign", "GET", "https://minio.example/k", "--service", "s3", "--region", "eu-west-1", "--wait=30"],
    ]
    .into_iter()
    .enumerate()
    {
        let (url, server) = late(Duration::from_secs(3));
        let run = rolecall(arguments, [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str())]);
        assert!(run.ok().contains("ASIAMETADATA"), "{number}: {run:#?}");
        assert!((2..25).contains(&run.took.as_secs()), "{run:#?}");
        let lines: Vec<&str> = run.stderr.lines().collect();
        let [line] = lines[..] else { panic!("one line of progress: {run:#?}") };
        assert!(line.starts_with("no credentials yet, trying for 30 s") && line.contains(&url), "{line}");
        server.join().expect("a server");
    }
    let (url, server) = late(Duration::from_secs(2));
    let run = rolecall(
        &["credentials", "--wait", "30", "-q"],
        [("AWS_EC2_METADATA_SERVICE_ENDPOINT", url.as_str())],
    );
    assert!(run.ok().contains("ASIAMETADATA") && run.stderr.is_empty(), "{run:#?}");
    server.join().expect("a server");
}

#[test]
fn waiting_ends_with_the_error_and_is_not_done_for_a_mistake() {
    let closed = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9");
    let run = rolecall(&["credentials", "--wait", "3"], [closed]);
    assert!(run.code == Some(1) && run.stderr.contains("no credentials found"), "{run:#?}");
    assert!((3..6).contains(&run.took.as_secs()), "{run:#?}");
    for variables in [
        &[("AWS_EC2_METADATA_DISABLED", "true")][..],
        &[closed, ("AWS_ACCESS_KEY_ID", "AKIDHALF")],
        &[closed, ("AWS_METADATA_SERVICE_TIMEOUT", "soon")],
    ] {
        let run = rolecall(&["credentials", "--wait", "30"], variables.iter().copied());
        assert!(run.failed().contains("rolecall: ") && run.took.as_secs() < 2, "{run:#?}");
    }
    for wrong in ["soon", "-1", "1.5", "--quiet"] {
        let run = rolecall(&["credentials", "--wait", wrong], [closed]);
        assert!(run.code == Some(2) && run.stderr.contains("--wait"), "{run:#?}");
    }
}

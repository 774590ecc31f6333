//! Presigned URLs with headers, and those whose credentials end before them. The simulator verifies signatures.

use std::time::{Duration, SystemTime};

use e2e::command::rolecall;
use e2e::device::region_of_mqtt;
use rolecall::{UnixTime, UnixTimeExt};
use rolecall_simulator::{Config, Simulator};

const KEYS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_SESSION_TOKEN", "token"),
    ("AWS_REGION", "eu-west-1"),
];

/// The status of a PUT with these headers.
fn put(url: &str, headers: &[(&str, &str)]) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let request = headers.iter().fold(agent.put(url), |request, (name, value)| request.header(*name, *value));
    request.send("content").expect("a reply").status().as_u16()
}

#[test]
fn a_url_is_valid_with_the_headers_that_it_was_signed_with() {
    let accounts = vec!["111122223333".to_owned(), "444455556666".to_owned()];
    let simulator =
        Simulator::start(Config { bucket_accounts: accounts, ..Config::default() }).expect("a simulator");
    let url = format!("{}/{}/with-headers", simulator.s3_url(), simulator.bucket());
    let plain = ("content-type", "text/plain");
    let note = ("x-amz-meta-note", "a b");
    for (given, signed, right) in [
        (&["Content-Type: text/plain"][..], "content-type%3Bhost", &[plain][..]),
        (&["X-Amz-Meta-Note:  a   b "], "host%3Bx-amz-meta-note", &[note]),
        (
            &["x-amz-meta-note: a b", "content-type:text/plain"],
            "content-type%3Bhost%3Bx-amz-meta-note",
            &[plain, note],
        ),
    ] {
        let headers: Vec<&str> = given.iter().flat_map(|header| ["-H", header]).collect();
        let arguments = [&["presign", &url, "--method", "PUT"], &headers[..]].concat();
        let run = rolecall(&arguments, simulator.environment());
        let presigned = run.ok().trim_end();
        assert!(presigned.contains(&format!("X-Amz-SignedHeaders={signed}&")), "{presigned}");
        assert_eq!(put(presigned, right), 200, "{given:?}");
        // Without one of them, and with another value.
        for left_out in 0..right.len() {
            let mut fewer = right.to_vec();
            let (name, _) = fewer.remove(left_out);
            assert_eq!(put(presigned, &fewer), 403, "{given:?} without {name}");
            fewer.push((name, "other"));
            assert_eq!(put(presigned, &fewer), 403, "{given:?} with another {name}");
        }
    }
}

#[test]
fn a_header_that_no_signature_covers_is_refused() {
    let url = "https://b.s3.amazonaws.com/k";
    for header in ["User-Agent: me", "Connection: close", "Authorization: x", "X-Amz-Date: 20150830T123600Z"]
    {
        let run = rolecall(&["presign", url, "-H", header], KEYS);
        let name = header.split(':').next().expect("a name").to_lowercase();
        assert!(run.failed().to_lowercase().contains(&name), "{run:#?}");
    }
}

#[test]
fn a_url_that_outlives_its_credentials_comes_with_a_warning() {
    let now = SystemTime::now();
    let in_minutes = |minutes: u64| {
        let end = UnixTime::from_system_time(now + Duration::from_secs(60 * minutes)).expect("a time");
        end.rfc3339().as_str().to_owned()
    };
    for (minutes, expires, warned) in [
        (Some(10), Some("604800"), true),
        (Some(10), Some("660"), true),
        (Some(10), None, true),
        (Some(10), Some("60"), false),
        (Some(90), None, false),
        (None, Some("604800"), false),
    ] {
        let end = minutes.map(in_minutes);
        let mut variables: Vec<(&str, &str)> = KEYS.to_vec();
        variables.extend(end.as_deref().map(|end| ("AWS_CREDENTIAL_EXPIRATION", end)));
        let mut arguments = vec!["presign", "https://b.s3.amazonaws.com/k"];
        arguments.extend(expires.iter().flat_map(|seconds| ["--expires", seconds]));
        let run = rolecall(&arguments, variables);
        let seconds = expires.unwrap_or("3600");
        assert!(run.ok().contains(&format!("X-Amz-Expires={seconds}&")), "{run:#?}");
        assert_eq!(run.stdout.lines().count(), 1, "{run:#?}");
        match end {
            Some(end) if warned => {
                assert_eq!(run.stderr.lines().count(), 1, "{run:#?}");
                assert!(run.stderr.contains("warning") && run.stderr.contains(&end), "{run:#?}");
            }
            _ => assert_eq!(run.stderr, "", "{minutes:?} {expires:?}"),
        }
    }
}

#[test]
fn a_url_for_mqtt_is_signed_for_the_region_of_its_host() {
    let host = "example-ats.iot.ap-southeast-2.amazonaws.com";
    for (host, region) in [
        (host, "ap-southeast-2"),
        ("x.iot.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("x.iot.us-east-1.api.aws:443", "us-east-1"),
        ("x.iot.us-east-1.evil.example", "eu-west-1"),
        ("iot.example:8443", "eu-west-1"),
        ("127.0.0.1:9", "eu-west-1"),
    ] {
        let run = rolecall(&["presign", "--mqtt", host, "--expires", "60"], KEYS);
        let url = run.ok().trim_end();
        assert!(
            url.starts_with(&format!(
                "wss://{}/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&",
                host.trim_end_matches(":443")
            )),
            "{url}"
        );
        assert!(url.contains("&X-Amz-Security-Token=token&") && url.contains("&X-Amz-Expires=60&"), "{url}");
        assert_eq!(region_of_mqtt(url, "secret").as_deref(), Some(region));
        assert_eq!(region_of_mqtt(&url.replace("Expires=60", "Expires=61"), "secret"), None);
        assert_eq!(region_of_mqtt(url, "another"), None);
    }
    for (more, words) in [
        (&["--method", "PUT"][..], "--mqtt or --method, not both"),
        (&["-H", "a:b"], "--mqtt or --header, not both"),
        (&["--service", "s3"], "--mqtt or --service, not both"),
        (&["https://b.s3.amazonaws.com/k"], "unexpected argument"),
    ] {
        let run = rolecall(&[&["presign", "--mqtt", host], more].concat(), KEYS);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains(words), "{run:?}");
    }
    for host in ["https://h", "h/mqtt", "h?x", "a b", "::1", "h:0", "h:", "h:99999"] {
        let run = rolecall(&["presign", "--mqtt", host], KEYS);
        assert!(run.failed().contains("expected HOST or HOST:PORT"), "{host}: {run:?}");
    }
}

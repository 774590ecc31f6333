//! `rolecall verify`: requests as people capture them, and errors of services beside them.

use e2e::command::{Run, rolecall, rolecall_reading};

const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ("AWS_REGION", "eu-west-1"),
];
const DATE: &str = "20260102T030405Z";
const URL: &str = "https://b.s3.eu-west-1.amazonaws.com/k?x=1";

/// A PUT of S3, signed by the command.
fn captured(body: &str) -> String {
    let signed = rolecall(&["sign", "PUT", URL, "-d", "hello", "--date", DATE], KEYS);
    format!("PUT /k?x=1 HTTP/1.1\n{}Content-Length: {}\n\n{body}", signed.ok(), body.len())
}

fn verify(more: &[&str], request: &str) -> Run {
    let arguments = [&["verify", "--date", DATE], more].concat();
    rolecall_reading(&arguments, KEYS, request)
}

#[test]
fn a_right_signature_is_reported_with_what_it_covers() {
    let request = captured("hello");
    for request in [request.clone(), request.replace('\n', "\r\n"), format!("\n{request}")] {
        let run = verify(&[], &request);
        assert_eq!(
            run.ok(),
            "access key id: AKIDEXAMPLE\nsigned at: 2026-01-02T03:04:05Z\nfor: s3 in eu-west-1\n\
             headers covered: host;x-amz-content-sha256;x-amz-date\nsession token: none\n\
             body: covered by its SHA-256, and right\n"
        );
    }
    // The body was not captured: all else is right.
    let cut = request.replace("\n\nhello", "\n\n");
    assert!(verify(&[], &cut).ok().contains("body: covered, and not compared"), "{cut}");
    let presigned = rolecall(&["presign", URL, "--date", DATE], KEYS);
    let target =
        presigned.ok().trim_end().strip_prefix("https://b.s3.eu-west-1.amazonaws.com").expect("the host");
    let request = format!("GET {target} HTTP/1.1\nHost: b.s3.eu-west-1.amazonaws.com");
    assert!(verify(&[], &request).ok().contains("body: not covered"), "{request}");
}

#[test]
fn each_refusal_says_why_and_what_to_do() {
    let request = captured("hello");
    for (from, to, wanted) in [
        ("\n\nhello", "\n\nhallo", "the body is not the signed one"),
        ("x-amz-content-sha256: ", "x-amz-meta-added: 1\nx-amz-content-sha256: ", "x-amz- is not signed"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512", "algorithm"),
        ("PUT /k", "not a request", "no HTTP request"),
        ("Authorization", "X-Other", "not signed with SigV4"),
    ] {
        let changed = request.replacen(from, to, 1);
        assert_ne!(changed, request, "{from}");
        let run = verify(&[], &changed);
        assert!(run.code != Some(0) && run.stderr.contains(wanted), "{from}: {run:#?}");
    }
    let late = rolecall_reading(&["verify"], KEYS, &request);
    assert!(late.failed().contains("--date"), "{late:#?}");
    let region = verify(&["--region", "us-east-1"], &request);
    assert!(region.failed().contains("another region"), "{region:#?}");
    let service = verify(&["--service", "sqs"], &request);
    assert!(service.failed().contains("another service"), "{service:#?}");
}

/// Where only the signature differs, what has to be signed is printed.
#[test]
fn a_wrong_signature_is_explained() {
    let changed = captured("hello").replacen("/k?x=1", "/k?x=2", 1);
    let run = verify(&[], &changed);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.starts_with("PUT\n/k\nx=2\nhost:b.s3.eu-west-1.amazonaws.com\n"), "{run:#?}");
    assert!(
        run.stdout.contains("\n\nAWS4-HMAC-SHA256\n20260102T030405Z\n20260102/eu-west-1/s3/aws4_request\n")
    );

    let folder = std::env::temp_dir().join(format!("rolecall-verify-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let reply = folder.join("reply.xml");
    let path = reply.to_str().expect("text");
    let canonical = rolecall(&["sign", "PUT", URL, "-d", "hello", "--date", DATE, "--canonical"], KEYS);
    let theirs = canonical.ok().split("\n\nAWS4-").next().expect("a part").replace('&', "&amp;");
    std::fs::write(
        &reply,
        format!(
            "<Error><Code>SignatureDoesNotMatch</Code><CanonicalRequest>{theirs}</CanonicalRequest></Error>"
        ),
    )
    .expect("a file");
    let run = verify(&["--service-reply", path], &changed);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.stdout, "canonical request: line 3 differs\n  here:        x=2\n  the service: x=1\n");
    // The same text, and another secret.
    let secret = folder.join("secret");
    std::fs::write(&secret, "another secret\n").expect("a file");
    let from = format!("@{}", secret.display());
    let run = verify(&["--secret-from", &from, "--service-reply", path], &captured("hello"));
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), "canonical request: the same\n"));
    assert!(run.stderr.contains("the secret is another one"), "{run:#?}");
    std::fs::write(&reply, "<Error><Message>denied</Message></Error>").expect("a file");
    let run = verify(&["--service-reply", path], &changed);
    assert!(run.stderr.contains("not every service sends them"), "{run:#?}");
    std::fs::remove_dir_all(&folder).expect("the folder exists");
}

#[test]
fn the_secret_is_that_of_the_access_key_id_in_the_request() {
    let request = captured("hello");
    let other = [KEYS[1], ("AWS_ACCESS_KEY_ID", "AKIDOTHER"), ("THEIR_SECRET", KEYS[1].1), ("EMPTY", "")];
    let arguments = |more: &[&'static str]| [&["verify", "--date", DATE], more].concat();
    let run = rolecall_reading(&arguments(&[]), other, &request);
    assert!(run.code == Some(2) && run.stderr.contains("--secret-from"), "{run:#?}");
    assert!(!run.stderr.contains(KEYS[1].1), "{run:#?}");
    rolecall_reading(&arguments(&["--secret-from", "THEIR_SECRET"]), other, &request).ok();
    for wrong in ["NO_SUCH", "EMPTY", "@/does/not/exist"] {
        let run = rolecall_reading(&arguments(&["--secret-from", wrong]), other, &request);
        assert!(matches!(run.code, Some(1 | 2)) && run.stdout.is_empty(), "{run:#?}");
    }
}

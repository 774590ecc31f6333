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
    let json: serde_json::Value = serde_json::from_str(verify(&["--json"], &request).ok()).expect("JSON");
    assert_eq!((&json["accessKeyId"], &json["scope"]), (&"AKIDEXAMPLE".into(), &"s3 in eu-west-1".into()));
    let presigned = rolecall(&["presign", URL, "--date", DATE], KEYS);
    let target =
        presigned.ok().trim_end().strip_prefix("https://b.s3.eu-west-1.amazonaws.com").expect("the host");
    let request = format!("GET {target} HTTP/1.1\nHost: b.s3.eu-west-1.amazonaws.com");
    assert!(verify(&[], &request).ok().contains("body: not covered"), "{request}");
}

/// Whatever the head says of its length, the body is compared.
#[test]
fn another_body_is_refused_in_every_shape() {
    let request = captured("hello");
    for (from, to, wanted) in [
        ("\n\nhello", "\n\n", "it has 0 bytes here, and content-length says 5"),
        ("\n\nhello", "\n\nhello and more", "it has 14 bytes here"),
        ("Content-Length: 5\n\nhello", "Content-Length: 4\n\nHELLO", "the body is not the signed one"),
        ("Content-Length: 5", "Content-Length: 5\nContent-Length: 9", "more than one content-length"),
        ("Content-Length: 5", "Content-Length: 5\nTransfer-Encoding: chunked", "read in two ways"),
        (
            "Content-Length: 5\n\nhello",
            "Transfer-Encoding: chunked\n\n5\r\nhellO\r\n0\r\n\r\n",
            "not the signed one",
        ),
        ("Content-Length: 5\n\nhello", "Transfer-Encoding: chunked\n\n5\r\nhello\r\n", "ends too early"),
    ] {
        let changed = request.replacen(from, to, 1);
        assert_ne!(changed, request, "{from:?}");
        let run = verify(&[], &changed);
        assert!(run.code == Some(1) && run.stderr.contains(wanted), "{to:?}: {run:#?}");
    }
    let coded = request.replacen(
        "Content-Length: 5\n\nhello",
        "Transfer-Encoding: chunked\n\n5\r\nhello\r\n0\r\n\r\n",
        1,
    );
    assert!(verify(&[], &coded).ok().contains("body: covered by its SHA-256, and right"));
}

/// The token that services look up for the access key id has to be the one in the request.
#[test]
fn the_session_token_is_that_of_the_credentials() {
    let with = |token: &'static str| {
        let mut keys: Vec<(&str, &str)> = KEYS.to_vec();
        keys.extend((!token.is_empty()).then_some(("AWS_SESSION_TOKEN", token)));
        keys
    };
    let signed = |token| {
        let signed = rolecall(&["sign", "GET", URL, "--date", DATE], with(token));
        format!("GET /k?x=1 HTTP/1.1\n{}", signed.ok())
    };
    for (sent, here, right) in
        [("a", "a", true), ("", "", true), ("a", "b", false), ("a", "", false), ("", "a", false)]
    {
        let run = rolecall_reading(&["verify", "--date", DATE], with(here), &signed(sent));
        assert_eq!(run.code, Some(if right { 0 } else { 1 }), "{sent:?} {here:?}: {run:#?}");
        assert!(right || run.stderr.contains("session token is not that of the credentials"), "{run:#?}");
    }
    let named = [("SECRET", KEYS[1].1)];
    let run = rolecall_reading(&["verify", "--date", DATE, "--secret-from", "SECRET"], named, &signed("a"));
    assert!(run.ok().contains("session token: covered"), "{run:#?}");
}

/// What boto3 uploads over https: chunks without signatures, in a transfer coding, with a CRC-32 after them.
#[test]
fn an_upload_of_an_sdk_is_verified() {
    let headers = [
        "x-amz-decoded-content-length: 5",
        "x-amz-trailer: x-amz-checksum-crc32",
        "content-encoding: aws-chunked",
    ];
    let body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let credentials =
        rolecall_core::credentials::Credentials::new(KEYS[0].1, KEYS[1].1, None).expect("credentials");
    let time = rolecall_core::wire::time::UnixTime::from_compact(DATE.as_bytes()).expect("a time");
    let key =
        rolecall_core::sigv4::SigningKey::derive(credentials.secret_access_key(), time, "eu-west-1", "s3");
    let signer = rolecall_core::sigv4::Signer::new(&credentials, &key, rolecall_core::sigv4::Rules::S3, time)
        .expect("a signer");
    let chunks =
        rolecall_core::sigv4::chunked::Chunks::unsigned_with(rolecall_core::sigv4::chunked::Checksum::Crc32);
    let payload = rolecall_core::sigv4::Payload::Chunks(chunks);
    let mut request = rolecall_core::sigv4::Request::new("PUT", "/k", payload).expect("a request");
    request.header("host", b"b.s3.eu-west-1.amazonaws.com").expect("a header");
    for header in headers {
        let (name, value) = header.split_once(": ").expect("a header");
        request.header(name, value.as_bytes()).expect("a header");
    }
    let signed = signer.sign(&request).expect("a signature");
    let mut buffer = [0; 2048];
    let mut out = rolecall_core::wire::Cursor::new(&mut buffer);
    signed.put_header_lines(&mut out);
    let lines = String::from_utf8_lossy(out.finish().expect("it fits")).into_owned();
    let coded = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let head = format!(
        "PUT /k HTTP/1.1\r\nhost: b.s3.eu-west-1.amazonaws.com\r\n{}\r\n{lines}",
        headers.join("\r\n")
    );
    let sent = format!("{head}transfer-encoding: chunked\r\n\r\n{coded}");
    let run = verify(&[], &sent);
    assert!(run.ok().contains("body: not covered but for its length"), "{run:#?}");
    let changed = verify(&[], &sent.replace("hello", "hellO"));
    assert!(changed.stderr.contains("the checksum of the data"), "{changed:#?}");
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
    // What may be the secret itself is not shown.
    let pasted = rolecall_reading(&arguments(&["--secret-from", KEYS[1].1]), other, &request);
    assert!(pasted.code == Some(2) && !pasted.stderr.contains("wJalr"), "{pasted:#?}");
    let both =
        rolecall_reading(&arguments(&["--secret-from", "THEIR_SECRET", "--profile", "p"]), other, &request);
    assert!(both.code == Some(2) && both.stderr.contains("in place of credentials"), "{both:#?}");
    for wrong in ["NO_SUCH", "EMPTY", "@/does/not/exist"] {
        let run = rolecall_reading(&arguments(&["--secret-from", wrong]), other, &request);
        assert!(matches!(run.code, Some(1 | 2)) && run.stdout.is_empty(), "{run:#?}");
    }
}

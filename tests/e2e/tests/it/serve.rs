//! `rolecall serve`: who gets what, by HTTP as it is on the wire.

use std::io::{BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::command::{binary, borrowed, rolecall};
use e2e::served::{Answer, Served, answer, exchange};
use rolecall_simulator::{Config, Simulator};

const KEYS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", SECRET),
    ("AWS_REGION", "eu-west-1"),
    ("HOME", "/nowhere"),
];
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const GET: &str = "GET /credentials HTTP/1.1";
const HOST: &str = "Host: HOST";
const TOKEN: &str = "Authorization: TOKEN";

/// A server of long-lived keys.
fn container() -> Served {
    Served::start(&[], &KEYS)
}

/// Asserts that an answer has no credentials, and a status.
#[track_caller]
fn nothing(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(!answer.body.contains("AKIDEXAMPLE") && !answer.body.contains(SECRET), "{answer:?}");
    assert!(!answer.head.to_ascii_lowercase().contains("access-control-"), "{answer:?}");
    if status > 0 {
        let document: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        assert!(document["code"].is_string() && document["message"].is_string(), "{answer:?}");
    }
}

#[test]
fn the_token_gets_the_document_of_a_container() {
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let variables = simulator.environment();
    let role = simulator.role_arn();
    let served = Served::start(&["--role-arn", role], &borrowed(&variables));
    let got = served.ask(&[GET, HOST, TOKEN]);
    assert_eq!(got.status, 200, "{got:?}");
    let document: serde_json::Value = serde_json::from_str(&got.body).expect("JSON");
    assert!(document["AccessKeyId"].as_str().is_some_and(|key| key.starts_with("ASIA")), "{document}");
    assert!(document["Token"].as_str().is_some_and(|token| token.len() > 100), "{document}");
    assert!(document["Expiration"].as_str().is_some_and(|end| end.ends_with('Z')), "{document}");
    assert_eq!((&document["AccountId"], &document["RoleArn"]), (&"444455556666".into(), &role.into()));
    // The answer is not to be kept on the way.
    assert!(got.head.contains("\r\nCache-Control: no-store\r\n"), "{got:?}");
}

#[test]
fn keys_without_an_end_get_one_and_an_empty_token() {
    let got = container().ask(&[GET, HOST, TOKEN]);
    let document: serde_json::Value = serde_json::from_str(&got.body).expect("JSON");
    assert_eq!((&document["SecretAccessKey"], &document["Token"]), (&SECRET.into(), &"".into()));
    assert!(document["Expiration"].is_string() && document["RoleArn"].is_null(), "{document}");
}

#[test]
fn without_the_token_the_right_host_and_the_right_request_there_is_nothing() {
    let served = container();
    let rows: [(u16, &[&str]); 22] = [
        (401, &[GET, HOST]),
        (401, &[GET, HOST, "Authorization: "]),
        (401, &[GET, HOST, "Authorization: TOKEN0"]),
        (401, &[GET, HOST, "Authorization: Bearer TOKEN"]),
        (401, &[GET, HOST, TOKEN, TOKEN]),
        (401, &["GET /credentials HTTP/1.1", HOST, "X-aws-ec2-metadata-token: TOKEN"]),
        (403, &[GET, "Host: evil.example", TOKEN]),
        (403, &[GET, "Host: evil.example:80", TOKEN]),
        (403, &[GET, "Host: 127.0.0.1", TOKEN]),
        (403, &[GET, "Host: ", TOKEN]),
        (403, &[GET, "Host: HOST.evil.example", TOKEN]),
        (403, &[GET, HOST, TOKEN, "Origin: http://HOST"]),
        (403, &[GET, HOST, TOKEN, "Origin: null"]),
        (404, &["GET /credentials/ HTTP/1.1", HOST, TOKEN]),
        (404, &["GET /credentials?a=b HTTP/1.1", HOST, TOKEN]),
        (404, &["GET /latest/meta-data/iam/security-credentials/ HTTP/1.1", HOST, TOKEN]),
        (405, &["POST /credentials HTTP/1.1", HOST, TOKEN]),
        (405, &["OPTIONS /credentials HTTP/1.1", HOST, TOKEN]),
        (400, &[GET, TOKEN]),
        (400, &[GET, HOST, HOST, TOKEN]),
        (400, &["GET http://HOST/credentials HTTP/1.1", HOST, TOKEN]),
        (400, &["GET /credentials HTTP/2.0", HOST, TOKEN]),
    ];
    for (status, lines) in rows {
        nothing(&served.ask(lines), status);
    }
    let by_name = format!("Host: localhost:{}", served.host().rsplit(':').next().expect("a port"));
    assert_eq!(served.ask(&[GET, &by_name, TOKEN]).status, 200);
    assert_eq!(served.ask(&["get /credentials HTTP/1.1", HOST, TOKEN]).status, 405);
    // HEAD has no body, though its length is that of one.
    let head =
        exchange(served.connect(), served.request(&["HEAD /credentials HTTP/1.1", HOST, TOKEN]).as_bytes());
    assert!(head.starts_with("HTTP/1.1 405 ") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn a_request_has_no_body_and_one_length() {
    let served = container();
    let rows: [(u16, &[&str]); 8] = [
        (200, &["Content-Length: 0"]),
        (413, &["Content-Length: 1"]),
        (413, &["Content-Length: 99999999999999999999999"]),
        (413, &["Transfer-Encoding: chunked"]),
        (400, &["Content-Length: 0", "Content-Length: 5"]),
        (400, &["Content-Length: 0, 0"]),
        (400, &["Content-Length: +0"]),
        (400, &["Content-Length : 0"]),
    ];
    for (status, more) in rows {
        // What follows is not read as a request.
        let hidden = served.request(&[GET, HOST, TOKEN]);
        let request = served.request(&[&[GET, HOST, TOKEN][..], more].concat());
        let got = exchange(served.connect(), (request + &hidden).as_bytes());
        assert!(got.starts_with(&format!("HTTP/1.1 {status} ")), "{more:?}: {got}");
        assert_eq!(got.matches("AKIDEXAMPLE").count(), if status == 200 { 2 } else { 0 }, "{more:?}: {got}");
        assert!(status == 200 || got.contains("\r\nConnection: close\r\n"), "{more:?}: {got}");
    }
}

#[test]
fn heads_are_bounded_in_length_and_in_time() {
    let served = container();
    let long = format!("X: {}", "x".repeat(9_000));
    let got = exchange(served.connect(), served.request(&[GET, HOST, TOKEN, &long]).as_bytes());
    assert!(got.starts_with("HTTP/1.1 431 "), "{got}");
    let fits = format!("X: {}", "x".repeat(7_900));
    assert_eq!(served.ask(&[GET, HOST, TOKEN, &fits]).status, 200);
    for garbage in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..], b"\0\r\n\r\n", b"\r\n\r\n\r\n\r\n"]
    {
        assert!(exchange(served.connect(), garbage).starts_with("HTTP/1.1 400 "), "{garbage:?}");
    }
    // One deadline for each head, however many bytes keep coming.
    let (start, mut slow) = (Instant::now(), served.connect());
    let mut bytes = b"GET /credentials HTTP/1.1\r\nX: ".to_vec();
    while slow.write_all(&std::mem::replace(&mut bytes, b"x".to_vec())).is_ok() {
        assert!(start.elapsed() < Duration::from_secs(13), "the connection is still open");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(start.elapsed() > Duration::from_secs(9), "{:?}", start.elapsed());
    // Others were served meanwhile.
    assert_eq!(served.ask(&[GET, HOST, TOKEN]).status, 200);
}

#[test]
fn a_connection_carries_many_requests_one_after_another_or_at_once() {
    let served = container();
    let request = served.request(&[GET, HOST, TOKEN]);
    let mut stream = BufReader::new(served.connect());
    for _ in 0..3 {
        stream.get_mut().write_all(request.as_bytes()).expect("it is open");
        assert_eq!(answer(&mut stream).status, 200);
    }
    // More at once than one turn takes, and the last of them closes.
    let mut many = request.repeat(100);
    many.push_str(&served.request(&[GET, HOST, TOKEN, "Connection: close"]));
    let writer = stream.get_ref().try_clone().expect("a descriptor");
    let writing = std::thread::spawn(move || (&writer).write_all(many.as_bytes()));
    for _ in 0..101 {
        assert_eq!(answer(&mut stream).status, 200);
    }
    assert_eq!(answer(&mut stream).status, 0, "it is closed");
    assert!(writing.join().expect("a thread").is_ok());
    // In pieces of any size; and the client may end its side first.
    let mut piecewise = served.connect();
    for piece in request.as_bytes().chunks(7) {
        piecewise.write_all(piece).expect("it is open");
    }
    assert_eq!(exchange(piecewise, b"").matches("AKIDEXAMPLE").count(), 1);
    let old = served.request(&["GET /credentials HTTP/1.0", HOST, TOKEN]).repeat(2);
    assert_eq!(exchange(served.connect(), old.as_bytes()).matches("AKIDEXAMPLE").count(), 1);
}

#[test]
fn instance_metadata_wants_its_token() {
    let served = Served::start(&["--mode", "imds"], &KEYS);
    let roles = "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1";
    let put = "PUT /latest/api/token HTTP/1.1";
    let ttl = |seconds: &str| format!("X-aws-ec2-metadata-token-ttl-seconds: {seconds}");
    for wrong in ["0", "21601", "-1", "+5", "1.5", "", "x", "99999999999999999999999"] {
        nothing(&served.ask(&[put, HOST, &ttl(wrong)]), 400);
    }
    nothing(&served.ask(&[put, HOST]), 400);
    nothing(&served.ask(&["GET /latest/api/token HTTP/1.1", HOST, &ttl("60")]), 405);
    nothing(&served.ask(&[put, HOST, &ttl("60"), "X-Forwarded-For: 10.0.0.1"]), 403);
    nothing(&served.ask(&[put, HOST, &ttl("60"), "Origin: http://evil.example"]), 403);
    nothing(&served.ask(&[put, "Host: evil.example", &ttl("60")]), 403);
    let token = |seconds: &str| {
        let got = served.ask(&[put, HOST, &ttl(seconds)]);
        assert!(
            got.head.contains(&format!("\r\nx-aws-ec2-metadata-token-ttl-seconds: {seconds}\r\n")),
            "{got:?}"
        );
        format!("X-aws-ec2-metadata-token: {}", got.body)
    };
    let (good, short) = (token("21600"), token("1"));
    assert_eq!(served.ask(&[roles, HOST, &good]).body, "rolecall");
    for path in ["/latest/meta-data/iam/security-credentials/rolecall", "/latest/meta-data/placement/region"]
    {
        let get = format!("GET {path} HTTP/1.1");
        nothing(&served.ask(&[&get, HOST]), 401);
        nothing(
            &served.ask(&[&get, HOST, "X-aws-ec2-metadata-token: 0123456789abcdef0123456789abcdef"]),
            401,
        );
        nothing(&served.ask(&[&get, HOST, &good, "X-Forwarded-For: 10.0.0.1"]), 403);
        assert_eq!(served.ask(&[&get, HOST, &good]).status, 200);
    }
    let got = served.ask(&["GET /latest/meta-data/iam/security-credentials/rolecall HTTP/1.1", HOST, &good]);
    let document: serde_json::Value = serde_json::from_str(&got.body).expect("JSON");
    assert_eq!((&document["Code"], &document["Type"]), (&"Success".into(), &"AWS-HMAC".into()));
    assert!(document["LastUpdated"].is_string() && document["Expiration"].is_string(), "{document}");
    nothing(
        &served.ask(&["GET /latest/meta-data/iam/security-credentials/other HTTP/1.1", HOST, &good]),
        404,
    );
    nothing(&served.ask(&["GET /latest/user-data HTTP/1.1", HOST, &good]), 404);
    std::thread::sleep(Duration::from_millis(1100));
    nothing(&served.ask(&[roles, HOST, &short]), 401);
    assert!(served.stop().contains("every process of this machine"));

    let unknown =
        Served::start(
            &["--mode=imds"],
            &KEYS.map(|(name, value)| {
                if name == "AWS_REGION" { ("AWS_EC2_METADATA_DISABLED", "true") } else { (name, value) }
            }),
        );
    let got = unknown.ask(&[put, HOST, &ttl("60")]);
    let token = format!("X-aws-ec2-metadata-token: {}", got.body);
    nothing(&unknown.ask(&["GET /latest/meta-data/placement/region HTTP/1.1", HOST, &token]), 404);
}

#[test]
fn a_shell_takes_the_lines_and_a_file_the_token() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve-token");
    std::fs::write(&file, "old").expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let script = "export AWS_ROLE_SESSION_NAME=old; eval \"$(rolecall serve --token-file \"$FILE\" & echo SERVER=$!)\"; \
                  printf '%s\\n' \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\" \"$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\" \
                  \"${AWS_ACCESS_KEY_ID-unset} ${AWS_ROLE_SESSION_NAME-unset} ${AWS_CONTAINER_AUTHORIZATION_TOKEN-unset}\"; \
                  export AWS_EC2_METADATA_DISABLED=true; rolecall credentials --format env-no-export; kill \"$SERVER\"";
    let simulator = Simulator::start(Config::default()).expect("a simulator");
    let folder = binary().parent().expect("a folder").display().to_string();
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).env_clear().env("PATH", format!("{folder}:/usr/bin:/bin"));
    shell.envs(borrowed(&simulator.environment())).env("FILE", &file).env("AWS_ACCESS_KEY_ID", "");
    // The server has the shell's standard error, too.
    let output = shell.stderr(std::process::Stdio::null()).output().expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], file.to_str().expect("text"), "{output:?}");
    assert_eq!(lines[2], "unset unset unset", "{output:?}");
    assert!(text.contains("AWS_ACCESS_KEY_ID=ASIA"), "{output:?}");
    let token = std::fs::read_to_string(&file).expect("a token");
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token:?}");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_address_that_others_reach_has_to_be_wanted() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let run = rolecall(&["serve", "--listen", address], KEYS);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.stderr.contains("127.0.0.1:0") && run.stderr.contains("--listen-on-network"), "{run:#?}");
    }
    for (words, expected) in [
        (&["--listen", "localhost"][..], "127.0.0.1:0"),
        (&["--mode", "ecs"], "container or imds"),
        (&["--mode", "imds", "--token-file", "x"], "--mode container"),
        (&["--token-file", "/nowhere/x"], "/nowhere/x"),
        (&["--"], "rolecall serve --profile build -- aws s3 ls"),
        (&["aws"], "rolecall serve --profile build -- aws s3 ls"),
    ] {
        let run = rolecall(&[&["serve"], words].concat(), KEYS);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.stderr.contains(expected), "{run:#?}");
    }
    let served = Served::start(&["--listen", "0.0.0.0:0", "--listen-on-network"], &KEYS);
    assert!(served.host().starts_with("127.0.0.1:"), "{}", served.printed);
    assert_eq!(served.ask(&[GET, HOST, TOKEN]).status, 200);
    nothing(&served.ask(&[GET, "Host: 0.0.0.0:1", TOKEN]), 403);
    let taken = rolecall(&["serve", "--listen", served.host()], KEYS);
    assert!(taken.failed().contains(served.host()), "{taken:#?}");
}

//! `rolecall request` for objects: files that are written whole or not at all, headers, retries, limits and progress.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use e2e::command::{Run, binary, rolecall, rolecall_at_terminal, rolecall_reading, rolecall_weighed};
use e2e::peer::{Act, Peer, Then};

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "eu-west-1")];

/// A folder of its own, which is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rolecall-transfer-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("text").to_owned()
    }

    /// The names of the files in it.
    fn names(&self) -> Vec<String> {
        let names = std::fs::read_dir(&self.0).expect("a folder");
        names.map(|entry| entry.expect("an entry").file_name().to_str().expect("text").to_owned()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn request(url: &str, more: &[&str]) -> Run {
    rolecall(&[&["request"], more, &[url, "--service", "s3"]].concat(), KEYS)
}

#[test]
fn a_file_is_there_whole_or_as_it_was() {
    let folder = Folder::new("output");
    let out = folder.file("11.csv");
    let peer = Peer::start(|request| match request.target.as_str() {
        "/whole" => Act::ok("a,b"),
        "/broken" => Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec(), Then::Close),
        _ => Act::Reply(404, String::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
    });
    let at =
        |path: &str, more: &[&str]| request(&format!("{}{path}", peer.url()), &[&["GET"], more].concat());
    let content = || std::fs::read_to_string(folder.0.join("11.csv")).ok();
    for path in ["/broken", "/missing"] {
        let run = at(path, &["-o", &out]);
        assert!(run.code == Some(1) && content().is_none(), "{path}: {run:#?}");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
    assert_eq!(at("/whole", &["-o", &out]).ok(), "");
    assert_eq!(content().as_deref(), Some("a,b"));
    std::fs::write(&out, "before").expect("a file");
    for path in ["/broken", "/missing"] {
        let run = at(path, &["-o", &out]);
        assert_eq!(content().as_deref(), Some("before"), "{path}: {run:#?}");
    }
    // What a service says of an error is on standard output.
    assert!(at("/missing", &["-o", &out]).stdout.contains("NoSuchKey"));
    assert_eq!(folder.names(), ["11.csv"]);
    for (wrong, said) in
        [("/does/not/exist/x", "/does/not/exist/x"), (folder.0.to_str().expect("text"), "directory")]
    {
        let run = at("/whole", &["-o", wrong]);
        assert!(run.failed().contains("--output") && run.stderr.contains(said), "{run:#?}");
    }
    // What is no regular file is written as it is.
    assert_eq!(at("/whole", &["-o", "/dev/stdout"]).ok(), "a,b");
}

#[cfg(unix)]
#[test]
fn a_link_stays_one_and_a_mode_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("link");
    let (target, link) = (folder.file("target"), folder.file("link"));
    std::fs::write(&target, "before").expect("a file");
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    let peer = Peer::start(|_| Act::ok("after"));
    request(&format!("{}/key", peer.url()), &["GET", "-o", &link]).ok();
    assert_eq!(std::fs::read_to_string(&target).expect("a file"), "after");
    assert!(std::fs::symlink_metadata(&link).expect("a link").is_symlink());
    assert_eq!(std::fs::metadata(&target).expect("a file").permissions().mode() & 0o777, 0o640);
}

/// A server whose body never ends, and the number of bytes that it sent.
fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/key", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        while stream.write_all(&[b'x'; 1_000]).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    url
}

fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("text")
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_file() {
    let folder = Folder::new("signal");
    let url = endless();
    for signal in ["INT", "TERM"] {
        let url = if signal == "INT" { url.clone() } else { endless() };
        let mut child = Command::new(binary())
            .args(["request", "GET", &url, "--service", "s3", "-o", &folder.file("x")])
            .env_clear()
            .envs(KEYS)
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let start = Instant::now();
        while folder.names().is_empty() {
            assert!(start.elapsed() < Duration::from_secs(20), "no file");
            std::thread::sleep(Duration::from_millis(10));
        }
        let killed = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(killed.expect("kill").success());
        let status = child.wait().expect("it ends");
        let number = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(number, Some(if signal == "INT" { 2 } else { 15 }), "{status:?}");
        assert!(folder.names().is_empty(), "{:?}", folder.names());
    }
}

#[test]
fn status_and_headers_are_printed_before_the_body_and_for_head() {
    let peer = Peer::start(|request| match request.target.as_str() {
        "/refused" => Act::Reply(403, "X-Why: no\r\n".to_owned(), b"<Error/>".to_vec()),
        _ => Act::Reply(200, "X-Amz-Meta-A: b\r\nX-Odd: \u{9b}1m\r\n".to_owned(), b"body".to_vec()),
    });
    let url = format!("{}/key", peer.url());
    let run = request(&url, &["GET", "-i"]);
    let (head, body) = run.ok().split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200\r\n") && head.contains("x-amz-meta-a: b"), "{head}");
    assert_eq!(body, "body");
    // What would reach the terminal is printable.
    assert!(head.contains("x-odd: \\u{9b}1m"), "{head}");
    assert_eq!(request(&url, &["GET"]).ok(), "body");
    let run = request(&format!("{}/refused", peer.url()), &["GET", "--include"]);
    assert!(run.stdout.starts_with("HTTP/1.1 403\r\n") && run.stdout.contains("x-why: no"), "{run:#?}");
    assert!(run.stdout.ends_with("\r\n\r\n<Error/>"), "{run:#?}");
}

#[test]
fn head_prints_the_headers() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/key", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        assert!(read_head(&mut stream).starts_with("HEAD "));
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 77\r\nETag: \"x\"\r\n\r\n");
    });
    let run = request(&url, &["HEAD"]);
    assert!(run.ok().contains("content-length: 77\r\n") && run.stdout.contains("etag: \"x\""), "{run:#?}");
}

#[test]
fn a_failure_that_may_pass_is_tried_again_as_often_as_is_allowed() {
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let peer = Peer::start(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => Act::Reply(503, String::new(), b"<Error><Code>SlowDown</Code></Error>".to_vec()),
        _ => Act::ok("done"),
    });
    let url = format!("{}/key", peer.url());
    assert!(request(&url, &["GET"]).stderr.contains("HTTP status 503"));
    count.store(0, Ordering::Relaxed);
    assert_eq!(request(&url, &["GET", "--retry", "2"]).ok(), "done");
    assert_eq!(count.load(Ordering::Relaxed), 3);
    // A body from a file is read again for each.
    let folder = Folder::new("retry");
    std::fs::write(folder.file("body"), "content").expect("a file");
    count.store(1, Ordering::Relaxed);
    assert_eq!(request(&url, &["PUT", "-T", &folder.file("body"), "--retry", "1"]).ok(), "done");
    for wrong in ["-1", "21", "x"] {
        let run = request(&url, &["GET", &format!("--retry={wrong}")]);
        assert!(run.code == Some(2) && run.stderr.contains("from 0 to 20"), "{run:#?}");
    }
}

#[test]
fn all_of_it_ends_at_the_limit() {
    let run = request(&endless(), &["GET", "--timeout", "2"]);
    assert!(run.code == Some(1) && run.stderr.contains("timed out"), "{run:#?}");
    assert!((1..5).contains(&run.took.as_secs()), "{:?}", run.took);
    let silent = Peer::start(|_| Act::STALL);
    let run = request(&format!("{}/key", silent.url()), &["GET", "--timeout", "2", "--retry", "20"]);
    assert!(run.code == Some(1) && run.took.as_secs() < 5, "{run:#?}");
}

/// A file by `-d` is hashed and streamed, whatever the service: two GiB in the memory of a small one.
#[test]
fn a_body_from_a_file_is_not_held() {
    let folder = Folder::new("data");
    let gibibytes = |count: u64| {
        let path = folder.file("sparse");
        std::fs::File::create(&path).and_then(|file| file.set_len(count << 30)).expect("a file");
        path
    };
    std::fs::write(folder.file("small"), "x").expect("a file");
    let peaks = [folder.file("small"), gibibytes(2)].map(|path| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/upload", listener.local_addr().expect("an address"));
        let peer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let head = read_head(&mut stream).to_lowercase();
            let length: u64 = head
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.lines().next())
                .expect("a length")
                .parse()
                .expect("a number");
            let (mut piece, mut left) = (vec![0; 1 << 20], length);
            while left > 0 {
                let count = stream.read(&mut piece).expect("a body");
                assert!(count > 0, "it ends early");
                left -= count as u64;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            assert!(!head.contains("aws-chunked"), "{head}");
        });
        let body = format!("@{path}");
        let run = rolecall_weighed(&["request", "POST", &url, "--service", "execute-api", "-d", &body], KEYS);
        run.ok();
        peer.join().expect("all of it");
        run.peak()
    });
    assert!(peaks[1] < 16 << 20 && peaks[1] < peaks[0] + (2 << 20), "{peaks:?}");
}

#[test]
fn a_body_comes_from_standard_input() {
    let peer = Peer::start(|_| Act::ok("stored"));
    let url = format!("{}/key", peer.url());
    let arguments = ["request", "POST", &url, "--service", "sqs", "-d", "@-"];
    assert_eq!(rolecall_reading(&arguments, KEYS, "hello").ok(), "stored");
    let missing = request(&url, &["POST", "-d", "@/does/not/exist"]);
    assert!(missing.failed().contains("--data /does/not/exist"), "{missing:#?}");
}

/// Settings of a bucket and lists of keys are bodies that S3 takes whole.
#[test]
fn only_objects_are_signed_in_chunks() {
    let folder = Folder::new("chunks");
    std::fs::write(folder.file("body"), "content").expect("a file");
    for (method, target, chunked) in [
        ("PUT", "/key", true),
        ("PUT", "/key?partNumber=1&uploadId=x", true),
        ("PUT", "/key?tagging", false),
        ("PUT", "/?policy", false),
        ("POST", "/?delete", false),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}{target}", listener.local_addr().expect("an address"));
        let peer = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let head = read_head(&mut stream).to_lowercase();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.read_to_end(&mut Vec::new());
            head
        });
        request(&url, &[method, "-T", &folder.file("body")]).ok();
        let head = peer.join().expect("a head");
        assert_eq!(head.contains("aws-chunked"), chunked, "{method} {target}: {head}");
    }
}

#[test]
fn a_terminal_shows_how_far_it_is_and_a_pipe_does_not() {
    if std::env::var_os("ROLECALL_PYTHON").is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI is set, but ROLECALL_PYTHON is not");
        eprintln!("NOTICE: ROLECALL_PYTHON is not set, there is no terminal: `tests/run e2e` sets it");
        return;
    }
    let folder = Folder::new("progress");
    let out = folder.file("x");
    let arguments = |url| ["request", "GET", url, "--service", "s3", "--timeout", "3", "-o"];
    let (url, quiet_url, piped_url) = (endless(), endless(), endless());
    let shown = rolecall_at_terminal(&[&arguments(&url)[..], &[&out]].concat(), KEYS, &[]);
    assert!(shown.stdout.contains(" of 953.7 MiB received, "), "{shown:#?}");
    let quiet = rolecall_at_terminal(&[&arguments(&quiet_url)[..], &[&out, "-q"]].concat(), KEYS, &[]);
    assert!(!quiet.stdout.contains("received"), "{quiet:#?}");
    let piped = rolecall(&[&arguments(&piped_url)[..], &[&out]].concat(), KEYS);
    assert!(!piped.stderr.contains("received"), "{piped:#?}");
}

/// Instance metadata that answers after two seconds.
#[test]
fn a_terminal_shows_what_is_waited_for() {
    if std::env::var_os("ROLECALL_PYTHON").is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI is set, but ROLECALL_PYTHON is not");
        eprintln!("NOTICE: ROLECALL_PYTHON is not set, there is no terminal: `tests/run e2e` sets it");
        return;
    }
    let document = r#"{"Code":"Success","AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-02T03:04:05Z"}"#;
    let slow = Peer::start(move |request| match request.target.as_str() {
        "/latest/api/token" => {
            std::thread::sleep(Duration::from_millis(1_600));
            let ttl = "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n";
            Act::Reply(200, ttl.to_owned(), b"TOKEN==".to_vec())
        }
        "/latest/meta-data/iam/security-credentials/" => Act::ok("a-role"),
        _ => Act::ok(document),
    });
    let variables = [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", slow.url()),
        ("AWS_METADATA_SERVICE_TIMEOUT", "5"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let line = format!("waiting for PUT {}, 1 s", slow.url());
    let shown = rolecall_at_terminal(&["credentials"], variables, &[]);
    assert!(shown.stdout.contains(&line) && shown.stdout.contains("ASIA1"), "{shown:#?}");
    // It is gone by then.
    assert!(shown.stdout.contains("\u{1b}[K\r\u{1b}[K"), "{shown:#?}");
    let quiet = rolecall_at_terminal(&["credentials", "-q"], variables, &[]);
    assert!(!quiet.stdout.contains("waiting"), "{quiet:#?}");
    let piped = rolecall(&["credentials"], variables);
    assert!(!piped.stderr.contains("waiting") && piped.ok().contains("ASIA1"), "{piped:#?}");
}

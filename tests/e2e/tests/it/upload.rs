//! `rolecall request -T`: files and pipes of any length, in memory of one chunk.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use e2e::command::{Run, rolecall, rolecall_reading, rolecall_weighed};
use e2e::servers::Server;

const MEBIBYTE: u64 = 1024 * 1024;
const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "eu-west-1")];

/// What a peer got: the head, and the length of the body.
type Counted = (String, u64);

/// A peer that counts one body, and answers.
fn counting() -> (String, JoinHandle<Counted>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let (mut head, mut piece) = (Vec::new(), vec![0; 1 << 20]);
        let end = loop {
            let count = stream.read(&mut piece).expect("a head");
            assert!(count > 0, "it ends early");
            head.extend_from_slice(&piece[..count]);
            if let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = String::from_utf8_lossy(&head[..end]).to_lowercase();
        let length =
            text.split("\r\ncontent-length: ").nth(1).expect("a length").lines().next().expect("a line");
        let length: u64 = length.parse().expect("a number");
        let mut counted = (head.len() - end) as u64;
        while counted < length {
            let count = stream.read(&mut piece).expect("a body");
            if count == 0 {
                break;
            }
            counted += count as u64;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstored");
        (text, counted)
    });
    (url, peer)
}

/// A file of this length, which is removed when it is dropped.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str, len: u64) -> Self {
        let path = std::env::temp_dir().join(format!("rolecall-{name}-{}", std::process::id()));
        std::fs::File::create(&path).and_then(|file| file.set_len(len)).expect("a file");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("text")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn put(url: &str, more: &[&str]) -> Run {
    let arguments = [&["request", "PUT", url, "--service", "s3"], more].concat();
    rolecall_weighed(&arguments, KEYS)
}

/// A gibibyte goes out in chunks, and the memory of the command stays that of a small request.
#[test]
fn a_file_of_a_gibibyte_is_signed_in_chunks_in_constant_memory() {
    let peaks = [1, 1024 * MEBIBYTE].map(|len| {
        let (file, (url, peer)) = (File::new(&format!("gibibyte-{len}"), len), counting());
        let run = put(&format!("{url}/bucket/key"), &["-T", file.path(), "-v"]);
        assert_eq!(run.ok(), "stored");
        assert!(run.stderr.contains("in chunks of 65536"), "{}", run.stderr);
        let (head, counted) = peer.join().expect("a peer");
        assert!(head.contains("x-amz-content-sha256: streaming-aws4-hmac-sha256-payload\r\n"), "{head}");
        assert!(head.contains("content-encoding: aws-chunked\r\n"), "{head}");
        assert!(head.contains(&format!("x-amz-decoded-content-length: {len}\r\n")), "{head}");
        assert!(counted > len, "{counted} bytes");
        run.peak()
    });
    println!("{} KiB of memory for one byte, {} KiB for a gibibyte", peaks[0] / 1024, peaks[1] / 1024);
    assert!(peaks[1] < 10 * MEBIBYTE && peaks[1] < peaks[0] + MEBIBYTE, "{peaks:?} bytes of memory");
}

#[test]
fn a_pipe_is_sent_with_its_length_or_from_memory() {
    let (url, peer) = counting();
    let url = format!("{url}/bucket/key");
    let arguments = ["request", "PUT", &url, "--service", "s3", "-T", "-", "--length", "5"];
    let run = rolecall_reading(&arguments, KEYS, "hello");
    assert_eq!(run.ok(), "stored");
    let (head, counted) = peer.join().expect("a peer");
    assert!(head.contains("x-amz-decoded-content-length: 5\r\n") && counted > 5, "{head}");

    let (url, peer) = counting();
    let url = format!("{url}/bucket/key");
    let run = rolecall_reading(&["request", "PUT", &url, "--service", "s3", "-T", "-"], KEYS, "hello");
    assert_eq!(run.ok(), "stored");
    let (head, counted) = peer.join().expect("a peer");
    assert!(head.contains("content-length: 5\r\n") && counted == 5, "{head}");
    assert!(head.contains("x-amz-content-sha256: 2cf24dba"), "{head}");

    // What goes on after its length is not cut.
    let (url, peer) = counting();
    let url = format!("{url}/bucket/key");
    let arguments = ["request", "PUT", &url, "--service", "s3", "-T", "-", "--length", "5"];
    let run = rolecall_reading(&arguments, KEYS, "hello and more");
    assert!(run.failed().contains("goes on after its announced length"), "{run:#?}");
    drop(peer);
    // What ends before its length is not sent as a whole.
    let (url, peer) = counting();
    let url = format!("{url}/bucket/key");
    let arguments = ["request", "PUT", &url, "--service", "s3", "-T", "-", "--length", "50"];
    let run = rolecall_reading(&arguments, KEYS, "hello");
    assert!(run.failed().contains("ends before its announced length"), "{run:#?}");
    drop(peer);
    let long = "x".repeat(9 << 20);
    let run = rolecall_reading(
        &["request", "PUT", "http://127.0.0.1:1/", "--service", "s3", "-T", "-"],
        KEYS,
        &long,
    );
    assert!(run.failed().contains("at most 8388608 bytes"), "{run:#?}");
}

/// The system's own files have no size.
#[test]
fn a_file_that_says_it_is_empty_is_read() {
    let (url, peer) = counting();
    let run = put(&format!("{url}/bucket/key"), &["-T", "/proc/version"]);
    assert_eq!(run.ok(), "stored");
    assert!(peer.join().expect("a peer").1 > 20);
    let folder = put("http://127.0.0.1:1/", &["-T", "/tmp"]);
    assert!(folder.failed().contains("is a directory"), "{folder:#?}");
}

/// A pipe that stays silent is not waited for.
#[test]
fn a_silent_pipe_has_an_end() {
    let pipe = std::env::temp_dir().join(format!("rolecall-silent-{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let (url, peer) = counting();
    let run = put(&format!("{url}/bucket/key"), &["-T", pipe.to_str().expect("text"), "--length", "5"]);
    std::fs::remove_file(&pipe).expect("it exists");
    assert!(run.failed().contains("it stayed silent") && run.took.as_secs() < 15, "{run:#?}");
    drop(peer);
}

/// Other services than S3 want the hash before the body.
#[test]
fn a_file_for_another_service_is_hashed_first() {
    let (file, (url, peer)) = (File::new("hashed", 3 * MEBIBYTE), counting());
    let url = format!("{url}/upload");
    let run = rolecall(&["request", "POST", &url, "--service", "execute-api", "-T", file.path()], KEYS);
    assert_eq!(run.ok(), "stored");
    let (head, counted) = peer.join().expect("a peer");
    assert_eq!(counted, 3 * MEBIBYTE);
    assert!(!head.contains("aws-chunked"), "{head}");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let file = File::new("refused", 1);
    for (more, wanted) in [
        (&["-T", file.path(), "-d", "x"][..], "--data or --upload-file, not both"),
        (&["--length", "5"], "--length needs --upload-file"),
        (&["-T", file.path(), "--length", "5"], "leave it out"),
        (&["-T", "-", "--length", "x"], "found \"x\""),
        (&["--region", "eu-west-1", "--region-set", "*"], "--region or --region-set, not both"),
        (&["-T", "-", "--password-stdin"], "standard input is the request or its body"),
        (&["-T", "-", "--length", "6000000000000"], "up to 5 TiB"),
    ] {
        let run = put("http://127.0.0.1:1/", more);
        assert!(run.code == Some(2) && run.stderr.contains(wanted), "{more:?}: {run:#?}");
    }
    let missing = put("http://127.0.0.1:1/", &["-T", "/does/not/exist"]);
    assert!(missing.failed().contains("/does/not/exist"), "{missing:#?}");
    let sqs = ["request", "POST", "http://127.0.0.1:1/", "--service", "sqs", "-T", "-", "--length", "5"];
    let run = rolecall_reading(&sqs, KEYS, "hello");
    assert!(run.code == Some(2) && run.stderr.contains("only S3"), "{run:#?}");
}

/// The servers verify each chunk.
#[test]
fn a_file_is_uploaded_to_servers_that_verify() {
    for name in ["ministack", "seaweedfs"] {
        let Some(server) = Server::named(name) else { continue };
        let file = File::new(&format!("to-{name}"), 0);
        let content = "0123456789".repeat(20_000);
        std::fs::write(&file.0, &content).expect("a file");
        let url = format!("{}/{}/uploaded", server.need("URL"), server.need("BUCKET"));
        let with = |more: &[&str]| [&["request"], more, &["--service", "s3"]].concat().join(" ");
        let arguments = with(&["PUT", &url, "-T", file.path()]);
        rolecall(&arguments.split(' ').collect::<Vec<_>>(), server.environment()).ok();
        let arguments = with(&["GET", &url]);
        let got = rolecall(&arguments.split(' ').collect::<Vec<_>>(), server.environment());
        assert!(got.ok() == content, "{name}: another content");
    }
}

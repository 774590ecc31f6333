//! Runs the examples.

#![allow(dead_code, reason = "`main` of an example is not called")]

#[path = "../../examples/drive_a_flow.rs"]
mod drive_a_flow;
#[path = "../../examples/parse_json.rs"]
mod parse_json;
#[path = "../../examples/sign_only.rs"]
mod sign_only;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

#[test]
fn sign_only_writes_a_complete_request() {
    let mut buffer = [0; 1_024];
    let request = sign_only::run(&mut buffer).expect("signed");
    assert!(request.starts_with("POST / HTTP/1.1\r\nHost: sts.eu-west-1.amazonaws.com\r\n"), "{request}");
    assert!(request.contains("Content-Length: 43\r\n"), "{request}");
    assert!(
        request.contains("Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261129/"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15"), "{request}");
    assert!(sign_only::run(&mut [0; 100]).is_err(), "a buffer that is too small is accepted");
}

#[test]
fn parse_json_reads_one_array_of_a_document() {
    let document = br#"{"other":[1,2],"readings":[1.5,{"deep":[9]},2.5],"last":3}"#;
    assert_eq!(parse_json::run(document).expect("valid"), (4.0, 2));
    assert!(parse_json::run(br#"{"readings":[1,]}"#).is_err());
}

/// The metadata service here sends its last reply chunked and in two writes.
#[test]
fn drive_a_flow_gets_the_credentials_of_an_instance() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let service = thread::spawn(move || {
        let document = r#"{"Code":"Success","AccessKeyId":"ASIADRIVEN","SecretAccessKey":"secret","Token":"token",
                           "Expiration":"2999-01-01T00:00:00Z"}"#;
        let (front, back) = document.split_at(20);
        let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
        let replies = [
            (
                "PUT /latest/api/token",
                vec![
                    "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\nContent-Length: 5\r\n\r\ntoken"
                        .to_owned(),
                ],
            ),
            (
                "GET /latest/meta-data/iam/security-credentials/",
                vec!["Content-Length: 4\r\n\r\nrole".to_owned()],
            ),
            (
                "GET /latest/meta-data/iam/security-credentials/role",
                vec![
                    format!("Transfer-Encoding: chunked\r\n\r\n{}", chunk(front)),
                    format!("{}0\r\n\r\n", chunk(back)),
                ],
            ),
        ];
        for (expected, pieces) in replies {
            let (mut stream, _) = listener.accept().expect("a connection");
            let lines = BufReader::new(&stream).lines().map(|line| line.expect("a line"));
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            assert_eq!(head[0].trim_end_matches(" HTTP/1.1"), expected);
            stream.write_all(b"HTTP/1.1 200 OK\r\n").expect("sent");
            for piece in pieces {
                stream.write_all(piece.as_bytes()).expect("sent");
                thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    });
    assert_eq!(drive_a_flow::run(&url).expect("credentials"), "ASIADRIVEN");
    service.join().expect("unexpected request");
}

//! Faulty peers over loopback: every exchange ends in time with the right error.

use std::time::{Duration, Instant};

use rolecall_core::error::{ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, Limits, Need};
use rolecall_core::sources::Imds;
use rolecall_nal::blocking::ZeroRead;

use crate::board::{Loop, RealBoard};
use crate::loopback::Loopback;
use crate::on_both_loops;
use crate::peer::{Do, Peer, send};
use crate::probe::{Got, LIMITS, Needs, Probe};

on_both_loops!(
    a_reset_is_a_closed_connection,
    a_reset_in_the_body_is_a_closed_connection,
    a_silent_peer_exceeds_the_first_byte_limit,
    a_stall_in_the_body_exceeds_the_total_limit,
    an_end_of_stream_before_the_reply_is_a_closed_connection,
    an_end_of_stream_within_the_reply_is_a_closed_connection,
    a_reply_in_single_bytes_within_the_limits_is_accepted,
    a_slow_reply_exceeds_the_total_limit,
    three_server_errors_are_returned_as_an_error,
    an_announced_megabyte_is_too_large_at_once,
    a_chunked_megabyte_is_too_large,
    an_endless_head_is_too_large,
    chunks_are_decoded,
    a_body_without_a_length_ends_with_the_stream,
    http_1_0_ends_with_the_stream,
    interim_replies_are_skipped,
    endless_interim_replies_are_a_protocol_error,
    a_reply_to_head_has_no_body,
    invalid_http_is_a_protocol_error,
    connection_refused_and_unknown_hosts_are_reported,
    a_connection_is_reused,
    a_connection_that_the_peer_closes_is_not_reused,
    a_reused_connection_that_was_closed_is_replaced_once,
    a_closed_connection_is_not_replaced_for_an_unrepeatable_request,
    a_request_whose_reply_has_begun_is_not_repeated,
    another_port_needs_another_connection,
    https_needs_a_stream_of_the_caller,
    unsupported_needs_are_rejected,
);

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

fn loopback(on: Loop) -> Loopback {
    Loopback::new(on, RealBoard::new(true), ZeroRead::End)
}

fn failure(phase: Phase, kind: FailureKind) -> Result<Got, Failure> {
    Err(Failure { phase, kind })
}

fn got(status: u16, body: &str) -> Result<Got, Failure> {
    Ok(Got { status, headers: String::new(), body: body.into() })
}

/// The outcome of one exchange with a peer that follows this script.
fn one(on: Loop, script: Vec<Do>) -> Result<Got, Failure> {
    let peer = Peer::new(vec![script]);
    let mut probe = Probe::new(&peer.url(), 1);
    loopback(on).run(&mut probe).unwrap();
    probe.only()
}

fn a_reset_is_a_closed_connection(on: Loop) {
    assert_eq!(one(on, vec![Do::Reset]), failure(Phase::FirstByte, FailureKind::Closed));
}

fn a_reset_in_the_body_is_a_closed_connection(on: Loop) {
    // With a Content-Length the end of the stream cannot be taken for the end of the body.
    let head = send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhel");
    assert_eq!(one(on, vec![head, Do::Reset]), failure(Phase::Body, FailureKind::Closed));
}

fn a_silent_peer_exceeds_the_first_byte_limit(on: Loop) {
    let started = Instant::now();
    assert_eq!(one(on, vec![Do::Stall(2_000)]), failure(Phase::FirstByte, FailureKind::Timeout));
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_millis(1_500), "{took:?}");
}

fn a_stall_in_the_body_exceeds_the_total_limit(on: Loop) {
    let started = Instant::now();
    let script = vec![Do::Read, send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), Do::Stall(2_000)];
    assert_eq!(one(on, script), failure(Phase::Body, FailureKind::Timeout));
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(900) && took < Duration::from_millis(1_800), "{took:?}");
}

fn an_end_of_stream_before_the_reply_is_a_closed_connection(on: Loop) {
    assert_eq!(one(on, vec![Do::Read]), failure(Phase::FirstByte, FailureKind::Closed));
}

fn an_end_of_stream_within_the_reply_is_a_closed_connection(on: Loop) {
    let script = vec![Do::Read, send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello")];
    assert_eq!(one(on, script), failure(Phase::Body, FailureKind::Closed));
    let script = vec![Do::Read, send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")];
    assert_eq!(one(on, script), failure(Phase::Body, FailureKind::Closed));
    assert_eq!(one(on, vec![Do::Read, send("HTTP/1.1 2")]), failure(Phase::FirstByte, FailureKind::Closed));
}

fn a_reply_in_single_bytes_within_the_limits_is_accepted(on: Loop) {
    assert_eq!(one(on, vec![Do::Read, Do::Drip(OK.into(), 5)]), got(200, "hello"));
}

fn a_slow_reply_exceeds_the_total_limit(on: Loop) {
    let started = Instant::now();
    let slow = vec![Do::Read, Do::Drip(OK.into(), 40)];
    assert_eq!(one(on, slow), failure(Phase::FirstByte, FailureKind::Timeout));
    assert!(started.elapsed() < Duration::from_millis(1_600), "{:?}", started.elapsed());
}

fn three_server_errors_are_returned_as_an_error(on: Loop) {
    let sorry = || vec![Do::Read, send("HTTP/1.1 500 Sorry\r\nContent-Length: 5\r\n\r\nsorry")];
    let peer = Peer::new((0..3).map(|_| sorry()).collect());
    let url = peer.url();
    let mut imds = Imds::new(Endpoint::parse(&url).unwrap());
    let error = loopback(on).run(&mut imds).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Status(500));
    assert_eq!(peer.requests(), ["PUT /latest/api/token HTTP/1.1"; 3]);
}

fn an_announced_megabyte_is_too_large_at_once(on: Loop) {
    let started = Instant::now();
    let script = vec![
        Do::Read,
        send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1 << 20)),
        send(vec![b'x'; 1 << 20]),
        Do::Stall(500),
    ];
    assert_eq!(one(on, script), failure(Phase::Body, FailureKind::TooLarge));
    assert!(started.elapsed() < Duration::from_millis(850), "{:?}", started.elapsed());
}

fn a_chunked_megabyte_is_too_large(on: Loop) {
    let script = vec![
        Do::Read,
        send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n"),
        send(vec![b'x'; 1 << 20]),
    ];
    assert_eq!(one(on, script), failure(Phase::Body, FailureKind::TooLarge));
    // The body limit applies even if the buffer is larger.
    let peer = Peer::new(vec![vec![Do::Read, send(OK)]]);
    let mut probe = Probe::new(&peer.url(), 1).limits(Limits { body_bytes: 4, ..LIMITS });
    loopback(on).run(&mut probe).unwrap();
    assert_eq!(probe.only(), failure(Phase::Body, FailureKind::TooLarge));
}

fn an_endless_head_is_too_large(on: Loop) {
    let script = vec![Do::Read, send("HTTP/1.1 200 OK\r\nX: "), send(vec![b'x'; 1 << 20])];
    assert_eq!(one(on, script), failure(Phase::FirstByte, FailureKind::TooLarge));
}

fn chunks_are_decoded(on: Loop) {
    let chunked = "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\nX-Kept: yes\r\n\r\n\
                   2\r\nhe\r\n3;why=not\r\nllo\r\n0\r\nTrailer: x\r\n\r\n";
    let expected =
        Ok(Got { status: 200, headers: "Date: now\r\nX-Kept: yes\r\n".into(), body: "hello".into() });
    assert_eq!(one(on, vec![Do::Read, send(chunked)]), expected);
    assert_eq!(one(on, vec![Do::Read, Do::Drip(chunked.into(), 1)]), expected);
}

fn a_body_without_a_length_ends_with_the_stream(on: Loop) {
    assert_eq!(one(on, vec![Do::Read, send("HTTP/1.1 200 OK\r\n\r\nhello")]), got(200, "hello"));
}

fn http_1_0_ends_with_the_stream(on: Loop) {
    let peer = Peer::new(vec![
        vec![Do::Read, send("HTTP/1.0 200 OK\r\n\r\nhello")],
        vec![Do::Read, send("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nho"), Do::Stall(200)],
        vec![Do::Read, send(OK)],
    ]);
    let mut probe = Probe::new(&peer.url(), 3);
    loopback(on).run(&mut probe).unwrap();
    assert_eq!(probe.bodies(), ["hello", "ho", "hello"]);
    assert_eq!(peer.connections(), 3);
}

fn interim_replies_are_skipped(on: Loop) {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nDate: never\r\n\r\n";
    assert_eq!(one(on, vec![Do::Read, send(format!("{interim}{OK}"))]), got(200, "hello"));
    let slowly = vec![Do::Read, send(interim), Do::Stall(50), Do::Drip(OK.into(), 1)];
    assert_eq!(one(on, slowly), got(200, "hello"));
}

fn endless_interim_replies_are_a_protocol_error(on: Loop) {
    let started = Instant::now();
    let script = [Do::Read].into_iter().chain((0..100_000).map(|_| send("HTTP/1.1 100 Continue\r\n\r\n")));
    let script = script.chain([Do::Stall(2_000)]).collect();
    assert_eq!(one(on, script), failure(Phase::FirstByte, FailureKind::Protocol));
    assert!(started.elapsed() < Duration::from_millis(250), "{:?}", started.elapsed());
    // The request did not ask for another protocol.
    let switching = vec![Do::Read, send("HTTP/1.1 101 Switching Protocols\r\n\r\n")];
    assert_eq!(one(on, switching), failure(Phase::FirstByte, FailureKind::Protocol));
}

fn a_reply_to_head_has_no_body(on: Loop) {
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    let peer = Peer::new(vec![vec![Do::Read, send(reply), Do::Read, send(reply), Do::Stall(500)]]);
    let mut probe = Probe::new(&peer.url(), 2).method("HEAD");
    loopback(on).run(&mut probe).unwrap();
    assert_eq!(probe.got, [got(200, ""), got(200, "")]);
    assert_eq!(peer.connections(), 1);
}

fn invalid_http_is_a_protocol_error(on: Loop) {
    let protocol = |phase| failure(phase, FailureKind::Protocol);
    let cases = [
        ("SSH-2.0-OpenSSH\r\n\r\n", Phase::FirstByte),
        // An SSH peer waits for the client, so the first line must suffice.
        ("SSH-2.0-OpenSSH\r\n", Phase::FirstByte),
        ("\u{15}\u{3}", Phase::FirstByte),
        ("HTTP/2.0 200 OK\r\n\r\n", Phase::FirstByte),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", Phase::FirstByte),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", Phase::FirstByte),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello", Phase::Body),
    ];
    for (reply, phase) in cases {
        assert_eq!(one(on, vec![Do::Read, send(reply), Do::Stall(100)]), protocol(phase), "{reply}");
    }
}

fn connection_refused_and_unknown_hosts_are_reported(on: Loop) {
    let mut probe = Probe::new("http://127.0.0.1:1", 1);
    loopback(on).run(&mut probe).unwrap();
    assert_eq!(probe.only(), failure(Phase::Connect, FailureKind::NotFound));
    let mut probe = Probe::new("http://no-such-host.invalid", 1).limits(Limits {
        connect_ms: 5_000,
        total_ms: 9_000,
        ..LIMITS
    });
    loopback(on).run(&mut probe).unwrap();
    let failed = probe.only().unwrap_err();
    assert_eq!(failed.phase, Phase::Resolve);
}

fn a_connection_is_reused(on: Loop) {
    let turn = || [Do::Read, send(OK)];
    let peer = Peer::new(vec![[turn(), turn(), turn()].concat()]);
    let mut loopback = loopback(on);
    let mut probe = Probe::new(&peer.url(), 3);
    loopback.run(&mut probe).unwrap();
    assert_eq!(probe.bodies(), ["hello"; 3]);
    assert_eq!(peer.connections(), 1);
    assert!(loopback.names().is_empty(), "an address was looked up: {:?}", loopback.names());
}

fn a_connection_that_the_peer_closes_is_not_reused(on: Loop) {
    let closing = [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        // Bytes after the reply could be taken for the next reply.
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    ];
    for reply in closing {
        // This peer would still answer on the old connection.
        let wrong = [send(reply), Do::Read, send(OK.replace("hello", "wrong"))];
        let peer = Peer::new(vec![[&[Do::Read][..], &wrong].concat(), vec![Do::Read, send(OK)]]);
        let mut probe = Probe::new(&peer.url(), 2);
        loopback(on).run(&mut probe).unwrap();
        assert_eq!(probe.bodies(), ["hello"; 2], "{reply}");
        assert_eq!((peer.connections(), peer.requests().len()), (2, 2), "{reply}");
    }
}

fn a_request_whose_reply_has_begun_is_not_repeated(on: Loop) {
    let begun = send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    for (begun, phase) in [(begun, Phase::Body), (send("HTTP"), Phase::FirstByte)] {
        let peer = Peer::new(vec![vec![Do::Read, send(OK), Do::Read, begun], vec![Do::Read, send(OK)]]);
        let mut probe = Probe::new(&peer.url(), 2);
        loopback(on).run(&mut probe).unwrap();
        assert_eq!(probe.got, [got(200, "hello"), failure(phase, FailureKind::Closed)]);
        assert_eq!(peer.connections(), 1);
    }
}

fn a_reused_connection_that_was_closed_is_replaced_once(on: Loop) {
    let turn = || vec![Do::Read, send(OK)];
    let peer = Peer::new(vec![turn(), turn(), turn()]);
    let mut probe = Probe::new(&peer.url(), 3);
    loopback(on).run(&mut probe).unwrap();
    assert_eq!(probe.bodies(), ["hello"; 3]);
    assert_eq!(peer.connections(), 3);
    // A new connection that closes is not replaced, because it was not reused.
    let peer = Peer::new(vec![turn(), vec![Do::Read], turn()]);
    let mut probe = Probe::new(&peer.url(), 2);
    loopback(on).run(&mut probe).unwrap();
    assert_eq!(probe.got, [got(200, "hello"), failure(Phase::FirstByte, FailureKind::Closed)]);
    assert_eq!(peer.connections(), 2);
}

fn a_closed_connection_is_not_replaced_for_an_unrepeatable_request(on: Loop) {
    let turn = || vec![Do::Read, send(OK)];
    // The peer reads the second request and may have executed it.
    let peer = Peer::new(vec![vec![Do::Read, send(OK), Do::Read], turn()]);
    let mut probe = Probe::new(&peer.url(), 2).not_repeatable();
    loopback(on).run(&mut probe).unwrap();
    assert_eq!(probe.got, [got(200, "hello"), failure(Phase::FirstByte, FailureKind::Closed)]);
    assert_eq!(peer.connections(), 1);
}

fn another_port_needs_another_connection(on: Loop) {
    let turn = || [Do::Read, send(OK)];
    let (one, other) = (Peer::new(vec![turn().to_vec()]), Peer::new(vec![turn().to_vec()]));
    let mut loopback = loopback(on);
    for peer in [&one, &other] {
        let mut probe = Probe::new(&format!("http://localhost:{}", peer.port()), 1);
        loopback.run(&mut probe).unwrap();
        assert_eq!(probe.only(), got(200, "hello"));
    }
    assert_eq!((one.connections(), other.connections()), (1, 1));
    assert_eq!(loopback.names(), ["localhost"; 2]);
}

fn https_needs_a_stream_of_the_caller(on: Loop) {
    let peer = Peer::new(vec![vec![Do::Read, send(OK)]]);
    let mut probe = Probe::new(&peer.url().replace("http:", "https:"), 1);
    loopback(on).run(&mut probe).unwrap();
    assert_eq!(probe.only(), failure(Phase::Connect, FailureKind::Unsupported));
    assert_eq!(peer.connections(), 0);
}

fn unsupported_needs_are_rejected(on: Loop) {
    let needs: [fn() -> Need<'static>; 3] = [
        || Need::File { path: "/etc/hostname" },
        || Need::Process { command: "true" },
        || Need::Prompt { question: "who?", hidden: true },
    ];
    for need in needs {
        let mut flow = Needs { need, answer: None };
        loopback(on).run(&mut flow).unwrap();
        assert_eq!(flow.answer.unwrap().unwrap_err().kind, FailureKind::Unsupported);
    }
    let mut loopback = loopback(on);
    let mut flow = Needs { need: || Need::Resolve { host: "127.0.0.7" }, answer: None };
    loopback.run(&mut flow).unwrap();
    assert_eq!(flow.answer.unwrap().unwrap(), ["127.0.0.7".parse::<std::net::IpAddr>().unwrap()]);
    assert!(loopback.names().is_empty());
    let mut flow = Needs { need: || Need::Resolve { host: "localhost" }, answer: None };
    loopback.run(&mut flow).unwrap();
    assert!(flow.answer.unwrap().unwrap()[0].is_loopback());
    assert_eq!(loopback.names(), ["localhost"]);
}

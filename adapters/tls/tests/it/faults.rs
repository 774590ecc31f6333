//! Servers that a board must refuse, and what it says of them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use rolecall_core::error::{ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, RetryPolicy};
use rolecall_core::sources::Iot;
use rolecall_tls::rustls::{CertificateError, Error};
use rolecall_tls::{Fault, NoPath};

use crate::board::{Build, Loop};
use crate::on_both_loops;
use crate::server::{HOST, Pair, Server, Ways, below, issuer};

on_both_loops!(
    an_unknown_issuer_is_refused,
    a_leaf_is_no_issuer,
    another_name_is_refused,
    usages_of_keys_are_kept_to,
    a_board_that_the_service_does_not_know_is_said_so,
    a_board_without_a_certificate_is_said_so,
    a_reply_that_is_cut_off_is_not_used,
    what_is_no_tls_is_said_so,
    a_server_that_drips_is_given_up_at_the_limit,
    a_silent_server_is_given_up_at_the_limit,
    buffers_that_are_too_small_are_said_so,
    a_certificate_is_not_presented_over_http,
    more_certificates_than_any_path_needs_are_refused,
);

fn transport(phase: Phase, kind: FailureKind) -> ErrorKind {
    ErrorKind::Transport(Failure { phase, kind })
}

fn an_unknown_issuer_is_refused(on: Loop) {
    // Of the same name, with another key.
    let (root, other) = (issuer("root"), issuer("root"));
    let (own, board) = (Pair::of(&other, HOST), Pair::of(&root, "gateway-7"));
    let mut server = Server::start(&other, &own, &[], Ways::default());
    server.root = root.der().to_vec();
    let mut rig = Build::new(&server, &board).on(on);
    assert_eq!(rig.iot(&server).unwrap_err().kind, transport(Phase::Connect, FailureKind::Untrusted));
    let found = rig.fault();
    let is_known = matches!(
        &found,
        Some(Fault::Tls(Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature
        )))
    );
    assert!(is_known, "{found:?}");
    // The server hears why, and sees no request.
    assert!(
        server.heard().iter().all(|line| line.starts_with("handshake: received fatal alert")),
        "{:?}",
        server.seen()
    );
}

fn a_leaf_is_no_issuer(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    // The holder of any certificate of the root issues one for the host.
    let mut found = None;
    let leaf = Pair::made(&root, "attacker.example", |params| found = Some(params.clone()));
    let forger = rcgen::Issuer::from_params(found.as_ref().unwrap(), &leaf.key);
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new([HOST.to_owned()]).unwrap();
    let forged = Pair { certificate: params.signed_by(&key, &forger).unwrap().der().clone(), key };
    let server = Server::start(&root, &forged, std::slice::from_ref(&leaf.certificate), Ways::default());
    let mut rig = Build::new(&server, &board).on(on);
    assert_eq!(rig.iot(&server).unwrap_err().kind, transport(Phase::Connect, FailureKind::Untrusted));
    assert_eq!(rig.fault(), Some(Fault::NoPath(NoPath::NotAnAuthority)));
}

fn another_name_is_refused(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    let own = Pair::of(&root, "sts.eu-west-1.amazonaws.com");
    let server = Server::start(&root, &own, &[], Ways::default());
    let mut rig = Build::new(&server, &board).on(on);
    assert_eq!(rig.iot(&server).unwrap_err().kind, transport(Phase::Connect, FailureKind::Untrusted));
    let found = format!("{}", rig.fault().unwrap());
    assert!(found.contains(HOST) && found.contains("sts.eu-west-1.amazonaws.com"), "{found}");
}

fn usages_of_keys_are_kept_to(on: Loop) {
    use rcgen::KeyUsagePurpose::{CrlSign, DigitalSignature, KeyCertSign, KeyEncipherment};
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    for (of_issuer, of_server, expected) in [
        (vec![KeyCertSign, CrlSign], vec![DigitalSignature], None),
        (vec![], vec![], None),
        (vec![CrlSign], vec![DigitalSignature], Some(CertificateError::UnknownIssuer)),
        (vec![KeyCertSign], vec![KeyEncipherment], Some(CertificateError::InvalidPurpose)),
    ] {
        let below = below(&root, of_issuer);
        let own = Pair::made(&below, HOST, |params| params.key_usages = of_server);
        let server = Server::start(&root, &own, std::slice::from_ref(below.der()), Ways::default());
        let mut rig = Build::new(&server, &board).on(on);
        let done = rig.iot(&server);
        assert_eq!(done.is_ok(), expected.is_none(), "{done:?}");
        assert_eq!(rig.fault(), expected.map(|error| Fault::Tls(Error::InvalidCertificate(error))));
    }
}

fn a_board_that_the_service_does_not_know_is_said_so(on: Loop) {
    let (root, other) = (issuer("root"), issuer("other"));
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&other, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways::default());
    let mut rig = Build::new(&server, &board).on(on);
    let error = rig.iot(&server).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Transport(Failure { kind: FailureKind::Denied, .. })), "{error}");
    assert!(matches!(rig.fault(), Some(Fault::Tls(Error::AlertReceived(_)))), "{:?}", rig.fault());
}

fn a_board_without_a_certificate_is_said_so(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways::default());
    let mut rig = Build { identity: None, ..Build::new(&server, &board) }.on(on);
    assert_eq!(rig.iot(&server).unwrap_err().kind, transport(Phase::Connect, FailureKind::Unsupported));
    assert_eq!(rig.fault(), Some(Fault::NoIdentity));
    assert!(server.seen().is_empty());
}

fn a_reply_that_is_cut_off_is_not_used(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways { breaks_off: true, ..Ways::default() });
    let mut rig = Build::new(&server, &board).on(on);
    let error = rig.iot(&server).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Transport(Failure { kind: FailureKind::Closed, .. })), "{error}");
}

/// A server that has `serve` done with each connection.
fn raw(root: Vec<u8>, serve: impl Fn(std::net::TcpStream) + Send + 'static) -> Server {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(&serve));
    Server::of_port(port, root)
}

fn what_is_no_tls_is_said_so(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    let replies: [&[u8]; 3] = [
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        // TLS 1.2 at most: an alert, protocol_version.
        &[21, 3, 3, 0, 2, 2, 70],
        // A handshake record that says nothing.
        &[22, 3, 3, 0, 4, 0, 0, 0, 0],
    ];
    for reply in replies {
        let server = raw(root.der().to_vec(), move |mut socket| {
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(reply);
            let _ = std::io::copy(&mut socket, &mut std::io::sink());
        });
        let mut rig = Build::new(&server, &board).on(on);
        let error = rig.iot(&server).unwrap_err();
        assert_eq!(error.kind, transport(Phase::Connect, FailureKind::Protocol), "{:?}", rig.fault());
    }
}

fn a_server_that_drips_is_given_up_at_the_limit(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    // The beginning of a record of 16,384 bytes, ten bytes a second.
    let server = raw(root.der().to_vec(), |mut socket| {
        let record = [22, 3, 3, 64, 0].into_iter().chain(std::iter::repeat_n(2, 16_384));
        for byte in record {
            if socket.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    gives_up(&server, &board, on);
}

fn a_silent_server_is_given_up_at_the_limit(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    let server = raw(root.der().to_vec(), |mut socket| {
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    gives_up(&server, &board, on);
}

/// Within the two seconds that all of it may take.
fn gives_up(server: &Server, board: &Pair, on: Loop) {
    let mut rig = Build::new(server, board).on(on);
    let endpoint = server.endpoint();
    let policy = RetryPolicy::new(3, 2_000);
    let mut iot = Iot::new(Endpoint::parse(&endpoint).unwrap(), "gateways", None).with_retry_policy(policy);
    let begun = Instant::now();
    let error = rig.run(&mut iot).unwrap_err();
    assert!(format!("{error}").contains("time"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

fn buffers_that_are_too_small_are_said_so(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways::default());
    for (incoming, outgoing) in [(600, 4_096), (16_640, 100), (0, 4_096), (16_640, 0)] {
        let mut rig = Build { incoming, outgoing, ..Build::new(&server, &board) }.on(on);
        let error = rig.iot(&server).unwrap_err();
        let kind = transport(Phase::Connect, FailureKind::TooLarge);
        let fault = if outgoing < 4_096 { Fault::FlightTooLarge } else { Fault::TooLarge };
        assert_eq!((error.kind, rig.fault()), (kind, Some(fault)), "{incoming} {outgoing}");
    }
}

fn a_certificate_is_not_presented_over_http(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways::default());
    let mut rig = Build::new(&server, &board).on(on);
    let endpoint = server.endpoint().replace("https:", "http:");
    let error = rig.run(&mut Iot::new(Endpoint::parse(&endpoint).unwrap(), "gateways", None)).unwrap_err();
    assert_eq!(error.kind, transport(Phase::Connect, FailureKind::Unsupported));
    assert_eq!(rig.fault(), Some(Fault::Plain));
    assert!(server.seen().is_empty());
}

fn more_certificates_than_any_path_needs_are_refused(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let others: Vec<_> = (0..5).map(|_| issuer("root").der().clone()).collect();
    for count in [0, 4, 5] {
        let server = Server::start(&root, &own, &others[..count], Ways::default());
        let mut rig = Build::new(&server, &board).on(on);
        let done = rig.iot(&server);
        assert_eq!(done.is_ok(), count < 5, "{count}: {:?}", rig.fault());
        assert_eq!(rig.fault(), (count == 5).then_some(Fault::NoPath(NoPath::TooMany)));
    }
}

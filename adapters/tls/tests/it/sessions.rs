//! Sessions as they should be.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::DecodePrivateKey;
use rolecall_core::call::Service;
use rolecall_core::flow::{Endpoint, Memory, Slot};
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};
use rolecall_core::sources::{Authorization, Container, Iot};

use rolecall_nal::Driver;
use rolecall_tls::{Config, Identity, P256Key, Records, Tls};

use crate::board::{Build, Device, Loop, Rig, blocking_network, built, now, random};
use crate::on_both_loops;
use crate::server::{HOST, Pair, Server, Ways, issuer, valid};

on_both_loops!(
    a_certificate_yields_credentials,
    a_role_is_assumed_in_the_same_chain,
    exchanges_with_one_service_share_a_session,
    a_session_that_the_server_has_ended_is_replaced,
    what_comes_behind_a_reply_is_no_reply,
    long_replies_come_in_pieces,
    one_driver_serves_http_and_https,
);

fn a_certificate_yields_credentials(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways::default());
    let mut rig = Build::new(&server, &board).on(on);
    let lease = rig.iot(&server).unwrap_or_else(|error| panic!("{error}: {:?}", rig.fault()));
    assert!(lease.lifetime_ms.unwrap() > 3_000_000);
    assert_eq!(rig.slots[0].credentials().unwrap().access_key_id(), "ASIATLS");
    assert_eq!(server.seen(), ["GET /role-aliases/gateways/credentials HTTP/1.1, with a certificate"]);
    assert_eq!(rig.handshakes(), 1);
}

fn a_role_is_assumed_in_the_same_chain(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways::default());
    let mut rig = Build::new(&server, &board).on(on);
    let endpoint = server.endpoint();
    let endpoint = Endpoint::parse(&endpoint).unwrap();
    let request = AssumeRoleRequest::new("arn:aws:iam::111122223333:role/gateway", "gateway-7");
    let iot = Iot::new(endpoint, "gateways", None);
    let mut role = AssumeRole::new(iot, Service::new(endpoint, "eu-west-1"), request);
    rig.run(&mut role).unwrap_or_else(|error| panic!("{error}: {:?}", rig.fault()));
    assert_eq!(rig.slots[0].credentials().unwrap().access_key_id(), "ASIAROLE");
    // The service that knows the board by its certificate, and the one that does not, are two sessions.
    assert_eq!(
        server.seen(),
        [
            "GET /role-aliases/gateways/credentials HTTP/1.1, with a certificate",
            "POST / HTTP/1.1, without a certificate",
        ]
    );
    assert_eq!(rig.handshakes(), 2);
}

/// Two roles after the credentials of the certificate: three exchanges.
fn chain(rig: &mut Rig, server: &Server) {
    let endpoint = server.endpoint();
    let service = || Service::new(Endpoint::parse(&endpoint).unwrap(), "eu-west-1");
    let request = |name| AssumeRoleRequest::new(name, "gateway-7");
    let iot = Iot::new(Endpoint::parse(&endpoint).unwrap(), "gateways", None);
    let first = AssumeRole::new(iot, service(), request("arn:aws:iam::111122223333:role/first"));
    let mut second = AssumeRole::new(first, service(), request("arn:aws:iam::444455556666:role/second"));
    rig.run(&mut second).unwrap_or_else(|error| panic!("{error}: {:?}", rig.fault()));
    assert_eq!(rig.slots[0].credentials().unwrap().access_key_id(), "ASIAROLE");
    assert_eq!(server.seen().len(), 3, "{:?}", server.seen());
}

fn exchanges_with_one_service_share_a_session(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways::default());
    let mut rig = Build { wall: None, ..Build::new(&server, &board) }.on(on);
    chain(&mut rig, &server);
    // One with the certificate, and one for two exchanges without.
    assert_eq!(rig.handshakes(), 2);
    // A session ends with its run, because the next refresh is hours away.
    rig.iot(&server).unwrap();
    assert_eq!(rig.handshakes(), 3);
}

fn a_session_that_the_server_has_ended_is_replaced(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways { ends: true, ..Ways::default() });
    let mut rig = Build::new(&server, &board).on(on);
    chain(&mut rig, &server);
    assert_eq!(rig.handshakes(), 3);
}

fn what_comes_behind_a_reply_is_no_reply(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let surplus = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    let server = Server::start(&root, &own, &[], Ways { surplus, ..Ways::default() });
    let mut rig = Build::new(&server, &board).on(on);
    chain(&mut rig, &server);
    assert_eq!(rig.handshakes(), 3);
}

fn long_replies_come_in_pieces(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    // One record, and many, for which small buffers do.
    for (records, incoming, outgoing) in
        [(None, 16_640, 4_096), (Some(256), 1_800, 900), (Some(33), 1_300, 40_000)]
    {
        let server = Server::start(&root, &own, &[], Ways { filler: 5_000, records, ..Ways::default() });
        let mut rig = Build { incoming, outgoing, ..Build::new(&server, &board) }.on(on);
        rig.iot(&server).unwrap_or_else(|error| panic!("{error}: {:?}", rig.fault()));
        assert_eq!(rig.slots[0].credentials().unwrap().access_key_id(), "ASIATLS");
    }
}

/// Runs once over buffers of this test, and returns them.
fn records_after(server: &Server, board: &Pair) -> (Vec<u8>, Vec<u8>) {
    let (mut incoming, mut outgoing) = (vec![0; 16_640], vec![0; 4_096]);
    let key = P256Key::from_der(&board.key.serialize_der()).unwrap();
    let config = Config::new(random, built()).root(&server.root).unwrap();
    let config = config.identity(Identity::new([&*board.certificate], key));
    let records = Records { incoming: &mut incoming, outgoing: &mut outgoing };
    let mut driver =
        Driver::new(Device::new(Some(now())), Tls::new(blocking_network(), config, records).unwrap());
    let (mut exchange, mut slot) = (vec![0; 8_192], vec![0; Slot::RECOMMENDED]);
    let mut slots = [Slot::new(&mut slot)];
    let endpoint = server.endpoint();
    let mut iot = Iot::new(Endpoint::parse(&endpoint).unwrap(), "gateways", None);
    let _ = driver.run(&mut iot, &mut Memory { exchange: &mut exchange, slots: &mut slots });
    drop(driver);
    (incoming, outgoing)
}

#[test]
fn records_are_wiped_after_a_session_and_after_a_failure() {
    let (root, other) = (issuer("root"), issuer("other"));
    let board = Pair::of(&root, "gateway-7");
    for own in [Pair::of(&root, HOST), Pair::of(&other, HOST)] {
        let server = Server::start(&root, &own, &[], Ways::default());
        let (incoming, outgoing) = records_after(&server, &board);
        assert!(incoming.iter().chain(&outgoing).all(|byte| *byte == 0));
        assert!(!server.heard().is_empty());
    }
}

#[test]
fn a_key_of_another_certificate_is_refused_before_there_is_a_session() {
    let root = issuer("root");
    let (board, other) = (Pair::of(&root, "gateway-7"), Pair::of(&root, "gateway-8"));
    for (key, fits) in [(&board.key, true), (&other.key, false)] {
        let key = P256Key::from_der(&key.serialize_der()).unwrap();
        let config = Config::new(random, built()).root(root.der()).unwrap();
        let config = config.identity(Identity::new([&*board.certificate], key));
        let (mut incoming, mut outgoing) = ([0; 16], [0; 16]);
        let records = Records { incoming: &mut incoming, outgoing: &mut outgoing };
        let made = Tls::new((), config, records);
        assert_eq!(made.is_ok(), fits, "{made:?}");
    }
    // And without roots no server could be trusted.
    let (mut incoming, mut outgoing) = ([0; 16], [0; 16]);
    let records = Records { incoming: &mut incoming, outgoing: &mut outgoing };
    assert!(Tls::new((), Config::new(random, built()), records).is_err());
}

#[test]
fn a_secure_element_signs_the_handshake() {
    // Where the key is: the session has the function alone.
    static ELEMENT: OnceLock<Vec<u8>> = OnceLock::new();
    fn sign(digest: &[u8; 32], signature: &mut [u8; 72]) -> Option<usize> {
        let key = p256::ecdsa::SigningKey::from_pkcs8_der(ELEMENT.get()?).ok()?;
        let signed: p256::ecdsa::Signature = key.sign_prehash(digest).ok()?;
        let der = signed.to_der();
        signature.get_mut(..der.as_bytes().len())?.copy_from_slice(der.as_bytes());
        Some(der.as_bytes().len())
    }
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    ELEMENT.set(board.key.serialize_der()).unwrap();
    let server = Server::start(&root, &own, &[], Ways::default());
    let (mut incoming, mut outgoing) = (vec![0; 16_640], vec![0; 4_096]);
    let config = Config::new(random, built()).root(&server.root).unwrap();
    let config = config.identity(Identity::new([&*board.certificate], P256Key::of_element(sign)));
    let records = Records { incoming: &mut incoming, outgoing: &mut outgoing };
    let mut driver =
        Driver::new(Device::new(Some(now())), Tls::new(blocking_network(), config, records).unwrap());
    let (mut exchange, mut slot) = (vec![0; 8_192], vec![0; Slot::RECOMMENDED]);
    let mut slots = [Slot::new(&mut slot)];
    let endpoint = server.endpoint();
    let mut iot = Iot::new(Endpoint::parse(&endpoint).unwrap(), "gateways", None);
    driver.run(&mut iot, &mut Memory { exchange: &mut exchange, slots: &mut slots }).unwrap();
    assert_eq!(server.seen(), ["GET /role-aliases/gateways/credentials HTTP/1.1, with a certificate"]);
}

/// A container's endpoint on loopback, without TLS.
fn container() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut request = [0; 4_096];
            let _ = socket.read(&mut request);
            let end = now().saturating_add(3_600).rfc3339();
            let body = format!(
                "{{\"AccessKeyId\":\"ASIAPLAIN\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"{end}\"}}"
            );
            // Its date is years off, which counts for nothing in TLS.
            let date = "Date: Mon, 01 Jan 2024 00:00:00 GMT";
            let head = format!("HTTP/1.1 200 OK\r\n{date}\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = socket.write_all(format!("{head}{body}").as_bytes());
        }
    });
    format!("http://{address}/credentials")
}

fn one_driver_serves_http_and_https(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    let day = 86_400;
    let own = Pair::made(&root, HOST, |params| {
        valid(params, now().saturating_add(-day), now().saturating_add(day));
    });
    let server = Server::start(&root, &own, &[], Ways::default());
    let mut rig = Build { wall: None, ..Build::new(&server, &board) }.on(on);
    let (uri, endpoint) = (container(), server.endpoint());
    let request = AssumeRoleRequest::new("arn:aws:iam::111122223333:role/gateway", "gateway-7");
    let base = Container::full(&uri, Authorization::None).unwrap();
    let service = Service::new(Endpoint::parse(&endpoint).unwrap(), "eu-west-1");
    rig.run(&mut AssumeRole::new(base, service, request))
        .unwrap_or_else(|error| panic!("{error}: {:?}", rig.fault()));
    assert_eq!(rig.slots[0].credentials().unwrap().access_key_id(), "ASIAROLE");
    assert_eq!(server.seen(), ["POST / HTTP/1.1, without a certificate"]);
    assert_eq!(rig.handshakes(), 1);
}

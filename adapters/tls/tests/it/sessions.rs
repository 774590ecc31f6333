//! Sessions as they should be.

use rolecall_core::call::Service;
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::Iot;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};

use crate::board::{Build, Loop};
use crate::on_both_loops;
use crate::server::{HOST, Pair, Server, Ways, issuer};

on_both_loops!(
    a_certificate_yields_credentials,
    a_role_is_assumed_in_the_same_chain,
    long_replies_come_in_pieces
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

fn long_replies_come_in_pieces(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    // One record, and many, for which small buffers do.
    for (records, incoming, outgoing) in [(None, 16_640, 4_096), (Some(256), 1_800, 900)] {
        let server = Server::start(&root, &own, &[], Ways { filler: 5_000, records, ..Ways::default() });
        let mut rig = Build { incoming, outgoing, ..Build::new(&server, &board) }.on(on);
        rig.iot(&server).unwrap_or_else(|error| panic!("{error}: {:?}", rig.fault()));
        assert_eq!(rig.slots[0].credentials().unwrap().access_key_id(), "ASIATLS");
    }
}

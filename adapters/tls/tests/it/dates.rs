//! Boards without a clock.

use rolecall_core::error::{ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::wire::time::UnixTime;
use rolecall_tls::Fault;
use rolecall_tls::rustls::{CertificateError, Error};

use crate::board::{Build, Loop, built, now};
use crate::on_both_loops;
use crate::server::{HOST, Issuer, Pair, Server, Ways, issuer, valid};

const DAY: i64 = 86_400;

on_both_loops!(
    a_board_without_a_clock_learns_the_date,
    what_expired_before_the_firmware_is_refused_in_the_handshake,
    what_is_not_valid_at_the_date_of_the_reply_is_refused_before_it_is_used,
    a_reply_without_a_date_is_not_used,
    a_clock_that_shows_a_time_before_the_firmware_is_none,
    a_clock_decides_in_the_handshake,
    the_learned_date_is_kept_for_the_next_session,
    a_reply_out_of_a_cache_has_no_date,
    a_date_that_was_wrong_is_corrected_by_later_ones,
    a_date_that_was_wrong_can_be_forgotten,
);

/// A server whose certificate is valid in these days, from now; its replies say `date`.
fn server(root: &Issuer, days: (i64, i64), date: Option<UnixTime>) -> Server {
    let own = Pair::made(root, HOST, |params| {
        valid(params, now().saturating_add(days.0 * DAY), now().saturating_add(days.1 * DAY));
    });
    Server::start(root, &own, &[], Ways { date, ..Ways::default() })
}

fn certificate(fault: Option<Fault>) -> CertificateError {
    match fault {
        Some(Fault::Tls(Error::InvalidCertificate(error))) => error,
        other => panic!("{other:?}"),
    }
}

fn untrusted(phase: Phase) -> ErrorKind {
    ErrorKind::Transport(Failure { phase, kind: FailureKind::Untrusted })
}

fn a_board_without_a_clock_learns_the_date(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    for days in [(-90, 90), (-1, 1), (-90, 1)] {
        let server = server(&root, days, Some(now()));
        let mut rig = Build { wall: None, ..Build::new(&server, &board) }.on(on);
        rig.iot(&server).unwrap_or_else(|error| panic!("{error}: {:?}", rig.fault()));
    }
}

fn what_expired_before_the_firmware_is_refused_in_the_handshake(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    // It says a date at which it was valid.
    let server = server(&root, (-90, -2), Some(now().saturating_add(-3 * DAY)));
    let mut rig = Build { wall: None, ..Build::new(&server, &board) }.on(on);
    assert_eq!(rig.iot(&server).unwrap_err().kind, untrusted(Phase::Connect));
    assert!(matches!(certificate(rig.fault()), CertificateError::ExpiredContext { .. }), "{:?}", rig.fault());
    // It never got a request.
    assert!(server.heard().iter().all(|line| line.starts_with("handshake: ")), "{:?}", server.seen());
}

fn what_is_not_valid_at_the_date_of_the_reply_is_refused_before_it_is_used(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    for (days, date) in [
        // Expired since the firmware was made, and not yet valid.
        ((-90, 0), now().saturating_add(DAY)),
        ((1, 90), now()),
        // A date before the firmware, at which this was valid.
        ((-90, 90), built().saturating_add(-1)),
    ] {
        let server = server(&root, days, Some(date));
        let mut rig = Build { wall: None, ..Build::new(&server, &board) }.on(on);
        assert_eq!(rig.iot(&server).unwrap_err().kind, untrusted(Phase::Body), "{days:?}");
        certificate(rig.fault());
        assert!(rig.slots.iter().all(|slot| slot.credentials().is_none()));
        assert_eq!(server.seen().len(), 1);
    }
}

fn a_reply_without_a_date_is_not_used(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    let server = server(&root, (-90, 90), None);
    let mut rig = Build { wall: None, ..Build::new(&server, &board) }.on(on);
    assert_eq!(rig.iot(&server).unwrap_err().kind, untrusted(Phase::Body));
    assert_eq!(rig.fault(), Some(Fault::NoDate));
    // With a clock, it is.
    let mut rig = Build::new(&server, &board).on(on);
    rig.iot(&server).unwrap();
}

fn a_clock_that_shows_a_time_before_the_firmware_is_none(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    let server = server(&root, (-30, 90), Some(now()));
    let wall = Some(UnixTime::from_secs(946_684_800));
    let mut rig = Build { wall, ..Build::new(&server, &board) }.on(on);
    rig.iot(&server).unwrap_or_else(|error| panic!("{error}: {:?}", rig.fault()));
}

fn a_clock_decides_in_the_handshake(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    for (days, is_expired) in [((-90, -1), true), ((1, 90), false)] {
        let server = server(&root, days, Some(now()));
        let wall = Some(now().saturating_add(DAY / 2));
        let mut rig =
            Build { wall, built: built().saturating_add(-30 * DAY), ..Build::new(&server, &board) }.on(on);
        assert_eq!(rig.iot(&server).unwrap_err().kind, untrusted(Phase::Connect));
        let found = certificate(rig.fault());
        assert_eq!(matches!(found, CertificateError::ExpiredContext { .. }), is_expired, "{found:?}");
        assert_eq!(matches!(found, CertificateError::NotValidYetContext { .. }), !is_expired, "{found:?}");
    }
}

fn the_learned_date_is_kept_for_the_next_session(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    let good = server(&root, (-90, 90), Some(now()));
    // Valid once the firmware was made, and no longer: without the date learned, the first reply would have to tell.
    let ended = server(&root, (-90, -1), Some(now().saturating_add(-2 * DAY)));
    let made = built().saturating_add(-5 * DAY);
    let mut rig = Build { wall: None, built: made, ..Build::new(&good, &board) }.on(on);
    rig.iot(&good).unwrap();
    let held = rig.slots[0].credentials().unwrap().access_key_id().to_owned();
    assert_eq!(rig.iot(&ended).unwrap_err().kind, untrusted(Phase::Connect));
    assert!(ended.heard().iter().all(|line| line.starts_with("handshake: ")), "{:?}", ended.seen());
    assert_eq!(rig.slots[0].credentials().map(|found| found.access_key_id().to_owned()), Some(held));
    // A board that has not learned it is in the window that the documentation names.
    let mut rig = Build { wall: None, built: made, ..Build::new(&ended, &board) }.on(on);
    rig.iot(&ended).unwrap();
}

fn a_reply_out_of_a_cache_has_no_date(on: Loop) {
    let root = issuer("root");
    let (own, board) = (Pair::of(&root, HOST), Pair::of(&root, "gateway-7"));
    let server = Server::start(&root, &own, &[], Ways { age: Some(60), ..Ways::default() });
    let mut rig = Build { wall: None, ..Build::new(&server, &board) }.on(on);
    assert_eq!(rig.iot(&server).unwrap_err().kind, untrusted(Phase::Body));
    assert_eq!(rig.fault(), Some(Fault::NoDate));
}

fn a_date_that_was_wrong_is_corrected_by_later_ones(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    let made = now().saturating_add(-30 * DAY);
    let ended = server(&root, (-90, -10), Some(now().saturating_add(-20 * DAY)));
    let good = server(&root, (-90, 90), Some(now()));
    let mut rig = Build { wall: None, built: made, ..Build::new(&ended, &board) }.on(on);
    // Its key was stolen, say, and it says a date at which it was valid.
    rig.iot(&ended).unwrap();
    rig.iot(&ended).unwrap();
    // The first other server corrects it.
    rig.iot(&good).unwrap();
    assert_eq!(rig.iot(&ended).unwrap_err().kind, untrusted(Phase::Connect));
    assert!(matches!(certificate(rig.fault()), CertificateError::ExpiredContext { .. }));
}

fn a_date_that_was_wrong_can_be_forgotten(on: Loop) {
    let root = issuer("root");
    let board = Pair::of(&root, "gateway-7");
    let ahead = server(&root, (-90, 900), Some(now().saturating_add(800 * DAY)));
    let good = server(&root, (-90, 90), Some(now()));
    let mut rig = Build { wall: None, ..Build::new(&good, &board) }.on(on);
    rig.iot(&ahead).unwrap();
    // An earlier date corrects nothing by itself: that would open the window again.
    assert_eq!(rig.iot(&good).unwrap_err().kind, untrusted(Phase::Connect));
    rig.forget_date();
    rig.iot(&good).unwrap();
}

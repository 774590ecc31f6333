//! The source of `custom_source.rs`, driven.

use rolecall_core::error::{ErrorKind, Origin};
use rolecall_core::flow::{Endpoint, Sequence};
use rolecall_core::wire::time::UnixTime;

use crate::board::Loop;
use crate::custom_source::RoleAlias;
use crate::mock::{Manner, Mocked, Net, START, Then, reply};
use crate::on_both_loops;

on_both_loops!(
    its_credentials_are_stored,
    a_refusal_is_reported_in_the_words_of_the_service,
    a_failure_of_the_service_is_tried_again,
    ended_credentials_are_refused,
    what_is_not_complete_is_no_credentials,
);

fn flow() -> Sequence<RoleAlias<'static>> {
    let endpoint = Endpoint::parse("http://10.0.0.7:8080").unwrap();
    Sequence::of(RoleAlias { endpoint, alias: "gateway", thing: "board-7" })
}

fn document(end: u64) -> String {
    let end = UnixTime::from_secs(end).rfc3339();
    format!(
        "{{\"by\":{{\"credentials\":1}},\"credentials\":{{\"accessKeyId\":\"ASIATHING\",\
         \"secretAccessKey\":\"secret\",\"sessionToken\":\"token\",\"expiration\":\"{end}\"}}}}"
    )
}

fn dated(status: u16, body: &str) -> (String, Then) {
    let date = UnixTime::from_secs(START).http_date();
    (reply(status, body).replacen("\r\n", &format!("\r\nDate: {date}\r\n"), 1), Then::Stay)
}

/// A service that gives these answers, one after the other.
fn serving(on: Loop, answers: &[(u16, String)]) -> Mocked {
    let mut answers = Vec::from(answers).into_iter();
    let serve = move |_: &str| {
        let (status, body) = answers.next().expect("asked once more");
        dated(status, &body)
    };
    Mocked::new(on, Net::new(Manner::default(), serve))
}

fn its_credentials_are_stored(on: Loop) {
    let mut mocked = serving(on, &[(200, document(START + 3_600))]);
    let lease = mocked.run(&mut flow()).unwrap();
    assert!(lease.lifetime_ms.unwrap() > 3_500_000);
    let held = mocked.slots[0].credentials().unwrap();
    assert_eq!(
        (held.access_key_id(), held.expiration()),
        ("ASIATHING", Some(UnixTime::from_secs(START + 3_600)))
    );
    assert_eq!(held.session_token().unwrap().expose(), "token");
    let request = &mocked.net.requests()[0];
    assert!(request.starts_with("GET /role-aliases/gateway/credentials HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nx-amzn-iot-thingname: board-7\r\n"), "{request}");
}

fn a_refusal_is_reported_in_the_words_of_the_service(on: Loop) {
    let mut mocked = serving(on, &[(403, "{\"message\":\"Access Denied\"}".into())]);
    let error = mocked.run(&mut flow()).unwrap_err();
    assert_eq!((error.origin, error.kind), (Origin::Custom("iot role alias"), ErrorKind::Status(403)));
    assert_eq!(mocked.report().message(), "Access Denied");
    assert!(mocked.slots[0].credentials().is_none());
}

fn a_failure_of_the_service_is_tried_again(on: Loop) {
    let mut mocked =
        serving(on, &[(500, String::new()), (429, String::new()), (200, document(START + 3_600))]);
    mocked.run(&mut flow()).unwrap();
    assert_eq!(mocked.net.requests().len(), 3);
    let mut mocked = serving(on, &vec![(500, String::new()); 3]);
    assert_eq!(mocked.run(&mut flow()).unwrap_err().kind, ErrorKind::Status(500));
}

fn ended_credentials_are_refused(on: Loop) {
    let mut mocked = serving(on, &[(200, document(START - 1))]);
    assert_eq!(mocked.run(&mut flow()).unwrap_err().kind, ErrorKind::Expired);
    assert!(mocked.slots[0].credentials().is_none());
}

fn what_is_not_complete_is_no_credentials(on: Loop) {
    let whole = document(START + 3_600);
    for (body, kind) in [
        ("{}".to_owned(), ErrorKind::Missing("credentials")),
        ("<html>".into(), ErrorKind::Missing("credentials")),
        (whole.replace("accessKeyId", "other"), ErrorKind::Missing("AccessKeyId")),
    ] {
        let error = serving(on, &[(200, body)]).run(&mut flow()).unwrap_err();
        assert_eq!(error.kind, kind);
    }
}

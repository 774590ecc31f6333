//! Drives the source of `custom_source.rs`.

use rolecall_core::error::{ErrorKind, Origin};
use rolecall_core::flow::{Endpoint, Sequence};
use rolecall_core::wire::time::UnixTime;

use crate::board::Loop;
use crate::custom_source::RoleAlias;
use crate::mock::{Mocked, Net, START, StackBehavior, Then, reply};
use crate::on_both_loops;

on_both_loops!(
    the_credentials_of_the_role_are_stored,
    an_error_reply_is_reported_with_the_message_of_the_service,
    a_server_error_is_retried,
    expired_credentials_are_rejected,
    incomplete_credentials_are_rejected,
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

/// A service that returns these replies in order.
fn serving(on: Loop, answers: &[(u16, String)]) -> Mocked {
    let mut answers = Vec::from(answers).into_iter();
    let serve = move |_: &str| {
        let (status, body) = answers.next().expect("an unexpected request");
        dated(status, &body)
    };
    Mocked::new(on, Net::new(StackBehavior::default(), serve))
}

fn the_credentials_of_the_role_are_stored(on: Loop) {
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

fn an_error_reply_is_reported_with_the_message_of_the_service(on: Loop) {
    let mut mocked = serving(on, &[(403, "{\"message\":\"Access Denied\"}".into())]);
    let error = mocked.run(&mut flow()).unwrap_err();
    assert_eq!((error.origin, error.kind), (Origin::Custom("iot role alias"), ErrorKind::Status(403)));
    assert_eq!(mocked.report().message(), "Access Denied");
    assert!(mocked.slots[0].credentials().is_none());
}

fn a_server_error_is_retried(on: Loop) {
    let mut mocked =
        serving(on, &[(500, String::new()), (429, String::new()), (200, document(START + 3_600))]);
    mocked.run(&mut flow()).unwrap();
    assert_eq!(mocked.net.requests().len(), 3);
    let mut mocked = serving(on, &vec![(500, String::new()); 3]);
    assert_eq!(mocked.run(&mut flow()).unwrap_err().kind, ErrorKind::Status(500));
}

fn expired_credentials_are_rejected(on: Loop) {
    let mut mocked = serving(on, &[(200, document(START - 1))]);
    assert_eq!(mocked.run(&mut flow()).unwrap_err().kind, ErrorKind::Expired);
    assert!(mocked.slots[0].credentials().is_none());
}

fn incomplete_credentials_are_rejected(on: Loop) {
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

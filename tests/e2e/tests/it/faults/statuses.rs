//! Error statuses, temporary and permanent, and tokens that expire between two steps.

use e2e::peer::Act;

use super::source::Source;
use super::table::{Row, check};

#[test]
fn server_errors_are_retried() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        let good = Act::ok(source.document());
        for status in [429, 500, 502, 503, 504] {
            let expected = match status {
                429 => "429",
                500 => "500",
                502 => "502",
                503 => "503",
                _ => "504",
            };
            let bad = || Act::page(status);
            let row = |name: &str, acts| Row::acts(format!("{status} {name}"), source, acts);
            rows.push(row("once", vec![bad(), good.clone()]).served().attempts(2));
            rows.push(row("twice", vec![bad(), bad(), good.clone()]).served().attempts(3));
            rows.push(
                row("three times", vec![bad(), bad(), bad(), good.clone()]).refused(expected).attempts(3),
            );
            rows.push(row("always", vec![bad()]).refused(expected).attempts(3));
        }
    }
    check(rows);
}

#[test]
fn other_statuses_are_not_retried() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        for (status, expected) in
            [(201, "201"), (202, "202"), (206, "206"), (400, "400"), (403, "403"), (405, "405")]
        {
            let act = Act::Reply(status, String::new(), source.document().into());
            rows.push(Row::new(format!("{status}"), source, act).refused(expected).attempts(1));
        }
        let empty = |status: &str| {
            Act::Raw(format!("HTTP/1.1 {status} X\r\n\r\n").into_bytes(), e2e::peer::Then::Close)
        };
        rows.push(Row::new("204", source, empty("204")).refused("204").attempts(1));
        rows.push(Row::new("304", source, empty("304")).refused("304").attempts(1));
    }
    check(rows);
}

#[test]
fn expired_tokens_between_two_steps_are_handled() {
    let imds = Source::Imds;
    let good = || Act::ok(imds.document());
    let ended = || Act::page(401);
    let mut rows = vec![
        // A new token is fetched once.
        Row::acts("token expires between steps", imds, vec![ended(), good()]).served().attempts(2),
        Row::new("every token is rejected", imds, ended()).refused("401").attempts(2),
        Row::new("401", Source::Container, ended()).refused("401").attempts(1),
    ];
    let sts = |code: &str| {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        );
        Act::Reply(403, String::new(), body.into())
    };
    rows.push(
        Row::new("session expires between steps", Source::Sts, sts("ExpiredToken"))
            .refused("ExpiredToken")
            .attempts(1),
    );
    let slow_down = vec![sts("Throttling"), Act::ok(Source::Sts.document())];
    rows.push(Row::acts("throttled once", Source::Sts, slow_down).served().attempts(2));
    rows.push(Row::new("always throttled", Source::Sts, sts("Throttling")).refused("Throttling").attempts(3));
    let cognito = |code: &str| {
        Act::Reply(400, String::new(), format!(r#"{{"__type":"{code}","message":"no"}}"#).into())
    };
    for code in ["ResourceNotFoundException", "NotAuthorizedException"] {
        rows.push(
            Row::new(format!("{code} in the second step"), Source::Cognito, cognito(code))
                .refused(code)
                .attempts(1),
        );
    }
    let slow_down = vec![cognito("TooManyRequestsException"), Act::ok(Source::Cognito.document())];
    rows.push(Row::acts("throttled once", Source::Cognito, slow_down).served().attempts(2));
    check(rows);
}

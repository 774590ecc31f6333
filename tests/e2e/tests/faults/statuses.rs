//! Statuses, once and for ever, and what may end between two steps.

use e2e::peer::Act;

use crate::source::Source;
use crate::table::{Row, check};

#[test]
fn failures_of_the_service() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        let good = Act::ok(source.document());
        for status in [429, 500, 502, 503, 504] {
            let told = match status {
                429 => "429",
                500 => "500",
                502 => "502",
                503 => "503",
                _ => "504",
            };
            let bad = || Act::page(status);
            let row = |name: &str, acts| Row::acts(format!("{status} {name}"), source, acts);
            rows.push(row("once", vec![bad(), good.clone()]).served().asked(2));
            rows.push(row("twice", vec![bad(), bad(), good.clone()]).served().asked(3));
            rows.push(row("three times", vec![bad(), bad(), bad(), good.clone()]).refused(told).asked(3));
            rows.push(row("for ever", vec![bad()]).refused(told).asked(3));
        }
    }
    check(rows);
}

#[test]
fn statuses_that_are_no_answer() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        for (status, told) in
            [(201, "201"), (202, "202"), (206, "206"), (400, "400"), (403, "403"), (405, "405")]
        {
            let act = Act::Reply(status, String::new(), source.document().into());
            rows.push(Row::new(format!("{status}"), source, act).refused(told).asked(1));
        }
        let empty = |status: &str| {
            Act::Raw(format!("HTTP/1.1 {status} X\r\n\r\n").into_bytes(), e2e::peer::Then::Close)
        };
        rows.push(Row::new("204", source, empty("204")).refused("204").asked(1));
        rows.push(Row::new("304", source, empty("304")).refused("304").asked(1));
    }
    check(rows);
}

#[test]
fn tokens_that_end_between_two_steps() {
    let imds = Source::Imds;
    let good = || Act::ok(imds.document());
    let ended = || Act::page(401);
    let mut rows = vec![
        // A new token is fetched, once.
        Row::acts("token ends on the way", imds, vec![ended(), good()]).served().asked(2),
        Row::new("no token is good", imds, ended()).refused("401").asked(2),
        Row::new("401", Source::Container, ended()).refused("401").asked(1),
    ];
    let sts = |code: &str| {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        );
        Act::Reply(403, String::new(), body.into())
    };
    rows.push(
        Row::new("session ends on the way", Source::Sts, sts("ExpiredToken"))
            .refused("ExpiredToken")
            .asked(1),
    );
    let slow_down = vec![sts("Throttling"), Act::ok(Source::Sts.document())];
    rows.push(Row::acts("throttled once", Source::Sts, slow_down).served().asked(2));
    rows.push(Row::new("throttled for ever", Source::Sts, sts("Throttling")).refused("Throttling").asked(3));
    let cognito = |code: &str| {
        Act::Reply(400, String::new(), format!(r#"{{"__type":"{code}","message":"no"}}"#).into())
    };
    for code in ["ResourceNotFoundException", "NotAuthorizedException"] {
        rows.push(
            Row::new(format!("{code} half-way"), Source::Cognito, cognito(code)).refused(code).asked(1),
        );
    }
    let slow_down = vec![cognito("TooManyRequestsException"), Act::ok(Source::Cognito.document())];
    rows.push(Row::acts("throttled once", Source::Cognito, slow_down).served().asked(2));
    check(rows);
}

//! Documents that are well-formed, and whose credentials may be none.

use e2e::peer::Act;

use crate::source::{END, END_SECONDS, ID, Keys, SECRET, Source, TOKEN};
use crate::table::{Row, check};

/// The document with another end.
fn until(source: Source, time: &str, seconds: &str) -> String {
    source.document().replace(END, time).replace(&format!("{END_SECONDS}.0"), seconds)
}

#[test]
fn ends() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        for (name, time, seconds, told) in [
            ("expired long ago", "2001-01-01T00:00:00Z", "978307200", "expired"),
            ("expired in 1970", "1970-01-01T00:00:00Z", "0", "expired"),
            ("before 1970", "1969-12-31T23:59:59Z", "-1", "Expiration"),
            ("end that is a word", "tomorrow", "\"tomorrow\"", "Expiration"),
            ("end that is empty", "", "\"\"", "Expiration"),
            ("13th month", "2099-13-01T00:00:00Z", "true", "Expiration"),
            ("30th of February", "2099-02-30T00:00:00Z", "[]", "Expiration"),
            ("25th hour", "2099-01-01T25:00:00Z", "{}", "Expiration"),
            ("year of five digits", "12345-01-01T00:00:00Z", "1e300", "Expiration"),
            ("no zone", "2099-01-01T00:00:00", "null", "Expiration"),
        ] {
            rows.push(Row::new(name, source, Act::ok(until(source, time, seconds))).refused(told));
        }
        let last = Keys { expiration: Some("9999-12-31T23:59:59Z".to_owned()), ..source.keys() };
        let body = until(source, "9999-12-31T23:59:59Z", "253402300799");
        rows.push(Row::new("the end of year 9999", source, Act::ok(body)).gives(last));
    }
    for source in [Source::Imds, Source::Container, Source::Sts] {
        let body = until(source, "2099-01-01T02:30:00.999+02:30", "");
        rows.push(Row::new("end with zone and fraction", source, Act::ok(body)).served());
    }
    check(rows);
}

#[test]
fn texts() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        let text = source.document();
        let [secret, token] = source.members();
        for (name, value, member) in
            [("id", ID, "AccessKeyId"), ("secret", SECRET, secret), ("token", TOKEN, token)]
        {
            let row = |what: &str, body: String| Row::new(format!("{name} {what}"), source, Act::ok(body));
            let missing = if source == Source::Sts {
                text.replace(&format!("<{member}>{value}</{member}>"), "")
            } else {
                text.replace(&format!("\"{member}\":\"{value}\","), "")
                    .replace(&format!("\"{member}\":\"{value}\""), "\"other\":\"x\"")
            };
            assert_ne!(missing, text);
            // The core's name for it, whatever the service's.
            let told = match name {
                "token" => "oken",
                "secret" => "Secret",
                _ => member,
            };
            rows.push(row("empty", text.replace(value, "")).refused(told));
            rows.push(row("missing", missing).refused(told));
            if source != Source::Sts {
                rows.push(row("null", text.replace(&format!("\"{value}\""), "null")).refused(told));
            } else {
                let empty = text.replace(&format!("<{member}>{value}</{member}>"), &format!("<{member}/>"));
                rows.push(row("without content", empty).refused(told));
            }
        }
    }
    let imds = Source::Imds.document();
    for (code, told) in
        [("Failed", "Failed"), ("AssumeRoleUnauthorizedAccess", "AssumeRoleUnauthorizedAccess")]
    {
        let body = imds.replace("Success", code);
        rows.push(Row::new(format!("code {code}"), Source::Imds, Act::ok(body)).refused(told));
    }
    check(rows);
}

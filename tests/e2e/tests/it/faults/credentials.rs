//! Well-formed documents with invalid credentials.

use e2e::peer::Act;

use super::source::{END, END_SECONDS, ID, Keys, SECRET, Source, TOKEN};
use super::table::{Row, check};

/// The document with another expiration.
fn expiring(source: Source, time: &str, seconds: &str) -> String {
    source.document().replace(END, time).replace(&format!("{END_SECONDS}.0"), seconds)
}

#[test]
fn expirations() {
    let mut rows = Vec::new();
    for source in Source::ALL {
        for (name, time, seconds, expected) in [
            ("expired long ago", "2001-01-01T00:00:00Z", "978307200", "expired"),
            ("expired in 1970", "1970-01-01T00:00:00Z", "0", "expired"),
            ("before 1970", "1969-12-31T23:59:59Z", "-1", "Expiration"),
            ("expiration that is a word", "tomorrow", "\"tomorrow\"", "Expiration"),
            ("empty expiration", "", "\"\"", "Expiration"),
            ("month 13", "2099-13-01T00:00:00Z", "true", "Expiration"),
            ("February 30", "2099-02-30T00:00:00Z", "[]", "Expiration"),
            ("hour 25", "2099-01-01T25:00:00Z", "{}", "Expiration"),
            ("five-digit year", "12345-01-01T00:00:00Z", "1e300", "Expiration"),
            ("no zone", "2099-01-01T00:00:00", "null", "Expiration"),
        ] {
            let row = Row::new(name, source, Act::ok(expiring(source, time, seconds)));
            // In an outage instance metadata has nothing else.
            let stale = source == Source::Imds && expected == "expired";
            rows.push(if stale { row.served_stale() } else { row.refused(expected) });
        }
        let last = Keys { expiration: Some("9999-12-31T23:59:59Z".to_owned()), ..source.keys() };
        let body = expiring(source, "9999-12-31T23:59:59Z", "253402300799");
        rows.push(Row::new("the end of year 9999", source, Act::ok(body)).returns(last));
    }
    for source in [Source::Imds, Source::Container, Source::Sts] {
        let body = expiring(source, "2099-01-01T02:30:00.999+02:30", "");
        rows.push(Row::new("expiration with zone and fraction", source, Act::ok(body)).served());
    }
    check(rows);
}

#[test]
fn strings() {
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
            // The core's name for the member, regardless of the service's.
            let expected = match name {
                "token" => "oken",
                "secret" => "Secret",
                _ => member,
            };
            rows.push(row("empty", text.replace(value, "")).refused(expected));
            rows.push(row("missing", missing).refused(expected));
            if source != Source::Sts {
                rows.push(row("null", text.replace(&format!("\"{value}\""), "null")).refused(expected));
            } else {
                let empty = text.replace(&format!("<{member}>{value}</{member}>"), &format!("<{member}/>"));
                rows.push(row("without content", empty).refused(expected));
            }
        }
    }
    let imds = Source::Imds.document();
    for (code, expected) in
        [("Failed", "Failed"), ("AssumeRoleUnauthorizedAccess", "AssumeRoleUnauthorizedAccess")]
    {
        let body = imds.replace("Success", code);
        rows.push(Row::new(format!("code {code}"), Source::Imds, Act::ok(body)).refused(expected));
    }
    check(rows);
}

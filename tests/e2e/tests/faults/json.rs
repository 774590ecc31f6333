//! What JSON can hold.

use e2e::peer::Act;

use crate::source::{ID, SECRET, Source};
use crate::table::{Row, check};

#[test]
fn texts() {
    let mut rows = Vec::new();
    for source in Source::JSON {
        let text = source.document();
        let id = format!("\"{ID}\"");
        let with_id = |value: &str| text.replace(&id, value);
        let in_secret = |more: &str| text.replace(SECRET, &format!("{}{more}{}", &SECRET[..4], &SECRET[4..]));
        // Metadata is an object or nothing; of a call's reply the members are looked for.
        let other = if source == Source::Cognito { "has no" } else { "document" };
        for (name, body, told) in [
            ("a mark of byte order", format!("\u{feff}{text}"), "malformed"),
            ("a comment", format!("/* x */{text}"), "malformed"),
            ("a comma too many", text.replace(r#"}"#, ",}"), "malformed"),
            ("no comma", text.replacen(r#"",""#, r#"" ""#, 1), "malformed"),
            ("single quotes", text.replace('"', "'"), "malformed"),
            ("a name without quotes", text.replace(r#""AccessKeyId""#, "AccessKeyId"), "malformed"),
            ("a line end in a text", in_secret("\n"), "malformed"),
            ("a tab in a text", in_secret("\t"), "malformed"),
            ("an unknown escape", in_secret("\\x41"), "malformed"),
            ("a cut-off escape", in_secret("\\u00"), "malformed"),
            ("a lone surrogate, the first", in_secret("\\ud800"), "malformed"),
            ("a lone surrogate, the second", in_secret("\\udc00"), "malformed"),
            ("surrogates in the wrong order", in_secret("\\udc00\\ud800"), "malformed"),
            ("an escaped line end", in_secret("\\r\\nX: y"), "unusable"),
            ("an escaped NUL", in_secret("\\u0000"), "unusable"),
            ("an escaped blank", in_secret("\\u0020"), "unusable"),
            ("a pair of surrogates", in_secret("\\ud83d\\ude00"), "unusable"),
            ("beyond ASCII", in_secret("\u{e9}"), "unusable"),
            ("a number for a text", with_id("7"), "AccessKeyId"),
            ("true for a text", with_id("true"), "AccessKeyId"),
            ("null for a text", with_id("null"), "AccessKeyId"),
            ("a list for a text", with_id(r#"["a"]"#), "AccessKeyId"),
            ("an object for a text", with_id(r#"{"a":"b"}"#), "AccessKeyId"),
            ("a number that is none", with_id("1e"), "malformed"),
            ("a number with a zero first", with_id("01"), "malformed"),
            ("NaN", with_id("NaN"), "malformed"),
            ("null", "null".to_owned(), other),
            ("a list", "[]".to_owned(), other),
            ("a list of it", format!("[{text}]"), other),
            ("a text", r#""x""#.to_owned(), other),
            ("a number", "7".to_owned(), other),
            ("nothing in it", "{}".to_owned(), "has no"),
            ("a name twice", with_id(&format!("{id},\"AccessKeyId\":\"ASIAOTHER\"")), "AccessKeyId"),
            ("a name twice, the same", with_id(&format!("{id},\"AccessKeyId\":{id}")), "AccessKeyId"),
            (
                "a name twice, once with escapes",
                with_id(&format!("{id},\"\\u0041ccessKeyId\":{id}")),
                "AccessKeyId",
            ),
        ] {
            rows.push(Row::new(name, source, Act::ok(body)).refused(told));
        }
        for (name, body) in [
            ("escapes where none are needed", text.replace("ASIA", "\\u0041S\\u0049A").replace('/', "\\/")),
            ("a name with escapes", text.replace("AccessKeyId", "\\u0041ccessKeyId")),
            (
                "members that nobody knows",
                text.replacen('{', r#"{"a":[1,{"b":null}],"c":-1.5e-3,"":"\ud83d\ude00","#, 1),
            ),
            ("other members twice", text.replacen('{', r#"{"a":1,"a":2,"#, 1)),
        ] {
            rows.push(Row::new(name, source, Act::ok(body)).served());
        }
        // Services of metadata are read as the SDKs do, by names in any case: these are there twice.
        let body = text.replacen('{', r#"{"accesskeyid":"x","TOKEN":"y","#, 1);
        let row = Row::new("names in other cases beside it", source, Act::ok(body));
        rows.push(if source == Source::Cognito { row.served() } else { row.refused("AccessKeyId") });
    }
    check(rows);
}

#[test]
fn depth() {
    let mut rows = Vec::new();
    for source in Source::JSON {
        let is_call = source == Source::Cognito;
        // The body of a call may be longer than that of metadata, which is an object or nothing.
        let long = if is_call { "nested too deeply" } else { "too long" };
        let list = if is_call { "nested too deeply" } else { "document" };
        let member = |opening: &str, depth: usize| {
            source.document().replacen('{', &format!("{{\"x\":{}", opening.repeat(depth)), 1)
        };
        for (name, body, told) in [
            ("200,000 lists", "[".repeat(200_000), long),
            ("200,000 lists in a member", member("[", 200_000), long),
            ("200,000 objects", "{\"a\":".repeat(200_000), "too long"),
            ("200,000 objects in a member", member("{\"a\":", 200_000), "too long"),
            ("5,000 lists", "[".repeat(5_000), list),
            ("5,000 lists in a member", member("[", 5_000), "nested too deeply"),
            ("5,000 objects", "{\"a\":".repeat(5_000), "nested too deeply"),
            ("5,000 objects in a member", member("{\"a\":", 5_000), "nested too deeply"),
        ] {
            rows.push(Row::new(name, source, Act::ok(body)).refused(told));
        }
        let brackets = format!("{{\"x\":{}{},", "[".repeat(30), "]".repeat(30));
        rows.push(
            Row::new("30 levels", source, Act::ok(source.document().replacen('{', &brackets, 1))).served(),
        );
    }
    check(rows);
}

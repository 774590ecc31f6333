//! Valid and invalid JSON.

use e2e::peer::Act;

use super::source::{ID, SECRET, Source};
use super::table::{Row, check};

#[test]
fn documents() {
    let mut rows = Vec::new();
    for source in Source::JSON {
        let text = source.document();
        let id = format!("\"{ID}\"");
        let with_id = |value: &str| text.replace(&id, value);
        let in_secret = |more: &str| text.replace(SECRET, &format!("{}{more}{}", &SECRET[..4], &SECRET[4..]));
        // A metadata response must be an object; in a call's response only the members are checked.
        let other = if source == Source::Cognito { "has no" } else { "document" };
        for (name, body, expected) in [
            ("a byte order mark", format!("\u{feff}{text}"), "malformed"),
            ("a comment", format!("/* x */{text}"), "malformed"),
            ("a trailing comma", text.replace(r#"}"#, ",}"), "malformed"),
            ("a missing comma", text.replacen(r#"",""#, r#"" ""#, 1), "malformed"),
            ("single quotes", text.replace('"', "'"), "malformed"),
            ("an unquoted name", text.replace(r#""AccessKeyId""#, "AccessKeyId"), "malformed"),
            ("a line break in a string", in_secret("\n"), "malformed"),
            ("a tab in a string", in_secret("\t"), "malformed"),
            ("an unknown escape", in_secret("\\x41"), "malformed"),
            ("a truncated escape", in_secret("\\u00"), "malformed"),
            ("a lone high surrogate", in_secret("\\ud800"), "malformed"),
            ("a lone low surrogate", in_secret("\\udc00"), "malformed"),
            ("surrogates in the wrong order", in_secret("\\udc00\\ud800"), "malformed"),
            ("an escaped line break", in_secret("\\r\\nX: y"), "unusable"),
            ("an escaped NUL", in_secret("\\u0000"), "unusable"),
            ("an escaped space", in_secret("\\u0020"), "unusable"),
            ("a surrogate pair", in_secret("\\ud83d\\ude00"), "unusable"),
            ("a character beyond ASCII", in_secret("\u{e9}"), "unusable"),
            ("a number for a string", with_id("7"), "AccessKeyId"),
            ("true for a string", with_id("true"), "AccessKeyId"),
            ("null for a string", with_id("null"), "AccessKeyId"),
            ("an array for a string", with_id(r#"["a"]"#), "AccessKeyId"),
            ("an object for a string", with_id(r#"{"a":"b"}"#), "AccessKeyId"),
            ("a malformed number", with_id("1e"), "malformed"),
            ("a number with a leading zero", with_id("01"), "malformed"),
            ("NaN", with_id("NaN"), "malformed"),
            ("null", "null".to_owned(), other),
            ("an array", "[]".to_owned(), other),
            ("an array with the document", format!("[{text}]"), other),
            ("a string", r#""x""#.to_owned(), other),
            ("a number", "7".to_owned(), other),
            ("an empty object", "{}".to_owned(), "has no"),
            ("a duplicate member", with_id(&format!("{id},\"AccessKeyId\":\"ASIAOTHER\"")), "AccessKeyId"),
            (
                "a duplicate member of the same value",
                with_id(&format!("{id},\"AccessKeyId\":{id}")),
                "AccessKeyId",
            ),
            (
                "a duplicate member, once with escapes",
                with_id(&format!("{id},\"\\u0041ccessKeyId\":{id}")),
                "AccessKeyId",
            ),
        ] {
            rows.push(Row::new(name, source, Act::ok(body)).refused(expected));
        }
        for (name, body) in [
            ("unnecessary escapes", text.replace("ASIA", "\\u0041S\\u0049A").replace('/', "\\/")),
            ("a name with escapes", text.replace("AccessKeyId", "\\u0041ccessKeyId")),
            (
                "unknown members",
                text.replacen('{', r#"{"a":[1,{"b":null}],"c":-1.5e-3,"":"\ud83d\ude00","#, 1),
            ),
            ("duplicate unknown members", text.replacen('{', r#"{"a":1,"a":2,"#, 1)),
        ] {
            rows.push(Row::new(name, source, Act::ok(body)).served());
        }
        // Metadata documents are parsed as the SDKs do, ignoring the case of names: these are duplicates.
        let body = text.replacen('{', r#"{"accesskeyid":"x","TOKEN":"y","#, 1);
        let row = Row::new("members that differ in case", source, Act::ok(body));
        rows.push(if source == Source::Cognito { row.served() } else { row.refused("AccessKeyId") });
    }
    check(rows);
}

#[test]
fn depth() {
    let mut rows = Vec::new();
    for source in Source::JSON {
        let is_call = source == Source::Cognito;
        // The body limit of a call is higher than that of metadata, which must be an object.
        let long = if is_call { "nested too deeply" } else { "too long" };
        let list = if is_call { "nested too deeply" } else { "document" };
        let member = |opening: &str, depth: usize| {
            source.document().replacen('{', &format!("{{\"x\":{}", opening.repeat(depth)), 1)
        };
        for (name, body, expected) in [
            ("200,000 arrays", "[".repeat(200_000), long),
            ("200,000 arrays in a member", member("[", 200_000), long),
            ("200,000 objects", "{\"a\":".repeat(200_000), "too long"),
            ("200,000 objects in a member", member("{\"a\":", 200_000), "too long"),
            ("5,000 arrays", "[".repeat(5_000), list),
            ("5,000 arrays in a member", member("[", 5_000), "nested too deeply"),
            ("5,000 objects", "{\"a\":".repeat(5_000), "nested too deeply"),
            ("5,000 objects in a member", member("{\"a\":", 5_000), "nested too deeply"),
        ] {
            rows.push(Row::new(name, source, Act::ok(body)).refused(expected));
        }
        let brackets = format!("{{\"x\":{}{},", "[".repeat(30), "]".repeat(30));
        rows.push(
            Row::new("30 levels", source, Act::ok(source.document().replacen('{', &brackets, 1))).served(),
        );
    }
    check(rows);
}

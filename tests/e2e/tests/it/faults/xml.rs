//! Valid and invalid XML.

use e2e::peer::Act;

use super::source::{END, ID, SECRET, Source, TOKEN};
use super::table::{Row, check};

const STS: Source = Source::Sts;

fn row(name: &str, body: impl Into<Vec<u8>>) -> Row {
    Row::new(name, STS, Act::ok(body))
}

fn with(name: &str, from: &str, to: &str) -> Row {
    let text = STS.document();
    assert!(text.contains(from), "{name}");
    row(name, text.replace(from, to))
}

#[test]
fn valid_xml_is_accepted() {
    let text = STS.document();
    let prefixed = text
        .replace("</", "</a:")
        .replace("xmlns=", "xmlns:a=")
        .replace('<', "<a:")
        .replace("<a:/a:", "</a:");
    let declared = "<?xml version=\"1.0\"?><AssumeRoleResult>";
    check(
        [
            row("prefixes", prefixed),
            with("a duplicate attribute", "<AccessKeyId>", "<AccessKeyId a='b' a='b'>"),
            row("a declaration in the middle", text.replace("<AssumeRoleResult>", declared)),
            row("a declaration", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}")),
            row("comments", text.replace("><", "><!-- > - <x> --><")),
            with("a comment in a value", SECRET, &format!("{}<!-- x -->{}", &SECRET[..5], &SECRET[5..])),
            with("CDATA", SECRET, &format!("<![CDATA[{SECRET}]]>")),
            with("partial CDATA", SECRET, &format!("{}<![CDATA[{}]]>", &SECRET[..5], &SECRET[5..])),
            with("character references", "ASIA", "&#65;&#x53;&#x0049;A"),
            with(
                "attributes",
                "<AccessKeyId>",
                "<AccessKeyId a='<' b=\"'\" >".replace('<', "&lt;").replacen("&lt;", "<", 1).as_str(),
            ),
            with("a processing instruction", "<AccessKeyId>", "<?x y=\"z\"?><AccessKeyId>"),
            row("line breaks", text.replace("><", ">\r\n\t<")),
            with(
                "other elements",
                "<AccessKeyId>",
                "<Other><AccessKeyId>x</AccessKeyId></Other><Empty/><AccessKeyId>",
            ),
            with("whitespace in an end tag", "</AccessKeyId>", "</AccessKeyId \n>"),
            row(
                "30 levels",
                text.replace(
                    "<AssumeRoleResult>",
                    &format!("{}{}<AssumeRoleResult>", "<a>".repeat(25), "</a>".repeat(25)),
                ),
            ),
        ]
        .map(Row::served)
        .into(),
    );
}

#[test]
fn invalid_xml_is_rejected() {
    let text = STS.document();
    let entity = "<!DOCTYPE a [<!ENTITY b \"c\">]>";
    let external = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/hostname\">]>";
    let laughs = "<!DOCTYPE a [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]>";
    let rows = [
        (row("DOCTYPE", format!("<!DOCTYPE html>{text}")), "document type"),
        (row("an internal entity", format!("{entity}{}", text.replace(SECRET, "&b;"))), "document type"),
        (row("an external entity", format!("{external}{}", text.replace(SECRET, "&b;"))), "document type"),
        (row("a billion laughs", format!("{laughs}{}", text.replace(SECRET, "&c;"))), "document type"),
        (row("a byte order mark", format!("\u{feff}{text}")), "malformed"),
        (row("a truncated DOCTYPE", "<!DOCTYPE a [<!ENTITY"), "malformed"),
        (with("an unknown entity", SECRET, "&nbsp;"), "malformed"),
        (with("a bare &", SECRET, "a & b"), "malformed"),
        (with("a reference to NUL", SECRET, "abc&#0;"), "malformed"),
        (with("a reference to a control character", SECRET, "abc&#x1;"), "malformed"),
        (with("a reference to a surrogate", SECRET, "abc&#xd800;"), "malformed"),
        (with("a reference beyond Unicode", SECRET, "abc&#x110000;"), "malformed"),
        (with("a reference without a number", SECRET, "abc&#;"), "malformed"),
        (with("a reference to a line break", SECRET, "abc&#13;&#10;X: y"), "unusable"),
        (with("a space in a value", SECRET, "abc def"), "unusable"),
        (with("a character beyond ASCII", SECRET, "abc\u{e9}"), "unusable"),
        (with("an element in a value", SECRET, "abc<b>d</b>"), "malformed"),
        (
            with("a duplicate element", "<AccessKeyId>", "<AccessKeyId>x</AccessKeyId><AccessKeyId>"),
            "AccessKeyId",
        ),
        (with("an unclosed element", "</AccessKeyId>", ""), "malformed"),
        (
            with(
                "improperly nested tags",
                "</SecretAccessKey><SessionToken>",
                "<SessionToken></SecretAccessKey>",
            ),
            "malformed",
        ),
        (row("an extra end tag", format!("{text}</AssumeRoleResponse>")), "malformed"),
        (row("only start tags", "<AssumeRoleResponse><AssumeRoleResult><Credentials>"), "malformed"),
        (row("a truncated tag", "<AssumeRoleResponse><AssumeRoleResult"), "malformed"),
        (with("an unclosed comment", "<AccessKeyId>", "<!-- <AccessKeyId>"), "malformed"),
        (with("unclosed CDATA", SECRET, &format!("<![CDATA[{SECRET}")), "malformed"),
        (with("an attribute without quotes", "<AccessKeyId>", "<AccessKeyId a=b>"), "malformed"),
        (with("an invalid name", "<AccessKeyId>", "<1/><AccessKeyId>"), "malformed"),
        (row("text outside the root element", format!("x{text}")), "malformed"),
        (row("an HTML document", "<html></html>"), "AssumeRoleResponse"),
        (row("JSON", Source::Imds.document()), "malformed"),
        (with("another call's result", "AssumeRoleResult", "GetSessionTokenResult"), "has no"),
        (with("credentials in another element", "AssumeRoleResult>", "Other>"), "has no"),
        (with("no access key id", &format!("<AccessKeyId>{ID}</AccessKeyId>"), ""), "AccessKeyId"),
        (row("5,000 levels", text.replace("<AssumeRoleResult>", &"<a>".repeat(5_000))), "nested too deeply"),
        (row("200,000 levels", "<a>".repeat(200_000)), "too long"),
    ];
    assert!(text.contains(TOKEN) && text.contains(END));
    check(rows.into_iter().map(|(row, expected)| row.refused(expected)).collect());
}

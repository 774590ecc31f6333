//! What XML can hold.

use e2e::peer::Act;

use crate::source::{END, ID, SECRET, Source, TOKEN};
use crate::table::{Row, check};

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
fn that_is_read() {
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
            with("an attribute twice", "<AccessKeyId>", "<AccessKeyId a='b' a='b'>"),
            row("a declaration in the middle", text.replace("<AssumeRoleResult>", declared)),
            row("a declaration", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}")),
            row("comments", text.replace("><", "><!-- > - <x> --><")),
            with("a comment in a text", SECRET, &format!("{}<!-- x -->{}", &SECRET[..5], &SECRET[5..])),
            with("CDATA", SECRET, &format!("<![CDATA[{SECRET}]]>")),
            with("CDATA in part", SECRET, &format!("{}<![CDATA[{}]]>", &SECRET[..5], &SECRET[5..])),
            with("character references", "ASIA", "&#65;&#x53;&#x0049;A"),
            with(
                "attributes",
                "<AccessKeyId>",
                "<AccessKeyId a='<' b=\"'\" >".replace('<', "&lt;").replacen("&lt;", "<", 1).as_str(),
            ),
            with("a processing instruction", "<AccessKeyId>", "<?x y=\"z\"?><AccessKeyId>"),
            row("line ends", text.replace("><", ">\r\n\t<")),
            with(
                "other elements",
                "<AccessKeyId>",
                "<Other><AccessKeyId>x</AccessKeyId></Other><Empty/><AccessKeyId>",
            ),
            with("blanks in an end tag", "</AccessKeyId>", "</AccessKeyId \n>"),
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
fn that_is_not() {
    let text = STS.document();
    let entity = "<!DOCTYPE a [<!ENTITY b \"c\">]>";
    let external = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/hostname\">]>";
    let laughs = "<!DOCTYPE a [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]>";
    let rows = [
        (row("DOCTYPE", format!("<!DOCTYPE html>{text}")), "document type"),
        (row("an entity of its own", format!("{entity}{}", text.replace(SECRET, "&b;"))), "document type"),
        (row("an external entity", format!("{external}{}", text.replace(SECRET, "&b;"))), "document type"),
        (row("a billion laughs", format!("{laughs}{}", text.replace(SECRET, "&c;"))), "document type"),
        (row("a mark of byte order", format!("\u{feff}{text}")), "malformed"),
        (row("a cut-off DOCTYPE", "<!DOCTYPE a [<!ENTITY"), "malformed"),
        (with("an unknown entity", SECRET, "&nbsp;"), "malformed"),
        (with("an & alone", SECRET, "a & b"), "malformed"),
        (with("a reference to NUL", SECRET, "abc&#0;"), "malformed"),
        (with("a reference to a control character", SECRET, "abc&#x1;"), "malformed"),
        (with("a reference to a surrogate", SECRET, "abc&#xd800;"), "malformed"),
        (with("a reference beyond Unicode", SECRET, "abc&#x110000;"), "malformed"),
        (with("a reference without a number", SECRET, "abc&#;"), "malformed"),
        (with("a reference to a line end", SECRET, "abc&#13;&#10;X: y"), "unusable"),
        (with("a blank in a text", SECRET, "abc def"), "unusable"),
        (with("beyond ASCII", SECRET, "abc\u{e9}"), "unusable"),
        (with("an element in a text", SECRET, "abc<b>d</b>"), "malformed"),
        (
            with("an element twice", "<AccessKeyId>", "<AccessKeyId>x</AccessKeyId><AccessKeyId>"),
            "AccessKeyId",
        ),
        (with("an unclosed element", "</AccessKeyId>", ""), "malformed"),
        (
            with("tags that cross", "</SecretAccessKey><SessionToken>", "<SessionToken></SecretAccessKey>"),
            "malformed",
        ),
        (row("an end too many", format!("{text}</AssumeRoleResponse>")), "malformed"),
        (row("nothing closed", "<AssumeRoleResponse><AssumeRoleResult><Credentials>"), "malformed"),
        (row("a tag that is cut off", "<AssumeRoleResponse><AssumeRoleResult"), "malformed"),
        (with("an unclosed comment", "<AccessKeyId>", "<!-- <AccessKeyId>"), "malformed"),
        (with("unclosed CDATA", SECRET, &format!("<![CDATA[{SECRET}")), "malformed"),
        (with("an attribute without quotes", "<AccessKeyId>", "<AccessKeyId a=b>"), "malformed"),
        (with("a name that is none", "<AccessKeyId>", "<1/><AccessKeyId>"), "malformed"),
        (row("text outside", format!("x{text}")), "malformed"),
        (row("another document", "<html></html>"), "AssumeRoleResponse"),
        (row("JSON", Source::Imds.document()), "malformed"),
        (with("another call's result", "AssumeRoleResult", "GetSessionTokenResult"), "has no"),
        (with("credentials at another place", "AssumeRoleResult>", "Other>"), "has no"),
        (with("none", &format!("<AccessKeyId>{ID}</AccessKeyId>"), ""), "AccessKeyId"),
        (row("5,000 levels", text.replace("<AssumeRoleResult>", &"<a>".repeat(5_000))), "nested too deeply"),
        (row("200,000 levels", "<a>".repeat(200_000)), "too long"),
    ];
    assert!(text.contains(TOKEN) && text.contains(END));
    check(rows.into_iter().map(|(row, told)| row.refused(told)).collect());
}

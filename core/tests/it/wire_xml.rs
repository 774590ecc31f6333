//! The XML parser against quick-xml, and the errors for documents it rejects.

use crate::generator::Draw;
use quick_xml::events::{BytesRef, Event as Theirs};
use rolecall_core::wire::xml::{Event, MAX_DEPTH, Reader};
use rolecall_core::wire::{Cursor, Error, Kind, Put};

/// A document as a flat list of `<name`, text and `>name`; adjacent texts are joined, empty ones omitted.
#[derive(Default, Debug, PartialEq)]
struct Flat(Vec<String>, String);

impl Flat {
    fn text(&mut self, text: &str) {
        self.1.push_str(text);
    }

    fn tag(&mut self, mark: char, name: &str) {
        if !self.1.is_empty() {
            self.0.push(std::mem::take(&mut self.1));
        }
        self.0.push(format!("{mark}{name}"));
    }
}

fn text_of(put: impl Fn(&mut dyn Put)) -> String {
    let mut buffer = vec![0; 4096];
    let mut out = Cursor::new(&mut buffer);
    put(&mut out);
    String::from_utf8(out.finish().unwrap().to_vec()).expect("UTF-8")
}

fn ours(document: &[u8]) -> Result<Vec<String>, Error> {
    let mut reader = Reader::new(document);
    let mut flat = Flat::default();
    while let Some(event) = reader.next_event()? {
        match event {
            Event::Start(name) => flat.tag('<', name),
            Event::End(name) => flat.tag('>', name),
            Event::Text(text) => flat.text(&text_of(|out| text.put(out))),
        }
    }
    Ok(flat.0)
}

fn theirs(document: &[u8]) -> Option<Vec<String>> {
    fn local(name: &str) -> &str {
        name.split_once(':').map_or(name, |(_, local)| local)
    }
    fn character(reference: &BytesRef<'_>) -> Option<char> {
        if let Some(char) = reference.resolve_char_ref().ok()? {
            return Some(char);
        }
        Some(match &**reference {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => return None,
        })
    }
    let mut reader = quick_xml::Reader::from_str(std::str::from_utf8(document).ok()?);
    reader.config_mut().check_comments = true;
    reader.config_mut().expand_empty_elements = true;
    let (mut flat, mut depth) = (Flat::default(), 0);
    loop {
        match reader.read_event().ok()? {
            Theirs::Start(tag) => {
                tag.attributes().with_checks(false).collect::<Result<Vec<_>, _>>().ok()?;
                flat.tag('<', local(tag.name().0));
                depth += 1;
            }
            Theirs::End(tag) => {
                flat.tag('>', local(tag.name().0));
                depth -= 1;
            }
            Theirs::Text(text) if depth > 0 => flat.text(&text),
            Theirs::CData(text) => flat.text(&text),
            Theirs::GeneralRef(reference) => flat.text(&character(&reference)?.to_string()),
            Theirs::Eof => return (depth == 0).then_some(flat.0),
            _ => {}
        }
    }
}

fn refused(document: &str) -> Error {
    ours(document.as_bytes()).expect_err(document)
}

const ASSUME_ROLE: &[u8] = br#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><AssumedRoleId>AROA:name</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/demo/name</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
      <SecretAccessKey>a/b+c&amp;d</SecretAccessKey>
      <SessionToken>FwoG==</SessionToken>
      <Expiration>2026-01-02T03:04:05Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</AssumeRoleResponse>
"#;

const EVERYTHING: &[u8] = "<?xml version='1.0' encoding='UTF-8'?>\n<!-- <a> -->\n<s:a xmlns:s = 'urn:x' b=\"1 > 0 &amp; '\"><b/>x&#x41;&#66;&lt;<![CDATA[<&amp;]]]>é<!----><c-1.x >\r\n</c-1.x></s:a>\n<!-- end -->".as_bytes();

#[test]
fn documents_are_parsed_like_quick_xml() {
    for document in [ASSUME_ROLE, EVERYTHING, b"<a/>", b"<a></a>", b"<a><![CDATA[]]></a>", b"<a>]]</a>"] {
        let events = ours(document).unwrap();
        assert_eq!(Some(events), theirs(document));
    }
    assert_eq!(
        ours(EVERYTHING).unwrap(),
        ["<a", "<b", ">b", "xAB<<&amp;]é", "<c-1.x", "\r\n", ">c-1.x", ">a"]
    );
}

#[test]
fn a_damaged_document_is_rejected_or_parsed_like_quick_xml() {
    let (mut draw, mut accepted) = (Draw::new(11), 0);
    for round in 0..60_000 {
        let sample = if round % 2 == 0 { ASSUME_ROLE } else { EVERYTHING };
        let document = draw.damage(sample, b"<>/&;#x!?-[]'\"= :aA\n\x00\x80");
        if let Ok(events) = ours(&document) {
            accepted += 1;
            assert_eq!(Some(events), theirs(&document), "{}", document.escape_ascii());
        }
    }
    assert!(accepted > 5_000, "only {accepted} documents were compared");
}

#[test]
fn a_truncated_document_is_rejected() {
    for document in [ASSUME_ROLE, EVERYTHING] {
        let end = document.iter().rposition(|byte| *byte == b'/').unwrap();
        for len in 0..=end {
            let error = ours(&document[..len]).expect_err("a truncated document");
            assert!(
                error.offset <= len && error.kind != Kind::Mismatch || error.kind == Kind::BadEscape,
                "{len}: {error}"
            );
        }
    }
}

#[test]
fn errors_are_reported_at_the_wrong_byte() {
    use Kind::*;
    for (document, offset, kind) in [
        ("", 0, UnexpectedEnd),
        (" \n", 2, UnexpectedEnd),
        ("\u{feff}<a/>", 0, UnexpectedByte),
        ("{}", 0, UnexpectedByte),
        ("text<a/>", 0, UnexpectedByte),
        ("<a/>text", 4, UnexpectedByte),
        ("<a/><b/>", 4, TrailingData),
        ("<a><b></a></b>", 8, Mismatch),
        ("<s:a></a>", 7, Mismatch),
        ("<a></A>", 5, Mismatch),
        ("</a>", 2, Mismatch),
        ("<a>", 3, UnexpectedEnd),
        ("<a", 2, UnexpectedEnd),
        ("<a b", 4, UnexpectedEnd),
        ("<a b=", 5, UnexpectedEnd),
        ("<a b='", 6, UnexpectedEnd),
        ("<a b=1/>", 5, UnexpectedByte),
        ("<a b/>", 4, UnexpectedByte),
        ("<a b='1'c='2'/>", 8, UnexpectedByte),
        ("<a b='<'/>", 6, UnexpectedByte),
        ("<a b='&x;'/>", 6, BadEscape),
        ("<a b='\u{1}'/>", 6, ControlCharacter),
        ("< a/>", 1, UnexpectedByte),
        ("<1a/>", 1, UnexpectedByte),
        ("<a / >", 4, UnexpectedByte),
        ("<a></ a>", 5, UnexpectedByte),
        ("<a>&</a>", 3, BadEscape),
        ("<a>&nbsp;</a>", 3, BadEscape),
        ("<a>x&amp</a>", 4, BadEscape),
        ("<a>&#0;</a>", 3, BadEscape),
        ("<a>&#1;</a>", 3, BadEscape),
        ("<a>&#xD800;</a>", 3, BadEscape),
        ("<a>&#xFFFE;</a>", 3, BadEscape),
        ("<a>&#x110000;</a>", 3, BadEscape),
        ("<a>&#-65;</a>", 3, BadEscape),
        ("<a>&#+65;</a>", 3, BadEscape),
        ("<a>&#;</a>", 3, BadEscape),
        ("<a>&#x;</a>", 3, BadEscape),
        ("<a>&#X41;</a>", 3, BadEscape),
        ("<a>x\0</a>", 4, ControlCharacter),
        ("<!-- \0 --><a/>", 5, ControlCharacter),
        ("<?x \0?><a/>", 4, ControlCharacter),
        ("<a><!-- -- --></a>", 10, UnexpectedByte),
        ("<a><!--", 7, UnexpectedEnd),
        ("<a><![CDATA[x]]", 15, UnexpectedEnd),
        ("<![CDATA[x]]>", 1, UnexpectedByte),
        ("<?xml", 5, UnexpectedEnd),
    ] {
        assert_eq!(refused(document), Error { offset, kind }, "{document:?}");
    }
    assert_eq!(ours(b"<a>\xff</a>"), Err(Error { offset: 3, kind: NotUtf8 }));
    assert_eq!(ours(b"<a>\xff\x01</a>"), Err(Error { offset: 3, kind: NotUtf8 }));
    assert_eq!(ours(b"<a>\x01&</a>"), Err(Error { offset: 3, kind: ControlCharacter }));
    assert_eq!(ours(b"<!--\xff--><a/>"), Err(Error { offset: 4, kind: NotUtf8 }));
    assert_eq!(ours(b"<\0a\0/\0>\0"), Err(Error { offset: 1, kind: UnexpectedByte }), "UTF-16");
}

#[test]
fn every_document_type_is_rejected() {
    for document in [
        "<!DOCTYPE a><a/>",
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;&b;'>]><a>&d;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
    ] {
        let error = refused(document);
        assert_eq!((error.kind, error.offset), (Kind::Doctype, document.find("<!D").unwrap()));
    }
    assert!(ours(b"<!doctype a><a/>").is_err());
    assert!(ours(b"<a><!ENTITY b 'c'></a>").is_err());
}

#[test]
fn nesting_beyond_the_limit_is_rejected_at_once() {
    let nested = |depth: usize| ["<a>".repeat(depth), "</a>".repeat(depth)].concat();
    assert!(ours(nested(MAX_DEPTH).as_bytes()).is_ok());
    let error = Error { offset: 3 * MAX_DEPTH, kind: Kind::TooDeep };
    assert_eq!(ours(nested(MAX_DEPTH + 1).as_bytes()), Err(error));
    assert_eq!(ours("<a>".repeat(200_000).as_bytes()), Err(error));
}

#[test]
fn text_split_by_other_nodes_is_joined() {
    let read = |document: &str| {
        let mut reader = Reader::new(document.as_bytes());
        assert!(matches!(reader.next_event(), Ok(Some(Event::Start("a")))));
        let mut buffer = [0; 64];
        let mut out = Cursor::new(&mut buffer);
        reader.text(&mut out)?;
        assert_eq!(reader.next_event(), Ok(None), "the end tag was not consumed");
        Ok::<_, Error>(String::from_utf8(out.finish().unwrap().to_vec()).unwrap())
    };
    assert_eq!(read("<a>one<!-- x --> &amp; <![CDATA[<two>]]><?pi?>&#x33;</a>").unwrap(), "one & <two>3");
    assert_eq!(read("<a/>").unwrap(), "");
    assert_eq!(read("<a>x<b/></a>").unwrap_err().kind, Kind::UnexpectedByte);
    assert_eq!(read("<a>x").unwrap_err().kind, Kind::UnexpectedEnd);
}

#[test]
fn parsing_time_is_linear() {
    let document = format!("<a>{}</a>", "&amp;<![CDATA[]]><b c='&lt;'/><!-- -->".repeat(25_000));
    let start = std::time::Instant::now();
    assert_eq!(ours(document.as_bytes()).map_err(|error| error.kind).map(|events| events.len()), Ok(75_002));
    assert!(start.elapsed().as_secs() < 20, "parsing a megabyte took too long");
}

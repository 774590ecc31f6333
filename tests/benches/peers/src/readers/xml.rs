//! XML, and `quick-xml`.

use quick_xml::events::Event;
use rolecall_core::wire::Cursor;
use rolecall_core::wire::xml::{self, Reader};

use super::{Document, Format, escaped, token};

const NAMES: [&str; 4] = ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"];

/// An answer of STS, many of them, and large elements and texts; and texts with references.
pub(crate) fn format() -> Format {
    let one = answer();
    let list = format!("<List>{}</List>", one.repeat(100));
    let members: String =
        (0..1000).map(|number| format!("<member{number:04}>{}</member{number:04}>", token(120))).collect();
    let pair =
        |text: &str| format!("<C><AccessKeyId>{text}</AccessKeyId><SessionToken>{text}</SessionToken></C>");
    let all = [
        ("AssumeRole", true, one),
        ("list of 100", false, list),
        ("element of 1,000", false, format!("<Members>{members}</Members>")),
        ("64 KiB texts", false, pair(&token(65_536))),
        ("with references", true, pair(&escaped(655, "&#43;"))),
        ("with references, 64 KiB", false, pair(&escaped(65_536, "&#43;"))),
    ];
    let documents = all.map(|(name, small, text)| Document { name, small, text, ours, theirs });
    Format { name: "XML", peer: "quick-xml", documents: documents.into() }
}

/// The answer to AssumeRole, of 1,800 bytes.
fn answer() -> String {
    let with = |token: &str| {
        format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <AssumeRoleResult>\n    \
             <AssumedRoleUser>\n      <AssumedRoleId>AROAROLECALLEXAMPLE0:rolecall</AssumedRoleId>\n      \
             <Arn>arn:aws:sts::123456789012:assumed-role/device/rolecall</Arn>\n    </AssumedRoleUser>\n    \
             <Credentials>\n      <AccessKeyId>ASIAROLECALLEXAMPLE0</AccessKeyId>\n      \
             <SecretAccessKey>rolecall+benches/measure=what+it/costs==</SecretAccessKey>\n      \
             <SessionToken>{token}</SessionToken>\n      <Expiration>2026-03-01T13:00:00Z</Expiration>\n    \
             </Credentials>\n    <PackedPolicySize>6</PackedPolicySize>\n  </AssumeRoleResult>\n  \
             <ResponseMetadata>\n    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>\n  \
             </ResponseMetadata>\n</AssumeRoleResponse>"
        )
    };
    with(&token(1800 - with("").len()))
}

/// Copies each field to the front of the buffer, references resolved.
fn ours(document: &[u8], buffer: &mut [u8]) -> usize {
    let mut reader = Reader::new(document);
    let mut read = 0;
    while let Some(event) = reader.next_event().expect("well-formed") {
        if let xml::Event::Start(name) = event
            && NAMES.contains(&name)
        {
            let mut out = Cursor::new(buffer);
            reader.text(&mut out).expect("text alone");
            read += out.finish().expect("it fits").len();
        }
    }
    read
}

/// The same by events, into one string.
fn theirs(document: &[u8]) -> usize {
    let mut reader = quick_xml::Reader::from_str(str::from_utf8(document).expect("UTF-8"));
    let (mut read, mut wanted, mut field) = (0, false, String::new());
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => wanted = NAMES.contains(&start.local_name().into_inner()),
            Event::Text(text) if wanted => field.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) if wanted => {
                match reference.resolve_char_ref().expect("a reference") {
                    Some(char) => field.push(char),
                    None => unreachable!("no document has another reference"),
                }
            }
            Event::End(_) => {
                read += field.len();
                field.clear();
                wanted = false;
            }
            Event::Eof => return read,
            _ => {}
        }
    }
}

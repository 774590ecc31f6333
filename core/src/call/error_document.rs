//! Error documents of services.

use crate::flow::{Reply, Report};
use crate::wire::json::{Reader as JsonReader, Token};
use crate::wire::xml::{Event, Reader};
use crate::wire::{self, Count, Put};

/// Reads the error of a reply of a status other than 2xx into `report`, including the request's id in its
/// headers. Returns whether it names a code.
pub(super) fn read_reply(reply: &Reply, exchange: &[u8], xml: bool, report: &mut Report) -> bool {
    let (headers, body) = (reply.headers(exchange), reply.body(exchange));
    // A proxy or load balancer in front of a JSON service may answer in XML all the same.
    let read = if xml || body.trim_ascii_start().first() == Some(&b'<') {
        read_error(body, report)
    } else {
        read_json_error(body, headers.text("x-amzn-errortype").unwrap_or_default(), report)
    };
    if report.request_id().is_empty() {
        let id = headers.text("x-amzn-requestid").or(headers.text("x-amz-request-id")).unwrap_or_default();
        report.new_request_id().put(id.as_bytes());
    }
    read.is_ok() && !report.code().is_empty()
}

/// Reads an error document in XML (the Query services, S3) into `report`: `Code`, `Message` and `RequestId`
/// (or `RequestID`), at any depth, each where it occurs first.
///
/// # Errors
/// A document that is not well-formed; the part before the fault is in the report.
pub fn read_error(body: &[u8], report: &mut Report) -> Result<(), wire::Error> {
    let mut reader = Reader::new(body);
    while let Some(event) = reader.next_event()? {
        let Event::Start(name) = event else { continue };
        let first = match name {
            "Code" if report.code().is_empty() => report.new_code(),
            "Message" if report.message().is_empty() => report.new_message(),
            "RequestId" | "RequestID" if report.request_id().is_empty() => report.new_request_id(),
            "Code" | "Message" | "RequestId" | "RequestID" => {
                reader.text(&mut Count(0))?;
                continue;
            }
            _ => continue,
        };
        let mut first = first.bytes();
        let read = reader.text(&mut first);
        if read.is_err() {
            first.clear();
            return read;
        }
    }
    Ok(())
}

/// Reads an error document in JSON into `report`: `__type` or `code`, and `message`. `header` is the value of
/// `X-Amzn-ErrorType`, for a document that names no type.
///
/// # Errors
/// As [`read_error`].
pub fn read_json_error(body: &[u8], header: &str, report: &mut Report) -> Result<(), wire::Error> {
    let read = read_members(body, report);
    if report.code().is_empty() {
        put_code(header, report);
    }
    read
}

fn read_members(body: &[u8], report: &mut Report) -> Result<(), wire::Error> {
    let mut reader = JsonReader::new(body);
    while let Some(token) = reader.next_token()? {
        let Token::Key(key) = token else { continue };
        let value = reader.whole_value()?;
        let Some(Token::Str(text)) = value else { continue };
        if (key.is("__type") || key.is("code")) && report.code().is_empty() {
            put_code(text.plain().unwrap_or_default(), report);
        } else if key.is_ignore_case("message") && report.message().is_empty() {
            text.put(&mut report.new_message());
        }
    }
    Ok(())
}

/// Writes the name of an error's type, without its namespace and the address of its description:
/// `com.amazon.coral.service#AccessDeniedException:http://...`.
fn put_code(text: &str, report: &mut Report) {
    let name = wire::scan::split_once(text, b'#').map_or(text, |(_, name)| name);
    let name = wire::scan::split_once(name, b':').map_or(name, |(name, _)| name);
    report.new_code().put(name.as_bytes());
}

//! A reply as it arrives, decoded in place.

use core::cell::Cell;
use core::ops::Range;

use rolecall_core::error::FailureKind;
use rolecall_core::flow::ReplyHeaders;
use rolecall_core::skew::Now;
use rolecall_core::wire::http1::{Body, Framing, ResponseHead, head_len};

/// Interim replies that are skipped at most.
const MOST_INTERIM: u8 = 8;
/// The start of every head.
const VERSION: &[u8] = b"HTTP/1.";

/// A reply that is read into the front of a buffer: the wanted header lines, then the body without its
/// transfer coding, then free space.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Header lines to keep.
    wanted: ReplyHeaders,
    /// The longest body to take.
    limit: usize,
    /// Whether there is no body, whatever the head says.
    bodiless: bool,
    /// Whether the body of a reply of status 2xx is streamed out.
    pub(crate) streams: bool,
    /// Bytes of the buffer in use.
    filled: usize,
    /// Interim replies so far.
    interim: u8,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// This many bytes were searched for the end of the head.
    Head {
        searched: usize,
    },
    Body(Head, Body),
}

/// What is kept of the head.
#[derive(Debug, Clone, Copy)]
struct Head {
    status: u16,
    keeps_alive: bool,
    /// Length of the header lines; the body starts there.
    headers: usize,
    /// The end of the body so far, and how far it was streamed out.
    end: usize,
    passed_on: usize,
    received: Now,
}

/// A complete reply.
#[derive(Debug, Clone)]
pub(crate) struct Complete {
    pub(crate) status: u16,
    pub(crate) headers: Range<usize>,
    pub(crate) body: Range<usize>,
    /// When the head was complete.
    pub(crate) received: Now,
    /// Whether the connection may be used again.
    pub(crate) keeps_alive: bool,
}

impl Incoming {
    pub(crate) fn new(wanted: ReplyHeaders, limit: u32, bodiless: bool) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let stage = Stage::Head { searched: 0 };
        Self { wanted, limit, bodiless, streams: false, filled: 0, interim: 0, stage }
    }

    /// Whether the head of the final reply is complete.
    pub(crate) fn has_head(&self) -> bool {
        matches!(self.stage, Stage::Body(..))
    }

    /// Where its header lines are, then.
    pub(crate) fn headers(&self) -> Option<Range<usize>> {
        match &self.stage {
            Stage::Head { .. } => None,
            Stage::Body(head, _) => Some(0..head.headers),
        }
    }

    /// Whether the head of the final reply is complete, and its body is streamed out.
    pub(crate) fn is_streamed(&self) -> bool {
        matches!(&self.stage, Stage::Body(head, _) if self.streams && (200..300).contains(&head.status))
    }

    /// The part to stream out before more is received.
    pub(crate) fn pending(&self) -> Option<Range<usize>> {
        let Stage::Body(head, _) = &self.stage else { return None };
        let pending = head.passed_on..head.end;
        Some(pending).filter(|pending| self.is_streamed() && !pending.is_empty())
    }

    /// Records `count` bytes of that as streamed out. When all of it is, its space is free again.
    pub(crate) fn passed_on(&mut self, count: usize) {
        let Stage::Body(head, _) = &mut self.stage else { return };
        head.passed_on = head.passed_on.saturating_add(count).min(head.end);
        if head.passed_on == head.end {
            (head.passed_on, head.end, self.filled) = (head.headers, head.headers, head.headers);
        }
    }

    /// Where the next bytes go: never empty before the end, unless the buffer is.
    pub(crate) fn room<'x>(&self, buffer: &'x mut [u8]) -> &'x mut [u8] {
        buffer.get_mut(self.filled..).unwrap_or_default()
    }

    /// Takes `count` bytes that came into the room.
    pub(crate) fn take(&mut self, buffer: &mut [u8], count: usize, now: Now) -> Result<(), FailureKind> {
        self.filled = self.filled.saturating_add(count).min(buffer.len());
        while let Stage::Head { searched } = self.stage {
            let bytes = buffer.get(..self.filled).unwrap_or_default();
            if bytes.iter().zip(VERSION).any(|(byte, expected)| byte != expected) {
                // Something else listens there, and may wait for us to go on.
                return Err(FailureKind::Protocol);
            }
            match head_len(bytes, searched) {
                Some(len) => self.take_head(buffer, len, now)?,
                None => {
                    self.stage = Stage::Head { searched: self.filled };
                    break;
                }
            }
        }
        self.take_body(buffer)?;
        let is_stuck = !self.is_complete() && self.pending().is_none();
        if is_stuck && self.filled == buffer.len() {
            return Err(FailureKind::TooLarge);
        }
        Ok(())
    }

    /// The stream has ended.
    pub(crate) fn finish(&mut self) -> Result<(), FailureKind> {
        match &mut self.stage {
            Stage::Head { .. } => Err(FailureKind::Closed),
            Stage::Body(_, body) => body.finish().map_err(|_| FailureKind::Closed),
        }
    }

    /// Whether all of the reply has come, and was streamed out where it is.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(&self.stage, Stage::Body(_, body) if body.is_complete() && self.pending().is_none())
    }

    pub(crate) fn complete(&self) -> Option<Complete> {
        let Stage::Body(head, _) = &self.stage else { return None };
        self.is_complete().then_some(Complete {
            status: head.status,
            headers: 0..head.headers,
            body: head.headers..head.end,
            received: head.received,
            keeps_alive: head.keeps_alive,
        })
    }

    /// Reads the head, which is the first `len` bytes; an interim one is skipped.
    fn take_head(&mut self, buffer: &mut [u8], len: usize, now: Now) -> Result<(), FailureKind> {
        let bytes = buffer.get(..len).unwrap_or_default();
        let head = ResponseHead::parse(bytes).map_err(|_| FailureKind::Protocol)?;
        let status = head.status;
        if status == 101 {
            // No protocol switch was requested.
            return Err(FailureKind::Protocol);
        }
        let framing = if self.bodiless { Ok(Framing::Length(0)) } else { head.framing() };
        let framing = framing.map_err(|_| FailureKind::Protocol)?;
        let keeps_alive = head.keeps_alive() && framing != Framing::Close;

        let headers = if status < 200 { 0 } else { keep(buffer, len, self.wanted) };
        shift(buffer, len..self.filled, headers);
        self.filled = self.filled.wrapping_sub(len).wrapping_add(headers);
        if status < 200 {
            self.interim = self.interim.wrapping_add(1);
            self.stage = Stage::Head { searched: 0 };
            return if self.interim > MOST_INTERIM { Err(FailureKind::Protocol) } else { Ok(()) };
        }
        let head = Head { status, keeps_alive, headers, end: headers, passed_on: headers, received: now };
        self.stage = Stage::Body(head, Body::new(framing));
        if self.is_streamed() {
            return Ok(());
        }
        let room = buffer.len().wrapping_sub(headers).min(self.limit);
        match framing {
            // What will not fit is not waited for.
            Framing::Length(length) if length > room as u64 => Err(FailureKind::TooLarge),
            _ => Ok(()),
        }
    }

    /// Closes the gaps that the transfer coding makes in what has come.
    fn take_body(&mut self, buffer: &mut [u8]) -> Result<(), FailureKind> {
        let limit = if self.is_streamed() { usize::MAX } else { self.limit };
        let Stage::Body(head, body) = &mut self.stage else { return Ok(()) };
        let mut coded = head.end;
        while coded < self.filled && !body.is_complete() {
            let step = body.advance(buffer.get(coded..self.filled).unwrap_or_default());
            let step = step.map_err(|_| FailureKind::Protocol)?;
            let data = coded.wrapping_add(step.data.start)..coded.wrapping_add(step.data.end);
            let end = head.end.wrapping_add(data.len());
            if end.wrapping_sub(head.headers) > limit {
                return Err(FailureKind::TooLarge);
            }
            shift(buffer, data, head.end);
            head.end = end;
            coded = coded.wrapping_add(step.used);
        }
        // What comes behind the end of a reply was not asked for.
        head.keeps_alive &= coded >= self.filled;
        self.filled = head.end;
        Ok(())
    }
}

/// Moves the wanted lines of the head, which is the first `len` bytes, to the front; their length.
fn keep(buffer: &mut [u8], len: usize, wanted: ReplyHeaders) -> usize {
    let mut kept = 0usize;
    // Behind the status line.
    let mut start = buffer.iter().position(|byte| *byte == b'\n').map_or(len, |at| at.wrapping_add(1));
    while let Some(rest) = buffer.get(start..len).filter(|rest| !rest.is_empty()) {
        let line = rest.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        // The empty line ends the head.
        let ends = name.len() == line.len();
        let is_wanted = !ends && wanted.include(name);
        let (line, end) = (line.len(), start.wrapping_add(line.len()));
        if is_wanted {
            shift(buffer, start..end, kept);
            kept = kept.wrapping_add(line);
        }
        start = end;
    }
    kept
}

/// Copies `from` to `to`, which is not behind its start. The standard `copy_within` can panic.
fn shift(buffer: &mut [u8], from: Range<usize>, to: usize) {
    if from.start == to {
        return;
    }
    let cells = Cell::from_mut(buffer).as_slice_of_cells();
    let (from, to) = (cells.get(from).unwrap_or_default(), cells.get(to..).unwrap_or_default());
    for (to, from) in to.iter().zip(from) {
        to.set(from.get());
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::format;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    /// Reads a reply that arrives in pieces, optionally followed by the end of the stream.
    fn read(
        reply: &[u8],
        piece: usize,
        size: usize,
        limit: u32,
        ends: bool,
    ) -> Result<Option<(u16, String, String)>, FailureKind> {
        let mut buffer = vec![0xee; size];
        let mut incoming = Incoming::new(ReplyHeaders::Named(&["date", "X-Kept"]), limit, false);
        let mut rest = reply;
        while !rest.is_empty() && incoming.complete().is_none() {
            let room = incoming.room(&mut buffer);
            let count = piece.min(rest.len()).min(room.len());
            assert!(count > 0, "neither free space nor an error");
            room[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            incoming.take(&mut buffer, count, Now::default())?;
        }
        if incoming.complete().is_none() && ends {
            incoming.finish()?;
        }
        let text = |range: Range<usize>| String::from_utf8(buffer[range].to_vec()).unwrap();
        Ok(incoming.complete().map(|done| (done.status, text(done.headers), text(done.body))))
    }

    const HEADERS: &str = "Server: x\r\nDATE: now\r\nX-Kep: no\r\nx-kept:\r\n";
    const KEPT: &str = "DATE: now\r\nx-kept:\r\n";

    /// Replies, and whether each ends only with the stream.
    fn replies() -> [(String, u16, &'static str, bool); 6] {
        let interim = "HTTP/1.1 100 Continue\r\nDate: never\r\n\r\n";
        let chunks = "3\r\nrol\r\n00004;a=b\r\necal\r\n1\r\nl\r\n0\r\nDate: trailer\r\n\r\n";
        [
            (
                format!("HTTP/1.1 200 OK\r\n{HEADERS}Content-Length: 8\r\n\r\nrolecall"),
                200,
                "rolecall",
                false,
            ),
            (
                format!("HTTP/1.1 200\r\n{HEADERS}Transfer-Encoding: chunked\r\n\r\n{chunks}"),
                200,
                "rolecall",
                false,
            ),
            (format!("HTTP/1.0 403 a: b\r\n{HEADERS}\r\nrolecall"), 403, "rolecall", true),
            (
                format!("{interim}{interim}HTTP/1.1 500 X\r\nContent-Length: 2\r\n{HEADERS}\r\nno"),
                500,
                "no",
                false,
            ),
            (format!("HTTP/1.1 204 X\r\n{HEADERS}\r\n"), 204, "", false),
            (format!("HTTP/1.1 200 X\r\n{HEADERS}Content-Length: 0\r\n\r\n"), 200, "", false),
        ]
    }

    #[test]
    fn a_reply_in_pieces_of_any_size_is_the_same() {
        for (reply, status, body, ends) in replies() {
            for piece in 1..=reply.len() {
                let got = read(reply.as_bytes(), piece, 400, 100, ends);
                assert_eq!(got, Ok(Some((status, KEPT.into(), body.into()))), "{piece}: {reply}");
            }
        }
    }

    #[test]
    fn a_reply_fits_the_buffer_or_is_too_large() {
        for (reply, status, body, ends) in replies() {
            let mut fitted = 0;
            for size in 1..=reply.len() + 1 {
                for piece in [1, 7, reply.len()] {
                    match read(reply.as_bytes(), piece, size, 100, ends) {
                        Ok(got) => {
                            assert_eq!(got, Some((status, KEPT.into(), body.into())), "{size}: {reply}");
                            fitted += 1;
                        }
                        Err(kind) => assert_eq!(kind, FailureKind::TooLarge, "{size}: {reply}"),
                    }
                }
            }
            assert!(fitted > 0, "{reply}");
        }
    }

    #[test]
    fn a_truncated_reply_is_an_error() {
        for (reply, .., ends) in replies().into_iter().filter(|(.., ends)| !ends) {
            for len in 0..reply.len() {
                let got = read(&reply.as_bytes()[..len], 5, 400, 100, true);
                assert_eq!(got, Err(FailureKind::Closed), "{len}: {reply}");
            }
            assert!(!ends);
        }
    }

    #[test]
    fn the_limit_applies_to_the_body_only() {
        for (reply, status, body, ends) in replies() {
            let limit = body.len() as u32;
            let whole = Ok(Some((status, KEPT.into(), body.into())));
            assert_eq!(read(reply.as_bytes(), 3, 400, limit, ends), whole);
            if limit > 0 {
                assert_eq!(read(reply.as_bytes(), 3, 400, limit - 1, ends), Err(FailureKind::TooLarge));
            }
        }
    }

    #[test]
    fn all_headers_are_kept_if_requested() {
        for (reply, ..) in replies() {
            let mut buffer = vec![0; 400];
            let mut incoming = Incoming::new(ReplyHeaders::All, 100, false);
            incoming.room(&mut buffer)[..reply.len()].copy_from_slice(reply.as_bytes());
            incoming.take(&mut buffer, reply.len(), Now::default()).unwrap();
            incoming.finish().unwrap();
            let kept = String::from_utf8(buffer[incoming.complete().unwrap().headers].to_vec()).unwrap();
            // From the status line of the final reply to the empty line.
            let (heads, _) = reply.rsplit_once("\r\n\r\n").unwrap();
            let head = heads.split("\r\n\r\n").find(|head| head.contains("Server")).unwrap();
            assert_eq!(kept, format!("{}\r\n", head.split_once("\r\n").unwrap().1), "{reply}");
        }
    }

    #[test]
    fn a_streamed_reply_needs_only_the_space_of_its_head() {
        let body = "rolecall ".repeat(100);
        let head = "HTTP/1.1 200 OK\r\nDate: now\r\n";
        let chunk = format!("384\r\n{body}\r\n0\r\n\r\n");
        for (reply, ends) in [
            (format!("{head}Content-Length: 900\r\n\r\n{body}"), false),
            (format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}"), false),
            (format!("{head}\r\n{body}"), true),
        ] {
            for (size, piece) in [(70, 1), (70, 7), (70, 70), (2_000, 2_000)] {
                for taken in [1, 5, 1_000] {
                    let mut buffer = vec![0; size];
                    let mut incoming = Incoming::new(ReplyHeaders::All, 3, false);
                    incoming.streams = true;
                    let (mut rest, mut got) = (reply.as_bytes(), Vec::new());
                    while incoming.complete().is_none() {
                        if let Some(pending) = incoming.pending() {
                            let count = pending.len().min(taken);
                            got.extend_from_slice(&buffer[pending][..count]);
                            incoming.passed_on(count);
                        } else if rest.is_empty() {
                            assert!(ends);
                            incoming.finish().unwrap();
                        } else {
                            let room = incoming.room(&mut buffer);
                            let count = piece.min(rest.len()).min(room.len());
                            room[..count].copy_from_slice(&rest[..count]);
                            rest = &rest[count..];
                            incoming.take(&mut buffer, count, Now::default()).unwrap();
                        }
                    }
                    let done = incoming.complete().unwrap();
                    assert_eq!(String::from_utf8(got).unwrap(), body);
                    assert!(done.body.is_empty() && buffer[done.headers].starts_with(b"Date: now\r\n"));
                }
            }
        }
    }

    #[test]
    fn surplus_bytes_after_a_reply_end_the_connection() {
        for (reply, .., ends) in replies().into_iter().filter(|(.., ends)| !ends) {
            for surplus in ["", "H"] {
                let mut buffer = vec![0; 400];
                let mut incoming = Incoming::new(ReplyHeaders::Named(&[]), 100, false);
                let bytes = format!("{reply}{surplus}");
                incoming.room(&mut buffer)[..bytes.len()].copy_from_slice(bytes.as_bytes());
                incoming.take(&mut buffer, bytes.len(), Now::default()).unwrap();
                assert_eq!(incoming.complete().unwrap().keeps_alive, surplus.is_empty() && !ends, "{bytes}");
            }
        }
    }
}

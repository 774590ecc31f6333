//! A minimal HTTP client on top of the core's codec, with one connection per exchange.

use rolecall_core::error::{Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Exchange, Reply};
use rolecall_core::wire::http1::{Body, ResponseHead, head_len};

use crate::Link;

/// The answer to an unsupported need.
pub(crate) fn unknown<'a>() -> Answer<'a> {
    failed(Phase::Connect, FailureKind::Denied)
}

pub(crate) fn exchange<'a>(exchange: &Exchange<'_>, buffer: &mut [u8], link: &mut impl Link) -> Answer<'a> {
    let sent = link.now();
    link.open(exchange);
    link.send(exchange.request.bytes(buffer));
    let too_late = |link: &mut dyn FnMut() -> u64| link() > u64::from(exchange.limits.total_ms);

    let mut filled = 0usize;
    let head = loop {
        let searched = filled;
        match fill(buffer, &mut filled, link) {
            Ok(()) => {}
            Err(kind) => return failed(Phase::FirstByte, kind),
        }
        if let Some(len) = head_len(buffer.get(..filled).unwrap_or_default(), searched) {
            break len;
        }
        if too_late(&mut || link.now().monotonic.ms_since(sent.monotonic)) {
            return failed(Phase::FirstByte, FailureKind::Timeout);
        }
    };
    let received = link.now();
    let parsed = ResponseHead::parse(buffer.get(..head).unwrap_or_default());
    let Ok((parsed, framing)) = parsed.and_then(|parsed| Ok((parsed, parsed.framing()?))) else {
        return failed(Phase::FirstByte, FailureKind::Protocol);
    };
    let status = parsed.status;
    let lines = buffer.get(..head).and_then(|head| head.iter().position(|byte| *byte == b'\n'));
    let headers = lines.unwrap_or(0).saturating_add(1)..head.saturating_sub(2);

    // Data is moved to the front, over the bytes of the transfer coding.
    let (mut body, mut end, mut coded) = (Body::new(framing), head, head);
    while !body.is_complete() {
        if coded == filled {
            match fill(buffer, &mut filled, link) {
                Ok(()) => {}
                Err(FailureKind::Closed) if body.finish().is_ok() => break,
                Err(kind) => return failed(Phase::Body, kind),
            }
            if too_late(&mut || link.now().monotonic.ms_since(sent.monotonic)) {
                return failed(Phase::Body, FailureKind::Timeout);
            }
        }
        let Ok(step) = body.advance(buffer.get(coded..filled).unwrap_or_default()) else {
            return failed(Phase::Body, FailureKind::Protocol);
        };
        for at in step.data {
            if let Some(byte) = buffer.get(coded.saturating_add(at)).copied()
                && let Some(place) = buffer.get_mut(end)
            {
                *place = byte;
                end = end.saturating_add(1);
            }
        }
        coded = coded.saturating_add(step.used);
    }
    Answer::Reply(Reply { status, headers, body: head..end, sent, received })
}

/// Receives the next bytes.
fn fill(buffer: &mut [u8], filled: &mut usize, link: &mut impl Link) -> Result<(), FailureKind> {
    let room = buffer.get_mut(*filled..).filter(|room| !room.is_empty()).ok_or(FailureKind::TooLarge)?;
    match link.receive(room) {
        0 => Err(FailureKind::Closed),
        count => {
            *filled = filled.saturating_add(count);
            Ok(())
        }
    }
}

fn failed<'a>(phase: Phase, kind: FailureKind) -> Answer<'a> {
    Answer::Failed(Failure { phase, kind })
}

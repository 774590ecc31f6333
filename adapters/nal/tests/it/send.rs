//! Signed requests with bodies in memory or streamed.

use rolecall_core::call::{Answered, Content, Outgoing, SendRequest};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Error, ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, Limits, RetryPolicy};
use rolecall_core::sigv4::{Rules, Scope, sha256_hex};
use rolecall_core::sources::{Fixed, Held};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::Bodies;

use crate::board::Loop;
use crate::mock::{Mocked, Net, START, StackBehavior, Then, reply};
use crate::on_both_loops;
use crate::streams::{ByteSource, Faults, Sink};

on_both_loops!(
    a_body_in_memory_is_sent_without_a_copy,
    a_stream_larger_than_the_buffer_is_sent,
    a_reply_larger_than_the_buffer_is_written_to_the_sink,
    a_reply_without_a_body_writes_nothing,
    upload_and_download_are_streamed_together,
    an_error_reply_stays_in_the_buffer,
    a_source_that_ends_early_or_fails_is_an_error,
    a_failing_sink_is_an_error,
    a_retry_rewinds_the_source,
    a_source_that_cannot_rewind_is_sent_once,
    a_reply_that_breaks_off_is_not_written_twice,
    a_closed_connection_is_replaced_and_the_body_rewound,
    a_refusal_before_the_body_is_read_is_returned,
    stalls_exceed_their_limits,
    slow_transfers_exceed_the_total_limit,
    a_slow_upload_is_limited_only_while_it_stalls,
    missing_streams_are_an_error_before_anything_is_sent,
    a_head_that_fills_the_buffer_is_too_large,
    held_credentials_are_used,
);

const LIMITS: Limits = Limits { connect_ms: 300, first_byte_ms: 300, total_ms: 900, body_bytes: 64 };
const LONG_LIMITS: Limits =
    Limits { connect_ms: 300, first_byte_ms: 3_000, total_ms: 100_000, body_bytes: 64 };
const SCOPE: Scope<'static> = Scope { region: "eu-central-1", service: "s3", rules: Rules::S3 };

fn base() -> Fixed<'static> {
    Fixed::new(Some(Credentials::new("AKIDGIVEN", "a-secret", Some("the-session-token")).unwrap()))
}

fn outgoing(method: &'static str) -> Outgoing<'static> {
    let mut request = Outgoing::new(method, Endpoint::parse("http://10.0.0.7").unwrap(), "/key", SCOPE);
    request.limits = LIMITS;
    request.retries = RetryPolicy::new(3, 200_000);
    request
}

fn put(len: usize, rewinds: bool) -> Outgoing<'static> {
    let mut request = outgoing("PUT");
    request.content = Content::Streamed { len: len as u64, sha256: None, rewinds };
    request
}

/// Numbered text, in which a missing part is visible.
fn text(len: usize) -> String {
    (0..).flat_map(|number| format!("{number},").into_bytes()).take(len).map(char::from).collect()
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

fn failure(phase: Phase, kind: FailureKind) -> ErrorKind {
    ErrorKind::Transport(Failure { phase, kind })
}

/// A driver with a small buffer over a network with these replies.
fn mocked(on: Loop, serve: impl FnMut(&str) -> (String, Then) + 'static) -> Mocked {
    let mut mocked = Mocked::new(on, Net::new(StackBehavior::default(), serve));
    mocked.exchange = vec![0; 1_024];
    mocked
}

fn stored(_: &str) -> (String, Then) {
    (reply(200, "stored"), Then::Stay)
}

fn upload(
    mocked: &mut Mocked,
    request: Outgoing<'static>,
    source: &mut ByteSource,
) -> Result<Answered, Error> {
    source.faults.time = mocked.net.time.clone();
    let mut sink = Sink::default();
    let mut bodies = Bodies::upload(source).rewinding(|source| source.rewind()).and_download(&mut sink);
    mocked.send_with(&mut base(), request, &mut bodies)
}

fn download(mocked: &mut Mocked, request: Outgoing<'static>, sink: &mut Sink) -> Result<Answered, Error> {
    sink.faults.time = mocked.net.time.clone();
    mocked.send_with(&mut base(), request, &mut only_download(sink))
}

fn only_download(sink: &mut Sink) -> Bodies<&mut ByteSource, &mut Sink> {
    let none: Bodies<&mut ByteSource> = Bodies::upload(Box::leak(Box::default()));
    none.and_download(sink)
}

/// Stacks with short writes, short reads or calls that are not ready.
fn behaviors() -> impl Iterator<Item = StackBehavior> {
    (0..8u8).map(|bits| StackBehavior {
        one_byte: bits & 1 != 0,
        gaps: bits & 2 != 0,
        short_writes: bits & 4 != 0,
        ..StackBehavior::default()
    })
}

fn a_body_in_memory_is_sent_without_a_copy(on: Loop) {
    for behavior in behaviors() {
        let serve =
            |_: &str| ("HTTP/1.1 200 X\r\nETag: \"e\"\r\nContent-Length: 6\r\n\r\nstored".into(), Then::Stay);
        let mut mocked = Mocked::new(on, Net::new(behavior, serve));
        mocked.exchange = vec![0; 1_024];
        let sent: &'static str = Box::leak(text(5_000).into_boxed_str());
        let mut request = outgoing("PUT");
        request.limits = LONG_LIMITS;
        request.content = Content::Bytes(sent.as_bytes());
        let answered = mocked.send(&mut base(), request).unwrap();
        assert_eq!((answered.reply.status, answered.reply.body(&mocked.exchange)), (200, &b"stored"[..]));
        assert_eq!(answered.reply.headers(&mocked.exchange).text("etag"), Some("\"e\""));
        let requests = mocked.net.requests();
        assert_eq!((requests.len(), body(&requests[0])), (1, sent), "{behavior:?}");
        assert!(requests[0].contains(sha256_hex(sent.as_bytes()).as_str()));
        // The next run wipes the reply from the buffer.
        mocked.run(&mut base()).unwrap();
    }
}

fn a_stream_larger_than_the_buffer_is_sent(on: Loop) {
    for behavior in behaviors() {
        for faults in [
            Faults::default(),
            Faults { piece: 7, ..Faults::default() },
            Faults { is_interrupted: true, ..Faults::default() },
        ] {
            let mut mocked = Mocked::new(on, Net::new(behavior, stored));
            mocked.exchange = vec![0; 900];
            let sent = text(5_000);
            // No byte beyond the announced length is read from the source.
            let mut source =
                ByteSource { bytes: format!("{sent}more").into(), faults, ..ByteSource::default() };
            let mut request = put(5_000, false);
            request.limits = LONG_LIMITS;
            let answered = upload(&mut mocked, request, &mut source).unwrap();
            assert_eq!(answered.reply.status, 200);
            assert_eq!(
                mocked.net.requests().iter().map(|request| body(request)).collect::<Vec<_>>(),
                [&sent]
            );
            assert_eq!((source.at, source.rewinds), (5_000, 0), "{behavior:?}");
        }
    }
}

/// Replies with a Content-Length, with chunks, and with a body up to the end of the stream.
fn replies(body: &str) -> [(String, Then); 3] {
    let mut chunked = String::from("HTTP/1.1 200 X\r\nX-Kept: yes\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut rest = body;
    for size in [1, 10, 700, 3_000].into_iter().cycle() {
        let (chunk, others) = rest.split_at(rest.len().min(size));
        chunked += &format!("{:x};a=b\r\n{chunk}\r\n", chunk.len());
        rest = others;
        if chunk.is_empty() {
            break;
        }
    }
    let length = format!("HTTP/1.1 206 X\r\nX-Kept: yes\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let close = format!("HTTP/1.1 200 X\r\nX-Kept: yes\r\n\r\n{body}");
    [(length, Then::Stay), (chunked, Then::Stay), (close, Then::End)]
}

fn a_reply_larger_than_the_buffer_is_written_to_the_sink(on: Loop) {
    let sent = text(10_000);
    for behavior in behaviors() {
        for (served, then) in replies(&sent) {
            if on == Loop::Blocking && then == Then::End {
                // This stack does not report the end of the stream.
                continue;
            }
            for piece in [0, 1] {
                let served = served.clone();
                let mut mocked = Mocked::new(on, Net::new(behavior, move |_| (served.clone(), then)));
                mocked.exchange = vec![0; 600];
                let mut sink = Sink { faults: Faults { piece, ..Faults::default() }, ..Sink::default() };
                let mut request = outgoing("GET");
                request.limits = LONG_LIMITS;
                let answered = download(&mut mocked, request, &mut sink).unwrap();
                assert_eq!(sink.text(), sent, "{behavior:?}");
                assert!(sink.is_flushed);
                let headers = answered.reply.headers(&mocked.exchange);
                assert_eq!(headers.text("x-kept"), Some("yes"));
                assert_eq!(answered.reply.body(&mocked.exchange), b"");
            }
        }
    }
}

fn a_reply_without_a_body_writes_nothing(on: Loop) {
    for (method, served) in [
        ("GET", "HTTP/1.1 204 X\r\n\r\n".to_owned()),
        ("GET", reply(200, "")),
        ("HEAD", "HTTP/1.1 200 X\r\nContent-Length: 77\r\n\r\n".into()),
    ] {
        let mut mocked = mocked(on, move |_| (served.clone(), Then::Stay));
        let mut sink = Sink::default();
        download(&mut mocked, outgoing(method), &mut sink).unwrap();
        assert_eq!(sink.text(), "");
    }
}

fn upload_and_download_are_streamed_together(on: Loop) {
    let mut mocked = mocked(on, |request| (reply(200, &body(request).to_uppercase()), Then::Stay));
    let (mut source, mut sink) = (ByteSource::of("word ".repeat(600)), Sink::default());
    let mut bodies = Bodies::upload(&mut source).and_download(&mut sink);
    mocked.send_with(&mut base(), put(3_000, false), &mut bodies).unwrap();
    assert_eq!(sink.text(), "WORD ".repeat(600));
}

fn an_error_reply_stays_in_the_buffer(on: Loop) {
    let refusal = "<Error><Code>NoSuchKey</Code></Error>";
    for status in [302, 404, 500] {
        let mut mocked = mocked(on, move |_| (reply(status, refusal), Then::Stay));
        let mut sink = Sink::default();
        let mut request = outgoing("GET");
        request.retries.attempts = 1;
        let answered = download(&mut mocked, request, &mut sink).unwrap();
        assert_eq!((answered.reply.status, sink.text()), (status, ""));
        assert_eq!(answered.reply.body(&mocked.exchange), refusal.as_bytes());
        assert_eq!(mocked.report().code(), "NoSuchKey");
    }
    // A larger error body exceeds the body limit.
    let mut mocked = mocked(on, |_| (reply(404, &"x".repeat(65)), Then::Stay));
    let error = download(&mut mocked, outgoing("GET"), &mut Sink::default()).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Body, FailureKind::TooLarge));
}

fn a_source_that_ends_early_or_fails_is_an_error(on: Loop) {
    for fails_at in [None, Some(0), Some(400)] {
        let mut mocked = mocked(on, |_| unreachable!("the request is incomplete"));
        let faults = Faults { fails_at, ..Faults::default() };
        let mut source = ByteSource { bytes: text(1_999).into(), faults, ..ByteSource::default() };
        let error = upload(&mut mocked, put(2_000, false), &mut source).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Other), "{fails_at:?}");
        assert_eq!(mocked.net.connects(), 1);
        // A repeatable stream is retried and fails again.
        let error = upload(&mut mocked, put(2_000, true), &mut source).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Other));
        assert_eq!(mocked.net.connects(), 4);
    }
    // A source that reports more bytes than it returned.
    let mut mocked = mocked(on, stored);
    let faults = Faults { overreports_by: 1, ..Faults::default() };
    let mut source = ByteSource { bytes: text(10).into(), faults, ..ByteSource::default() };
    let error = upload(&mut mocked, put(10, false), &mut source).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Send, FailureKind::Other));
}

fn a_failing_sink_is_an_error(on: Loop) {
    for fails_at in [0, 10, 1_500] {
        let mut mocked = mocked(on, |_| (reply(200, &text(3_000)), Then::Stay));
        let faults = Faults { fails_at: Some(fails_at), ..Faults::default() };
        let mut sink = Sink { faults, ..Sink::default() };
        let error = download(&mut mocked, outgoing("GET"), &mut sink).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Body, FailureKind::Other));
        assert_eq!(sink.text(), text(fails_at));
        assert_eq!(mocked.net.requests().len(), 1, "a sink with a partial body received another one");
    }
}

/// Replies `times` times with this error, then stores.
fn failing(times: usize, sorry: String) -> impl FnMut(&str) -> (String, Then) {
    let mut left = times;
    move |request| {
        left = left.saturating_sub(1);
        if left + 1 > 1 || times == usize::MAX { (sorry.clone(), Then::Stay) } else { stored(request) }
    }
}

fn a_retry_rewinds_the_source(on: Loop) {
    let mut mocked = mocked(on, failing(3, reply(503, "busy")));
    let mut source = ByteSource::of(text(3_000));
    assert_eq!(upload(&mut mocked, put(3_000, true), &mut source).unwrap().reply.status, 200);
    assert_eq!(source.rewinds, 2);
    for request in mocked.net.requests() {
        assert_eq!(body(&request), text(3_000));
    }
    assert_eq!(mocked.net.requests().len(), 3);

    // A source that fails to rewind.
    let mut mocked = self::mocked(on, failing(3, reply(503, "busy")));
    let (mut source, mut sink) = (ByteSource::of(text(3_000)), Sink::default());
    let mut bodies = Bodies::upload(&mut source).rewinding(|_| false).and_download(&mut sink);
    let error = mocked.send_with(&mut base(), put(3_000, true), &mut bodies).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Send, FailureKind::Other));
    assert_eq!(mocked.net.requests().len(), 1);
}

fn a_source_that_cannot_rewind_is_sent_once(on: Loop) {
    let mut mocked = mocked(on, failing(9, reply(503, "busy")));
    let (mut source, mut sink) = (ByteSource::of(text(3_000)), Sink::default());
    // Even if the request allows it.
    let mut bodies = Bodies::upload(&mut source).and_download(&mut sink);
    let answered = mocked.send_with(&mut base(), put(3_000, true), &mut bodies).unwrap();
    assert_eq!((answered.reply.status, mocked.net.requests().len()), (503, 1));
    // Even if the source could.
    let mut mocked = self::mocked(on, failing(9, reply(503, "busy")));
    let answered = upload(&mut mocked, put(3_000, false), &mut ByteSource::of(text(3_000))).unwrap();
    assert_eq!((answered.reply.status, mocked.net.requests().len()), (503, 1));
}

fn a_reply_that_breaks_off_is_not_written_twice(on: Loop) {
    let breaking = || {
        let mut left = 2;
        move |_: &str| {
            left -= 1;
            let mut whole = reply(200, &text(3_000));
            whole.truncate(if left > 0 { 2_000 } else { whole.len() });
            (whole, if left > 0 { Then::Reset } else { Then::Stay })
        }
    };
    let mut mocked = mocked(on, breaking());
    let mut sink = Sink::default();
    let error = download(&mut mocked, outgoing("GET"), &mut sink).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Body, FailureKind::Closed));
    assert_eq!(mocked.net.requests().len(), 1, "a sink with a partial body received another one");
    assert!(text(3_000).starts_with(sink.text()));

    let mut mocked = self::mocked(on, breaking());
    let mut sink = Sink::default();
    let mut bodies = only_download(&mut sink).starting_over(|sink| sink.start_over());
    mocked.send_with(&mut base(), outgoing("GET"), &mut bodies).unwrap();
    assert_eq!((sink.text(), sink.starts), (&*text(3_000), 1));

    // A reply without a body also replaces a partial one.
    let mut first = true;
    let mut mocked = self::mocked(on, move |_| {
        let begun = "HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nbegun".to_owned();
        if std::mem::take(&mut first) { (begun, Then::Reset) } else { (reply(200, ""), Then::Stay) }
    });
    let mut sink = Sink::default();
    let mut bodies = only_download(&mut sink).starting_over(|sink| sink.start_over());
    mocked.send_with(&mut base(), outgoing("GET"), &mut bodies).unwrap();
    assert_eq!((sink.text(), sink.starts), ("", 1));

    // The reply breaks off before the first byte of its body.
    let mut first = true;
    let mut mocked = self::mocked(on, move |request| {
        let begun = ("HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\n".into(), Then::Reset);
        if std::mem::take(&mut first) { begun } else { stored(request) }
    });
    let mut sink = Sink::default();
    let mut bodies = only_download(&mut sink).starting_over(|sink| sink.start_over());
    mocked.send_with(&mut base(), outgoing("GET"), &mut bodies).unwrap();
    assert_eq!((sink.text(), sink.starts), ("stored", 0));
}

fn a_closed_connection_is_replaced_and_the_body_rewound(on: Loop) {
    // With a wrong clock the request is sent twice over one connection.
    let serve = || {
        let mut first = true;
        move |request: &str| {
            let date = UnixTime::from_secs(START).http_date();
            let refused = format!("HTTP/1.1 403 X\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n");
            if std::mem::take(&mut first) { (refused, Then::Stay) } else { stored(request) }
        }
    };
    let head = 600;
    for (cut, size) in [(0, 1_024), (1, 1_024), (head, 1_024), (2_000, 1_024), (2_000, 8_192)] {
        let mut mocked = mocked(on, serve());
        mocked.exchange = vec![0; size];
        mocked.net.set_cut(cut);
        let mut source = ByteSource::of(text(3_000));
        assert_eq!(upload(&mut mocked, put(3_000, true), &mut source).unwrap().reply.status, 200);
        let requests = mocked.net.requests();
        assert_eq!((requests.len(), mocked.net.connects()), (2, 2), "{cut}");
        assert!(requests.iter().all(|request| body(request) == text(3_000)));
        assert!((1..=2).contains(&source.rewinds));

        // The same with a body in memory.
        let mut mocked = self::mocked(on, serve());
        mocked.net.set_cut(cut);
        let mut request = outgoing("PUT");
        request.content = Content::Bytes(text(3_000).leak().as_bytes());
        mocked.send(&mut base(), request).unwrap();
        let requests = mocked.net.requests();
        assert_eq!((requests.len(), mocked.net.connects()), (2, 2), "{cut}");
        assert!(requests.iter().all(|request| body(request) == text(3_000)));

        // A request that is not idempotent is not sent again.
        let mut mocked = self::mocked(on, serve());
        mocked.net.set_cut(cut);
        let mut request = outgoing("POST");
        request.content = Content::Bytes(text(3_000).leak().as_bytes());
        let error = mocked.send(&mut base(), request).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Closed));
        assert_eq!((mocked.net.requests().len(), mocked.net.connects()), (1, 1));
    }
}

fn a_refusal_before_the_body_is_read_is_returned(on: Loop) {
    let refusal = "<Error><Code>ExpiredToken</Code></Error>";
    for then in [Then::End, Then::Reset] {
        let mut mocked = mocked(on, move |_| (reply(403, refusal), then));
        mocked.net.set_replies_early();
        let answered = upload(&mut mocked, put(3_000, false), &mut ByteSource::of(text(3_000))).unwrap();
        assert_eq!((answered.reply.status, answered.credentials_ended), (403, true));
        // Without a reply the send error is returned.
        let mut mocked = self::mocked(on, move |_| (String::new(), Then::Reset));
        mocked.net.set_replies_early();
        let error = upload(&mut mocked, put(3_000, false), &mut ByteSource::of(text(3_000))).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Closed));
    }
    // The connection is not reused after an early reply.
    let mut first = true;
    let mut mocked = mocked(on, move |request| {
        let date = UnixTime::from_secs(START).http_date();
        let refused = format!("HTTP/1.1 403 X\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n");
        if std::mem::take(&mut first) { (refused, Then::Reset) } else { stored(request) }
    });
    mocked.net.set_replies_early();
    // A POST shows it, because a closed connection would not be replaced for it.
    let mut request = outgoing("POST");
    request.content = Content::Bytes(text(3_000).leak().as_bytes());
    mocked.send(&mut base(), request).unwrap();
    assert_eq!((mocked.net.requests().len(), mocked.net.connects()), (2, 2));
}

fn stalls_exceed_their_limits(on: Loop) {
    for stalls_at in [0, 1_000] {
        let faults = Faults { stalls_at: Some(stalls_at), ..Faults::default() };
        let mut mocked = mocked(on, |_| (reply(200, &text(3_000)), Then::Stay));
        let mut source =
            ByteSource { bytes: text(3_000).into(), faults: faults.clone(), ..ByteSource::default() };
        let error = upload(&mut mocked, put(3_000, false), &mut source).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Timeout));
        assert!((300..320).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());

        let mut mocked = self::mocked(on, |_| (reply(200, &text(3_000)), Then::Stay));
        let mut sink = Sink { faults, ..Sink::default() };
        let mut request = outgoing("GET");
        request.retries.attempts = 1;
        let error = download(&mut mocked, request, &mut sink).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Body, FailureKind::Timeout));
        assert!((900..920).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());
    }
    // A peer that stalls within the body.
    let mut mocked = mocked(on, |_| (reply(200, &text(3_000))[..2_000].to_owned(), Then::Stay));
    let mut request = outgoing("GET");
    request.retries.attempts = 1;
    let error = download(&mut mocked, request, &mut Sink::default()).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Body, FailureKind::Timeout));
    assert!((900..920).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());
}

fn slow_transfers_exceed_the_total_limit(on: Loop) {
    let faults = Faults { piece: 1, takes_ms: 200, ..Faults::default() };
    let mut mocked = mocked(on, |_| unreachable!("the request is incomplete"));
    let mut source =
        ByteSource { bytes: text(3_000).into(), faults: faults.clone(), ..ByteSource::default() };
    let error = upload(&mut mocked, put(3_000, false), &mut source).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Send, FailureKind::Timeout));
    assert!((900..1_110).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());

    let mut mocked = self::mocked(on, |_| (reply(200, &text(3_000)), Then::Stay));
    let mut sink = Sink { faults, ..Sink::default() };
    let error = download(&mut mocked, outgoing("GET"), &mut sink).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Body, FailureKind::Timeout));
    assert!(sink.got.len() <= 5);

    // A peer that sends one byte per millisecond.
    let behavior = StackBehavior { one_byte: true, gaps: true, ..StackBehavior::default() };
    let net = Net::new(behavior, |_| (reply(200, &text(3_000)), Then::Stay));
    let mut mocked = Mocked::new(on, net);
    let mut sink = Sink::default();
    let error = download(&mut mocked, outgoing("GET"), &mut sink).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Body, FailureKind::Timeout));
    assert!((500..900).contains(&sink.got.len()), "{}", sink.got.len());
}

fn a_slow_upload_is_limited_only_while_it_stalls(on: Loop) {
    // The whole upload takes longer than the first-byte limit, but each piece takes less.
    let faults = Faults { piece: 500, takes_ms: 100, ..Faults::default() };
    let mut mocked = mocked(on, stored);
    let mut source = ByteSource { bytes: text(3_000).into(), faults, ..ByteSource::default() };
    upload(&mut mocked, put(3_000, false), &mut source).unwrap();
    assert!((600..900).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());
}

fn missing_streams_are_an_error_before_anything_is_sent(on: Loop) {
    let unsupported = failure(Phase::Connect, FailureKind::Unsupported);
    let mut streams = outgoing("GET");
    streams.streams_reply = true;
    for request in [put(5, false), put(0, true), streams] {
        let mut mocked = mocked(on, stored);
        assert_eq!(mocked.send(&mut base(), request).unwrap_err().kind, unsupported);
        // A plain run of the flow has no streams either.
        assert_eq!(mocked.run(&mut SendRequest::new(base(), request)).unwrap_err().kind, unsupported);
        assert_eq!(mocked.net.connects(), 0);
    }
}

fn a_head_that_fills_the_buffer_is_too_large(on: Loop) {
    let mut mocked = mocked(on, stored);
    upload(&mut mocked, put(10, false), &mut ByteSource::of(text(10))).unwrap();
    let head = mocked.net.requests()[0].find("\r\n\r\n").unwrap() + 4;
    for (room, fits) in [(0, false), (1, true)] {
        let mut mocked = self::mocked(on, stored);
        mocked.exchange = vec![0; head + room];
        let result = upload(&mut mocked, put(10, false), &mut ByteSource::of(text(10)));
        match fits {
            true => assert_eq!(body(&mocked.net.requests()[0]), text(10)),
            false => assert_eq!(result.unwrap_err().kind, failure(Phase::Send, FailureKind::TooLarge)),
        }
    }
}

fn held_credentials_are_used(on: Loop) {
    let mut mocked = mocked(on, stored);
    let missing = mocked.send(&mut Held, outgoing("GET")).unwrap_err();
    assert_eq!(missing.kind, ErrorKind::Missing("credentials"));
    mocked.slots[0].store(&Credentials::new("AKIDHELD", "secret", None).unwrap()).unwrap();
    mocked.send(&mut Held, outgoing("GET")).unwrap();
    assert!(mocked.net.requests()[0].contains("Credential=AKIDHELD/"));
}

#[test]
fn after_a_drop_at_any_poll_the_buffer_is_wiped() {
    let behavior = StackBehavior { gaps: true, ..StackBehavior::default() };
    let mut polls = 1;
    loop {
        let net = Net::new(behavior, |_| (reply(200, &text(3_000)), Then::Stay));
        let mut mocked = Mocked::new(Loop::Async, net);
        mocked.exchange = vec![0; 900];
        let (mut source, mut sink) = (ByteSource::of(text(3_000)), Sink::default());
        let mut bodies = Bodies::upload(&mut source).and_download(&mut sink);
        if mocked.send_cancelled(&mut base(), put(3_000, false), &mut bodies, polls) {
            break;
        }
        polls += 1;
    }
    assert!(polls > 10, "only {polls} polls, so too few points to drop at");
}

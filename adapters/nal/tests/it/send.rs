//! Requests that are signed and sent, their bodies in memory or streamed.

use rolecall_core::call::{Answered, Content, Outgoing, SendRequest};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{Error, ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Endpoint, Limits, RetryPolicy};
use rolecall_core::sigv4::{Rules, Scope, sha256_hex};
use rolecall_core::sources::{Fixed, Held};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::Bodies;

use crate::board::Loop;
use crate::mock::{Manner, Mocked, Net, START, Then, reply};
use crate::on_both_loops;
use crate::streams::{Habit, Sink, Spring};

on_both_loops!(
    a_body_goes_out_from_where_it_is,
    a_stream_larger_than_the_buffer_goes_out,
    a_reply_larger_than_the_buffer_comes_to_the_writer,
    a_reply_without_a_body_writes_nothing,
    one_body_goes_out_while_another_comes_in,
    what_is_no_success_stays_in_the_buffer,
    a_stream_that_ends_early_or_fails_is_a_failure,
    a_writer_that_fails_is_a_failure,
    a_retry_rewinds,
    what_cannot_rewind_is_sent_once,
    a_reply_that_breaks_off_is_written_once,
    a_connection_that_crossed_is_replaced_and_the_body_rewound,
    a_refusal_before_the_body_is_read,
    what_takes_too_long_ends_by_its_limit,
    drips_end_by_the_limit_for_the_whole,
    a_body_goes_out_as_long_as_it_is_taken,
    streams_that_are_not_there_are_refused_before_anything_is_sent,
    a_head_that_leaves_no_room_is_too_large,
    the_credentials_may_be_held,
);

const LIMITS: Limits = Limits { connect_ms: 300, first_byte_ms: 300, total_ms: 900, body_bytes: 64 };
const PATIENT: Limits = Limits { connect_ms: 300, first_byte_ms: 3_000, total_ms: 100_000, body_bytes: 64 };
const SCOPE: Scope<'static> = Scope { region: "eu-central-1", service: "s3", rules: Rules::S3 };

fn base() -> Fixed<'static> {
    Fixed::new(Some(Credentials::new("AKIDGIVEN", "a-secret", Some("the-session-token")).unwrap()))
}

fn outgoing(method: &'static str) -> Outgoing<'static> {
    let mut request = Outgoing::new(method, Endpoint::parse("http://10.0.0.7").unwrap(), "/key", SCOPE);
    request.limits = LIMITS;
    request.retries = RetryPolicy { attempts: 3, budget_ms: 200_000 };
    request
}

fn put(len: usize, rewinds: bool) -> Outgoing<'static> {
    let mut request = outgoing("PUT");
    request.content = Content::Streamed { len: len as u64, sha256: None, rewinds };
    request
}

/// Text that shows where a part is missing.
fn text(len: usize) -> String {
    (0..).flat_map(|number| format!("{number},").into_bytes()).take(len).map(char::from).collect()
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

fn failure(phase: Phase, kind: FailureKind) -> ErrorKind {
    ErrorKind::Transport(Failure { phase, kind })
}

/// Over a network that answers so, with a small buffer.
fn mocked(on: Loop, serve: impl FnMut(&str) -> (String, Then) + 'static) -> Mocked {
    let mut mocked = Mocked::new(on, Net::new(Manner::default(), serve));
    mocked.exchange = vec![0; 1_024];
    mocked
}

fn stored(_: &str) -> (String, Then) {
    (reply(200, "stored"), Then::Stay)
}

fn upload(mocked: &mut Mocked, request: Outgoing<'static>, spring: &mut Spring) -> Result<Answered, Error> {
    spring.habit.time = mocked.net.time.clone();
    let mut sink = Sink::default();
    let mut bodies = Bodies::upload(spring).rewinding(|spring| spring.rewind()).and_download(&mut sink);
    mocked.send_with(&mut base(), request, &mut bodies)
}

fn download(mocked: &mut Mocked, request: Outgoing<'static>, sink: &mut Sink) -> Result<Answered, Error> {
    sink.habit.time = mocked.net.time.clone();
    mocked.send_with(&mut base(), request, &mut only_download(sink))
}

fn only_download(sink: &mut Sink) -> Bodies<&mut Spring, &mut Sink> {
    let none: Bodies<&mut Spring> = Bodies::upload(Box::leak(Box::default()));
    none.and_download(sink)
}

/// Peers that take few bytes at a time, give few, or make one wait.
fn manners() -> impl Iterator<Item = Manner> {
    (0..8u8).map(|bits| Manner {
        one_byte: bits & 1 != 0,
        gaps: bits & 2 != 0,
        short_writes: bits & 4 != 0,
        ..Manner::default()
    })
}

fn a_body_goes_out_from_where_it_is(on: Loop) {
    for manner in manners() {
        let serve =
            |_: &str| ("HTTP/1.1 200 X\r\nETag: \"e\"\r\nContent-Length: 6\r\n\r\nstored".into(), Then::Stay);
        let mut mocked = Mocked::new(on, Net::new(manner, serve));
        mocked.exchange = vec![0; 1_024];
        let sent: &'static str = Box::leak(text(5_000).into_boxed_str());
        let mut request = outgoing("PUT");
        request.limits = PATIENT;
        request.content = Content::Bytes(sent.as_bytes());
        let answered = mocked.send(&mut base(), request).unwrap();
        assert_eq!((answered.reply.status, answered.reply.body(&mocked.exchange)), (200, &b"stored"[..]));
        assert_eq!(answered.reply.headers(&mocked.exchange).text("etag"), Some("\"e\""));
        let requests = mocked.net.requests();
        assert_eq!((requests.len(), body(&requests[0])), (1, sent), "{manner:?}");
        assert!(requests[0].contains(sha256_hex(sent.as_bytes()).as_str()));
        // The next run wipes the reply.
        mocked.run(&mut base()).unwrap();
    }
}

fn a_stream_larger_than_the_buffer_goes_out(on: Loop) {
    for manner in manners() {
        for habit in [
            Habit::default(),
            Habit { piece: 7, ..Habit::default() },
            Habit { is_interrupted: true, ..Habit::default() },
        ] {
            let mut mocked = Mocked::new(on, Net::new(manner, stored));
            mocked.exchange = vec![0; 900];
            let sent = text(5_000);
            // Not one byte more than announced is asked for.
            let mut spring = Spring { bytes: format!("{sent}more").into(), habit, ..Spring::default() };
            let mut request = put(5_000, false);
            request.limits = PATIENT;
            let answered = upload(&mut mocked, request, &mut spring).unwrap();
            assert_eq!(answered.reply.status, 200);
            assert_eq!(
                mocked.net.requests().iter().map(|request| body(request)).collect::<Vec<_>>(),
                [&sent]
            );
            assert_eq!((spring.at, spring.rewinds), (5_000, 0), "{manner:?}");
        }
    }
}

/// A body with a length, in chunks, and up to the end of the stream.
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

fn a_reply_larger_than_the_buffer_comes_to_the_writer(on: Loop) {
    let sent = text(10_000);
    for manner in manners() {
        for (served, then) in replies(&sent) {
            if on == Loop::Blocking && then == Then::End {
                // To this stack an end is silence.
                continue;
            }
            for piece in [0, 1] {
                let served = served.clone();
                let mut mocked = Mocked::new(on, Net::new(manner, move |_| (served.clone(), then)));
                mocked.exchange = vec![0; 600];
                let mut sink = Sink { habit: Habit { piece, ..Habit::default() }, ..Sink::default() };
                let mut request = outgoing("GET");
                request.limits = PATIENT;
                let answered = download(&mut mocked, request, &mut sink).unwrap();
                assert_eq!(sink.text(), sent, "{manner:?}");
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

fn one_body_goes_out_while_another_comes_in(on: Loop) {
    let mut mocked = mocked(on, |request| (reply(200, &body(request).to_uppercase()), Then::Stay));
    let (mut spring, mut sink) = (Spring::of("word ".repeat(600)), Sink::default());
    let mut bodies = Bodies::upload(&mut spring).and_download(&mut sink);
    mocked.send_with(&mut base(), put(3_000, false), &mut bodies).unwrap();
    assert_eq!(sink.text(), "WORD ".repeat(600));
}

fn what_is_no_success_stays_in_the_buffer(on: Loop) {
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
    // Up to its limit.
    let mut mocked = mocked(on, |_| (reply(404, &"x".repeat(65)), Then::Stay));
    let error = download(&mut mocked, outgoing("GET"), &mut Sink::default()).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Body, FailureKind::TooLarge));
}

fn a_stream_that_ends_early_or_fails_is_a_failure(on: Loop) {
    for fails_at in [None, Some(0), Some(400)] {
        let mut mocked = mocked(on, |_| unreachable!("the request is not whole"));
        let habit = Habit { fails_at, ..Habit::default() };
        let mut spring = Spring { bytes: text(1_999).into(), habit, ..Spring::default() };
        let error = upload(&mut mocked, put(2_000, false), &mut spring).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Other), "{fails_at:?}");
        assert_eq!(mocked.net.connects(), 1);
        // One that may be given again is; it fails again.
        let error = upload(&mut mocked, put(2_000, true), &mut spring).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Other));
        assert_eq!(mocked.net.connects(), 4);
    }
    // One that claims to have given what is none of its.
    let mut mocked = mocked(on, stored);
    let habit = Habit { lies_by: 1, ..Habit::default() };
    let mut spring = Spring { bytes: text(10).into(), habit, ..Spring::default() };
    let error = upload(&mut mocked, put(10, false), &mut spring).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Send, FailureKind::Other));
}

fn a_writer_that_fails_is_a_failure(on: Loop) {
    for fails_at in [0, 10, 1_500] {
        let mut mocked = mocked(on, |_| (reply(200, &text(3_000)), Then::Stay));
        let habit = Habit { fails_at: Some(fails_at), ..Habit::default() };
        let mut sink = Sink { habit, ..Sink::default() };
        let error = download(&mut mocked, outgoing("GET"), &mut sink).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Body, FailureKind::Other));
        assert_eq!(sink.text(), text(fails_at));
        assert_eq!(mocked.net.requests().len(), 1, "a writer that has a part was given another body");
    }
}

/// Fails as often, with this reply.
fn failing(times: usize, sorry: String) -> impl FnMut(&str) -> (String, Then) {
    let mut left = times;
    move |request| {
        left = left.saturating_sub(1);
        if left + 1 > 1 || times == usize::MAX { (sorry.clone(), Then::Stay) } else { stored(request) }
    }
}

fn a_retry_rewinds(on: Loop) {
    let mut mocked = mocked(on, failing(3, reply(503, "busy")));
    let mut spring = Spring::of(text(3_000));
    assert_eq!(upload(&mut mocked, put(3_000, true), &mut spring).unwrap().reply.status, 200);
    assert_eq!(spring.rewinds, 2);
    for request in mocked.net.requests() {
        assert_eq!(body(&request), text(3_000));
    }
    assert_eq!(mocked.net.requests().len(), 3);

    // A reader that is lost.
    let mut mocked = self::mocked(on, failing(3, reply(503, "busy")));
    let (mut spring, mut sink) = (Spring::of(text(3_000)), Sink::default());
    let mut bodies = Bodies::upload(&mut spring).rewinding(|_| false).and_download(&mut sink);
    let error = mocked.send_with(&mut base(), put(3_000, true), &mut bodies).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Send, FailureKind::Other));
    assert_eq!(mocked.net.requests().len(), 1);
}

fn what_cannot_rewind_is_sent_once(on: Loop) {
    let mut mocked = mocked(on, failing(9, reply(503, "busy")));
    let (mut spring, mut sink) = (Spring::of(text(3_000)), Sink::default());
    // Whatever the request says.
    let mut bodies = Bodies::upload(&mut spring).and_download(&mut sink);
    let answered = mocked.send_with(&mut base(), put(3_000, true), &mut bodies).unwrap();
    assert_eq!((answered.reply.status, mocked.net.requests().len()), (503, 1));
    // Whatever the reader could.
    let mut mocked = self::mocked(on, failing(9, reply(503, "busy")));
    let answered = upload(&mut mocked, put(3_000, false), &mut Spring::of(text(3_000))).unwrap();
    assert_eq!((answered.reply.status, mocked.net.requests().len()), (503, 1));
}

fn a_reply_that_breaks_off_is_written_once(on: Loop) {
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
    assert_eq!(mocked.net.requests().len(), 1, "a writer that has a part was given another body");
    assert!(text(3_000).starts_with(sink.text()));

    let mut mocked = self::mocked(on, breaking());
    let mut sink = Sink::default();
    let mut bodies = only_download(&mut sink).starting_over(|sink| sink.start_over());
    mocked.send_with(&mut base(), outgoing("GET"), &mut bodies).unwrap();
    assert_eq!((sink.text(), sink.starts), (&*text(3_000), 1));

    // A reply without a body takes the place of a part, too.
    let mut first = true;
    let mut mocked = self::mocked(on, move |_| {
        let begun = "HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nbegun".to_owned();
        if std::mem::take(&mut first) { (begun, Then::Reset) } else { (reply(200, ""), Then::Stay) }
    });
    let mut sink = Sink::default();
    let mut bodies = only_download(&mut sink).starting_over(|sink| sink.start_over());
    mocked.send_with(&mut base(), outgoing("GET"), &mut bodies).unwrap();
    assert_eq!((sink.text(), sink.starts), ("", 1));

    // It breaks off before a byte of the body.
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

fn a_connection_that_crossed_is_replaced_and_the_body_rewound(on: Loop) {
    // A clock that is wrong has the request sent twice over one connection.
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
        let mut spring = Spring::of(text(3_000));
        assert_eq!(upload(&mut mocked, put(3_000, true), &mut spring).unwrap().reply.status, 200);
        let requests = mocked.net.requests();
        assert_eq!((requests.len(), mocked.net.connects()), (2, 2), "{cut}");
        assert!(requests.iter().all(|request| body(request) == text(3_000)));
        assert!((1..=2).contains(&spring.rewinds));

        // The same for bytes.
        let mut mocked = self::mocked(on, serve());
        mocked.net.set_cut(cut);
        let mut request = outgoing("PUT");
        request.content = Content::Bytes(text(3_000).leak().as_bytes());
        mocked.send(&mut base(), request).unwrap();
        let requests = mocked.net.requests();
        assert_eq!((requests.len(), mocked.net.connects()), (2, 2), "{cut}");
        assert!(requests.iter().all(|request| body(request) == text(3_000)));

        // What is not to be executed twice is not sent again.
        let mut mocked = self::mocked(on, serve());
        mocked.net.set_cut(cut);
        let mut request = outgoing("POST");
        request.content = Content::Bytes(text(3_000).leak().as_bytes());
        let error = mocked.send(&mut base(), request).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Closed));
        assert_eq!((mocked.net.requests().len(), mocked.net.connects()), (1, 1));
    }
}

fn a_refusal_before_the_body_is_read(on: Loop) {
    let refusal = "<Error><Code>ExpiredToken</Code></Error>";
    for then in [Then::End, Then::Reset] {
        let mut mocked = mocked(on, move |_| (reply(403, refusal), then));
        mocked.net.set_hasty();
        let answered = upload(&mut mocked, put(3_000, false), &mut Spring::of(text(3_000))).unwrap();
        assert_eq!((answered.reply.status, answered.credentials_ended), (403, true));
        // Without a word it is what it was.
        let mut mocked = self::mocked(on, move |_| (String::new(), Then::Reset));
        mocked.net.set_hasty();
        let error = upload(&mut mocked, put(3_000, false), &mut Spring::of(text(3_000))).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Closed));
    }
    // The connection is not used again.
    let mut first = true;
    let mut mocked = mocked(on, move |request| {
        let date = UnixTime::from_secs(START).http_date();
        let refused = format!("HTTP/1.1 403 X\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n");
        if std::mem::take(&mut first) { (refused, Then::Reset) } else { stored(request) }
    });
    mocked.net.set_hasty();
    // It would not be replaced for what may not be sent twice.
    let mut request = outgoing("POST");
    request.content = Content::Bytes(text(3_000).leak().as_bytes());
    mocked.send(&mut base(), request).unwrap();
    assert_eq!((mocked.net.requests().len(), mocked.net.connects()), (2, 2));
}

fn what_takes_too_long_ends_by_its_limit(on: Loop) {
    for stalls_at in [0, 1_000] {
        let habit = Habit { stalls_at: Some(stalls_at), ..Habit::default() };
        let mut mocked = mocked(on, |_| (reply(200, &text(3_000)), Then::Stay));
        let mut spring = Spring { bytes: text(3_000).into(), habit: habit.clone(), ..Spring::default() };
        let error = upload(&mut mocked, put(3_000, false), &mut spring).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Send, FailureKind::Timeout));
        assert!((300..320).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());

        let mut mocked = self::mocked(on, |_| (reply(200, &text(3_000)), Then::Stay));
        let mut sink = Sink { habit, ..Sink::default() };
        let mut request = outgoing("GET");
        request.retries.attempts = 1;
        let error = download(&mut mocked, request, &mut sink).unwrap_err();
        assert_eq!(error.kind, failure(Phase::Body, FailureKind::Timeout));
        assert!((900..920).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());
    }
    // A peer that falls silent in the middle.
    let mut mocked = mocked(on, |_| (reply(200, &text(3_000))[..2_000].to_owned(), Then::Stay));
    let mut request = outgoing("GET");
    request.retries.attempts = 1;
    let error = download(&mut mocked, request, &mut Sink::default()).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Body, FailureKind::Timeout));
    assert!((900..920).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());
}

fn drips_end_by_the_limit_for_the_whole(on: Loop) {
    let habit = Habit { piece: 1, takes_ms: 200, ..Habit::default() };
    let mut mocked = mocked(on, |_| unreachable!("the request is not whole"));
    let mut spring = Spring { bytes: text(3_000).into(), habit: habit.clone(), ..Spring::default() };
    let error = upload(&mut mocked, put(3_000, false), &mut spring).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Send, FailureKind::Timeout));
    assert!((900..1_110).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());

    let mut mocked = self::mocked(on, |_| (reply(200, &text(3_000)), Then::Stay));
    let mut sink = Sink { habit, ..Sink::default() };
    let error = download(&mut mocked, outgoing("GET"), &mut sink).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Body, FailureKind::Timeout));
    assert!(sink.got.len() <= 5);

    // A peer that gives a byte at a time, and a millisecond for each.
    let manner = Manner { one_byte: true, gaps: true, ..Manner::default() };
    let net = Net::new(manner, |_| (reply(200, &text(3_000)), Then::Stay));
    let mut mocked = Mocked::new(on, net);
    let mut sink = Sink::default();
    let error = download(&mut mocked, outgoing("GET"), &mut sink).unwrap_err();
    assert_eq!(error.kind, failure(Phase::Body, FailureKind::Timeout));
    assert!((500..900).contains(&sink.got.len()), "{}", sink.got.len());
}

fn a_body_goes_out_as_long_as_it_is_taken(on: Loop) {
    // Longer in all than the first byte of the reply may take, each piece in less.
    let habit = Habit { piece: 500, takes_ms: 100, ..Habit::default() };
    let mut mocked = mocked(on, stored);
    let mut spring = Spring { bytes: text(3_000).into(), habit, ..Spring::default() };
    upload(&mut mocked, put(3_000, false), &mut spring).unwrap();
    assert!((600..900).contains(&mocked.net.time.get()), "{}", mocked.net.time.get());
}

fn streams_that_are_not_there_are_refused_before_anything_is_sent(on: Loop) {
    let unsupported = failure(Phase::Connect, FailureKind::Unsupported);
    let mut streams = outgoing("GET");
    streams.streams_reply = true;
    for request in [put(5, false), put(0, true), streams] {
        let mut mocked = mocked(on, stored);
        assert_eq!(mocked.send(&mut base(), request).unwrap_err().kind, unsupported);
        // Nor does a plain run of the flow.
        assert_eq!(mocked.run(&mut SendRequest::new(base(), request)).unwrap_err().kind, unsupported);
        assert_eq!(mocked.net.connects(), 0);
    }
}

fn a_head_that_leaves_no_room_is_too_large(on: Loop) {
    let mut mocked = mocked(on, stored);
    upload(&mut mocked, put(10, false), &mut Spring::of(text(10))).unwrap();
    let head = mocked.net.requests()[0].find("\r\n\r\n").unwrap() + 4;
    for (room, fits) in [(0, false), (1, true)] {
        let mut mocked = self::mocked(on, stored);
        mocked.exchange = vec![0; head + room];
        let result = upload(&mut mocked, put(10, false), &mut Spring::of(text(10)));
        match fits {
            true => assert_eq!(body(&mocked.net.requests()[0]), text(10)),
            false => assert_eq!(result.unwrap_err().kind, failure(Phase::Send, FailureKind::TooLarge)),
        }
    }
}

fn the_credentials_may_be_held(on: Loop) {
    let mut mocked = mocked(on, stored);
    let missing = mocked.send(&mut Held, outgoing("GET")).unwrap_err();
    assert_eq!(missing.kind, ErrorKind::Missing("credentials"));
    mocked.slots[0].store(&Credentials::new("AKIDHELD", "secret", None).unwrap()).unwrap();
    mocked.send(&mut Held, outgoing("GET")).unwrap();
    assert!(mocked.net.requests()[0].contains("Credential=AKIDHELD/"));
}

#[test]
fn dropped_after_any_poll_nothing_is_left() {
    let manner = Manner { gaps: true, ..Manner::default() };
    let mut polls = 1;
    loop {
        let net = Net::new(manner, |_| (reply(200, &text(3_000)), Then::Stay));
        let mut mocked = Mocked::new(Loop::Async, net);
        mocked.exchange = vec![0; 900];
        let (mut spring, mut sink) = (Spring::of(text(3_000)), Sink::default());
        let mut bodies = Bodies::upload(&mut spring).and_download(&mut sink);
        if mocked.give_sending_up(&mut base(), put(3_000, false), &mut bodies, polls) {
            break;
        }
        polls += 1;
    }
    assert!(polls > 10, "{polls} polls: the stack waits too little");
}

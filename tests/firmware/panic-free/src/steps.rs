//! Sources as sequences of steps, requests, and kept keys and credentials.

use core::fmt::Debug;
use core::hint::black_box;

use rolecall_core::error::{ErrorKind, Failure, FailureKind, Origin, Phase};
use rolecall_core::flow::{Ask, Context, Flow, Lease, Next, Outcome, Source, Stage, Trouble, Workspace};
use rolecall_core::sigv4::SigningKeys;
use rolecall_core::{call, credentials, error, flow, sigv4, skew, sources, wire};

use crate::sources::{endpoint, limits, retry_policy, run};
use crate::{bytes, formatted, number, signing, state, text, used};

pub(crate) fn call() {
    let Ok(endpoint) = endpoint() else { return };
    stages();
    own(endpoint);
    built_in();
    request(endpoint);
    kept();
    exchange(endpoint);
}

fn stages() {
    used(flow::Stage::base());
    let stage = black_box(flow::Stage::local("step"));
    let stage = flow::Stage::timed(stage);
    let stage = flow::Stage::back_to(stage, number());
    let stage = flow::Stage::retries(stage, black_box(flow::Retries::Passing));
    let stage = flow::Stage::takes_expired(stage);
    let stage = flow::Stage::presents_certificate(stage);
    used(flow::Stage::reply_headers(stage, &["date"]));
    used(black_box(flow::Stage::service("step")));
    used(black_box(flow::Stage::metadata("step")));
}

/// A source defined by the caller.
struct Own(flow::Endpoint<'static>, sources::Held);

impl Source<'static> for Own {
    fn origin(&self) -> Origin {
        Origin::Custom(text())
    }

    fn stage(&self, at: u8) -> &'static Stage {
        const REMOTE: Stage = Stage::service("step");
        const BASE: Stage = Stage::base();
        if at == 0 { &BASE } else { &REMOTE }
    }

    fn ask(&mut self, at: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'static>, ErrorKind> {
        used(flow::Workspace::slot(work)?);
        match at {
            0 => Ok(Ask::Base),
            1 => flow::Workspace::get(work, self.0, &[text()], &[(text(), bytes())]),
            _ => flow::Workspace::request(work, text(), self.0, &[text()], &[]),
        }
    }

    fn take(&mut self, at: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        used(flow::Outcome::content(&outcome, work.exchange).is_ok());
        if at == 0 {
            return black_box(Ok(Next::Step(1)));
        }
        let received = flow::Outcome::reply(outcome)?;
        flow::Received::expect(&received, number())?;
        sources::Document::take(black_box(sources::Document::Portal), work, &received)?;
        used(<flow::Trouble as From<ErrorKind>>::from(ErrorKind::Misuse).kind);
        black_box(Err(flow::Trouble::retry(ErrorKind::Misuse)))
    }

    fn base(&mut self) -> Option<(&mut dyn Flow<'static, Output = Lease>, usize)> {
        Some((&mut self.1, black_box(0)))
    }
}

fn own(endpoint: flow::Endpoint<'static>) {
    let mut own = Own(endpoint, sources::Held);
    used(flow::Source::slots(&own));
    used(flow::Source::step(&own, number()));
    used(flow::Source::elsewhere(&mut own, number(), failure()));
    used(flow::Lease::new(None, None));
    used(flow::Source::failed(&own, number(), failure()));
    used(flow::Source::base_failed(&own, error::Error::new(Origin::Other, "", ErrorKind::Misuse)));
    flow::Source::restart(&mut own);
    used(flow::Source::base(&mut own).is_some());
    let source = flow::Sequence::of(own);
    let source = flow::Sequence::with_limits(source, limits());
    let mut source = flow::Sequence::with_retry_policy(source, retry_policy());
    used(flow::Sequence::source(&source).0.port());
    run(&mut source);
    used(<flow::Sequence<_> as Flow>::slots(&source));
    let mut memory = [0; 64];
    let mut slots = [flow::Slot::new(black_box(&mut memory))];
    let mut exchange = [0; 64];
    let mut memory = flow::Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slots) };
    let (mut clock, mut report) = (skew::Clock::new(), flow::Report::new());
    let mut cx = Context { now: state::now(), entropy: number(), clock: &mut clock, report: &mut report };
    used(matches!(<flow::Sequence<_> as Flow>::poll(&mut source, &mut cx, &mut memory), flow::Step::Need(_)));
    <flow::Sequence<_> as Flow>::answer(&mut source, &mut cx, &mut memory, flow::Answer::Failed(failure()));
    <flow::Sequence<_> as Flow>::restart(&mut source);

    let mut held = sources::Held;
    used(<sources::Held as Flow>::slots(&held));
    used(matches!(<sources::Held as Flow>::poll(&mut held, &mut cx, &mut memory), flow::Step::Need(_)));
    <sources::Held as Flow>::answer(&mut held, &mut cx, &mut memory, flow::Answer::Failed(failure()));
    <sources::Held as Flow>::restart(&mut held);
}

fn failure() -> Failure {
    black_box(Failure { phase: Phase::Send, kind: FailureKind::Closed })
}

/// The core's own sources, whose functions `Sequence` calls.
fn built_in() {
    let mut memory = [0; 64];
    let mut slot = flow::Slot::new(black_box(&mut memory));
    let mut report = flow::Report::new();
    used(
        sources::Document::read(black_box(sources::Document::Process), bytes(), &mut slot, &mut report)
            .is_ok(),
    );
    used(error::CodeClass::of(text()));
}

fn request(endpoint: flow::Endpoint<'static>) {
    let scope = signing::scope();
    let mut outgoing = call::Outgoing::new(text(), endpoint, text(), scope);
    outgoing.headers = black_box(&[("name", b"value")]);
    let hash = wire::Ascii::hexadecimal(text());
    let streamed = call::Content::Streamed { len: number(), sha256: hash, rewinds: black_box(true) };
    for content in black_box([call::Content::Bytes(bytes()), streamed, call::Content::Unsigned(bytes())]) {
        outgoing.content = content;
        formatted(|f| <call::Content as Debug>::fmt(&content, f));
        let given = sources::Fixed::new(signing::credentials());
        let mut send = call::SendRequest::new(given, outgoing);
        run(&mut send);
        let mut send: call::SendRequest<'_, _, _, 33> =
            call::SendRequest::with_room(sources::Held, outgoing, ring(), black_box(&mut []));
        run(&mut send);
        let mut send = call::SendRequest::with_keys(sources::Held, outgoing, ring());
        run(&mut send);
        used(<call::SendRequest<_, _> as Flow>::slots(&send));
        let mut memory = [0; 64];
        let mut slots = [flow::Slot::new(black_box(&mut memory))];
        let mut exchange = [0; 64];
        let mut memory = flow::Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slots) };
        let (mut clock, mut report) = (skew::Clock::new(), flow::Report::new());
        let mut cx = Context { now: state::now(), entropy: number(), clock: &mut clock, report: &mut report };
        used(matches!(
            <call::SendRequest<_, _> as Flow>::poll(&mut send, &mut cx, &mut memory),
            flow::Step::Need(_)
        ));
        <call::SendRequest<_, _> as Flow>::answer(
            &mut send,
            &mut cx,
            &mut memory,
            flow::Answer::Failed(failure()),
        );
        <call::SendRequest<_, _> as Flow>::restart(&mut send);
    }
}

fn kept() {
    let Some(credentials) = signing::credentials() else { return };
    let scope = signing::scope();
    let time = wire::time::UnixTime::from_secs(number());
    let mut ring = <sigv4::KeyRing<2> as Default>::default();
    used(sigv4::KeyRing::signer(&mut ring, &credentials, scope, time).is_ok());
    formatted(|f| <sigv4::KeyRing<2> as Debug>::fmt(&ring, f));
    sigv4::KeyRing::clear(&mut ring);
    let ring = core::cell::RefCell::new(ring);
    used(<&_ as SigningKeys>::with_signer(&&ring, &credentials, scope, time, &mut |_| Ok(())).is_ok());
    used(
        <sigv4::DeriveEach as SigningKeys>::with_signer(
            &sigv4::DeriveEach,
            &credentials,
            scope,
            time,
            &mut |_| Ok(()),
        )
        .is_ok(),
    );
    let mut owned = <credentials::OwnedCredentials<64> as Default>::default();
    let empty: credentials::OwnedCredentials<64> = credentials::OwnedCredentials::new();
    used(black_box(empty).get().is_some());
    used(credentials::OwnedCredentials::store(&mut owned, &credentials).is_ok());
    used(credentials::OwnedCredentials::get(&owned).is_some());
    formatted(|f| <credentials::OwnedCredentials<64> as Debug>::fmt(&owned, f));
    credentials::OwnedCredentials::clear(&mut owned);
}

fn exchange(endpoint: flow::Endpoint<'static>) {
    let request = flow::Span { head: number::<u8>().into(), len: number::<u8>().into() };
    let exchange = flow::Exchange::new(endpoint, request, limits());
    used(flow::ReplyHeaders::include(&exchange.reply_headers, text().as_bytes()));
    used(flow::ReplyHeaders::include(&black_box(flow::ReplyHeaders::All), text().as_bytes()));
    formatted(|f| <flow::Body as Debug>::fmt(&exchange.body, f));
    used(<flow::Endpoint as PartialEq>::eq(&endpoint, &exchange.endpoint));
    if let Ok(uri) = wire::uri::Uri::parse(text()) {
        used(flow::Endpoint::at_origin_of(&uri).port());
    }
    let mut out = wire::Count::default();
    wire::long_decimal(number(), &mut out);
    used(out);
}

fn ring() -> core::cell::RefCell<sigv4::KeyRing<2>> {
    core::cell::RefCell::new(sigv4::KeyRing::new())
}

//! Time, refresh and errors.

use core::fmt::Display;
use core::hint::black_box;

use rolecall_core::wire::time::UnixTime;
use rolecall_core::{error, refresh, skew};

use crate::{bytes, formatted, number, text, used};

pub(crate) fn call() {
    clock();
    policy();
}

pub(crate) fn now() -> skew::Now {
    black_box(skew::Now {
        monotonic: skew::Instant::from_millis(number()),
        wall: Some(UnixTime::from_secs(number())),
    })
}

fn clock() {
    let (sent, received) = (now(), now());
    used(skew::Instant::as_millis(sent.monotonic));
    used(skew::Instant::after_ms(sent.monotonic, number()));
    used(skew::Instant::ms_since(received.monotonic, sent.monotonic));
    for clock in [skew::Clock::new(), skew::Clock::uncorrected(), <skew::Clock as Default>::default()] {
        let mut clock = skew::Clock::with_skew(black_box(clock), number());
        for authority in [skew::Authority::Metadata, skew::Authority::Service] {
            let date = black_box(Some(bytes()));
            let authority = black_box(authority);
            let skew = skew::Clock::observe(&mut clock, date, black_box(false), sent, received, authority);
            used(skew::Clock::explains(&clock, text(), skew));
        }
        used(skew::Clock::learns(&clock));
        used(skew::Clock::skew(&clock));
        used(skew::Clock::time(&clock, now()));
    }
}

fn policy() {
    used(refresh::advisory_window(black_box(Some(number()))));
    let windows = refresh::Windows { advisory_seconds: black_box(Some(number())), spread: black_box(false) };
    let mut refresh = refresh::Refresh::new(windows);
    for _ in 0..number::<u8>() {
        let now = now().monotonic;
        used(refresh::Refresh::decide(&refresh, now));
        let lease = rolecall_core::flow::Lease::new(None, black_box(Some(number())));
        used(refresh::Refresh::fetched(&mut refresh, now, &lease, number()));
        used(refresh::Refresh::succeeded(&mut refresh, now, black_box(Some(number())), number()));
        refresh::Refresh::failed(&mut refresh, now, black_box(true), number());
        refresh::Refresh::invalidate(&mut refresh);
        used(refresh::Refresh::holds(&refresh));
        used(refresh::Refresh::is_invalidated(&refresh));
        used(refresh::Refresh::advisory_seconds(&refresh));
        used(refresh::Refresh::next_change(&refresh, now));
    }
}

/// Calls every function of an error.
pub(crate) fn inspect(error: &error::Error) {
    used(error::Error::fault(error));
    used(error::Error::is_absent(error));
    used(error::Error::is_recoverable(error));
    used(error::Error::advice(error));
    used(error::Error::advice_on(error, &rolecall_core::flow::Report::new()));
    formatted(|f| <error::Error as Display>::fmt(error, f));
    formatted(|f| <error::ErrorKind as Display>::fmt(&error.kind, f));
    formatted(|f| <error::Origin as Display>::fmt(&error.origin, f));
    if let error::ErrorKind::Transport(failure) = &error.kind {
        used(error::Failure::is_passing(failure));
        formatted(|f| <error::Failure as Display>::fmt(failure, f));
    }
}

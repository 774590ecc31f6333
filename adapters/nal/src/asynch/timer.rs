//! Timers and deadlines.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::Poll;

use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;

use crate::Board;

/// A board whose timer wakes a task: `embassy_time::Timer::at` in two lines.
#[allow(async_fn_in_trait, reason = "executors on devices do not move futures between threads")]
pub trait Timer: Board {
    /// Returns at that instant of [`Board::now`], at once if it has passed. The future may be dropped before.
    async fn sleep_until(&mut self, instant: Instant);
}

impl<T: Timer + ?Sized> Timer for &mut T {
    async fn sleep_until(&mut self, instant: Instant) {
        (**self).sleep_until(instant).await;
    }
}

/// The pause before a stream that accepted nothing is tried again, in milliseconds.
const PAUSE_MS: u64 = 1;

/// The result of `work`, or a timeout if there is none by `until`. It is polled where it is: taken by value, it would be
/// in the caller's future twice.
pub(super) async fn within<T>(
    board: &mut impl Timer,
    until: Instant,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Result<T, FailureKind> {
    let mut alarm = pin!(board.sleep_until(until));
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending => alarm.as_mut().poll(cx).map(|()| Err(FailureKind::Timeout)),
    })
    .await
}

/// Yields for a moment, up to `until`.
pub(super) async fn pause(board: &mut impl Timer, until: Instant) -> Result<(), FailureKind> {
    let now = board.now().monotonic;
    if now >= until {
        return Err(FailureKind::Timeout);
    }
    board.sleep_until(now.after_ms(PAUSE_MS).min(until)).await;
    Ok(())
}

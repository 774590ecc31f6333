//! Boards: one with the clocks of the machine, one whose simulated time advances only during waits.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use rolecall_core::flow::Slot;
use rolecall_core::skew::{Instant, Now};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::asynch::Timer;
use rolecall_nal::{Board, Ticks};

/// The loop under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loop {
    Blocking,
    Async,
}

/// A slot whose memory is leaked, so that it lives as long as the test.
pub(crate) fn slot() -> Slot<'static> {
    Slot::new(Box::leak(vec![0; Slot::RECOMMENDED].into_boxed_slice()))
}

fn draw(seed: &mut u32) -> u32 {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *seed
}

/// A board with the clocks of the machine; it has a wall clock only if `knows_time`.
pub(crate) struct RealBoard {
    started: std::time::Instant,
    knows_time: bool,
    seed: u32,
}

impl RealBoard {
    pub(crate) fn new(knows_time: bool) -> Self {
        Self { started: std::time::Instant::now(), knows_time, seed: 7 }
    }
}

impl Board for RealBoard {
    fn now(&mut self) -> Now {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Now {
            monotonic: Instant::from_millis(self.started.elapsed().as_millis() as u64),
            wall: self.knows_time.then(|| UnixTime::from_secs(wall.as_secs())),
        }
    }

    fn entropy(&mut self) -> u32 {
        draw(&mut self.seed)
    }
}

impl Timer for RealBoard {
    async fn sleep_until(&mut self, instant: Instant) {
        let left = instant.ms_since(self.now().monotonic);
        async_io::Timer::after(Duration::from_millis(left)).await;
    }
}

/// Simulated time in milliseconds, advanced by the test. A board that uses it has no wall clock.
#[derive(Clone, Default)]
pub(crate) struct Time(Rc<Cell<u64>>);

impl Time {
    pub(crate) fn get(&self) -> u64 {
        self.0.get()
    }

    pub(crate) fn pass(&self, milliseconds: u64) {
        self.0.set(self.0.get() + milliseconds);
    }
}

/// Its timer has 32 bits, as that of most boards.
pub(crate) struct VirtualBoard {
    pub(crate) time: Time,
    ticks: Ticks,
    seed: u32,
}

impl VirtualBoard {
    pub(crate) fn new(time: Time) -> Self {
        Self { time, ticks: Ticks::new(), seed: 11 }
    }
}

impl Board for VirtualBoard {
    fn now(&mut self) -> Now {
        Now { monotonic: self.ticks.instant(self.time.get() as u32), wall: None }
    }

    fn entropy(&mut self) -> u32 {
        draw(&mut self.seed)
    }
}

impl Timer for VirtualBoard {
    /// Every poll advances the time by a millisecond.
    async fn sleep_until(&mut self, instant: Instant) {
        poll_fn(|_| {
            if self.time.get() >= instant.as_millis() {
                return Poll::Ready(());
            }
            self.time.pass(1);
            Poll::Pending
        })
        .await;
    }
}

/// Polls a future up to `polls` times without waiting to be woken, then drops it.
pub(crate) fn poll_times<T>(future: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    (0..polls).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

/// Polls a future until it is ready.
pub(crate) fn poll_to_end<T>(future: impl Future<Output = T>) -> T {
    poll_times(future, 10_000_000).expect("the future makes no progress")
}

//! Times of calls: measured in turn, round by round, so that load on the machine slows all of them alike.
//! What counts is the shortest of the rounds, which load disturbs least.

use std::hint::black_box;
use std::time::Instant;

/// Something to measure: runs a round, and returns its nanoseconds per call.
pub(crate) type Timed<'a> = Box<dyn FnMut() -> f64 + 'a>;

/// A call, `calls` times a round.
pub(crate) fn timed<'a, O>(calls: usize, mut call: impl FnMut() -> O + 'a) -> Timed<'a> {
    timed_with(calls, || (), move |()| call())
}

/// A call that consumes an input, which is made before the clock starts.
pub(crate) fn timed_with<'a, I, O>(
    calls: usize,
    mut input: impl FnMut() -> I + 'a,
    mut call: impl FnMut(I) -> O + 'a,
) -> Timed<'a> {
    Box::new(move || {
        let inputs: Vec<I> = (0..calls).map(|_| input()).collect();
        let start = Instant::now();
        for input in inputs {
            black_box(call(black_box(input)));
        }
        start.elapsed().as_nanos() as f64 / calls as f64
    })
}

/// The shortest time of each. A round is one of all of them.
pub(crate) fn shortest<const N: usize>(
    rounds: usize,
    mut all: Vec<[Option<Timed<'_>>; N]>,
) -> Vec<[Option<f64>; N]> {
    let mut shortest = vec![[None::<f64>; N]; all.len()];
    for _ in 0..rounds {
        for (timed, shortest) in all.iter_mut().flatten().zip(shortest.iter_mut().flatten()) {
            if let Some(timed) = timed {
                let time = timed();
                *shortest = Some(shortest.map_or(time, |least| least.min(time)));
            }
        }
    }
    shortest
}

//! Both loops, against the simulator and scripted peers over loopback, and over scripted stacks.

mod board;
mod drops;
mod hostile;
mod loopback;
mod loops;
mod mock;
mod peer;
mod probe;
mod refresh;
mod simulator;
mod smoltcp;
mod stacks;
#[cfg(feature = "defmt")]
mod traces;

/// Makes two tests of each function, which takes the loop that it is to run on.
macro_rules! on_both_loops {
    ($($name:ident),* $(,)?) => {
        mod blocking {
            $(#[test] fn $name() { super::$name(crate::board::Loop::Blocking) })*
        }
        mod asynch {
            $(#[test] fn $name() { super::$name(crate::board::Loop::Async) })*
        }
    };
}
use on_both_loops;

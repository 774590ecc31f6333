//! Tests of both loops against the simulator and scripted peers over loopback, and with scripted stacks.

mod board;
mod bucket;
mod custom_source;
mod drops;
mod examples;
mod hostile;
mod limits;
mod loopback;
mod loops;
mod mock;
mod mutual_tls;
mod peer;
mod probe;
mod refresh;
mod role_alias;
mod send;
mod send_chunked;
mod signing;
mod simulator;
mod smoltcp;
mod stacks;
mod streams;
#[cfg(feature = "defmt")]
mod traces;

/// Defines two tests for each function, one per loop; the function takes the loop as its argument.
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

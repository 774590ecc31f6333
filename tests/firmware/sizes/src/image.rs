//! What the images share: a link that the optimiser knows nothing about.

use core::hint::black_box;

use rolecall_core::flow::Exchange;
use rolecall_core::skew::{Instant, Now};

use crate::Link;

/// Leads nowhere.
#[derive(Debug)]
pub struct Nowhere;

impl Link for Nowhere {
    fn open(&mut self, exchange: &Exchange<'_>) {
        black_box((exchange.endpoint.host(), exchange.endpoint.port(), exchange.address));
    }

    fn send(&mut self, bytes: &[u8]) {
        black_box(bytes);
    }

    fn receive(&mut self, buffer: &mut [u8]) -> usize {
        black_box(buffer).len()
    }

    fn now(&mut self) -> Now {
        Now { monotonic: Instant::from_millis(black_box(0)), wall: None }
    }

    fn entropy(&mut self) -> u32 {
        black_box(0)
    }
}

/// A call that is not known.
pub fn call() -> crate::Call<'static> {
    black_box(crate::Call { method: "", target: "", host: "", body: b"", region: "", service: "" })
}

/// Makes an image of its own of what `main` does.
#[macro_export]
macro_rules! image {
    ($main:expr) => {
        #[unsafe(no_mangle)]
        extern "C" fn _start() -> ! {
            loop {
                $main();
            }
        }

        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
            loop {}
        }
    };
}

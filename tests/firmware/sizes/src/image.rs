//! Code shared by the images: network stubs that are opaque to the optimizer.

use core::hint::black_box;
use core::net::SocketAddr;

use embedded_nal::nb;

use rolecall_core::flow::Exchange;
use rolecall_core::skew::{Instant, Now};

use crate::Link;

/// A link to nowhere.
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

/// A TCP stack to nowhere.
#[derive(Debug)]
pub struct NoStack;

impl embedded_nal::TcpError for Unreachable {
    fn kind(&self) -> embedded_nal::TcpErrorKind {
        embedded_nal::TcpErrorKind::Other
    }
}

/// The error of [`NoStack`].
#[derive(Debug)]
pub struct Unreachable;

impl embedded_nal::TcpClientStack for NoStack {
    type TcpSocket = u8;
    type Error = Unreachable;

    fn socket(&mut self) -> Result<u8, Unreachable> {
        black_box(Ok(1))
    }

    fn connect(&mut self, _: &mut u8, remote: SocketAddr) -> nb::Result<(), Unreachable> {
        black_box(remote);
        black_box(Err(nb::Error::WouldBlock))
    }

    fn send(&mut self, _: &mut u8, bytes: &[u8]) -> nb::Result<usize, Unreachable> {
        black_box(Ok(bytes.len()))
    }

    fn receive(&mut self, _: &mut u8, room: &mut [u8]) -> nb::Result<usize, Unreachable> {
        black_box(room);
        black_box(Ok(1))
    }

    fn close(&mut self, socket: u8) -> Result<(), Unreachable> {
        black_box(socket);
        Ok(())
    }
}

/// A board with a stopped clock.
#[derive(Debug)]
pub struct Still;

impl rolecall_nal::Board for Still {
    fn now(&mut self) -> Now {
        Now { monotonic: Instant::from_millis(black_box(0)), wall: None }
    }

    fn entropy(&mut self) -> u32 {
        black_box(0)
    }
}

/// The blocking driver of rolecall-nal, on the stubs.
pub fn driver() -> rolecall_nal::Driver<Still, impl rolecall_nal::blocking::Link<Still>> {
    rolecall_nal::Driver::new(
        Still,
        rolecall_nal::blocking::Tcp::new(
            rolecall_nal::WithDns { stack: NoStack, dns: rolecall_nal::NoDns },
            |_| {},
        ),
    )
}

/// A call that is opaque to the optimizer.
pub fn call() -> crate::Call<'static> {
    black_box(crate::Call { method: "", target: "", host: "", body: b"", region: "", service: "" })
}

/// Defines an image that runs `main`.
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

//! Code shared by the images: network stubs that are opaque to the optimizer.

use core::future::poll_fn;
use core::hint::black_box;
use core::net::SocketAddr;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

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

impl embedded_nal_async::TcpConnect for NoStack {
    type Error = embedded_io_async::ErrorKind;
    type Connection<'a> = NoSocket;

    async fn connect(&self, remote: SocketAddr) -> Result<NoSocket, Self::Error> {
        black_box(remote);
        later().await;
        black_box(Ok(NoSocket(1)))
    }
}

/// A socket of [`NoStack`].
#[derive(Debug)]
pub struct NoSocket(u8);

impl Drop for NoSocket {
    fn drop(&mut self) {
        black_box(self.0);
    }
}

impl embedded_io_async::ErrorType for NoSocket {
    type Error = embedded_io_async::ErrorKind;
}

impl embedded_io_async::Read for NoSocket {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, Self::Error> {
        later().await;
        black_box(room);
        black_box(Ok(1))
    }
}

impl embedded_io_async::Write for NoSocket {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        later().await;
        black_box(Ok(bytes.len()))
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        later().await;
        black_box(Ok(()))
    }
}

/// Pending for a while.
async fn later() {
    poll_fn(|_| if black_box(true) { Poll::Ready(()) } else { Poll::Pending }).await;
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

impl rolecall_nal::asynch::Timer for Still {
    async fn sleep_until(&mut self, instant: Instant) {
        black_box(instant);
        later().await;
    }
}

/// The async driver of rolecall-nal, on the stubs.
pub fn async_driver() -> rolecall_nal::Driver<Still, impl rolecall_nal::asynch::Link<Still>> {
    let stack = rolecall_nal::WithDns { stack: NoStack, dns: rolecall_nal::NoDns };
    rolecall_nal::Driver::new(Still, rolecall_nal::asynch::Tcp::new(stack))
}

/// Polls a future until it is ready, as an executor does: from a function of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    #[inline(never)]
    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(black_box(Waker::noop())))
    }
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
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

/// Defines the image (b) of a driver of rolecall-nal: instance credentials with refresh.
#[macro_export]
macro_rules! instance_image {
    ($new:expr, |$driver:ident, $flow:ident, $memory:ident| $run:expr) => {
        use core::hint::black_box;

        use rolecall_core::flow::{Memory, Slot};

        $crate::image!(|| {
            let Ok(mut flow) = $crate::instance(black_box("")) else { return };
            let (mut exchange, mut first, mut second) = ([0; 64], [0; 64], [0; 64]);
            let mut slots = [Slot::new(black_box(&mut first)), Slot::new(black_box(&mut second))];
            let mut memory = Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slots) };
            let mut driver = $new;
            loop {
                let ($driver, $flow, $memory) = (&mut driver, &mut flow, &mut memory);
                black_box($run.is_ok());
                black_box(driver.report().code());
            }
        });
    };
}

/// Defines the image (c) of a driver of rolecall-nal: instance credentials, AssumeRole, refresh, and signing.
#[macro_export]
macro_rules! chain_image {
    ($new:expr, |$driver:ident, $flow:ident, $memory:ident| $run:expr) => {
        use core::hint::black_box;

        use rolecall_core::flow::{Memory, Slot};
        use rolecall_core::wire::Cursor;

        $crate::image!(|| {
            let Ok(mut flow) = $crate::role(black_box(""), black_box(""), black_box(""), black_box(""))
            else {
                return;
            };
            let (mut exchange, mut first, mut second, mut third) = ([0; 64], [0; 64], [0; 64], [0; 64]);
            let mut slots = [
                Slot::new(black_box(&mut first)),
                Slot::new(black_box(&mut second)),
                Slot::new(black_box(&mut third)),
            ];
            let mut driver = $new;
            loop {
                let mut memory = Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slots) };
                let ($driver, $flow, $memory) = (&mut driver, &mut flow, &mut memory);
                black_box($run.is_ok());
                black_box(driver.report().code());
                let Some(credentials) = slots.first().and_then(Slot::credentials) else { continue };
                let Some(time) = driver.time() else { continue };
                let mut out = Cursor::new(black_box(&mut exchange));
                black_box($crate::sign(&$crate::image::call(), &credentials, time, &mut out).is_ok());
            }
        });
    };
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

/// Defines an image that signs a request, and its body in chunks.
#[macro_export]
macro_rules! chunks_image {
    ($chunks:expr) => {
        use core::hint::black_box;

        use rolecall_core::credentials::Credentials;
        use rolecall_core::sigv4::chunked::{ChunkEncoder, ChunkLayout, ChunkSigner};
        use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
        use rolecall_core::wire::Cursor;
        use rolecall_core::wire::time::UnixTime;

        $crate::image!(|| {
            let credentials = Credentials::new(black_box(""), black_box(""), black_box(None));
            let Ok(credentials) = credentials else { return };
            let (call, time) = ($crate::image::call(), UnixTime::from_secs(black_box(0)));
            let key = SigningKey::derive(credentials.secret_access_key(), time, call.region, call.service);
            let Ok(layout) = ChunkLayout::new($chunks, black_box(0)) else { return };
            let announced = layout.announcement();
            let request = Request::<5>::with_room(call.method, call.target, Payload::Chunks(layout.chunks()));
            let Ok(mut request) = request else { return };
            black_box(request.header("Host", call.host.as_bytes()).is_ok());
            for (name, value) in announced.lines() {
                black_box(request.header(name, value).is_ok());
            }
            let Ok(signer) = Signer::new(&credentials, &key, Rules::S3, time) else { return };
            let Ok(signed) = signer.sign(&request) else { return };
            let mut memory = [0; 1024];
            let mut out = Cursor::new(black_box(&mut memory));
            signed.put_header_lines(&mut out);
            black_box(out.finish().is_ok());
            let Ok(mut chunks) = ChunkSigner::new(&signer, &signed.signature()) else { return };
            let mut buffer = [0; 64];
            let Ok(mut encoder) = ChunkEncoder::new(layout, black_box(&mut buffer)) else { return };
            while !encoder.is_complete() {
                let count = black_box(encoder.room()).len();
                encoder.filled(count, &mut chunks);
                let len = black_box(encoder.ready()).len();
                encoder.consumed(len);
            }
        });
    };
}

//! Everything that a driver does, over any network.

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr};

use rolecall_core::call::{Content, Outgoing, Service};
use rolecall_core::error::Error;
use rolecall_core::flow::{Endpoint, Flow, Lease, Memory, Slot};
use rolecall_core::sigv4::chunked::{ChunkKeys, ChunkLayout, Chunks};
use rolecall_core::sigv4::{DeriveEach, Rules, Scope};
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};
use rolecall_core::sources::{Held, Iot};
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::asynch::{self, Timer};
use rolecall_nal::{Board, Bodies, ChunkedUpload, Driver, Ticks, blocking};
use sizes::image::block_on;

use crate::sockets::{Reader, Writer};
use crate::{text, used};

/// A board of which the compiler knows nothing.
pub(crate) struct Device;

impl Board for Device {
    fn now(&mut self) -> Now {
        let ticks = Ticks::<32_768>::new();
        black_box(ticks.count(black_box(4)));
        Now {
            monotonic: black_box(ticks.instant(black_box(1))),
            wall: black_box(Some(UnixTime::from_secs(black_box(2)))),
        }
    }

    fn entropy(&mut self) -> u32 {
        black_box(3)
    }
}

impl Timer for Device {
    async fn sleep_until(&mut self, instant: Instant) {
        black_box(instant);
    }
}

/// Lends memory, and a request.
fn with_memory(use_it: impl FnOnce(Outgoing<'static>, &mut Memory<'_, '_>)) {
    let Ok(endpoint) = Endpoint::parse(black_box("https://c2example.example.com")) else { return };
    let scope = Scope { region: text(), service: text(), rules: Rules::S3 };
    let request = Outgoing::new(text(), endpoint, text(), scope);
    let mut exchange = black_box([0; 2048]);
    let (mut one, mut other) = (black_box([0; 1024]), black_box([0; 1024]));
    let mut slots = [Slot::new(&mut one), Slot::new(&mut other)];
    use_it(request, &mut Memory { exchange: &mut exchange, slots: &mut slots });
}

/// A certificate, and a role with what it gives.
fn flow(endpoint: Endpoint<'static>) -> impl Flow<'static, Output = Lease> {
    let iot = Iot::new(endpoint, text(), Some(text()));
    AssumeRole::new(iot, Service::new(endpoint, text()), AssumeRoleRequest::new(text(), text()))
}

/// The request with a body that is streamed.
fn streamed(mut request: Outgoing<'_>) -> Outgoing<'_> {
    request.content = Content::Streamed { len: black_box(9), sha256: None, rewinds: black_box(true) };
    request
}

type Keys = ChunkKeys<DeriveEach>;

/// The request with a body in chunks, and what encodes it.
fn with_chunks(
    request: Outgoing<'_>,
    use_it: impl FnOnce(Outgoing<'_>, &Keys, ChunkedUpload<'_, Reader, DeriveEach>),
) {
    let Ok(layout) = ChunkLayout::new(Chunks::SIGNED, black_box(9)) else { return };
    let (keys, announcement, mut chunk) =
        (ChunkKeys::new(DeriveEach), layout.announcement(), black_box([0; 8_285]));
    let mut request = request;
    request.content = Content::Chunked { announcement: &announcement, rewinds: black_box(true) };
    if let Ok(upload) = ChunkedUpload::new(Reader, layout, &keys, &mut chunk) {
        use_it(request, &keys, upload);
    }
}

/// Calls everything of a blocking driver.
#[inline(never)]
pub(crate) fn blocking<L: blocking::Link<Device>>(network: L) -> Driver<Device, L> {
    let mut driver = Driver::new(Device, network).with_clock(Clock::default());
    with_memory(|request, memory| {
        report(driver.run(&mut flow(request.endpoint), memory).map(drop));
        report(driver.send(&mut Held, request, memory).map(drop));
        let mut bodies = Bodies::upload(Reader).and_download(Writer);
        bodies = bodies.rewinding(|_| black_box(true)).starting_over(|_| black_box(true));
        report(driver.send_with(&mut Held, streamed(request), &mut bodies, memory).map(drop));
        black_box(bodies.into_inner().0.is_some());
        with_chunks(request, |request, keys, upload| {
            let mut bodies = Bodies::upload(upload).rewinding(|upload| upload.rewind(|_| black_box(true)));
            report(driver.send_with_keys(&mut Held, request, keys, &mut bodies, memory).map(drop));
        });
    });
    about(&mut driver);
    driver
}

/// Calls everything of an async driver.
#[inline(never)]
pub(crate) fn asynch<L: asynch::Link<Device>>(network: L) {
    let mut driver = Driver::new(Device, network);
    with_memory(|request, memory| {
        report(block_on(driver.run_async(&mut flow(request.endpoint), memory)).map(drop));
        report(block_on(driver.send_async(&mut Held, request, memory)).map(drop));
        let mut bodies = Bodies::upload(Reader).and_download(Writer);
        report(block_on(driver.send_with_async(&mut Held, streamed(request), &mut bodies, memory)).map(drop));
        with_chunks(request, |request, keys, upload| {
            let mut bodies = Bodies::upload(upload);
            let mut held = Held;
            let sent = driver.send_with_keys_async(&mut held, request, keys, &mut bodies, memory);
            report(block_on(sent).map(drop));
        });
    });
    about(&mut driver);
}

/// What a driver knows.
fn about<L>(driver: &mut Driver<Device, L>) {
    black_box(driver.time());
    let clock = driver.clock().clone();
    driver.set_clock(clock);
    black_box(driver.board().entropy());
    black_box(driver.network());
    used(format_args!("{}", driver.report()));
}

/// Formats an error.
fn report(result: Result<(), Error>) {
    if let Err(error) = result {
        used(format_args!("{error}"));
    }
}

/// An address unknown to the compiler.
pub(crate) fn address() -> IpAddr {
    black_box(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

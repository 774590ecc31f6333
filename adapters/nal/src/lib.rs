//! AWS credentials and signed requests on a device: the flows of [`rolecall_core`] over the caller's network.
//!
//! `no_std`, no allocation, no `unsafe`, no panic on input. Blocking over any
//! [`embedded_nal::TcpClientStack`] or any `embedded_io` stream, and async (feature `async`, on by default)
//! over `embedded_nal_async::TcpConnect` or any `embedded_io_async` stream. A TLS session plugs in as a stream.
//!
//! | network | type | `https` |
//! |---|---|---|
//! | `embedded-nal` | [`blocking::Tcp`] | refused |
//! | `embedded-io` | [`blocking::Streams`] of a [`blocking::Open`] | the caller's |
//! | `embedded-nal-async`: embassy-net and others | `asynch::Tcp` | refused |
//! | `embedded-io-async` | an `asynch::Open` | the caller's |
//!
//! # Example
//!
//! Credentials of an instance's role, refreshed in time, on a polled stack. The driver runs the flow of
//! [`rolecall_core::flow`] until it is done:
//!
//! ```text
//!   your task            Driver                          network
//!      |--- run(source) --->| poll: request in the buffer    |
//!      |                    |--- resolve, connect, send ---->|
//!      |                    |<-- reply, decoded in place ----|
//!      |                    | answer, poll again ...         |
//!      |<-- Ok(lease) ------| credentials in the first slot  |
//! ```
//!
//! ```
//! use embedded_nal::{Dns, TcpClientStack};
//! use rolecall_core::refresh::{Refreshing, Windows};
//! use rolecall_core::flow::{Endpoint, Memory, Slot};
//! use rolecall_core::sources::Imds;
//! use rolecall_nal::blocking::Tcp;
//! use rolecall_nal::{Board, Driver};
//!
//! # #[expect(dead_code)]
//! fn run<S: TcpClientStack + Dns>(board: impl Board, stack: S, poll: impl Fn(&mut S)) -> ! {
//!     let (mut exchange, mut one, mut other) = ([0; 8_192], [0; 4_352], [0; 4_352]);
//!     let mut slots = [Slot::new(&mut one), Slot::new(&mut other)];
//!     let Ok(endpoint) = Endpoint::parse(Imds::ENDPOINT) else { unreachable!() };
//!     let mut source = Refreshing::new(Imds::new(endpoint), Windows::default());
//!     let mut driver = Driver::new(board, Tcp::new(stack, |stack| poll(stack)));
//!     loop {
//!         // Returns at once while what the first slot holds is good.
//!         let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
//!         match driver.run(&mut source, &mut memory) {
//!             Ok(_lease) => { /* sign with slots[0].credentials() at driver.time() */ }
//!             Err(_error) => { /* log it, and driver.report() */ }
//!         }
//!         poll(driver.network().stack());
//!     }
//! }
//! ```
//!
//! The files in `examples/` go further: `blocking.rs` assumes a role of another account and sends signed
//! requests, `embassy.rs` does it in two tasks of embassy, `pc_blocking.rs` and `pc_async.rs` run on a PC,
//! and so does `iot_gateway.rs`, with a certificate and TLS.
//!
//! # Requests
//!
//! [`Driver::send`] gets credentials from such a source, signs a request to any service with them,
//! sends it, and leaves the reply in the exchange buffer. A body in memory is sent from where it is.
//! [`Driver::send_with`] streams: the request's body out of a reader, the reply's into a writer, through the
//! free part of the exchange buffer, so that a firmware image needs no more room there than its head.
//!
//! | body | goes through the exchange buffer | has to fit it |
//! |---|---|---|
//! | of a request, [`Content::Bytes`](rolecall_core::call::Content::Bytes) | no | no |
//! | of a request, [`Content::Streamed`](rolecall_core::call::Content::Streamed) | in pieces, behind the head | no |
//! | of a reply | yes | yes, and the limit `body` |
//! | of a reply of status 2xx, with a download | in pieces, behind the headers | no |
//!
//! # Memory
//!
//! All memory is the caller's, and wiped when a run ends, except for the reply of [`Driver::send`], which
//! stays until the next run, or until the caller wipes it. `rolecall_core::sources` lists the least and the
//! recommended size of each buffer; with the recommended ones, for tokens of 4 KB:
//!
//! | what | bytes | why |
//! |---|---|---|
//! | exchange buffer | 8,192 | holds a request, then its reply. Of a reply's head only the lines that the flow reads are kept; the body is decoded in place: one that is chunked, or ends with the connection, needs room for one byte more than it has |
//! | one slot | 4,352 | a session token has 400 to 1,500 bytes in most accounts, and no limit by contract |
//! | slots | 1 for a source, and 1 more for each AssumeRole and for [`Refreshing`](rolecall_core::refresh::Refreshing) | the credentials in use stay until their replacement is complete |
//! | TCP socket | 1 | receive buffer 1 to 2 KB, transmit buffer 512 bytes to 1 KB: neither has to hold a message |
//! | look-ups | 1 | only for a service that is given by name |
//!
//! # Connections
//!
//! One is open at a time. It carries the next exchange of the same run if that goes to the same
//! scheme, host, port and address, and neither side has said otherwise: the three steps of instance
//! metadata take one. It is closed before a wait, and at the end of a run, because the next refresh
//! is hours away. A peer may close one that it has kept open just when it is used again; then a
//! request that may be repeated is sent once more, over a new one.
//!
//! # Certificates
//!
//! A board with a certificate exchanges it for credentials: at AWS IoT
//! ([`Iot`](rolecall_core::sources::Iot)), where the caller's TLS session presents it
//! ([`Remote::presents_certificate`]), or at IAM Roles Anywhere
//! ([`RolesAnywhere`](rolecall_core::sources::RolesAnywhere)), where its key signs a text ([`Board::sign`]).
//! The key can stay in a secure element in both cases.
//!
//! # Limits
//!
//! Each exchange keeps the [`Limits`](rolecall_core::flow::Limits) of its flow, whatever its peer does, on the board's
//! monotonic clock. What comes at a limit comes too late: after a `first_byte` of 10,000 ms, a byte that was there after
//! 9,999 is taken, and one after 10,000 is not.
//!
//! | limit | counts |
//! |---|---|
//! | `connect` | the look-up of a name; and again the connection, with its TLS handshake |
//! | `first_byte` | from the connection until the request is sent and the first byte of the reply has come |
//! | `total` | from the start of the exchange to its end, whatever happens in it |
//! | `body` | bytes of the reply's body: as many are taken, one more is refused, where possible before it is read |
//! | [`RetryPolicy::budget_ms`](rolecall_core::flow::RetryPolicy) | from a flow's first step to its end: **no other limit lasts beyond it** |
//! | a flow's own look-up | five seconds |
//! | a signature of the board's key | ten seconds; it is asked each 10 ms |
//! | interim replies | eight, within the limits above |
//! | redirects | none is followed: a reply of status 3xx is a reply |
//! | connections for one exchange | one more, if a kept one was closed and the request may be repeated |
//!
//! The budget is 9.5 seconds unless a source or a service is given another: the 10 seconds of `first_byte` and the 15 of
//! `total` that most of them have end there, and a second attempt has what the first has left of it. For longer ones,
//! give both: `with_limits` and [`with_retry_policy`](rolecall_core::flow::Sequence::with_retry_policy), or
//! [`Service::limits`](rolecall_core::call::Service::limits) and `Service::retries`. A request of [`Driver::send`] has
//! 30 and 120 seconds, and a budget of 120.
//!
//! While a body goes out from outside of the exchange buffer, `first_byte` starts over with each piece
//! that the reader gives or the peer takes. A reply's body that goes to a writer is bounded by `total` alone,
//! and so is the time that the writer takes. Blocking calls are not broken off: a limit is looked at between two
//! of them.
//!
//! # Smaller code
//!
//! Two flags choose the compact SHA-256, which takes 6.7 KB less flash on a Cortex-M4F, 8.9 KB on a Cortex-M0 and 12.5 KB
//! on RISC-V. A library cannot set them; in a firmware's `.cargo/config.toml`, they join the flags that are there:
//!
//! ```toml
//! [target.'cfg(target_os = "none")']
//! rustflags = ['--cfg=sha2_backend="soft"', '--cfg=sha2_backend_soft="compact"']
//! ```
//!
//! With the variable `RUSTFLAGS`, which replaces all flags of that file:
//! `--cfg sha2_backend="soft" --cfg sha2_backend_soft="compact"`. Beyond that, `opt-level = "z"`, `lto = "fat"`,
//! `codegen-units = 1` and `panic = "abort"` in the profile make most of the difference; all figures of this crate are
//! measured with them.
//!
//! # Features
//!
//! - `async`, on by default: `asynch`, `Driver::run_async`, `Driver::send_async`.
//! - `defmt`, off by default: formats, and a trace of each exchange with method, host, port and
//!   status. A firmware may have one version of defmt only, and it needs a logger.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

#[cfg(feature = "async")]
pub mod asynch;
pub mod blocking;
mod board;
mod bodies;
mod chunked;
mod conversation;
mod dns;
mod driver;
mod driving;
mod incoming;
mod running;
mod stream;
mod ticks;
mod trace;

pub use board::{Board, Remote};
pub use bodies::{Bodies, NoStream};
pub use chunked::ChunkedUpload;
pub use dns::{NoDns, NoSuchName, WithDns};
pub use driver::Driver;
pub use embedded_nal::nb;
pub use stream::connect_failure;
pub use ticks::Ticks;

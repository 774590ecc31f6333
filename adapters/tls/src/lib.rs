//! TLS 1.3 for boards: [rustls](https://docs.rs/rustls) over the networks of [`rolecall_nal`], blocking and async.
//!
//! `no_std` with an allocator, no `unsafe`. A [`Tls`] is put over any network that a driver can use, and opens plain streams
//! to `http` endpoints and sessions to `https` ones, so that one driver serves a chain of both: a certificate that AWS IoT
//! exchanges for credentials, and a role that STS gives for these.
//!
//! ```no_run
//! use rolecall_core::wire::time::UnixTime;
//! use rolecall_nal::{Board, Driver, blocking::Link};
//! use rolecall_tls::{Config, Identity, P256Key, Random, Records, Tls};
//!
//! /// The date of the firmware: nothing that is valid today has expired before it.
//! const BUILT: UnixTime = UnixTime::from_secs(1_790_000_000);
//!
//! # #[expect(dead_code)]
//! fn driver<'b, B: Board, N: Link<B>>(
//!     board: B,
//!     network: N,
//!     random: Random,
//!     [root, certificate, key]: [&[u8]; 3],
//!     incoming: &'b mut [u8; 16_640],
//!     outgoing: &'b mut [u8; 4_096],
//! ) -> Option<Driver<B, Tls<'b, N>>> {
//!     let identity = Identity::new([certificate], P256Key::from_der(key)?);
//!     let config = Config::new(random, BUILT).root(root).ok()?.identity(identity);
//!     let records = Records { incoming, outgoing };
//!     Some(Driver::new(board, Tls::new(network, config, records).ok()?))
//! }
//! ```
//!
//! # What is verified
//!
//! By rustls and its webpki, as on a host: the path to a root, basic constraints, extended key usages, name constraints,
//! critical extensions, every name of the certificate, and the server's signature of the handshake. By this crate, because
//! webpki does not: the key usages of issuers and of the server. Signatures are ECDSA on P-256 with SHA-256 or SHA-384, and
//! RSA of 2,048 to 4,096 bits with SHA-256, SHA-384 or SHA-512; SHA-1 never.
//! [`Tls::fault`] has the reason of a refusal. At most four certificates beside the server's own are taken: more have more paths than
//! a board can try. TLS 1.2 and what belongs to it, renegotiation and its downgrades, is not spoken at all.
//!
//! # Without a clock
//!
//! A certificate is valid at some dates only, and a board without a clock learns the date from a reply, which it can trust
//! only if it trusts the certificate. No check is left out; they are made in this order:
//!
//! 1. In the handshake, everything, at the first date at which the chain can be valid: that of the firmware
//!    ([`Config::new`]), or the latest from which one of its certificates is. What expired before the firmware was made is
//!    refused here.
//! 2. As soon as the head of the first reply is there, and before anything of the reply is used: everything once more, at its
//!    `Date`. A reply without one, with one before that of the firmware, or with one at which the chain is not valid fails the
//!    exchange, and credentials that were there before stay.
//! 3. From then on, everything at that date plus the time since. A later reply whose `Date` is more than a day ahead of it, and at
//!    whose date its own chain is valid, corrects it; one that is behind does not.
//!
//! A reply with an `Age` was kept by a cache and counts as one without a `Date`.
//!
//! What an attacker on the path can do before there is a date: use a certificate for this very host, issued by one of the roots,
//! whose private key he has and which expired after the firmware was made. He gets the board's certificate and the whole first
//! request, tokens in it included, and can give any date at which his certificate was valid; at that date, expired certificates
//! of other hosts are valid again until the first other server corrects it. The holder of such a key could do the same to any client
//! that asks for no revocation until the certificate expired. A certificate for another host, of another issuer, or from before the
//! firmware helps him nothing, and the date of a plain `http` reply counts for signing, not here. A server that is trusted and
//! whose date is far ahead makes others seem out of date: [`Tls::forget_date`] is for that. A board with a clock
//! ([`Now::wall`](rolecall_core::skew::Now)) learns no date; a clock that shows one before that of the firmware counts as none.
//!
//! # Memory
//!
//! | what | bytes |
//! |---|---|
//! | [`Records::incoming`] | one record of the server: 16,640 for any server, less if it is known to send smaller ones |
//! | [`Records::outgoing`] | the flight with the board's certificates: 4,096 do for two of P-256; a request goes in pieces of this size |
//! | heap | see the table in the README |
//!
//! Both buffers are wiped at the end of a session, and keys when they are dropped. What rustls has decrypted goes back to the
//! allocator as it is: put `zeroizing-alloc` around it where other code can read freed memory.
//!
//! Processors without compare-and-swap (Cortex-M0, RISC-V without `A`) have no `Arc`, on which rustls is built.
//!
//! # Another library
//!
//! Any TLS library that gives a stream of `embedded-io` plugs into `rolecall_nal` by its `Open`, blocking or async, without this
//! crate. embedded-tls 0.19 is smaller and was not taken: it accepts a handshake without a certificate, takes records that are
//! not encrypted after it, and panics on messages that a peer may send then.
//!
//! # Features
//!
//! `async`, on by default: as in `rolecall-nal`.

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

extern crate alloc;

#[cfg(feature = "async")]
mod asynch;
mod blocking;
mod digest;
mod fault;
mod identity;
mod lent;
mod no_path;
mod over;
mod provider;
mod session;
mod state;
mod tls;
mod trust;
mod usage;

pub(crate) use alloc::sync::Arc;

pub use fault::Fault;
pub use identity::{Identity, P256Key, Sign};
pub use lent::Records;
pub use no_path::NoPath;
pub use over::Secured;
pub use provider::{Random, provider};
pub use rustls;
pub use tls::{Config, Tls};

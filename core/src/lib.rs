//! AWS credentials and Signature Version 4 where there is no operating system.
//!
//! `no_std`, no allocation, no `unsafe`, no I/O, no clock, no global state, and no type of another
//! crate in the API. Memory is lent by the caller and wiped after use; time and randomness are
//! passed in; sockets are somebody else's: the crates `rolecall` (std) and `rolecall-nal` (embedded)
//! carry out what the state machines here ask for.
//!
//! | module | what it is for | feature |
//! |---|---|---|
//! | [`wire`] | bounded readers and writers: JSON, XML, HTTP/1.1, dates, URIs | none |
//! | [`credentials`], [`sigv4`] | signing, in headers or in the query | `sigv4` |
//! | [`flow`] | what every source and call is made of: exchanges, slots, reports, retries | `sources` |
//! | [`call`] | calls of any operation of any service | `sources` |
//! | [`sources`] | instance metadata, container endpoints, STS, Cognito, chains of them | `sources` |
//! | [`services`] | operations that set roles up: IAM, EC2, ECS, Cognito | `sources` |
//! | [`refresh`], [`skew`] | when to fetch anew; what time it is | `sources` |
//!
//! Both are on by default. Without them the crate is [`wire`] alone and depends on nothing.
//! The feature `srp`, off by default, signs in at Cognito user pools without sending the password; it
//! brings `crypto-bigint`, whose code is no part of the proof that nothing here panics. The feature
//! `defmt`, off by default, gives what a device logs a `defmt::Format`; secrets print as
//! a length.
//!
//! # Example
//!
//! The first exchange of instance-profile credentials. The flow says what to send; whoever has a
//! socket sends it and answers:
//!
//! ```
//! use rolecall_core::skew::{Clock, Instant, Now};
//! use rolecall_core::flow::{Context, Endpoint, Flow, Memory, Need, Report, Slot, Step};
//! use rolecall_core::sources::Imds;
//!
//! let mut imds = Imds::new(Endpoint::parse(Imds::ENDPOINT)?);
//! let (mut exchange, mut slot) = ([0; 8192], [0; Slot::RECOMMENDED]);
//! let mut slots = [Slot::new(&mut slot)];
//! let (mut clock, mut report) = (Clock::new(), Report::new());
//!
//! let now = Now { monotonic: Instant::from_millis(1_500), wall: None };
//! let mut cx = Context { now, entropy: 0x5eed, clock: &mut clock, report: &mut report };
//! let mut memory = Memory { exchange: &mut exchange, slots: &mut slots };
//! let Step::Need(Need::Http(asked)) = imds.poll(&mut cx, &mut memory) else { panic!("a request is due") };
//!
//! assert_eq!(asked.endpoint.host(), "169.254.169.254");
//! assert!(asked.request.bytes(&exchange).starts_with(b"PUT /latest/api/token HTTP/1.1\r\n"));
//! # Ok::<(), rolecall_core::wire::Error>(())
//! ```

#![no_std]
#![forbid(unsafe_code)]
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

#[cfg(feature = "sources")]
pub mod call;
#[cfg(feature = "sigv4")]
pub mod credentials;
#[cfg(feature = "sources")]
pub mod error;
#[cfg(feature = "sources")]
pub mod flow;
#[cfg(feature = "sources")]
pub mod refresh;
#[cfg(feature = "sources")]
pub mod services;
#[cfg(feature = "sigv4")]
pub mod sigv4;
#[cfg(feature = "sources")]
pub mod skew;
#[cfg(feature = "sources")]
pub mod sources;
pub mod wire;

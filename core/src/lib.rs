//! AWS credentials and Signature Version 4 for programs without an operating system.
//!
//! `no_std`, no allocation, no `unsafe`, no I/O, no clock, no global state, and no type of another crate in the API.
//! The caller provides buffers, the time and random bits, and performs the I/O; the crates `rolecall` (std, over
//! `ureq`) and `rolecall-nal` (devices, over `embedded-nal` and `embedded-io`) do that for most programs.
//!
//! | module | what it is for | feature |
//! |---|---|---|
//! | [`wire`] | bounded readers and writers: JSON, XML, HTTP/1.1, dates, URIs, shared configuration files | none |
//! | [`credentials`], [`sigv4`] | signing requests, in headers or in the query | `sigv4` |
//! | [`flow`] | what every source and call is built from: exchanges, slots, reports, retries | `sources` |
//! | [`call`] | calls of any operation of any service, and any signed request | `sources` |
//! | [`sources`] | instance metadata, container endpoints, STS, Cognito, chains of them | `sources` |
//! | [`services`] | the operations of IAM, EC2, ECS and Cognito that provision roles | `sources` |
//! | [`refresh`], [`skew`] | when to fetch credentials again; the time to sign with | `sources` |
//! | [`error`] | what went wrong, who can fix it, and what to do next | `sources` |
//!
//! # A flow's life
//!
//! A source, a call and a signed request are [flows](flow::Flow): sans-I/O state machines over caller-provided
//! buffers. A driver repeats two calls until the flow is done:
//!
//! ```text
//!            +-----------------------------------------------------------------+
//!            v                                                                 |
//!   poll(context, memory)                                                      |
//!            |                                                                 |
//!            +--> Need::Http      send the request that is in the buffer --+   |
//!            +--> Need::File      read a file into the buffer -------------+   |
//!            +--> Need::Resolve   look up the addresses of a host ---------+   |
//!            +--> Need::Prompt    ask the user ----------------------------+   |
//!            +--> Need::Sign      sign with the certificate's key ---------+   |
//!            |                                                             v   |
//!            |                   answer(context, memory, Reply | Content | Failed)
//!            |                                                                 |
//!            +--> Need::Wait      let the time pass; no answer is due ---------+
//!            |
//!            +--> Done(Ok)        the credentials are in the first slot
//!            +--> Done(Err)       an Error, and in the Report the words of the peer
//! ```
//!
//! A need that is dropped unanswered is returned again by the next `poll`, so a driver may be cancelled at any time.
//!
//! # Firmware
//!
//! The first exchange of instance credentials. `examples/drive_a_flow.rs` has the whole loop over a socket;
//! `rolecall-nal` has it for a device.
//!
//! ```
//! # #[cfg(feature = "sources")] {
//! use rolecall_core::flow::{Context, Endpoint, Flow, Memory, Need, Report, Slot, Step};
//! use rolecall_core::skew::{Clock, Instant, Now};
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
//! # }
//! # Ok::<(), rolecall_core::wire::Error>(())
//! ```
//!
//! On a device, two flags choose the compact SHA-256, which takes 6.7 KB less flash on a Cortex-M4F, 8.9 KB on a Cortex-M0
//! and 12.5 KB on RISC-V. A library cannot set them; in a firmware's `.cargo/config.toml`:
//!
//! ```toml
//! [target.'cfg(target_os = "none")']
//! rustflags = ['--cfg=sha2_backend="soft"', '--cfg=sha2_backend_soft="compact"']
//! ```
//!
//! In the variable `RUSTFLAGS`, they are `--cfg sha2_backend="soft" --cfg sha2_backend_soft="compact"`.
//!
//! # A program that only signs
//!
//! Feature `sigv4` alone (`examples/sign_only.rs` writes the whole request):
//!
//! ```
//! # #[cfg(feature = "sigv4")] {
//! use rolecall_core::credentials::Credentials;
//! use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
//! use rolecall_core::wire::time::UnixTime;
//!
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)?;
//! let time = UnixTime::from_compact(b"20150830T123600Z")?;
//! let key = SigningKey::derive(credentials.secret_access_key(), time, "us-east-1", "service");
//! let mut request = Request::new("GET", "/", Payload::Bytes(b""))?;
//! request.header("Host", b"example.amazonaws.com")?;
//! let signer = Signer::new(&credentials, &key, Rules::STANDARD, time)?;
//! assert!(signer.sign(&request)?.signature().as_str().starts_with("5fa00fa31553b73e"));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The parsers alone
//!
//! Without default features the crate is [`wire`] and depends on nothing (`examples/parse_json.rs`):
//!
//! ```
//! use rolecall_core::wire::json::{Reader, Token};
//!
//! let mut reader = Reader::new(br#"{"readings":[21.5,22.0]}"#);
//! let mut numbers = 0;
//! while let Some(token) = reader.next_token()? {
//!     numbers += usize::from(matches!(token, Token::Number(_)));
//! }
//! assert_eq!(numbers, 2);
//! # Ok::<(), rolecall_core::wire::Error>(())
//! ```
//!
//! # Features
//!
//! - `sources`, on by default: everything; needs `sigv4`.
//! - `sigv4`: [`sigv4`] and [`credentials`]; brings `sha2`, `hmac`, `heapless` and `zeroize`.
//! - `checksums`, off by default: CRC-32, CRC-32C, CRC-64/NVME and SHA-1 in the trailers of uploads to S3
//!   ([`sigv4::chunked`]); brings `crc` and `sha1`.
//! - `sigv4a`, off by default: signatures for a set of regions, as multi-region access points of S3 want them. It brings `p256`,
//!   whose code is not part of the proof that nothing here panics.
//! - `srp`, off by default: signs in at Cognito user pools without sending the password. It brings `crypto-bigint`,
//!   whose code is not part of the proof that nothing here panics.
//! - `defmt`, off by default: gives what a device logs a `defmt::Format`. A secret prints as its length.
//!
//! # Where to go next
//!
//! [`sources`] lists the sources with the memory each needs; [`flow::Source`] shows how to write another;
//! [`call::Action`] shows how to call an operation that is not in [`services`].

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

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! The code to measure: a signature, instance credentials with refresh, and both with a role in between. The
//! network is a [`Link`], so that the figures do not include a TCP stack.

#![no_std]
#![forbid(unsafe_code)]

mod http;
pub mod image;

use rolecall_core::call::Service;
use rolecall_core::credentials::Credentials;
use rolecall_core::error::Error;
use rolecall_core::flow::{Context, Endpoint, Exchange, Flow, Lease, Memory, Need, Report, Step};
use rolecall_core::refresh::{Refreshing, Windows};
use rolecall_core::sigv4::{Payload, Request, Rules, SignError, Signer, SigningKey};
use rolecall_core::skew::{Clock, Now};
use rolecall_core::sources::Imds;
use rolecall_core::sources::sts::{AssumeRole, AssumeRoleRequest};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{self, Cursor};

/// A network, a clock and a source of random numbers.
pub trait Link {
    /// Opens a connection for an exchange.
    fn open(&mut self, exchange: &Exchange<'_>);
    /// Sends all of these bytes.
    fn send(&mut self, bytes: &[u8]);
    /// Waits for bytes and returns their number; 0 at the end of the stream.
    fn receive(&mut self, buffer: &mut [u8]) -> usize;
    /// The current time.
    fn now(&mut self) -> Now;
    /// A random number.
    fn entropy(&mut self) -> u32;
}

/// A request to sign in headers, and its destination.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub host: &'a str,
    pub body: &'a [u8],
    pub region: &'a str,
    pub service: &'a str,
}

/// Writes the header lines that sign a call. Not inlined, so that its frame is not part of the caller's.
#[inline(never)]
pub fn sign(
    call: &Call<'_>,
    credentials: &Credentials<'_>,
    time: UnixTime,
    out: &mut Cursor<'_>,
) -> Result<(), SignError> {
    let key = SigningKey::derive(credentials.secret_access_key(), time, call.region, call.service);
    let mut request = Request::<1>::with_room(call.method, call.target, Payload::Bytes(call.body))?;
    request.header("Host", call.host.as_bytes())?;
    let signer = Signer::new(credentials, &key, Rules::of(call.service), time)?;
    signer.sign(&request)?.put_header_lines(out);
    Ok(())
}

/// As [`sign`], of a call to `/` of a service that is not S3.
pub fn sign_root(
    call: &Call<'_>,
    credentials: &Credentials<'_>,
    time: UnixTime,
    out: &mut Cursor<'_>,
) -> Result<(), SignError> {
    let key = SigningKey::derive(credentials.secret_access_key(), time, call.region, call.service);
    let mut request = Request::<1>::root(call.method, Payload::Bytes(call.body))?;
    request.header("Host", call.host.as_bytes())?;
    let signer = Signer::new(credentials, &key, Rules::STANDARD, time)?;
    signer.sign_root(&request)?.put_header_lines(out);
    Ok(())
}

/// Instance credentials with refresh.
pub type Instance<'c> = Refreshing<Imds<'c>>;

/// Credentials of a role that the instance assumes, with refresh.
pub type Role<'c> = Refreshing<AssumeRole<'c, Imds<'c>>>;

/// Creates the flow for the metadata service at `url`.
pub fn instance(url: &str) -> Result<Instance<'_>, wire::Error> {
    Ok(Refreshing::new(Imds::new(Endpoint::parse(url)?), Windows::default()))
}

/// Creates the flow for a role: the metadata service is at `url`, and STS at `sts`.
pub fn role<'c>(url: &'c str, sts: &'c str, region: &'c str, arn: &'c str) -> Result<Role<'c>, wire::Error> {
    let service = Service::new(Endpoint::parse(sts)?, region);
    let request = AssumeRoleRequest::new(arn, "device");
    let role = AssumeRole::new(Imds::new(Endpoint::parse(url)?), service, request);
    Ok(Refreshing::new(role, Windows::default()))
}

/// Drives a flow to its end.
#[inline(never)]
pub fn drive<'c>(
    flow: &mut impl Flow<'c, Output = Lease>,
    memory: &mut Memory<'_, '_>,
    clock: &mut Clock,
    report: &mut Report,
    link: &mut impl Link,
) -> Result<Lease, Error> {
    loop {
        let mut cx = Context { now: link.now(), entropy: link.entropy(), clock, report };
        match flow.poll(&mut cx, memory) {
            Step::Done(result) => return result,
            Step::Need(Need::Wait { until }) => while link.now().monotonic < until {},
            Step::Need(Need::Http(exchange)) => {
                let answer = http::exchange(&exchange, memory.exchange, link);
                flow.answer(&mut cx, memory, answer);
            }
            Step::Need(_) => flow.answer(&mut cx, memory, http::unknown()),
        }
    }
}

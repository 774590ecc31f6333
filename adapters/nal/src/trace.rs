//! A trace of each exchange through defmt: method, host, status. Never a path, a header or a body.

#![cfg_attr(not(feature = "defmt"), allow(unused_variables, reason = "nothing is traced"))]

use rolecall_core::error::Failure;
use rolecall_core::flow::{Endpoint, Exchange, Reply};

/// The levels that defmt compiles in. Naming the variable here makes cargo rebuild when it changes.
#[cfg(feature = "defmt")]
const _: Option<&str> = option_env!("DEFMT_LOG");

/// An exchange begins; its request is in `buffer`.
pub(crate) fn request(exchange: &Exchange<'_>, buffer: &[u8]) {
    #[cfg(feature = "defmt")]
    {
        let method = exchange.request.bytes(buffer).split(|byte| *byte == b' ').next().unwrap_or_default();
        let method = core::str::from_utf8(method).unwrap_or_default();
        defmt::trace!("{=str} {=str}:{=u16}", method, exchange.endpoint.host(), exchange.endpoint.port());
    }
}

/// An exchange has ended.
pub(crate) fn outcome(endpoint: &Endpoint<'_>, outcome: &Result<Reply, Failure>) {
    #[cfg(feature = "defmt")]
    match outcome {
        Ok(reply) => {
            defmt::trace!("{=str}:{=u16} answered {=u16}", endpoint.host(), endpoint.port(), reply.status);
        }
        Err(failure) => defmt::debug!("{=str}:{=u16} failed: {}", endpoint.host(), endpoint.port(), failure),
    }
}

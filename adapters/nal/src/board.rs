//! What the caller brings besides a network.

use core::net::{IpAddr, SocketAddr};

use rolecall_core::flow::{Endpoint, Exchange};
use rolecall_core::skew::Now;

/// The clocks of a board, and its source of randomness.
///
/// ```
/// use rolecall_core::skew::{Instant, Now};
///
/// struct Board {
///     ticks: u64, // a timer's, in milliseconds since boot
///     seed: u32,
/// }
///
/// impl rolecall_nal::Board for Board {
///     fn now(&mut self) -> Now {
///         // No clock that keeps the time while the power is off: the time is learned from replies.
///         Now { monotonic: Instant::from_millis(self.ticks), wall: None }
///     }
///
///     fn entropy(&mut self) -> u32 {
///         self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///         self.seed
///     }
/// }
/// ```
pub trait Board {
    /// Milliseconds on a clock that only moves forward, and the time of day if it is known.
    fn now(&mut self) -> Now;

    /// 32 bits that differ from board to board and from call to call, for jitter. They protect no
    /// secret: a counter seeded with a serial number will do.
    fn entropy(&mut self) -> u32;
}

impl<B: Board + ?Sized> Board for &mut B {
    fn now(&mut self) -> Now {
        (**self).now()
    }

    fn entropy(&mut self) -> u32 {
        (**self).entropy()
    }
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote<'c> {
    /// The service; its host's name is what a certificate has to be for.
    pub endpoint: Endpoint<'c>,
    /// The address to connect to, and no other.
    pub address: IpAddr,
}

impl Remote<'_> {
    /// Address and port.
    pub fn socket_addr(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.endpoint.port())
    }

    /// Whether a connection to here may carry `exchange`.
    pub(crate) fn serves(&self, exchange: &Exchange<'_>) -> bool {
        let (open, asked) = (&self.endpoint, &exchange.endpoint);
        open.scheme() == asked.scheme()
            && open.port() == asked.port()
            && open.host().eq_ignore_ascii_case(asked.host())
            && exchange.address.is_none_or(|address| address == self.address)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Remote<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}:{=u16}", self.endpoint.host(), self.endpoint.port());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rolecall_core::flow::{Limits, Span};

    fn exchange(url: &'static str, address: Option<IpAddr>) -> Exchange<'static> {
        let limits = Limits { connect_ms: 0, first_byte_ms: 0, total_ms: 0, body_bytes: 0 };
        let mut exchange = Exchange::new(Endpoint::parse(url).unwrap(), Span { head: 0, len: 0 }, limits);
        exchange.address = address;
        exchange
    }

    #[test]
    fn a_connection_is_reused_only_for_its_own_service() {
        let address = IpAddr::from([10, 0, 0, 9]);
        let open = Remote { endpoint: Endpoint::parse("http://sts.example:80/base").unwrap(), address };
        for url in ["http://sts.example", "http://STS.example/other"] {
            assert!(open.serves(&exchange(url, None)), "{url}");
        }
        for url in
            ["https://sts.example:80", "http://sts.example:81", "http://iam.example", "http://10.0.0.9"]
        {
            assert!(!open.serves(&exchange(url, None)), "{url}");
        }
        // An exchange that is pinned to an address.
        assert!(open.serves(&exchange("http://sts.example", Some(address))));
        assert!(!open.serves(&exchange("http://sts.example", Some([10, 0, 0, 8].into()))));
    }
}

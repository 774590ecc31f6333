//! What the caller brings besides a network.

use core::net::{IpAddr, SocketAddr};

use embedded_nal::nb;
use rolecall_core::error::FailureKind;
use rolecall_core::flow::{Endpoint, Exchange};
use rolecall_core::skew::Now;
use rolecall_core::wire::x509::Scheme;

/// The clocks of a board, its source of randomness, and the private key of its certificate if it has one.
///
/// ```
/// use rolecall_core::skew::{Instant, Now};
///
/// struct Board {
///     ticks: u64, // a timer's, in milliseconds since boot; for one of 32 bits, see `Ticks`
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
    /// Milliseconds on a clock that only moves forward, in 64 bits, and the time of day if it is known. A counter of 32
    /// bits wraps, and nothing is refreshed until it has caught up: [`Ticks`](crate::Ticks) extends it.
    fn now(&mut self) -> Now;

    /// 32 bits that differ from board to board and from call to call, for jitter. They protect no
    /// secret: a counter seeded with a serial number will do.
    fn entropy(&mut self) -> u32;

    /// Signs `message` with the private key of the board's certificate, into the front of `signature`, and returns the
    /// length. Flows that need it: [`RolesAnywhere`](rolecall_core::sources::RolesAnywhere).
    ///
    /// With [`nb::Error::WouldBlock`] it is called again 10 ms later, with the same message. What it returns after ten
    /// seconds comes too late. Without a key, leave it out.
    ///
    /// A secure element that signs a hash, as most do on P-256:
    ///
    /// ```
    /// use rolecall_core::error::FailureKind;
    /// use rolecall_core::sigv4::Hasher;
    /// use rolecall_core::wire::Put;
    /// use rolecall_core::wire::x509::Scheme;
    /// use rolecall_nal::nb;
    ///
    /// # trait Element { fn start(&mut self, hash: &[u8; 32]); fn poll(&mut self, der: &mut [u8]) -> Option<usize>; }
    /// struct Key<E> {
    ///     element: E,
    ///     is_busy: bool,
    /// }
    ///
    /// impl<E: Element> Key<E> {
    ///     /// The body of `Board::sign`.
    ///     fn sign(
    ///         &mut self,
    ///         scheme: Scheme,
    ///         message: &[u8],
    ///         signature: &mut [u8],
    ///     ) -> nb::Result<usize, FailureKind> {
    ///         if scheme != Scheme::EcdsaP256Sha256 {
    ///             return Err(nb::Error::Other(FailureKind::Unsupported));
    ///         }
    ///         if !self.is_busy {
    ///             let mut hasher = Hasher::new();
    ///             hasher.put(message);
    ///             self.element.start(&hasher.finish());
    ///             self.is_busy = true;
    ///         }
    ///         // In DER; an element that returns two numbers of 32 bytes leaves that to its driver.
    ///         let len = self.element.poll(signature).ok_or(nb::Error::WouldBlock)?;
    ///         self.is_busy = false;
    ///         Ok(len)
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`FailureKind::Unsupported`] without a key, or for a scheme that it does not have, [`FailureKind::TooLarge`] if
    /// `signature` is too short, [`FailureKind::Denied`] for a key that is locked.
    fn sign(
        &mut self,
        scheme: Scheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> nb::Result<usize, FailureKind> {
        let _ = (scheme, message, signature);
        Err(nb::Error::Other(FailureKind::Unsupported))
    }
}

impl<B: Board + ?Sized> Board for &mut B {
    fn now(&mut self) -> Now {
        (**self).now()
    }

    fn entropy(&mut self) -> u32 {
        (**self).entropy()
    }

    fn sign(
        &mut self,
        scheme: Scheme,
        message: &[u8],
        signature: &mut [u8],
    ) -> nb::Result<usize, FailureKind> {
        (**self).sign(scheme, message, signature)
    }
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote<'c> {
    /// The service; its host's name is what a certificate has to be for.
    pub endpoint: Endpoint<'c>,
    /// The address to connect to, and no other.
    pub address: IpAddr,
    /// Whether to present the board's certificate in the TLS handshake (mutual TLS). The service knows the board by it:
    /// a connection without it never carries an exchange that wants it, nor the other way round.
    pub presents_certificate: bool,
    /// Whether the caller puts TLS over this stream: then it carries bytes as they are, whatever the scheme.
    pub carries_tls: bool,
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
            && self.presents_certificate == exchange.presents_certificate
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
        let endpoint = Endpoint::parse("http://sts.example:80/base").unwrap();
        let open = Remote { endpoint, address, presents_certificate: false, carries_tls: false };
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
        // Known by its certificate on one connection, and not on the other.
        for (with, asked) in [(false, false), (false, true), (true, false), (true, true)] {
            let open = Remote { presents_certificate: with, ..open };
            let mut exchange = exchange("http://sts.example", None);
            exchange.presents_certificate = asked;
            assert_eq!(open.serves(&exchange), with == asked);
        }
    }
}

//! The time at which certificates are verified: this machine's, unless its clock was never set.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Instant, SystemTime};

use rolecall_core::flow::Exchange;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::uri::{Scheme, address};

use crate::clock::{RELEASED, UnixTimeExt};
use crate::lock;

/// The system's clock. While it is before the release of this program, it was never set, as on a board that has no
/// battery: then the time of the last metadata reply counts, if that is later.
#[derive(Debug)]
pub(crate) struct VerificationTime {
    wall: fn() -> SystemTime,
    learned: Mutex<Option<(Instant, UnixTime)>>,
}

impl VerificationTime {
    pub(crate) fn new(wall: fn() -> SystemTime) -> Self {
        Self { wall, learned: Mutex::new(None) }
    }

    /// Learns from the `Date` of a reply, but only of metadata on this machine's own link: who controls that hands out
    /// the credentials, too.
    pub(crate) fn learn(&self, exchange: &Exchange<'_>, date: Option<&[u8]>) {
        let near = address(exchange.endpoint.host()).is_some_and(is_near);
        if !exchange.metadata || exchange.endpoint.scheme() != Scheme::Http || !near || !self.is_unset() {
            return;
        }
        if let Some(date) = date.and_then(|date| UnixTime::from_http_date(date).ok())
            && date >= RELEASED
        {
            *lock(&self.learned) = Some((Instant::now(), date));
        }
    }

    /// Whether the system's clock is before the release of this program.
    pub(crate) fn is_unset(&self) -> bool {
        self.wall() < RELEASED
    }

    /// The time.
    pub(crate) fn now(&self) -> UnixTime {
        match *lock(&self.learned) {
            Some((at, date)) if self.is_unset() => date.saturating_add(at.elapsed().as_secs().cast_signed()),
            _ => self.wall(),
        }
    }

    fn wall(&self) -> UnixTime {
        UnixTime::from_system_time((self.wall)()).unwrap_or(UnixTime::EPOCH)
    }
}

/// Whether an address is on this machine or its own link (RFC 3927, RFC 4291, and the one of EC2 over IPv6).
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unicast_link_local()
                || address.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
        }
    }
}

impl rustls::time_provider::TimeProvider for VerificationTime {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let since = std::time::Duration::from_secs(self.now().as_secs());
        Some(rustls::pki_types::UnixTime::since_unix_epoch(since))
    }
}

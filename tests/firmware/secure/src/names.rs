//! The names that the board resolves, in place of a server for them.

use core::net::{IpAddr, Ipv4Addr};

use embedded_nal::{AddrType, Dns, nb};
use rolecall_nal::NoSuchName;

/// The credential provider of AWS IoT.
pub(crate) const IOT: &str = "c2example.credentials.iot.us-east-1.amazonaws.com";

pub(crate) const STS: &str = "sts.us-east-1.amazonaws.com";
pub(crate) const S3: &str = "s3.us-east-1.amazonaws.com";

const TABLE: [(&str, Ipv4Addr); 3] =
    [(IOT, Ipv4Addr::new(10, 0, 2, 2)), (STS, Ipv4Addr::new(10, 0, 2, 2)), (S3, Ipv4Addr::new(10, 0, 2, 2))];

/// A fixed table.
pub(crate) struct Names;

impl Dns for Names {
    type Error = NoSuchName;

    fn get_host_by_name(&mut self, host: &str, _: AddrType) -> nb::Result<IpAddr, NoSuchName> {
        let found = TABLE.iter().find(|(name, _)| *name == host);
        found.map(|(_, address)| IpAddr::V4(*address)).ok_or(nb::Error::Other(NoSuchName))
    }

    fn get_host_by_address(&mut self, _: IpAddr, _: &mut [u8]) -> nb::Result<usize, NoSuchName> {
        Err(nb::Error::Other(NoSuchName))
    }
}

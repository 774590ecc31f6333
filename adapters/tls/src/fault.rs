//! Why there is no session.

use core::fmt;

use rolecall_core::error::FailureKind;
use rustls::{AlertDescription, Error};

use crate::no_path::NoPath;

/// Why a session could not be opened, or has ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// What rustls has found, or an alert of the server.
    Tls(Error),
    /// The server's certificate leads to no root.
    NoPath(NoPath),
    /// A record of the server, or its certificates, are larger than [`Records::incoming`](crate::Records::incoming).
    TooLarge,
    /// What the board sends at once, its certificates, is larger than [`Records::outgoing`](crate::Records::outgoing).
    FlightTooLarge,
    /// The reply has no readable `Date`, or an `Age`, as one out of a cache: a board without a clock has to check the certificate
    /// at its date.
    NoDate,
    /// The board has no certificate, and the service wants one.
    NoIdentity,
    /// The service wants a certificate, and the endpoint is `http`.
    Plain,
    /// The host is neither a name nor an address that a certificate can be for.
    NotAName,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => write!(f, "{error}"),
            Self::NoPath(reason) => write!(f, "invalid peer certificate: {reason}"),
            Self::TooLarge => f.write_str(
                "a record or the certificates of the server are larger than Records::incoming: 16,640 bytes take any record",
            ),
            Self::FlightTooLarge => {
                f.write_str("the certificates of this board are larger than Records::outgoing: lend more")
            }
            Self::NoDate => {
                f.write_str("the reply has no Date of its own, by which the certificate had to be checked")
            }
            Self::Plain => f.write_str("a certificate is presented over https alone, and the endpoint is http"),
            Self::NoIdentity => {
                f.write_str("the service wants a certificate of this board: give Config an Identity")
            }
            Self::NotAName => f.write_str("the host is no name that a certificate can be for"),
        }
    }
}

impl core::error::Error for Fault {}

impl Fault {
    /// What the driver reports of it.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::TooLarge | Self::FlightTooLarge => FailureKind::TooLarge,
            Self::NoDate | Self::NoPath(_) => FailureKind::Untrusted,
            Self::NoIdentity | Self::Plain => FailureKind::Unsupported,
            Self::NotAName => FailureKind::NotFound,
            Self::Tls(Error::InvalidCertificate(_) | Error::NoCertificatesPresented) => {
                FailureKind::Untrusted
            }
            Self::Tls(Error::AlertReceived(
                AlertDescription::AccessDenied
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRequired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::UnsupportedCertificate,
            )) => FailureKind::Denied,
            Self::Tls(Error::FailedToGetRandomBytes | Error::General(_) | Error::Other(_)) => {
                FailureKind::Other
            }
            Self::Tls(_) => FailureKind::Protocol,
        }
    }
}

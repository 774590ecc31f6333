//! Why there is no path to a root, where rustls without std has no name for it.

use core::fmt;

/// Why there is no path from a server's certificate to a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoPath {
    /// A certificate was issued by one that is no authority, or is itself one.
    NotAnAuthority,
    /// An authority may not issue for this name.
    NameConstraint,
    /// An authority is further from the server's certificate than it may be.
    TooLong,
    /// A certificate has a critical extension that is not known here.
    CriticalExtension,
    /// The server has sent more than four certificates beside its own.
    TooMany,
    /// Anything else: what is malformed, or exceeds the limits of webpki.
    Other,
}

impl NoPath {
    /// By their numbers.
    pub(crate) const ALL: [Self; 5] =
        [Self::NotAnAuthority, Self::NameConstraint, Self::TooLong, Self::CriticalExtension, Self::TooMany];

    pub(crate) fn of(error: &webpki::Error) -> Self {
        match error {
            webpki::Error::CaUsedAsEndEntity | webpki::Error::EndEntityUsedAsCa => Self::NotAnAuthority,
            webpki::Error::NameConstraintViolation => Self::NameConstraint,
            webpki::Error::PathLenConstraintViolated => Self::TooLong,
            webpki::Error::UnsupportedCriticalExtension => Self::CriticalExtension,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for NoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnAuthority => {
                "issued by a certificate that is no authority, or one of an authority itself"
            }
            Self::NameConstraint => "issued by an authority for other names",
            Self::TooLong => "issued by an authority that is further away than it may be",
            Self::CriticalExtension => "it has a critical extension that is not known",
            Self::TooMany => "the server has sent more than four certificates beside its own",
            Self::Other => "malformed, or beyond the limits of what is verified",
        })
    }
}

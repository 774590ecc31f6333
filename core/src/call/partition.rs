//! Partitions: groups of regions with domains of their own, and the URLs of endpoints in them.

use crate::error::{Buffer, ErrorKind};
use crate::wire::device::utf8;
use crate::wire::{Cursor, Put};

/// A partition of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Partition {
    /// The second field of its ARNs: `aws`, `aws-cn`.
    pub name: &'static str,
    /// The suffix of its endpoints' host names.
    pub dns_suffix: &'static str,
    /// The suffix of its dual-stack endpoints, if it has any.
    pub dual_stack_suffix: Option<&'static str>,
    /// The prefix of its regions' names.
    prefix: &'static str,
    /// The pseudo-region of its global services.
    global: &'static str,
}

const fn partition(
    name: &'static str,
    dns_suffix: &'static str,
    dual_stack_suffix: Option<&'static str>,
    prefix: &'static str,
    global: &'static str,
) -> Partition {
    Partition { name, dns_suffix, dual_stack_suffix, prefix, global }
}

/// The first has every region that no other has.
const PARTITIONS: [Partition; 8] = [
    partition("aws", "amazonaws.com", Some("api.aws"), "", "aws-global"),
    partition("aws-cn", "amazonaws.com.cn", Some("api.amazonwebservices.com.cn"), "cn-", "aws-cn-global"),
    partition("aws-us-gov", "amazonaws.com", Some("api.aws"), "us-gov-", "aws-us-gov-global"),
    partition("aws-iso", "c2s.ic.gov", None, "us-iso-", "aws-iso-global"),
    partition("aws-iso-b", "sc2s.sgov.gov", None, "us-isob-", "aws-iso-b-global"),
    partition("aws-iso-e", "cloud.adc-e.uk", None, "eu-isoe-", "aws-iso-e-global"),
    partition("aws-iso-f", "csp.hci.ic.gov", None, "us-isof-", "aws-iso-f-global"),
    partition("aws-eusc", "amazonaws.eu", Some("api.amazonwebservices.eu"), "eusc-", "aws-eusc-global"),
];

impl Partition {
    /// The partition of `region`: `aws` for a region of no other.
    ///
    /// ```
    /// use rolecall_core::call::Partition;
    /// assert_eq!(Partition::of("cn-north-1").dns_suffix, "amazonaws.com.cn");
    /// assert_eq!(Partition::of("us-gov-west-1").name, "aws-us-gov");
    /// ```
    pub fn of(region: &str) -> &'static Self {
        let [aws, others @ ..] = &PARTITIONS;
        let has = |other: &&Self| region.starts_with(other.prefix) || region == other.global;
        others.iter().find(has).unwrap_or(aws)
    }
}

const NOT_A_REGION: &str = "region: expected 1 to 63 of a-z, 0-9 and hyphens, with no hyphen at either end";

/// The variant of a service's endpoint in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Variant {
    /// The endpoint whose cryptography is validated by FIPS 140 (`AWS_USE_FIPS_ENDPOINT`).
    pub fips: bool,
    /// The endpoint that answers over IPv6 too (`AWS_USE_DUALSTACK_ENDPOINT`).
    pub dual_stack: bool,
}

/// Whether `region` can be a label of a host's name: 1 to 63 of `a-z`, `0-9` and hyphens, with no hyphen at either end.
/// Anything else in a URL could lead to a host of another owner.
///
/// ```
/// use rolecall_core::call::is_region;
/// assert!(is_region("us-gov-west-1"));
/// assert!(!is_region("evil.example/"));
/// ```
pub fn is_region(region: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    matches!(region.len(), 1..=63)
        && region.bytes().all(allowed)
        && !region.starts_with("-")
        && !region.ends_with("-")
}

/// Writes the URL of a region's endpoint of `service` into `buffer`; 128 bytes are enough for every service.
///
/// # Errors
/// `Invalid` for a text that is not a region ([`is_region`]), or whose partition has no dual-stack endpoints;
/// `BufferTooSmall`.
///
/// ```
/// use rolecall_core::call::{Variant, regional_url};
/// let mut buffer = [0; 128];
/// let url = regional_url("sts", "cn-north-1", Variant::default(), &mut buffer).unwrap();
/// assert_eq!(url, "https://sts.cn-north-1.amazonaws.com.cn");
/// let both = Variant { fips: true, dual_stack: true };
/// assert_eq!(regional_url("sts", "us-east-2", both, &mut buffer).unwrap(), "https://sts-fips.us-east-2.api.aws");
/// ```
pub fn regional_url<'b>(
    service: &str,
    region: &str,
    variant: Variant,
    buffer: &'b mut [u8],
) -> Result<&'b str, ErrorKind> {
    if !is_region(region) {
        return Err(ErrorKind::Invalid(NOT_A_REGION));
    }
    let partition = Partition::of(region);
    let suffix = if variant.dual_stack {
        let none = ErrorKind::Invalid("region: its partition has no dual-stack endpoints");
        partition.dual_stack_suffix.ok_or(none)?
    } else {
        partition.dns_suffix
    };
    // These have validated endpoints only in GovCloud, and no separate names for them.
    let validated = matches!(service, "sts" | "portal.sso" | "oidc");
    let plain = partition.name == "aws-us-gov" && validated && !variant.dual_stack;
    let fips = if variant.fips && !plain { "-fips" } else { "" };
    let mut out = Cursor::new(buffer);
    for part in ["https://", service, fips, ".", region, ".", suffix] {
        out.put(part.as_bytes());
    }
    let written = out
        .finish()
        .map_err(|small| ErrorKind::BufferTooSmall { buffer: Buffer::Exchange, needed: small.needed })?;
    Ok(utf8(written).unwrap_or_default())
}

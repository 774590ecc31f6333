//! Service and region in the names of AWS hosts.

/// The signing names of hosts, generated from botocore's models by `tests/cases/hosts.py`, where its format is
/// described.
const SIGNING_NAMES: &str = include_str!("signing_names.txt");

/// The ends of the names of AWS hosts, and the region that a host without one is signed for.
const SUFFIXES: [(&str, &str); 16] = [
    (".api.amazonwebservices.com.cn", "cn-northwest-1"),
    (".api.amazonwebservices.eu", "eusc-de-east-1"),
    (".api.aws.hci.ic.gov", "us-isof-south-1"),
    (".api.aws.ic.gov", "us-iso-east-1"),
    (".api.aws.scloud", "us-isob-east-1"),
    (".api.cloud-aws.adc-e.uk", "eu-isoe-west-1"),
    (".api.aws", "us-east-1"),
    (".on.aws", "us-east-1"),
    (".vpce.amazonaws.com", "us-east-1"),
    (".amazonaws.com.cn", "cn-northwest-1"),
    (".amazonaws.com", "us-east-1"),
    (".amazonaws.eu", "eusc-de-east-1"),
    (".c2s.ic.gov", "us-iso-east-1"),
    (".sc2s.sgov.gov", "us-isob-east-1"),
    (".cloud.adc-e.uk", "eu-isoe-west-1"),
    (".csp.hci.ic.gov", "us-isof-south-1"),
];

/// What the name of a host says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// The name in the credential scope.
    pub(super) service: Option<&'static str>,
    pub(crate) region: Option<String>,
    /// A multi-region access point of S3, which takes signatures for a set of regions alone.
    pub(super) multi_region: bool,
}

#[cfg(feature = "middleware")]
impl Named {
    pub(crate) fn service_name(&self) -> Option<&'static str> {
        self.service
    }
}

/// Returns what a host's name says, if it is one of AWS's own.
pub(crate) fn named_by(host: &str) -> Named {
    let host = host.to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    let found =
        SUFFIXES.iter().find_map(|(suffix, region)| Some((host.strip_suffix(suffix)?, *suffix, *region)));
    let Some((name, suffix, home)) = found else { return Named::default() };
    let mut labels: Vec<&str> = name.split('.').map(plain).filter(|label| !is_variant(label)).collect();
    let mut named = Named::default();
    if suffix.starts_with(".vpce") {
        // PREFIX.vpce-ID.SERVICE.REGION
        let region = labels.pop().filter(|label| is_region(label));
        let id = labels.iter().rposition(|label| label.starts_with("vpce-"));
        let service = id.and_then(|id| labels.get(id + 1..)).unwrap_or_default();
        named.service = signing_name(service, "").filter(|_| region.is_some());
        named.region = region.map(str::to_owned);
        return named;
    }
    if labels.last() == Some(&"s3-global") {
        named.service = Some("s3");
        named.multi_region = true;
        return named;
    }
    let mut partition = None;
    while let Some(whole @ ("us-gov" | "global")) = labels.last().copied() {
        partition = Some(if whole == "us-gov" { "us-gov-west-1" } else { home });
        labels.pop();
    }
    if let Some(region) = labels.last().copied().filter(|label| is_region(label)) {
        labels.pop();
        named.service = signing_name(&labels, "");
        named.region = Some(region.to_owned());
    } else if let Some(region) =
        labels.last().and_then(|label| label.strip_prefix("s3-")).filter(|it| is_region(it))
    {
        named.service = Some("s3");
        named.region = Some(region.to_owned());
    } else if matches!(labels.last().copied(), Some("s3" | "s3-accelerate")) {
        // They reach buckets of every region.
        named.service = Some("s3");
    } else if labels.last() == Some(&"s3-external-1") {
        named.service = Some("s3");
        named.region = Some("us-east-1".to_owned());
    } else if let Some(at) = labels.iter().rposition(|label| is_region(label)) {
        // ID.REGION.SERVICE
        let region = labels.remove(at);
        named.service = signing_name(&labels, "^");
        named.region = Some(region.to_owned());
    } else {
        named.service = signing_name(&labels, "@");
        let home = if named.service == Some("iam") && home == "cn-northwest-1" { "cn-north-1" } else { home };
        named.region = named.service.map(|_| partition.unwrap_or(home).to_owned());
    }
    named
}

/// A label without what FIPS endpoints add to it.
fn plain(label: &str) -> &str {
    let label = label.strip_suffix("-fips").unwrap_or(label);
    label.strip_prefix("fips-").unwrap_or(label)
}

/// Whether a label says only how an endpoint is reached.
fn is_variant(label: &str) -> bool {
    matches!(label, "fips" | "dualstack")
}

/// Whether a label is a region: two to four letters, further words, and a number.
fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let area = parts.next().unwrap_or_default();
    let number = parts.next_back().unwrap_or_default();
    let mut words = parts.peekable();
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&area.len())
        && letters(area)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && words.peek().is_some()
        && words.all(letters)
}

/// An entry of the table.
struct Entry {
    /// Whether labels of a customer may be in front.
    prefixed: bool,
    /// Where the region is: `^`, `@` or nothing.
    mark: &'static str,
    name: &'static str,
    signing_name: &'static str,
}

fn entries() -> impl Iterator<Item = Entry> {
    SIGNING_NAMES.split_ascii_whitespace().map(|entry| {
        let (name, signing_name) = match entry.split_once('=') {
            Some((name, signing_name)) => (name, signing_name),
            None => (entry, entry.trim_start_matches(['~', '^', '@'])),
        };
        let (prefixed, name) = name.strip_prefix('~').map_or((false, name), |name| (true, name));
        let marked = name.starts_with(['^', '@']);
        let (mark, name) = name.split_at(usize::from(marked));
        Entry { prefixed, mark, name, signing_name }
    })
}

/// The signing name of the longest entry that the labels are, or end with; `None` for one that is not signed for.
fn signing_name(labels: &[&str], mark: &str) -> Option<&'static str> {
    // The labels of S3 Express One Zone name an availability zone.
    if labels.last().is_some_and(|label| label.starts_with("s3express-") && *label != "s3express-control") {
        return Some("s3express").filter(|_| mark.is_empty());
    }
    let whole = labels.join(".");
    let fits = |entry: &Entry| {
        let rest = whole.strip_suffix(entry.name).filter(|_| entry.mark == mark);
        rest.is_some_and(|rest| if entry.prefixed { rest.ends_with('.') } else { rest.is_empty() })
    };
    let longest = entries().filter(fits).max_by_key(|entry| entry.name.len())?;
    Some(longest.signing_name).filter(|name| !name.is_empty())
}

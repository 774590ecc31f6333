//! Service and region in the names of AWS hosts.

/// Service and region in a host's name, if it is one of AWS's own.
pub(super) fn named_by(host: &str) -> (Option<String>, Option<String>) {
    const SUFFIXES: [&str; 8] = [
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".amazonaws.eu",
        ".c2s.ic.gov",
        ".sc2s.sgov.gov",
        ".cloud.adc-e.uk",
        ".csp.hci.ic.gov",
        ".on.aws",
    ];
    let host = host.to_ascii_lowercase();
    let Some(labels) = SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix)) else {
        return (None, None);
    };
    let mut labels: Vec<&str> = labels.split('.').collect();
    let is_region = |label: &str| {
        let digit = label.ends_with(|last: char| last.is_ascii_digit());
        digit && label.matches('-').count() >= 2 && !label.starts_with("s3-")
    };
    let region = labels.last().copied().filter(|last| is_region(last) && labels.len() > 1);
    if region.is_some() {
        labels.pop();
    }
    labels.retain(|label| *label != "dualstack");
    let service = labels.last().map(|service| match service.strip_suffix("-fips").unwrap_or(service) {
        "lambda-url" => "lambda",
        service => service,
    });
    // A global endpoint signs for the first region of its partition.
    let region = region.or(match service {
        Some("sts" | "iam" | "s3") if host.ends_with(".amazonaws.com") => Some("us-east-1"),
        _ => None,
    });
    (service.map(str::to_owned), region.map(str::to_owned))
}

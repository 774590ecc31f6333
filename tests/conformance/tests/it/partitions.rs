//! The partition of each region, and the names of its endpoints.

use conformance::{json, say, vectors};
use rolecall_core::call::{Partition, Variant, regional_url};

fn url(service: &str, region: &str, fips: bool, dual_stack: bool) -> Option<String> {
    let mut buffer = [0; 128];
    regional_url(service, region, Variant { fips, dual_stack }, &mut buffer).ok().map(str::to_owned)
}

#[test]
fn partitions_of_regions_match() {
    let Some(folder) = vectors("partitions") else { return };
    let document = json(&folder.join("partitions.json"));
    let mut regions = 0;
    for partition in document["partitions"].as_array().expect("partitions") {
        let outputs = &partition["outputs"];
        let dual_stack = outputs["supportsDualStack"].as_bool().expect("supportsDualStack");
        let mut names: Vec<&str> =
            partition["regions"].as_object().expect("regions").keys().map(String::as_str).collect();
        names.extend(outputs["implicitGlobalRegion"].as_str());
        for region in names {
            let found = Partition::of(region);
            assert_eq!(Some(found.name), partition["id"].as_str(), "{region}");
            assert_eq!(Some(found.dns_suffix), outputs["dnsSuffix"].as_str(), "{region}");
            let suffix = outputs["dualStackDnsSuffix"].as_str().filter(|_| dual_stack);
            assert_eq!(found.dual_stack_suffix, suffix, "{region}");
            regions += 1;
        }
    }
    assert!(regions > 30, "{regions} regions");
    say(&format!("{regions} regions match their partitions"));
}

#[test]
fn sts_endpoints_are_resolved() {
    let table = [
        ("eu-west-1", false, false, Some("https://sts.eu-west-1.amazonaws.com")),
        ("us-west-2", true, false, Some("https://sts-fips.us-west-2.amazonaws.com")),
        ("us-west-2", false, true, Some("https://sts.us-west-2.api.aws")),
        ("us-west-2", true, true, Some("https://sts-fips.us-west-2.api.aws")),
        ("us-gov-east-1", true, false, Some("https://sts.us-gov-east-1.amazonaws.com")),
        ("cn-northwest-1", false, true, Some("https://sts.cn-northwest-1.api.amazonwebservices.com.cn")),
        ("us-iso-east-1", false, false, Some("https://sts.us-iso-east-1.c2s.ic.gov")),
        ("us-iso-east-1", false, true, None),
        ("us-isob-east-1", false, false, Some("https://sts.us-isob-east-1.sc2s.sgov.gov")),
        ("eu-isoe-west-1", false, false, Some("https://sts.eu-isoe-west-1.cloud.adc-e.uk")),
        ("us-isof-south-1", false, false, Some("https://sts.us-isof-south-1.csp.hci.ic.gov")),
        ("eusc-de-east-1", false, false, Some("https://sts.eusc-de-east-1.amazonaws.eu")),
        ("mx-central-1", false, false, Some("https://sts.mx-central-1.amazonaws.com")),
    ];
    for (region, fips, dual_stack, wanted) in table {
        assert_eq!(url("sts", region, fips, dual_stack).as_deref(), wanted, "{region} {fips} {dual_stack}");
    }
}

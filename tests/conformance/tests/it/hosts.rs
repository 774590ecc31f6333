//! Which service and region a URL is signed for: as botocore's models and endpoint rules have it, or not at all.

use rolecall::{Credentials, Environment, Request, Settings, UnixTime};

/// The service and the region, or the error.
fn signed_for(url: &str, region: Option<&str>) -> Result<(String, String), String> {
    let variables = region.map(|region| ("AWS_REGION", region));
    let environment: Environment = variables.into_iter().collect();
    let settings = Settings::from_environment(&environment).expect("settings");
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None).expect("credentials");
    let request = Request::new("GET", url).and_then(|request| request.completed(&settings));
    let canonical = request.and_then(|request| request.canonical(&credentials, UnixTime::from_secs(0)));
    let canonical = canonical.map_err(|error| error.to_string())?;
    let scope: Vec<&str> = canonical.string_to_sign().lines().nth(2).unwrap_or_default().split('/').collect();
    Ok((scope[2].to_owned(), scope[1].to_owned()))
}

#[test]
fn every_service_of_botocore_is_signed_for_its_name_and_region() {
    let hosts = include_str!("../../../cases/hosts.txt");
    assert!(hosts.lines().count() > 1500);
    for line in hosts.lines() {
        let [url, service, region] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        for configured in [None, Some("ap-southeast-2")] {
            // Hosts of S3 that reach every region are signed for the one that is configured.
            let found = signed_for(url, configured);
            assert_eq!(found, Ok((service.to_owned(), region.to_owned())), "{line}");
        }
    }
}

#[test]
fn hosts_of_customers_are_signed_for_their_service() {
    for (host, service, region) in [
        ("abc-ats.iot.eu-west-1.amazonaws.com", "iotdata", "eu-west-1"),
        ("abc.iot.eu-west-1.amazonaws.com", "iotdata", "eu-west-1"),
        ("abc.jobs.iot.eu-west-1.amazonaws.com", "iotdata", "eu-west-1"),
        ("data.jobs.iot.eu-west-1.amazonaws.com", "iot-jobs-data", "eu-west-1"),
        ("iot.eu-west-1.amazonaws.com", "iot", "eu-west-1"),
        ("abc.appsync-api.eu-west-1.amazonaws.com", "appsync", "eu-west-1"),
        ("abc.execute-api.eu-west-1.amazonaws.com", "execute-api", "eu-west-1"),
        ("abc.execute-api-fips.us-east-1.amazonaws.com", "execute-api", "us-east-1"),
        ("abc.lambda-url.eu-west-1.on.aws", "lambda", "eu-west-1"),
        ("svc-0a.7d67968.vpc-lattice-svcs.eu-west-1.on.aws", "vpc-lattice-svcs", "eu-west-1"),
        ("123456789012.ddb.eu-west-1.amazonaws.com", "dynamodb", "eu-west-1"),
        ("search-d-abc.eu-west-1.es.amazonaws.com", "es", "eu-west-1"),
        ("vpc-d-abc.cn-north-1.es.amazonaws.com.cn", "es", "cn-north-1"),
        ("abc.eu-west-1.aoss.amazonaws.com", "aoss", "eu-west-1"),
        ("doc-d-abc.us-gov-west-1.cloudsearch.amazonaws.com", "cloudsearch", "us-gov-west-1"),
        ("db.cluster-abc.eu-west-1.neptune.amazonaws.com", "neptune-db", "eu-west-1"),
        ("pipeline-abc.eu-west-1.osis.amazonaws.com", "osis", "eu-west-1"),
        ("eu-west-1.queue.amazonaws.com", "sqs", "eu-west-1"),
        ("queue.amazonaws.com", "sqs", "us-east-1"),
        ("s-1234.kinesisvideo.eu-west-1.amazonaws.com", "kinesisvideo", "eu-west-1"),
        ("ingest-cell1.timestream.us-east-1.amazonaws.com", "timestream", "us-east-1"),
        ("data-servicediscovery.eu-west-1.amazonaws.com", "servicediscovery", "eu-west-1"),
        ("sync-states.eu-west-1.amazonaws.com", "states", "eu-west-1"),
        ("api.iotsitewise.eu-west-1.amazonaws.com", "iotsitewise", "eu-west-1"),
        ("aps-workspaces.eu-west-1.amazonaws.com", "aps", "eu-west-1"),
        ("transcribestreaming.eu-west-1.amazonaws.com", "transcribe", "eu-west-1"),
        ("organizations.amazonaws.com", "organizations", "us-east-1"),
        ("iam.us-gov.amazonaws.com", "iam", "us-gov-west-1"),
        ("iam.cn-north-1.amazonaws.com.cn", "iam", "cn-north-1"),
        ("route53.amazonaws.com.cn", "route53", "cn-northwest-1"),
        ("route53.global.api.aws", "route53", "us-east-1"),
        ("bucket.s3-us-west-2.amazonaws.com", "s3", "us-west-2"),
        ("s3-eu-west-1.amazonaws.com", "s3", "eu-west-1"),
        ("s3-external-1.amazonaws.com", "s3", "us-east-1"),
        ("a.b.s3.dualstack.cn-north-1.amazonaws.com.cn", "s3", "cn-north-1"),
        ("us-west-2.s3.eu-west-1.amazonaws.com", "s3", "eu-west-1"),
        ("ap-123456789012.s3-accesspoint.us-west-2.amazonaws.com", "s3", "us-west-2"),
        ("ap-123456789012.s3-accesspoint-fips.dualstack.us-gov-west-1.amazonaws.com", "s3", "us-gov-west-1"),
        ("123456789012.s3-control.dualstack.us-west-2.amazonaws.com", "s3", "us-west-2"),
        ("ol-123456789012.s3-object-lambda.eu-west-1.amazonaws.com", "s3-object-lambda", "eu-west-1"),
        ("ap-1.op-1.s3-outposts.eu-west-1.amazonaws.com", "s3-outposts", "eu-west-1"),
        ("b--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com", "s3express", "us-west-2"),
        (
            "b--usw2-az1--x-s3.s3express-fips-usw2-az1.dualstack.us-west-2.amazonaws.com",
            "s3express",
            "us-west-2",
        ),
        ("s3express-control.us-west-2.amazonaws.com", "s3express", "us-west-2"),
        ("bucket.vpce-0f1a.s3.us-east-1.vpce.amazonaws.com", "s3", "us-east-1"),
        ("accesspoint.vpce-0f1a-us-east-1a.s3.us-east-1.vpce.amazonaws.com", "s3", "us-east-1"),
        ("vpce-0f1a.execute-api.eu-west-1.vpce.amazonaws.com", "execute-api", "eu-west-1"),
        ("vpce-0f1a-b2.api.ecr.eu-west-1.vpce.amazonaws.com", "ecr", "eu-west-1"),
        ("vpce-0f1a.sts.eu-west-1.vpce.amazonaws.com", "sts", "eu-west-1"),
        ("EMAIL.EU-WEST-1.AMAZONAWS.COM.", "ses", "eu-west-1"),
    ] {
        for configured in [None, Some("ap-southeast-2")] {
            let found = signed_for(&format!("https://{host}/x"), configured);
            assert_eq!(found, Ok((service.to_owned(), region.to_owned())), "{host}");
        }
    }
}

#[test]
fn hosts_of_every_region_are_signed_for_the_one_that_is_configured() {
    for host in
        ["s3.amazonaws.com", "b.s3.amazonaws.com", "b.s3-accelerate.amazonaws.com", "b.s3.amazonaws.com.cn"]
    {
        let url = format!("https://{host}/k");
        let found = signed_for(&url, Some("ap-southeast-2"));
        assert_eq!(found, Ok(("s3".to_owned(), "ap-southeast-2".to_owned())), "{host}");
        let error = signed_for(&url, None).expect_err(host);
        assert!(error.contains("no region") && error.contains(host), "{error}");
    }
}

#[test]
fn what_is_not_known_is_refused_with_the_option_that_names_it() {
    for host in [
        "example.amazonaws.com",
        "unknown.eu-west-1.amazonaws.com",
        "abc.unknown.eu-west-1.amazonaws.com",
        // A label in front of a service that has no hosts of customers.
        "abc.ec2.eu-west-1.amazonaws.com",
        "xec2.eu-west-1.amazonaws.com",
        "abc.unknown.eu-west-1.vpce.amazonaws.com",
        "vpce-0f1a.unknown.eu-west-1.vpce.amazonaws.com",
        // Not signed: certificates, web sites, registries.
        "abc.credentials.iot.eu-west-1.amazonaws.com",
        "bucket.s3-website-eu-west-1.amazonaws.com",
        "bucket.s3-website.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "amazonaws.com",
        "api.aws",
        "sts.eu-west-1.amazonaws.com.example",
        "example.com",
    ] {
        let error = signed_for(&format!("https://{host}/"), Some("eu-west-1")).expect_err(host);
        assert!(error.contains("--service") && error.contains(host), "{error}");
    }
}

/// The region of the settings is not that of an access point with many; one that is set for the request is an error.
#[test]
fn multi_region_access_points_are_signed_for_every_region() {
    let url = "https://mfzwi23gnjvgw.accesspoint.s3-global.amazonaws.com/k";
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None).expect("credentials");
    let time = UnixTime::from_secs(1_767_323_045);
    let signed = |request: Request| {
        let signed = request.sign(&credentials, time).map_err(|error| error.to_string())?;
        let value = |wanted: &str| {
            let found = signed.headers().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        Ok::<_, String>((value("x-amz-region-set"), value("authorization")))
    };
    let point = || Request::new("GET", url).expect("a URL");
    for (request, regions) in [
        (point(), "*"),
        (point().region_set("eu-west-1,us-east-1"), "eu-west-1,us-east-1"),
        (Request::new("GET", "https://example.com/").expect("a URL").service("s3").region_set("*"), "*"),
    ] {
        let variables = [("AWS_REGION", "eu-west-1")];
        let settings = Settings::from_environment(&variables.into_iter().collect()).expect("settings");
        for request in [request.clone(), request.completed(&settings).expect("all is named")] {
            let (set, authorization) = signed(request).expect("signed");
            assert_eq!(set, regions);
            let start =
                "AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20260102/s3/aws4_request, SignedHeaders=host;";
            assert!(authorization.starts_with(start), "{authorization}");
        }
        let url = request.presign(&credentials, time, 60).expect("presigned");
        let set = format!("&X-Amz-Region-Set={}&", regions.replace('*', "%2A").replace(',', "%2C"));
        assert!(url.url().contains(&set), "{}", url.url());
    }
    for both in [point().region("eu-west-1"), point().region_set("*").region("eu-west-1")] {
        let error = signed(both).expect_err("both");
        assert!(error.contains("--region-set"), "{error}");
    }
}

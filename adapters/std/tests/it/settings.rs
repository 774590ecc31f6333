//! Settings from the standard variables, and the signing scope of a URL.

use rolecall::{Credentials, Environment, Error, Provider, Request, Settings, UnixTime};

fn settings(variables: &[(&str, &str)]) -> Result<Settings, Error> {
    Settings::from_environment(&variables.iter().copied().collect::<Environment>())
}

#[test]
fn a_variable_of_spaces_is_unset_and_region_variables_have_an_order() {
    let both = [("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "us-east-1")];
    assert_eq!(settings(&both).unwrap().region.as_deref(), Some("eu-west-1"));
    let spaces = [("AWS_REGION", " "), ("AWS_DEFAULT_REGION", "us-east-1")];
    assert_eq!(settings(&spaces).unwrap().region.as_deref(), Some("us-east-1"));
    assert_eq!(settings(&[]).unwrap().region, None);
}

#[test]
fn metadata_endpoint_variables_have_an_order() {
    let endpoint =
        |variables: &[(&str, &str)]| settings(variables).map(|settings| settings.imds_url().to_owned());
    let mode = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
    assert_eq!(endpoint(&[]).unwrap(), "http://169.254.169.254");
    assert_eq!(endpoint(&[(mode, "iPv6")]).unwrap(), "http://[fd00:ec2::254]");
    assert_eq!(endpoint(&[(mode, "IPv4")]).unwrap(), "http://169.254.169.254");
    let explicit = [(mode, "nonsense"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://other:456")];
    assert_eq!(endpoint(&explicit).unwrap(), "http://other:456");
    let error = settings(&[(mode, "error")]).unwrap().imds_mode.unwrap_err().to_string();
    assert!(error.contains(mode) && error.contains("error"), "{error}");
}

#[test]
fn numbers_and_booleans_are_parsed() {
    let set = settings(&[
        ("AWS_METADATA_SERVICE_TIMEOUT", "3"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "5"),
        ("AWS_EC2_METADATA_DISABLED", "True"),
        ("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true"),
    ]);
    let set = set.unwrap();
    assert_eq!((set.imds_limits.unwrap().connect_ms, set.imds_retries.unwrap().attempts), (3_000, 5));
    assert!(matches!(set.imds_disabled, Ok(true)) && !set.corrects_clock);
}

#[test]
fn the_numbers_of_instance_metadata_have_no_upper_end() {
    let name = "AWS_METADATA_SERVICE_TIMEOUT";
    let limits = |value| settings(&[(name, value)]).unwrap().imds_limits;
    for (value, milliseconds) in [
        ("1", 1_000),
        ("1.0", 1_000),
        ("0.5", 500),
        (".25", 250),
        ("61", 61_000),
        ("120", 120_000),
        (" 5\n", 5_000),
        ("0.0001", 1),
        ("99999999999", u32::MAX),
    ] {
        let limits = limits(value).unwrap();
        assert_eq!((limits.connect_ms, limits.first_byte_ms), (milliseconds, milliseconds), "{value:?}");
        assert!(limits.total_ms >= milliseconds.saturating_mul(2).max(5_000), "{value:?}");
    }
    for wrong in ["0", "0.0", "-1", "+1", "many", "1,5", "1e3", "inf", "NaN", "1.2.3", "5s"] {
        let error = limits(wrong).unwrap_err().to_string();
        let said = [name, &format!("{wrong:?}"), "number of seconds above zero"];
        assert!(said.iter().all(|part| error.contains(part)), "{error}");
    }

    let name = "AWS_METADATA_SERVICE_NUM_ATTEMPTS";
    let retries =
        |value| settings(&[(name, value), ("AWS_METADATA_SERVICE_TIMEOUT", "10")]).unwrap().imds_retries;
    for (value, attempts) in
        [("1", 1), ("11", 11), ("20", 20), (" 7 ", 7), ("99999999999999999999", u16::MAX)]
    {
        let retries = retries(value).unwrap();
        assert_eq!((retries.attempts, retries.until_ready), (attempts, true), "{value:?}");
        assert!(
            u64::from(retries.budget_ms) >= (20_000 * u64::from(attempts)).min(u32::MAX.into()),
            "{value:?}"
        );
    }
    for wrong in ["0", "00", "-1", "1.5", "many", "1e1"] {
        let error = retries(wrong).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("whole number above zero"), "{error}");
    }
    let usual = settings(&[]).unwrap().imds_retries.unwrap();
    assert_eq!((usual.attempts, usual.budget_ms, usual.until_ready), (3, 9_500, false));
}

#[test]
fn keys_come_in_pairs_and_secrets_are_redacted() {
    let pair = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "a-secret"),
        ("AWS_SESSION_TOKEN", ""),
    ];
    let set = settings(&pair).unwrap();
    assert!(set.credentials.as_ref().unwrap().as_ref().unwrap().expose_session_token().is_none());
    let shown = format!("{set:?} {:?} {:?}", set.credentials, Provider::new(settings(&pair).unwrap()));
    assert!(!shown.contains("a-secret"), "{shown}");
    for half in &pair[..2] {
        assert!(settings(&[*half]).unwrap().credentials.is_err());
    }
    let set = settings(&[pair[0], ("AWS_SECRET_ACCESS_KEY", "a\nb")]).unwrap();
    let error = set.credentials.unwrap_err().to_string();
    assert!(error.contains("secret access key") && !error.contains("a\nb"), "{error}");
}

/// The region and service that a URL is signed for.
fn scope(url: &str, variables: &[(&str, &str)]) -> Result<String, Error> {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None)?;
    let request = Request::new("GET", url)?.completed(&settings(variables)?)?;
    let canonical = request.canonical(&credentials, UnixTime::from_secs(1_440_938_160))?;
    let scope = canonical.string_to_sign().lines().nth(2).unwrap_or_default();
    Ok(scope.trim_start_matches("20150830/").trim_end_matches("/aws4_request").to_owned())
}

#[test]
fn service_and_region_are_derived_from_the_host() {
    for (url, expected) in [
        ("https://sts.eu-west-1.amazonaws.com/", "eu-west-1/sts"),
        ("https://sts.amazonaws.com/", "us-east-1/sts"),
        ("https://sts-fips.us-gov-west-1.amazonaws.com/", "us-gov-west-1/sts"),
        ("https://sts.cn-north-1.amazonaws.com.cn/", "cn-north-1/sts"),
        ("https://bucket.s3.eu-central-1.amazonaws.com/key", "eu-central-1/s3"),
        ("https://my.dotted.bucket.s3.amazonaws.com/key", "us-west-1/s3"),
        ("https://eu-west-1.s3.amazonaws.com/key", "us-west-1/s3"),
        ("https://bucket.s3-accelerate.dualstack.amazonaws.com/key", "us-west-1/s3"),
        ("https://s3.dualstack.us-west-2.amazonaws.com/b/k", "us-west-2/s3"),
        ("https://abc123.execute-api.ap-south-1.amazonaws.com/prod", "ap-south-1/execute-api"),
        ("https://id.lambda-url.us-east-2.on.aws/", "us-east-2/lambda"),
        ("https://EC2.EU-WEST-1.amazonaws.com/", "eu-west-1/ec2"),
    ] {
        assert_eq!(scope(url, &[("AWS_REGION", "us-west-1")]).unwrap(), expected, "{url}");
    }
}

#[test]
fn the_service_of_other_hosts_comes_from_endpoint_variables() {
    let variables = [
        ("AWS_REGION", "us-west-1"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000/base"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9001"),
    ];
    assert_eq!(scope("http://127.0.0.1:9000/base/bucket", &variables).unwrap(), "us-west-1/s3");
    assert_eq!(scope("http://127.0.0.1:9001/", &variables).unwrap(), "us-west-1/sts");
    assert!(scope("http://127.0.0.1:9002/", &variables).unwrap_err().to_string().contains("service"));
    // The portal of IAM Identity Center takes no signatures.
    let portal = [variables[0], ("AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:9003")];
    assert!(scope("http://127.0.0.1:9003/", &portal).is_err());
    // An endpoint for all services does not identify one.
    let all = [("AWS_REGION", "us-west-1"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")];
    assert!(scope("http://127.0.0.1:9000/", &all).is_err());
}

#[test]
fn one_byte_of_the_secret_changes_the_signature() {
    let sign = |secret: &str| {
        let credentials = Credentials::new("AKIDEXAMPLE", secret, None).unwrap();
        let request = Request::new("GET", "https://sts.eu-west-1.amazonaws.com/").unwrap();
        let signed = request.sign(&credentials, UnixTime::from_secs(1_440_938_160)).unwrap();
        signed.headers().last().unwrap().1.to_owned()
    };
    assert_ne!(sign("secret-1"), sign("secret-2"));
    assert_eq!(sign("secret-1"), sign("secret-1"));
}

#[test]
fn a_path_for_s3_is_signed_as_sent_and_presigned_in_its_canonical_form() {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None).unwrap();
    let time = UnixTime::from_secs(1_440_938_160);
    let request = Request::new("GET", "https://b.s3.eu-west-1.amazonaws.com/a=b/%7e").unwrap();
    let canonical = request.canonical(&credentials, time).unwrap();
    assert!(canonical.request().starts_with("GET\n/a=b/%7e\n"), "{}", canonical.request());
    let presigned = request.presign(&credentials, time, 60).unwrap();
    assert!(presigned.url().contains("/a%3Db/~?"), "{}", presigned.url());
}

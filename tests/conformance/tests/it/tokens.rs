//! Tokens for databases, caches, brokers and clusters, byte for byte those of botocore and of the vendors' signers.

use base64ct::{Base64UrlUnpadded, Encoding};
use conformance::{json, own, say};
use rolecall::{Credentials, TokenFor, UnixTime};
use serde_json::Value;

const TIME: u64 = 1_767_323_045;

fn credentials(session_token: Option<&str>) -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", session_token)
        .expect("credentials")
}

fn wanted(case: &Value) -> TokenFor {
    let text = |name: &str| case["arguments"][name].as_str().unwrap_or_else(|| panic!("no {name}: {case}"));
    let made = match case["kind"].as_str().expect("a kind") {
        "rds" => {
            let port = case["arguments"]["port"].as_u64().expect("a port");
            TokenFor::rds(text("host"), port.try_into().expect("a port"), text("user"))
        }
        "dsql" => TokenFor::dsql(text("host")),
        "dsql-admin" => TokenFor::dsql_admin(text("host")),
        "elasticache" => TokenFor::elasticache(text("name"), text("user")),
        "elasticache-serverless" => TokenFor::elasticache_serverless(text("name"), text("user")),
        "memorydb" => TokenFor::memorydb(text("name"), text("user")),
        "msk" => Ok(TokenFor::msk()),
        "eks" => TokenFor::eks(text("cluster")),
        other => panic!("{other}"),
    };
    let made = made.expect("it can be one");
    match case["arguments"]["lifetime"].as_u64() {
        Some(seconds) => made.lifetime_seconds(seconds.try_into().expect("seconds")),
        None => made,
    }
}

/// The URL in a token, with the two parameters that botocore's signers write in either order in one.
fn url(token: &str) -> String {
    let decoded = |encoded: &str| {
        let bytes = Base64UrlUnpadded::decode_vec(encoded).expect("base64");
        String::from_utf8(bytes).expect("a URL")
    };
    let url = match token.strip_prefix("k8s-aws-v1.") {
        Some(encoded) => decoded(encoded),
        None if !token.contains('/') => decoded(token),
        None => token.to_owned(),
    };
    let (front, parameters) = url.split_once('?').expect("a query");
    let mut parameters: Vec<&str> = parameters.split('&').collect();
    let at = |parameters: &[&str], name: &str| {
        parameters.iter().position(|one| one.starts_with(name)).expect("one")
    };
    let (expires, headers) = (at(&parameters, "X-Amz-Expires="), at(&parameters, "X-Amz-SignedHeaders="));
    assert_eq!(expires.abs_diff(headers), 1, "{url}");
    if headers < expires {
        parameters.swap(expires, headers);
    }
    format!("{front}?{}", parameters.join("&"))
}

#[test]
fn tokens() {
    let cases = json(&own("tokens.json"));
    let cases = cases.as_array().expect("a list");
    for case in cases {
        let region = case["region"].as_str().expect("a region");
        let credentials = credentials(case["session_token"].as_str());
        let time = UnixTime::from_secs(TIME);
        let token = wanted(case).region(region).sign(&credentials, time).expect("a token");
        let mut ours = url(token.expose());
        if case["kind"] == "msk" {
            let (signed, agent) = ours.rsplit_once('&').expect("a client");
            assert!(agent.starts_with("User-Agent=rolecall%2F"), "{agent}");
            ours = signed.to_owned();
        }
        assert_eq!(ours, url(case["token"].as_str().expect("a token")), "{}", case["name"]);
        let seconds = match case["kind"].as_str() {
            Some("eks") => 840,
            Some("dsql-admin") => 3_600,
            _ => 900,
        };
        assert_eq!(token.expiration(), time.saturating_add(seconds), "{}", case["name"]);
        assert!(!format!("{token:?}").contains("X-Amz-Signature"), "{token:?}");
    }
    say(&format!("{} tokens are those of botocore", cases.len()));
}

/// A region in the host's name is used, and what cannot be right is refused with advice.
#[test]
fn tokens_of_hosts() {
    let time = UnixTime::from_secs(TIME);
    let scope = |wanted: TokenFor| {
        let token = wanted.sign(&credentials(None), time).map_err(|error| error.to_string())?;
        let scope = token.expose().split_once("%2F20260102%2F").expect("a scope").1.to_owned();
        Ok::<_, String>(scope.split_once("%2Faws4_request").expect("its end").0.replace("%2F", "/"))
    };
    for (host, region) in [
        ("orders.abc123.eu-west-1.rds.amazonaws.com", "eu-west-1"),
        ("orders.proxy-abc123.US-EAST-2.rds.amazonaws.com", "us-east-2"),
        ("orders.abc123.rds.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ] {
        assert_eq!(
            scope(TokenFor::rds(host, 5432, "me").expect("a host")),
            Ok(format!("{region}/rds-db")),
            "{host}"
        );
    }
    let host = "foo0bar1.dsql.us-east-1.on.aws";
    assert_eq!(scope(TokenFor::dsql(host).expect("a host")), Ok("us-east-1/dsql".to_owned()));
    let no_region = scope(TokenFor::rds("db.example", 5432, "me").expect("a host")).expect_err("no region");
    assert!(no_region.contains("set one"), "{no_region}");

    for wrong in
        ["", "db.example/x", "db.example?x", "me@db.example", "db.example:5432", "https://db.example", "a b"]
    {
        assert!(TokenFor::rds(wrong, 5432, "me").is_err(), "{wrong}");
        assert!(TokenFor::dsql(wrong).is_err() || wrong == "db.example:5432", "{wrong}");
    }
    assert!(TokenFor::rds("db.example", 0, "me").is_err() && TokenFor::rds("db.example", 1, "").is_err());
    for wrong in ["", "My-Cache", "my-cache.abc.euw1.cache.amazonaws.com", "a/b"] {
        assert!(
            TokenFor::elasticache(wrong, "me").is_err() && TokenFor::memorydb(wrong, "me").is_err(),
            "{wrong}"
        );
    }
    for wrong in ["", "a b", "https://x", "line\nbreak"] {
        assert!(TokenFor::eks(wrong).is_err(), "{wrong:?}");
    }
    let cluster = TokenFor::eks("a").expect("a name").region("evil.example/");
    assert!(cluster.sign(&credentials(None), time).is_err());
    let fixed =
        TokenFor::rds(host, 5432, "me").expect("a host").lifetime_seconds(60).sign(&credentials(None), time);
    assert!(fixed.expect_err("it is not the caller's").to_string().contains("DSQL"));
    // It does not outlive the credentials.
    let short = credentials(Some("token")).with_expiration(Some(time.saturating_add(60)));
    let token = TokenFor::dsql(host).expect("a host").sign(&short, time).expect("a token");
    assert_eq!(token.expiration(), time.saturating_add(60));
}

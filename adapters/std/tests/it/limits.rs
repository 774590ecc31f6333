//! Requests and tokens as long as a service takes them: a host has the memory.

use crate::common::World;
use rolecall::{
    Credentials, Environment, Error, Provider, Request, Saml, Secret, Session, Settings, UnixTime,
    WebIdentity,
};

const ROLE: &str = "arn:aws:iam::123456789012:role/app";

/// `length` characters of base64, three of which are sent encoded.
fn token(length: usize) -> String {
    "aB3+/=".chars().cycle().take(length).collect()
}

fn sent(token: &str) -> String {
    token.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

fn web(token: &str) -> Session {
    WebIdentity::token(ROLE, "job", Secret::new(token.to_owned())).into()
}

fn web_file(_: &str) -> Session {
    WebIdentity::file(ROLE, "job", "/token").into()
}

fn saml(token: &str) -> Session {
    let provider = "arn:aws:iam::123456789012:saml-provider/corp";
    Saml::new(ROLE, provider, Secret::new(token.to_owned())).into()
}

#[test]
fn tokens_have_the_limits_of_the_service() {
    type Make = fn(&str) -> Session;
    let web_lengths = [18_000, 20_000, 20_001, 70_000, 200_000];
    let cases: [(&str, Make, usize, &[usize]); 3] = [
        ("20,000", web, 20_000, &web_lengths),
        ("20,000", web_file, 20_000, &web_lengths),
        ("100,000", saml, 100_000, &[18_000, 66_000, 100_000, 100_001, 140_000, 250_000]),
    ];
    for (named, make, limit, lengths) in cases {
        for length in lengths.iter().copied() {
            let token = token(length);
            let world = World::new();
            world.file("/token", &format!("{token}\n"));
            let variables = [("HOME", "/home"), ("AWS_REGION", "eu-west-1")];
            let provider = world.provider(&variables).session(make(&token));
            let fetched = provider.credentials();
            let forms = world.forms();
            if length <= limit {
                assert_eq!(fetched.expect("credentials").access_key_id(), "ASIA1", "{length}");
                let [form] = &forms[..] else { panic!("{} requests", forms.len()) };
                assert!(form.contains(&format!("={}", sent(&token))), "{length}: the token is not whole");
            } else {
                let error = fetched.expect_err("too long").to_string();
                assert!(error.contains(named) && !error.contains("aB3+/"), "{length}: {error}");
                assert!(forms.is_empty(), "{length}: it is sent");
            }
        }
    }
}

fn request(headers: usize, parameters: usize) -> Request {
    let query: Vec<String> = (0..parameters).map(|number| format!("n{}=v", number * 7919 % 5_003)).collect();
    let url = format!("https://api.execute-api.eu-west-1.amazonaws.com/?{}", query.join("&"));
    let named = |request: Request, number: usize| {
        request.header(&format!("x-header-{}", number * 7919 % 5_003), "v").expect("a header")
    };
    (0..headers).fold(Request::new("GET", &url).expect("a request"), named)
}

fn keys() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None).expect("keys")
}

const TIME: UnixTime = UnixTime::from_secs(1_767_323_045);

#[test]
fn many_headers_and_parameters_are_signed() {
    for (headers, parameters) in [(33, 65), (0, 1_024), (256, 0), (256, 1_024)] {
        let request = request(headers, parameters);
        let canonical = request.canonical(&keys(), TIME).expect("it fits");
        let lines: Vec<&str> = canonical.request().lines().collect();
        let names: Vec<&str> = lines[lines.len() - 2].split(';').collect();
        let query: Vec<&str> = lines[2].split('&').filter_map(|one| one.strip_suffix("=v")).collect();
        // With the host and the date.
        assert_eq!((names.len(), query.len()), (headers + 2, parameters));
        assert!(names.is_sorted() && query.is_sorted(), "{headers} {parameters}");
        let signed = request.sign(&keys(), TIME).expect("it fits");
        let authorization =
            signed.headers().find(|(name, _)| *name == "Authorization").expect("a signature").1;
        assert!(authorization.contains(&names.join(";")));
        let presigned = request.presign(&keys(), TIME, 60).expect("it fits");
        assert!(presigned.url().contains("X-Amz-SignedHeaders=host"));
    }
    for (headers, parameters, limit) in [(257, 0, "256 header lines"), (0, 1_025, "1,024 query parameters")] {
        let request = request(headers, parameters);
        for error in [
            request.sign(&keys(), TIME).map(drop),
            request.presign(&keys(), TIME, 60).map(drop),
            request.canonical(&keys(), TIME).map(drop),
        ] {
            let error = error.expect_err("too many");
            assert!(matches!(error, Error::Sign(_)), "{error:?}");
            assert!(error.to_string().contains(limit), "{error}");
        }
        let settings = Settings::from_environment(&Environment::from_iter([
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ]));
        let provider = Provider::builder(settings.expect("settings")).host(World::new()).build();
        let error = provider.send(&request).expect_err("too many").to_string();
        assert!(error.contains(limit), "{error}");
    }
}

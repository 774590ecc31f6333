//! The bodies of STS requests are, byte for byte, those that botocore's serializer makes of the same
//! arguments (`tests/cases/sts.py`).

use conformance::{json, own, say};
use rolecall_core::call::{Call, Operation, Service};
use rolecall_core::credentials::Credentials;
use rolecall_core::flow::{Context, Endpoint, Flow, Lease, Memory, Need, Report, Slot, Step};
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::sources::sts::{
    AssumeRoleRequest, AssumeRoleWithSamlRequest, AssumeRoleWithWebIdentityRequest, AssumeRootRequest,
    GetCallerIdentityRequest, GetFederationTokenRequest, GetSessionTokenRequest, SessionParameters,
};
use rolecall_core::sources::{Fixed, IdentityToken};
use rolecall_core::wire::time::UnixTime;
use serde_json::Value;

/// Returns the body of the first request of a call.
fn body<'c, O: Operation>(base: impl Flow<'c, Output = Lease>, operation: O) -> String {
    let endpoint = Endpoint::parse("https://sts.us-east-1.amazonaws.com").expect("an endpoint");
    let mut call = Call::new(base, Service::new(endpoint, "us-east-1"), operation);
    let (mut exchange, mut memory) = (vec![0; 64 * 1024], [[0; 4096]; 2]);
    let mut slots = memory.each_mut().map(|memory| Slot::new(memory));
    let now = Now { monotonic: Instant::from_millis(0), wall: Some(UnixTime::from_secs(1_700_000_000)) };
    let (mut clock, mut report) = (Clock::new(), Report::new());
    let mut cx = Context { now, entropy: 0, clock: &mut clock, report: &mut report };
    let step = call.poll(&mut cx, &mut Memory { exchange: &mut exchange, slots: &mut slots });
    match step {
        Step::Need(Need::Http(http)) => {
            String::from_utf8(http.request.body(&exchange).to_vec()).expect("a form is text")
        }
        Step::Need(other) => panic!("not a request: {other:?}"),
        Step::Done(result) => panic!("not a request: {:?}", result.err()),
    }
}

/// Arguments with the names of the API reference.
struct Arguments<'a>(&'a Value);

impl<'a> Arguments<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.0[name].as_str()
    }

    fn required(&self, name: &str) -> &'a str {
        self.text(name).unwrap_or_else(|| panic!("{name} is required"))
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.0[name].as_u64().map(|number| number as u32)
    }

    fn list(&self, name: &str) -> Vec<&'a Value> {
        self.0[name].as_array().map(|list| list.iter().collect()).unwrap_or_default()
    }

    fn arns(&self) -> Vec<&'a str> {
        self.list("PolicyArns").iter().map(|policy| Arguments(policy).required("arn")).collect()
    }

    fn pairs(&self, list: &str, first: &str, second: &str) -> Vec<(&'a str, &'a str)> {
        let pair = |each: &&'a Value| (Arguments(each).required(first), Arguments(each).required(second));
        self.list(list).iter().map(pair).collect()
    }
}

fn made(operation: &str, arguments: &Arguments<'_>) -> String {
    let keys = || {
        let keys = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
        Fixed::new(Some(keys.expect("well-formed")))
    };
    let (policy_arns, tags) = (arguments.arns(), arguments.pairs("Tags", "Key", "Value"));
    let transitive: Vec<&str> =
        arguments.list("TransitiveTagKeys").iter().filter_map(|key| key.as_str()).collect();
    let contexts = arguments.pairs("ProvidedContexts", "ProviderArn", "ContextAssertion");
    let policy = arguments.text("Policy");
    let duration_seconds = arguments.number("DurationSeconds");
    let (mfa_serial, token_code) = (arguments.text("SerialNumber"), arguments.text("TokenCode"));
    match operation {
        "AssumeRole" => {
            let mut more = SessionParameters::default();
            more.policy = policy;
            more.policy_arns = &policy_arns;
            more.tags = &tags;
            more.transitive_tag_keys = &transitive;
            more.mfa_serial = mfa_serial;
            more.token_code = token_code;
            more.source_identity = arguments.text("SourceIdentity");
            more.provided_contexts = &contexts;
            let (role, session) = (arguments.required("RoleArn"), arguments.required("RoleSessionName"));
            let mut request = AssumeRoleRequest::new(role, session);
            request.duration_seconds = duration_seconds;
            request.external_id = arguments.text("ExternalId");
            request.more = Some(&more);
            body(keys(), request)
        }
        "AssumeRoleWithWebIdentity" => {
            let (role, session) = (arguments.required("RoleArn"), arguments.required("RoleSessionName"));
            let mut request = AssumeRoleWithWebIdentityRequest::new(role, session);
            request.duration_seconds = duration_seconds;
            request.provider_id = arguments.text("ProviderId");
            request.policy = policy;
            request.policy_arns = &policy_arns;
            body(IdentityToken::given(arguments.required("WebIdentityToken")), request)
        }
        "AssumeRoleWithSAML" => {
            let (role, principal) = (arguments.required("RoleArn"), arguments.required("PrincipalArn"));
            let mut request = AssumeRoleWithSamlRequest::new(role, principal);
            request.duration_seconds = duration_seconds;
            request.policy = policy;
            request.policy_arns = &policy_arns;
            body(IdentityToken::given(arguments.required("SAMLAssertion")), request)
        }
        "GetSessionToken" => {
            let mut request = GetSessionTokenRequest::default();
            request.duration_seconds = duration_seconds;
            request.mfa_serial = mfa_serial;
            request.token_code = token_code;
            body(keys(), request)
        }
        "GetFederationToken" => {
            let mut request = GetFederationTokenRequest::new(arguments.required("Name"));
            request.duration_seconds = duration_seconds;
            request.policy = policy;
            request.policy_arns = &policy_arns;
            request.tags = &tags;
            body(keys(), request)
        }
        "AssumeRoot" => {
            let task = Arguments(&arguments.0["TaskPolicyArn"]).required("arn");
            let mut request = AssumeRootRequest::new(arguments.required("TargetPrincipal"), task);
            request.duration_seconds = duration_seconds;
            body(keys(), request)
        }
        "GetCallerIdentity" => body(keys(), GetCallerIdentityRequest),
        other => panic!("no such operation: {other}"),
    }
}

#[test]
fn sts_requests_match_botocore() {
    let cases = json(&own("sts.json"));
    let cases = cases.as_array().expect("a list");
    for case in cases {
        let operation = case["operation"].as_str().expect("an operation");
        let made = made(operation, &Arguments(&case["arguments"]));
        assert_eq!(made, case["body"].as_str().expect("a body"), "{}", case["name"]);
    }
    assert!(cases.len() >= 14, "number of cases");
    say(&format!("{} STS request bodies match botocore's", cases.len()));
}

//! Signing in with SRP: the requests and the proof, compared with an independent computation of the server's
//! side (`tests/cases/srp.py`).

use conformance::{json, own, say};
use rolecall_core::call::Service;
use rolecall_core::error::ErrorKind;
use rolecall_core::flow::{Answer, Context, Endpoint, Flow, Lease, Memory, Need, Reply, Report, Slot, Step};
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::sources::cognito::{Client, Password, SignIn};
use rolecall_core::wire::time::UnixTime;
use serde_json::{Value, json as document};

struct Fixture<'m> {
    exchange: Vec<u8>,
    slots: [Slot<'m>; 1],
    clock: Clock,
    report: Report,
}

const NOW: Now = Now { monotonic: Instant::from_millis(7), wall: Some(UnixTime::from_secs(1_767_323_045)) };

impl Fixture<'_> {
    fn poll<'c>(&mut self, flow: &mut SignIn<'c>) -> Step<'c, Lease> {
        let (clock, report) = (&mut self.clock, &mut self.report);
        let mut cx = Context { now: NOW, entropy: 1, clock, report };
        flow.poll(&mut cx, &mut Memory { exchange: &mut self.exchange, slots: &mut self.slots })
    }

    /// Returns the body of the next request.
    #[track_caller]
    fn request(&mut self, flow: &mut SignIn<'_>) -> Value {
        match self.poll(flow) {
            Step::Need(Need::Http(http)) => {
                serde_json::from_slice(http.request.body(&self.exchange)).expect("JSON")
            }
            other => panic!("not a request: {other:?}"),
        }
    }

    fn reply(&mut self, flow: &mut SignIn<'_>, body: &Value) {
        let body = body.to_string();
        self.exchange[..body.len()].copy_from_slice(body.as_bytes());
        let reply = Reply { status: 200, headers: 0..0, body: 0..body.len(), sent: NOW, received: NOW };
        let (clock, report) = (&mut self.clock, &mut self.report);
        let mut cx = Context { now: NOW, entropy: 1, clock, report };
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        flow.answer(&mut cx, &mut memory, Answer::Reply(reply));
    }
}

fn text<'v>(case: &'v Value, name: &str) -> &'v str {
    case[name].as_str().unwrap_or_else(|| panic!("no {name}"))
}

fn bytes(hex: &str) -> [u8; 32] {
    std::array::from_fn(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).expect("hexadecimal"))
}

/// Runs a sign-in with `change` applied to the challenge; returns both requests, or the error before the
/// second.
fn sign_in(case: &Value, password: &str, change: impl Fn(&mut Value)) -> (Value, Result<Value, ErrorKind>) {
    let endpoint = Endpoint::parse("https://cognito-idp.eu-west-1.amazonaws.com").expect("a URL");
    let client = Client::new("client", "ada@example.com");
    let random = bytes(text(case, "random"));
    let mut memory = vec![0; 8 * 1024];
    let mut fixture = Fixture {
        exchange: vec![0; 16 * 1024],
        slots: [Slot::new(&mut memory)],
        clock: Clock::new(),
        report: Report::new(),
    };
    let service = Service::new(endpoint, "eu-west-1");
    let password = Password::Given(password);
    let mut flow = SignIn::proving(service, client, password, text(case, "pool"), &random);
    let first = fixture.request(&mut flow);
    let mut challenge = document!({
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeParameters": {
            "SALT": case["salt"], "SRP_B": case["srp_b"], "SECRET_BLOCK": case["secret_block"],
            "USER_ID_FOR_SRP": case["user"], "USERNAME": case["user"],
        },
    });
    change(&mut challenge);
    fixture.reply(&mut flow, &challenge);
    let second = match fixture.poll(&mut flow) {
        Step::Need(Need::Http(http)) => {
            Ok(serde_json::from_slice(http.request.body(&fixture.exchange)).expect("JSON"))
        }
        Step::Done(Err(error)) => Err(error.kind),
        other => panic!("neither a request nor an error: {other:?}"),
    };
    (first, second)
}

fn cases() -> Vec<Value> {
    let cases = json(&own("srp.json"));
    let cases = cases.as_array().expect("a list").clone();
    assert!(cases.len() >= 5, "number of cases");
    cases
}

#[test]
fn the_proof_is_accepted_by_the_server() {
    for case in &cases() {
        let (first, second) = sign_in(case, text(case, "password"), |_| ());
        let name = text(case, "name");
        assert_eq!(first["AuthFlow"], "USER_SRP_AUTH", "{name}");
        assert!(!first.to_string().contains(text(case, "password")), "{name}: the password is sent");
        // Leading zeroes are insignificant.
        let sent = text(&first["AuthParameters"], "SRP_A").trim_start_matches('0');
        assert_eq!(sent, text(case, "srp_a"), "{name}");
        let answers = &second.expect("a proof")["ChallengeResponses"];
        assert_eq!(answers["PASSWORD_CLAIM_SIGNATURE"], case["proof"], "{name}");
        assert_eq!(answers["PASSWORD_CLAIM_SECRET_BLOCK"], case["secret_block"], "{name}");
        assert_eq!(answers["TIMESTAMP"], case["timestamp"], "{name}");
        assert_eq!(answers["USERNAME"], case["user"], "{name}");
    }
    say(&format!("{} SRP sign-ins have the expected proof", cases().len()));
}

#[test]
fn any_other_input_changes_the_proof() {
    let case = &cases()[0];
    let proof = |password: &str, change: &dyn Fn(&mut Value)| {
        sign_in(case, password, change).1.expect("a proof")["ChallengeResponses"]["PASSWORD_CLAIM_SIGNATURE"]
            .clone()
    };
    let password = text(case, "password");
    assert_eq!(proof(password, &|_| ()), case["proof"]);
    assert_ne!(proof("another", &|_| ()), case["proof"]);
    for (name, other) in [
        ("SALT", "1f69d23660bea4e753f544619a7c679f"),
        ("SRP_B", "5"),
        ("SECRET_BLOCK", "AAAA"),
        ("USER_ID_FOR_SRP", "eve"),
    ] {
        let changed = proof(password, &|challenge| challenge["ChallengeParameters"][name] = other.into());
        assert_ne!(changed, case["proof"], "{name}");
    }
}

#[test]
fn a_challenge_with_a_predictable_key_is_rejected() {
    let case = &cases()[0];
    // The modulus is zero in its group, and a key computed from zero is known to an attacker.
    let size = text(case, "group");
    for (name, bad, expected) in [
        ("SRP_B", size, "SRP_B"),
        ("SRP_B", "0", "SRP_B"),
        ("SRP_B", "00000000", "SRP_B"),
        ("SRP_B", "no number", "SRP_B"),
        ("SRP_B", "", "SRP_B"),
        ("SALT", "xyz", "SALT"),
        ("SALT", "", "SALT"),
        ("SECRET_BLOCK", "!", "SECRET_BLOCK"),
        ("USER_ID_FOR_SRP", "", "USER_ID_FOR_SRP"),
    ] {
        let change = |challenge: &mut Value| challenge["ChallengeParameters"][name] = bad.into();
        let (_, second) = sign_in(case, text(case, "password"), change);
        let kind = second.expect_err(name);
        assert!(kind.to_string().contains(expected), "{name} {bad:?}: {kind}");
    }
    for (name, long) in [("SRP_B", "1".repeat(769)), ("SALT", "1".repeat(129))] {
        let change = |challenge: &mut Value| challenge["ChallengeParameters"][name] = long.as_str().into();
        let kind = sign_in(case, text(case, "password"), change).1.expect_err(name);
        assert!(kind.to_string().contains(name), "{name}: {kind}");
    }
}

//! After a failure, the slots that a caller has lent hold no token and no part of a document.

use rolecall_core::call::Service;
use rolecall_core::error::{ErrorKind, Failure, FailureKind, Phase};
use rolecall_core::flow::{Answer, Context, Endpoint, Flow, Lease, Memory, Need, Reply, Report, Slot, Step};
use rolecall_core::sigv4::CertificateTexts;
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::sources::sts::{
    AssumeRoleWithSaml, AssumeRoleWithSamlRequest, AssumeRoleWithWebIdentity,
    AssumeRoleWithWebIdentityRequest,
};
use rolecall_core::sources::{
    AnywhereSession, Authorization, Container, IdentityToken, Iot, Process, RolesAnywhere,
};
use rolecall_core::wire::pem::Reader;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::x509::Certificate;

const TOKEN: &str = "a-token-that-must-not-stay-in-a-slot";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// How a reply fails.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Refused,
    Truncated,
    TimedOut,
}

/// Runs `flow`, whose last answer fails, and returns the error and what is left in the memory of its slots.
fn run(flow: &mut dyn Flow<'_, Output = Lease>, ending: Ending) -> (ErrorKind, Vec<u8>) {
    let mut memory = vec![0; 4 * Slot::RECOMMENDED];
    let (mut exchange, mut clock, mut report) = (vec![0; 16 * 1024], Clock::new(), Report::new());
    let mut slots: Vec<Slot<'_>> = memory.chunks_mut(Slot::RECOMMENDED).map(Slot::new).collect();
    let mut now =
        Now { monotonic: Instant::from_millis(5_000), wall: Some(UnixTime::from_secs(1_767_323_045)) };
    let error = loop {
        let mut cx = Context { now, entropy: 7, clock: &mut clock, report: &mut report };
        let mut lent = Memory { exchange: &mut exchange, slots: &mut slots };
        let put = |lent: &mut Memory<'_, '_>, text: &str| {
            lent.exchange[..text.len()].copy_from_slice(text.as_bytes());
            0..text.len()
        };
        let answer = match flow.poll(&mut cx, &mut lent) {
            Step::Done(result) => break result.expect_err("a failure").kind,
            Step::Need(Need::Wait { until }) => {
                now.monotonic = until;
                continue;
            }
            Step::Need(Need::File { .. } | Need::Sign { .. }) => Answer::Content(put(&mut lent, TOKEN)),
            Step::Need(Need::Process { .. }) => {
                let whole = format!(
                    r#"{{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"{SECRET}","SessionToken":"{TOKEN}"#
                );
                Answer::Content(put(&mut lent, &whole))
            }
            Step::Need(Need::Http(_)) => {
                let (status, body) = match ending {
                    Ending::Refused => (403, "{}".to_owned()),
                    _ => (
                        200,
                        format!(
                            r#"{{"AccessKeyId":"ASIA","SecretAccessKey":"{SECRET}","Token":"{TOKEN}","Expir"#
                        ),
                    ),
                };
                match ending {
                    Ending::TimedOut => {
                        Answer::Failed(Failure { phase: Phase::Body, kind: FailureKind::Timeout })
                    }
                    _ => {
                        let body = put(&mut lent, &body);
                        Answer::Reply(Reply { status, headers: 0..0, body, sent: now, received: now })
                    }
                }
            }
            other => panic!("{other:?}"),
        };
        let mut cx = Context { now, entropy: 7, clock: &mut clock, report: &mut report };
        flow.answer(&mut cx, &mut Memory { exchange: &mut exchange, slots: &mut slots }, answer);
        now.monotonic = Instant::from_millis(now.monotonic.as_millis() + 20);
    };
    // Dropping a slot would wipe it.
    slots.into_iter().for_each(std::mem::forget);
    (error, memory)
}

fn service() -> Service<'static> {
    Service::new(Endpoint::parse("https://sts.eu-west-1.amazonaws.com").expect("a URL"), "eu-west-1")
}

#[test]
fn a_failed_flow_leaves_neither_a_token_nor_a_part_of_a_document_in_a_slot() {
    const ROLE: &str = "arn:aws:iam::123456789012:role/r";
    const PROVIDER: &str = "arn:aws:iam::123456789012:saml-provider/p";
    const ANCHOR: &str = "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/a";
    const PROFILE: &str = "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/p";
    let block = Reader::new(include_bytes!("../data/p256.pem")).next_block().unwrap().unwrap();
    let mut buffer = vec![0; block.decoded_len()];
    let certificate = Certificate::parse(block.decode(&mut buffer).unwrap()).unwrap();
    let texts = CertificateTexts { certificate: b"AAAA", chain: b"" };
    // The signature of the key is kept in hexadecimal.
    let hex: String = TOKEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    for ending in [Ending::Refused, Ending::Truncated, Ending::TimedOut] {
        let web = AssumeRoleWithWebIdentityRequest::new(ROLE, "s1");
        let saml = AssumeRoleWithSamlRequest::new(ROLE, PROVIDER);
        let endpoint = Endpoint::parse("https://credentials.example").expect("a URL");
        let session = AnywhereSession::new(ANCHOR, PROFILE, ROLE);
        let flows: [(&str, Box<dyn Flow<'_, Output = Lease>>); 6] = [
            (
                "web identity",
                Box::new(AssumeRoleWithWebIdentity::new(IdentityToken::file("/token"), service(), web)),
            ),
            ("SAML", Box::new(AssumeRoleWithSaml::new(IdentityToken::file("/assertion"), service(), saml))),
            (
                "container",
                Box::new(
                    Container::full("http://127.0.0.1:9/x", Authorization::File("/token")).expect("a URL"),
                ),
            ),
            ("process", Box::new(Process::new("command"))),
            ("IoT", Box::new(Iot::new(endpoint, "gateways", None))),
            ("Roles Anywhere", Box::new(RolesAnywhere::new(endpoint, session, certificate, texts))),
        ];
        for (name, mut flow) in flows {
            let (error, memory) = run(&mut *flow, ending);
            let left = [TOKEN, SECRET, &hex].iter().any(|secret| {
                memory.windows(8).any(|window| secret.as_bytes().windows(8).any(|part| part == window))
            });
            assert!(!left, "{name}, {ending:?}: {error}: a secret stays in a slot");
        }
    }
}

//! A hostile service of IAM Roles Anywhere, and a key that signs anything (`rolecall_fuzz::hostile` describes their
//! scripts): the flow ends within its bounds with any amount of memory; each request is what was signed, and has the
//! signature that the key gave; the credentials are those of the last document.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rolecall_core::flow::Endpoint;
use rolecall_core::sigv4::{CertificateTexts, sha256_hex};
use rolecall_core::sources::{AnywhereSession, RolesAnywhere};
use rolecall_core::wire::pem::Reader;
use rolecall_core::wire::x509::Certificate;
use rolecall_fuzz::hostile::{self, Keys, Script, SentRequest};
use rolecall_fuzz::{json, same};

const HOST: &str = "rolesanywhere.eu-west-1.amazonaws.com";
const ANCHOR: &str = "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/a";
const PROFILE: &str = "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/p";
const ROLE: &str = "arn:aws:iam::123456789012:role/gateway";
const QUERY: &str = "profileArn=arn%3Aaws%3Arolesanywhere%3Aeu-west-1%3A123456789012%3Aprofile%2Fp\
    &roleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fgateway\
    &trustAnchorArn=arn%3Aaws%3Arolesanywhere%3Aeu-west-1%3A123456789012%3Atrust-anchor%2Fa";

static DER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = include_bytes!("../../core/tests/data/p256.pem");
    let block = Reader::new(text).next_block().expect("a block").expect("a block");
    let mut buffer = vec![0; block.decoded_len()];
    block.decode(&mut buffer).expect("base64").to_vec()
});

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let chain = script.setting("chain").map_or(&b""[..], |_| b"BBBB,CCCC");
    let outcome = hostile::run(&script, || {
        let service = Endpoint::parse("https://rolesanywhere.eu-west-1.amazonaws.com").expect("a URL");
        let mut session = AnywhereSession::new(ANCHOR, PROFILE, ROLE);
        session.session_name = script.setting("name");
        session.duration_seconds = script.setting("duration").and_then(|number| number.parse().ok());
        let texts = CertificateTexts { certificate: b"AAAA", chain };
        RolesAnywhere::new(service, session, Certificate::parse(&DER).expect("a certificate"), texts)
    });
    assert!(outcome.signed.len() >= outcome.requests.len());
    let mut signed = outcome.signed.iter();
    for sent in &outcome.requests {
        assert!(sent.https && sent.host == HOST && sent.method == "POST" && !sent.presents_certificate);
        assert_eq!(sent.header("x-amz-x509-chain").is_some(), !chain.is_empty());
        let signature = sent.header("authorization").and_then(|value| value.split_once(", Signature="));
        let (start, signature) = signature.expect("a signature");
        // The key was asked for each request, and again if it failed.
        let (message, content) = signed
            .by_ref()
            .filter_map(|(message, content)| Some((message, content.as_ref()?)))
            .next()
            .expect("a message that was signed");
        let hex: String = content.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(signature, hex);
        let (text, names) = string_to_sign(sent);
        assert_eq!(String::from_utf8_lossy(message), text);
        let scope = text.split('\n').nth(2).expect("a scope");
        assert_eq!(start, format!("AWS4-X509-ECDSA-SHA256 Credential=1/{scope}, SignedHeaders={names}"));
    }
    let secret = outcome.keys.as_ref().map_or("", |keys| &keys.secret);
    outcome.is_clean(&[secret]);
    if outcome.result.is_ok() {
        let served = outcome.served.last().expect("a document");
        assert!(matches!(served.status, 200 | 201));
        let [sets] = &json::named(&served.body, "credentialSet")[..] else { panic!("not exactly one list") };
        let sets = json::items(sets.get().as_bytes());
        let mut credentials = sets.iter().flat_map(|set| json::named(set.get().as_bytes(), "credentials"));
        let (Some(credentials), None) = (credentials.next(), credentials.next()) else {
            panic!("not exactly one set of credentials")
        };
        if let Some(keys) = json::credentials(credentials.get().as_bytes()) {
            same(&outcome, Keys { account: Some("123456789012".to_owned()), ..keys });
        }
    }
});

/// The string to sign of a request as it was sent, and the names of its signed headers.
fn string_to_sign(sent: &SentRequest) -> (String, String) {
    assert_eq!(sent.target, format!("/sessions?{QUERY}"));
    let mut lines: Vec<(String, &str)> = sent
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), &**value))
        .filter(|(name, _)| matches!(&**name, "content-type" | "host") || name.starts_with("x-amz-"))
        .collect();
    lines.sort();
    let names: Vec<&str> = lines.iter().map(|(name, _)| &**name).collect();
    let names = names.join(";");
    let headers: String = lines.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let hash = |text: &[u8]| sha256_hex(text).as_str().to_owned();
    let canonical = format!("POST\n/sessions\n{QUERY}\n{headers}\n{names}\n{}", hash(&sent.body));
    let date = sent.header("x-amz-date").expect("a date");
    let scope = format!("{}/eu-west-1/rolesanywhere/aws4_request", &date[..8]);
    (format!("AWS4-X509-ECDSA-SHA256\n{date}\n{scope}\n{}", hash(canonical.as_bytes())), names)
}

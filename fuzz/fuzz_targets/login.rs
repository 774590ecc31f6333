//! A hostile sign-in service of the console, and a key that signs anything (`rolecall_fuzz::hostile` describes their
//! scripts): the flow ends within its bounds with any amount of memory; each proof is what was signed, and is about its
//! request; the refresh token goes to the service alone; the credentials are those of the last document.

#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use libfuzzer_sys::fuzz_target;
use rolecall_core::flow::Endpoint;
use rolecall_core::sources::{LoginRefresh, LoginToken};
use rolecall_fuzz::hostile::{self, Keys, Script, SentRequest};
use rolecall_fuzz::{json, same};
use serde_json::{Value, json as value};

const HOST: &str = "eu-west-1.signin.aws.amazon.com";
const ACCOUNT: &str = "123456789012";
const REFRESH_TOKEN: &str = "cmVmcmVzaA.token";

fuzz_target!(|input: &[u8]| {
    let script = Script::read(input);
    let outcome = hostile::run(&script, || {
        let service = Endpoint::parse("https://eu-west-1.signin.aws.amazon.com").expect("a URL");
        let token = LoginToken { client_id: "client", refresh_token: REFRESH_TOKEN, account_id: ACCOUNT };
        LoginRefresh::new(service, token, [[1; 32], [2; 32]], [3; 16])
    });

    let mut signed =
        outcome.signed.iter().filter_map(|(message, content)| Some((message, content.as_ref()?)));
    let mut ids = Vec::new();
    for sent in &outcome.requests {
        // The key was asked for each request, and again if what it gave was no signature.
        let proof = sent.header("dpop").expect("a proof");
        let (message, signature) = proof.rsplit_once('.').expect("a signature");
        let signature = Base64UrlUnpadded::decode_vec(signature).expect("base64");
        let made = signed.by_ref().find(|(found, _)| *found == message.as_bytes());
        assert_eq!(fixed(made.expect("it was signed").1), signature);
        ids.push(id(sent, message));
    }
    ids.sort();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "each proof has an id of its own");

    let secret = outcome.keys.as_ref().map_or("", |keys| &keys.secret);
    outcome.is_clean(&[REFRESH_TOKEN, secret]);
    if outcome.result.is_ok() {
        let document = outcome.served.last().expect("a document");
        assert_eq!(document.status, 200);
        let [tokens] = &json::named(&document.body, "accessToken")[..] else { panic!("not exactly one") };
        let (Some(document_members), Some(members)) =
            (json::members(&document.body), json::members(tokens.get().as_bytes()))
        else {
            return;
        };
        let text = |name: &str| {
            let (_, value) = members.iter().rfind(|(found, _)| found == name).expect("a member");
            value.as_str().expect("text").to_owned()
        };
        let (id, secret, token) = (text("accessKeyId"), text("secretAccessKey"), text("sessionToken"));
        let account = Some(ACCOUNT.to_owned());
        same(&outcome, Keys { id, secret, token: Some(token), account, expiration: None });
        let (_, seconds) = document_members.iter().rfind(|(name, _)| name == "expiresIn").expect("seconds");
        let end = document.time.expect("a time") + seconds.as_u64().expect("a number");
        let found = outcome.keys.as_ref().and_then(|keys| keys.expiration).expect("an end");
        // From when the request was sent: an exchange takes 15 seconds at most.
        assert!(found <= end + 1 && end <= found + 16, "{found} is not {end}");
    }
});

/// Checks a request and the message of its proof, and returns the proof's id.
fn id(sent: &SentRequest, message: &str) -> String {
    assert!(sent.https && sent.host == HOST && !sent.presents_certificate);
    assert_eq!((&*sent.method, &*sent.target), ("POST", "/v1/token"));
    let body: Value = serde_json::from_slice(&sent.body).expect("JSON");
    let expected =
        value!({"clientId": "client", "grantType": "refresh_token", "refreshToken": REFRESH_TOKEN});
    assert_eq!(body, expected);
    let (header, payload) = message.split_once('.').expect("a payload");
    let decoded = |part: &str| -> Value {
        let bytes = Base64UrlUnpadded::decode_vec(part).expect("base64");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let [x, y] = [1, 2].map(|byte| Base64UrlUnpadded::encode_string(&[byte; 32]));
    let key = value!({"kty": "EC", "x": x, "y": y, "crv": "P-256"});
    assert_eq!(decoded(header), value!({"typ": "dpop+jwt", "alg": "ES256", "jwk": key}));
    let mut payload = decoded(payload);
    assert!(payload["iat"].take().is_u64());
    let id = payload["jti"].take().as_str().expect("text").to_owned();
    assert!(id.starts_with("03030303-0303-4303-8303-0303030303") && id.len() == 36, "{id}");
    assert_eq!(
        payload,
        value!({"htm": "POST", "htu": format!("https://{HOST}/v1/token"), "iat": null, "jti": null})
    );
    id
}

/// The numbers of an accepted signature in DER, 32 bytes each.
fn fixed(signature: &[u8]) -> Vec<u8> {
    let [0x30, _, 2, len, rest @ ..] = signature else { panic!("not a sequence of numbers") };
    let (first, rest) = rest.split_at(usize::from(*len));
    let [2, len, second @ ..] = rest else { panic!("one number") };
    assert_eq!(second.len(), usize::from(*len));
    let mut numbers = Vec::new();
    for number in [first, second] {
        assert!(number[0] < 0x80);
        let number = &number[number.len().saturating_sub(32)..];
        numbers.resize(numbers.len() + 32 - number.len(), 0);
        numbers.extend_from_slice(number);
    }
    numbers
}

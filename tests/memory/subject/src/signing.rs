//! Signing with the core: a key that is derived, used, and dropped.

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
use rolecall_core::wire::Count;

use crate::input::Input;
use crate::nal::TODAY;
use crate::stage::Stage;

pub(crate) fn run(what: &str, input: &Input, stage: &Stage) -> String {
    let (secret, token) = (input.lend("own secret"), input.lend("own token"));
    stage.exclude_lent(&[&secret, &token]);
    let signature = sign(what, secret.text(), token.text(), stage);
    stage.scan();
    drop((secret, token));
    stage.include_all();
    stage.scan();
    signature
}

#[inline(never)]
fn sign(what: &str, secret: &str, token: &str, stage: &Stage) -> String {
    let credentials = Credentials::new("AKIDEXAMPLE", secret, Some(token)).expect("credentials");
    let key = SigningKey::derive(credentials.secret_access_key(), TODAY, "eu-west-1", "s3");
    stage.exclude_value(&key);
    stage.scan();
    let signer = Signer::new(&credentials, &key, Rules::S3, TODAY).expect("today's key");
    let mut request = Request::new("GET", "/key?b=2&a=1", Payload::Unsigned).expect("a request");
    request.header("host", b"bucket.s3.eu-west-1.amazonaws.com").expect("a header");
    let mut len = Count(0);
    let signature = if what == "presigned" {
        let presigned = signer.presign(&request, 300).expect("a signature");
        stage.scan();
        presigned.put_target(&mut len);
        presigned.put_string_to_sign(&mut len).expect("the same text");
        presigned.signature()
    } else {
        let signed = signer.sign(&request).expect("a signature");
        stage.scan();
        signed.put_header_lines(&mut len);
        signed.put_string_to_sign(&mut len).expect("the same text");
        signed.signature()
    };
    stage.scan();
    format!("{signature} {}", len.0)
}

//! Signing by hand: a key that is derived, kept for a while, and dropped.

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
use rolecall_core::wire::Count;

use crate::given::Given;
use crate::nal::TODAY;
use crate::stage::Stage;

pub(crate) fn run(what: &str, given: &Given, stage: &Stage) -> String {
    let (secret, token) = (given.lend("own secret"), given.lend("own token"));
    stage.spare_lent(&[&secret, &token]);
    let signature = sign(what, secret.text(), token.text(), stage);
    stage.look();
    drop((secret, token));
    stage.spare_nothing();
    stage.look();
    signature
}

#[inline(never)]
fn sign(what: &str, secret: &str, token: &str, stage: &Stage) -> String {
    let credentials = Credentials::new("AKIDEXAMPLE", secret, Some(token)).expect("credentials");
    let key = SigningKey::derive(credentials.secret_access_key(), TODAY, "eu-west-1", "s3");
    stage.spare_value(&key);
    stage.look();
    let signer = Signer::new(&credentials, &key, Rules::S3, TODAY).expect("today's key");
    let mut request = Request::new("GET", "/key?b=2&a=1", Payload::Unsigned).expect("a request");
    request.header("host", b"bucket.s3.eu-west-1.amazonaws.com").expect("a header");
    let mut len = Count(0);
    let signature = if what == "presigned" {
        let presigned = signer.presign(&request, 300).expect("a signature");
        stage.look();
        presigned.put_target(&mut len);
        presigned.put_string_to_sign(&mut len).expect("the same again");
        presigned.signature()
    } else {
        let signed = signer.sign(&request).expect("a signature");
        stage.look();
        signed.put_header_lines(&mut len);
        signed.put_string_to_sign(&mut len).expect("the same again");
        signed.signature()
    };
    stage.look();
    format!("{signature} {}", len.0)
}

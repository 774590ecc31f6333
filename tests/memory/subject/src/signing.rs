//! Signing with the core: a key that is derived, used, and dropped.

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::chunked::{ChunkEncoder, ChunkKeys, ChunkLayout, Chunks};
use rolecall_core::sigv4::{DeriveEach, Payload, Request, Rules, Scope, Signer, SigningKey, SigningKeys};
use rolecall_core::wire::Count;

use crate::input::Input;
use crate::nal::TODAY;
use crate::stage::Stage;

pub(crate) fn run(what: &str, input: &Input, stage: &Stage) -> String {
    let (secret, token) = (input.lend("own secret"), input.lend("own token"));
    stage.exclude_lent(&[&secret, &token]);
    let signature = match what {
        "chunks" => upload(secret.text(), token.text(), stage),
        _ => sign(what, secret.text(), token.text(), stage),
    };
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

/// Signs the chunks of a body, by keys that keep their signer meanwhile.
#[inline(never)]
fn upload(secret: &str, token: &str, stage: &Stage) -> String {
    let credentials = Credentials::new("AKIDEXAMPLE", secret, Some(token)).expect("credentials");
    let layout = ChunkLayout::new(Chunks::SIGNED, 10_000).expect("a layout");
    let announced = layout.announcement();
    let mut request = Request::new("PUT", "/key", Payload::Chunks(layout.chunks())).expect("a request");
    request.header("host", b"bucket.s3.eu-west-1.amazonaws.com").expect("a header");
    announced.lines().for_each(|(name, value)| request.header(name, value).expect("a header"));
    let keys = ChunkKeys::new(DeriveEach);
    stage.exclude_value(&keys);
    let scope = Scope { region: "eu-west-1", service: "s3", rules: Rules::S3 };
    keys.with_signer(&credentials, scope, TODAY, &mut |signer| {
        keys.start_chunks(signer, &signer.sign(&request)?.signature())
    })
    .expect("a signature");
    stage.scan();
    let mut buffer = vec![0; layout.buffer_len()];
    let mut encoder = ChunkEncoder::new(layout, &mut buffer).expect("it is long enough");
    let mut len = 0;
    while !encoder.is_complete() {
        let count = encoder.room().len();
        keys.with_chunks(|signer| encoder.filled(count, signer)).expect("a signer");
        len += encoder.ready().len();
        encoder.consumed(encoder.ready().len());
        stage.scan();
    }
    format!("chunks {len}")
}

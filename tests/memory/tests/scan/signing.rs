//! Signing with the core.

use crate::scenario::Scenario;
use crate::secrets::{of_secret_key, of_text, text};
use crate::{DAY, clean};

fn signed(what: &str, length: &str) {
    let (secret, token) = (text(40), text(400));
    let outcome = Scenario::default()
        .lend("own secret", &secret)
        .lend("own token", &token)
        .search(of_secret_key("own secret", &secret, &[DAY], "eu-west-1", "s3"))
        .search(of_text("own token", token.as_bytes()))
        .run(&format!("signing:{what}"), "-");
    clean(what, &outcome, length);
}

#[test]
fn a_signature_in_a_header_leaves_nothing() {
    signed("header", " ");
}

#[test]
fn a_signature_in_the_query_leaves_nothing() {
    signed("presigned", " ");
}

#[test]
fn a_body_that_is_signed_in_chunks_leaves_nothing() {
    signed("chunks", "chunks ");
}

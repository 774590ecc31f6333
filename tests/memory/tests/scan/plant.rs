//! Copies that are left behind deliberately are found, so the other tests would detect them, too.

use crate::DAY;
use crate::scenario::{Outcome, Scenario};
use crate::secrets::{of_secret_key, text};

fn scenario() -> Scenario {
    let secret = text(40);
    let forms = of_secret_key("own secret", &secret, &[DAY], "eu-west-1", "s3");
    Scenario::default().lend("own secret", &secret).search(forms)
}

fn planted(place: &str) -> Outcome {
    let outcome = scenario().run(&format!("plant:{place}"), "-");
    assert_eq!(outcome.ended, "planted");
    outcome
}

#[track_caller]
fn is_found(outcome: &Outcome, look: u8, name: &str, place: &str) {
    let found = outcome.found.iter().filter(|line| line.starts_with(&format!("{look}\t")));
    let mut found = found.filter(|line| line.contains(&format!("\t{name}\t")));
    assert!(found.any(|line| line.contains(place)), "{name} in {place}: {:#?}", outcome.found);
}

#[test]
fn a_copy_below_the_caller_is_found() {
    is_found(&planted("stack"), 1, "own secret", "below the caller");
}

#[test]
fn a_copy_on_the_heap_is_found() {
    is_found(&planted("heap"), 1, "own secret", "heap");
}

/// The text is wiped where it is last, and not where it was before it grew.
#[test]
fn what_a_text_that_grew_left_behind_is_found() {
    let outcome = scenario().run_moving("plant:grown", "-");
    is_found(&outcome, 1, "own secret", "heap");
}

#[test]
fn a_copy_as_sha256_words_is_found() {
    is_found(&planted("swapped"), 1, "own secret as words", "heap");
}

#[test]
fn the_content_of_a_slot_is_found_until_it_is_dropped() {
    let outcome = planted("slot");
    is_found(&outcome, 1, "own secret", "heap");
    assert!(outcome.found.iter().all(|line| line.starts_with("1\t")), "{:#?}", outcome.found);
}

#[test]
fn a_signing_key_is_found_until_it_is_dropped() {
    let outcome = planted("key");
    is_found(&outcome, 1, "own secret after aws4_request, inner pad absorbed, as a state", "the stack");
    is_found(&outcome, 1, "own secret after aws4_request, outer pad absorbed, as a state", "the stack");
    assert!(outcome.found.iter().all(|line| line.starts_with("1\t")), "{:#?}", outcome.found);
}

/// As SECURITY.md documents: a moved key leaves a copy at its old place.
#[test]
fn a_moved_key_leaves_a_copy() {
    let outcome = planted("moved key");
    is_found(&outcome, 1, "own secret after aws4_request, inner pad absorbed, as a state", "the stack");
}

#[test]
fn nothing_is_found_if_nothing_is_planted() {
    assert_eq!(planted("nowhere").found, [""; 0]);
}

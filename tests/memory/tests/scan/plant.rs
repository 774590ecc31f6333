//! Copies that were left on purpose are found: the other tests would fail for less.

use crate::DAY;
use crate::scene::{Scene, Seen};
use crate::secrets::{of_secret_key, text};

fn planted(place: &str) -> Seen {
    let secret = text(40);
    let forms = of_secret_key("own secret", &secret, &[DAY], "eu-west-1", "s3");
    let seen = Scene::default().lend("own secret", &secret).seek(forms).run(&format!("plant:{place}"), "-");
    assert_eq!(seen.ended, "planted");
    seen
}

#[track_caller]
fn is_found(seen: &Seen, look: u8, name: &str, place: &str) {
    let found = seen.found.iter().filter(|line| line.starts_with(&format!("{look}\t")));
    let mut found = found.filter(|line| line.contains(&format!("\t{name}\t")));
    assert!(found.any(|line| line.contains(place)), "{name} in {place}: {:#?}", seen.found);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn a_copy_below_the_caller_is_found() {
    is_found(&planted("stack"), 1, "own secret", "below the caller");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn a_copy_on_the_heap_is_found() {
    is_found(&planted("heap"), 1, "own secret", "heap");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn a_copy_in_words_is_found() {
    is_found(&planted("swapped"), 1, "own secret, in words", "heap");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn what_a_slot_holds_is_found_until_it_is_dropped() {
    let seen = planted("slot");
    is_found(&seen, 1, "own secret", "heap");
    assert!(seen.found.iter().all(|line| line.starts_with("1\t")), "{:#?}", seen.found);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn a_signing_key_is_found_until_it_is_dropped() {
    let seen = planted("key");
    is_found(&seen, 1, "own secret after aws4_request, its inner pad absorbed, as a state", "the stack");
    is_found(&seen, 1, "own secret after aws4_request, its outer pad absorbed, as a state", "the stack");
    assert!(seen.found.iter().all(|line| line.starts_with("1\t")), "{:#?}", seen.found);
}

/// What SECURITY.md says of it: where a key was moved from, it still is.
#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn a_key_that_is_moved_leaves_a_copy() {
    let seen = planted("moved key");
    is_found(&seen, 1, "own secret after aws4_request, its inner pad absorbed, as a state", "the stack");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn nothing_is_found_where_nothing_was_left() {
    assert_eq!(planted("nowhere").found, [""; 0]);
}

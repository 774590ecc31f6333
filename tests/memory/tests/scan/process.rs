//! The library for operating systems.
//!
//! ureq copies what it sends and receives, and does not wipe it. Therefore the library is tested over an HTTP
//! client that keeps no copies: then nothing is found. Over ureq, received secrets are found in ureq's own
//! buffers, as part of a raw response: after an HTTP head, whose empty line none of the library's buffers
//! contain. Sent secrets are found on the heap. Neither is found on the stack, and secrets that are neither
//! sent nor received - a secret key that signs, and everything derived from it - are found nowhere.

use std::path::PathBuf;

use crate::DAY;
use crate::nal::{Ending, IDENTITY, Issued};
use crate::scenario::{Outcome, reply, serve};
use crate::secrets::{of_secret_key, of_text, text};
use crate::user::PoolUser;

/// The secrets that are sent unchanged.
const SENT: [&str; 4] = ["authorization", "ID token", "metadata token", "web token"];
const RECEIVED: [&str; 3] = ["refresh token", "secret key", "session token"];
const SOURCES: [&str; 7] =
    ["imds", "container", "assume-role", "web-identity", "sign-in", "cached", "signed"];

/// Fetches credentials from a source, with this result of its last step.
fn fetch(source: &str, mode: &str, ending: Ending) -> Outcome {
    let (issued, own) = (Issued::new(), text(40));
    let (authorization, web, token) = (text(64), text(300), text(56));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(text(12));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, content: &str| std::fs::write(folder.join(name), content).expect("a file");
    write("credentials", &format!("[own]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {own}\n"));
    write("config", "[profile own]\nregion = eu-west-1\n");
    write("authorization", &authorization);
    write("token", &web);
    let user = PoolUser::new();
    let mut scenario = user
        .scenario()
        .set("folder", folder.to_str().expect("text"))
        .search(issued.forms())
        .search(of_text("authorization", authorization.as_bytes()))
        .search(of_text("metadata token", token.as_bytes()))
        .search(of_text("web token", web.as_bytes()));
    // Over ureq the clock is the system's; values derived for its date are not searched for.
    for service in ["sts", "s3"] {
        scenario = scenario.search(of_secret_key("own secret", &own, &[DAY], "eu-west-1", service));
    }
    let url = serve(move |request| match request {
        request if request.starts_with("PUT") => reply(200, &token),
        request if request.contains("credentials/ ") => reply(200, "a-role"),
        request if request.contains("USER_SRP_AUTH") || request.contains("PASSWORD_VERIFIER") => {
            user.answer(request, Ending::Success)
        }
        request if request.contains(".GetId\r") => reply(200, IDENTITY),
        request if request.contains(".GetCredentialsForIdentity\r") => {
            ending.reply(&issued.of_identity(), &issued.secret, "{}")
        }
        request if request.contains("Action=") => {
            let action =
                if request.contains("WebIdentity") { "AssumeRoleWithWebIdentity" } else { "AssumeRole" };
            ending.reply(&issued.markup(action), &issued.secret, "<ErrorResponse/>")
        }
        _ => ending.reply(&issued.document(), &issued.secret, "{}"),
    });
    let outcome = scenario.set("url", &url).run(&format!("process:{source}"), mode);
    std::fs::remove_dir_all(&folder).expect("the directory exists");
    let ended = if source == "signed" { "AKIDEXAMPLE" } else { ending.ended() };
    assert!(outcome.ended.contains(ended), "{source}, {mode}, {ending:?}: {}", outcome.ended);
    outcome
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn the_library_leaves_nothing() {
    for source in SOURCES {
        for ending in [Ending::Success, Ending::Truncated, Ending::Refused] {
            let outcome = fetch(source, "client", ending);
            assert!(outcome.found.is_empty(), "{source}, {ending:?}: {:#?}", outcome.found);
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn copies_of_ureq_are_in_its_own_buffers() {
    for source in SOURCES {
        let outcome = fetch(source, "ureq", Ending::Success);
        for line in &outcome.found {
            let [_, name, _, place] = line.split('\t').collect::<Vec<_>>().try_into().expect("four words");
            let of_ureq = match place {
                "the heap" => SENT.contains(&name),
                "the heap, after an HTTP head" => SENT.contains(&name) || RECEIVED.contains(&name),
                _ => false,
            };
            assert!(of_ureq, "{source}: {:#?}", outcome.found);
        }
        assert_eq!(outcome.found.is_empty(), source == "signed", "{source}: ureq keeps what it receives");
    }
}

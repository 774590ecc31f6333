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
use crate::scenario::{Outcome, Scenario, reply, serve};
use crate::secrets::{of_secret_key, of_text, text};
use crate::user::PoolUser;

/// The secrets that are sent unchanged.
const SENT: [&str; 4] = ["authorization", "ID token", "metadata token", "web token"];
const RECEIVED: [&str; 3] = ["refresh token", "secret key", "session token"];
const SOURCES: [&str; 9] = [
    "imds",
    "container",
    "assume-role",
    "web-identity",
    "sign-in",
    "cached",
    "signed",
    "prompted",
    "command",
];
/// The sources that ask no server.
const LOCAL: [&str; 2] = ["signed", "command"];

/// Fetches credentials from a source, with this result of its last step.
fn fetch(source: &str, mode: &str, ending: Ending, moving: bool) -> Outcome {
    let (issued, own, own_token) = (Issued::new(), text(40), text(700));
    let (authorization, web, token) = (text(64), text(300), text(56));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(text(12));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, content: &str| std::fs::write(folder.join(name), content).expect("a file");
    let keys = format!("aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {own}");
    let command = format!("credential_process = cat '{}'", folder.join("document").display());
    write("credentials", &format!("[own]\n{keys}\n[temporary]\n{keys}\naws_session_token = {own_token}\n"));
    write("config", &format!("[profile own]\nregion = eu-west-1\n[profile command]\n{command}\n"));
    write("document", &of_process(&ending, &own, &own_token));
    write("authorization", &authorization);
    write("token", &web);
    // Its numbers take a second to compute.
    let user = matches!(source, "sign-in" | "prompted").then(PoolUser::new);
    let mut scenario = user
        .as_ref()
        .map_or_else(Scenario::default, PoolUser::scenario)
        .set("folder", folder.to_str().expect("text"))
        .search(issued.forms())
        .search(of_text("authorization", authorization.as_bytes()))
        .search(of_text("metadata token", token.as_bytes()))
        .search(of_text("web token", web.as_bytes()))
        .search(of_text("own token", own_token.as_bytes()));
    // Over ureq the clock is the system's; values derived for its date are not searched for.
    for service in ["sts", "s3"] {
        scenario = scenario.search(of_secret_key("own secret", &own, &[DAY], "eu-west-1", service));
    }
    let url = serve(move |request| match request {
        request if request.starts_with("PUT") => reply(200, &token),
        request if request.contains("credentials/ ") => reply(200, "a-role"),
        request if request.contains("USER_SRP_AUTH") || request.contains("PASSWORD_VERIFIER") => {
            user.as_ref().expect("a source that signs in").answer(request, Ending::Success)
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
    let (scenario, case) = (scenario.set("url", &url), format!("process:{source}"));
    let outcome = if moving { scenario.run_moving(&case, mode) } else { scenario.run(&case, mode) };
    std::fs::remove_dir_all(&folder).expect("the directory exists");
    let ended = match (source, ending) {
        ("signed", _) | ("command", Ending::Success) => "AKIDEXAMPLE",
        ("command", _) => "malformed",
        _ => ending.ended(),
    };
    assert!(outcome.ended.contains(ended), "{source}, {mode}, {ending:?}: {}", outcome.ended);
    outcome
}

/// What a command prints: a document, or one that ends within the token.
fn of_process(ending: &Ending, secret: &str, token: &str) -> String {
    let document = format!(
        "{{\"Version\":1,\"AccessKeyId\":\"AKIDEXAMPLE\",\"SecretAccessKey\":\"{secret}\",\"SessionToken\":\"{token}\"}}"
    );
    if matches!(ending, Ending::Success) { document } else { document[..document.len() - 300].to_owned() }
}

#[test]
fn the_library_leaves_nothing() {
    for source in SOURCES {
        for ending in [Ending::Success, Ending::Truncated, Ending::Refused] {
            // Where an allocator moves, a reply that breaks off says as much as one that refuses.
            for moving in
                [Some(false), Some(true).filter(|_| ending != Ending::Refused)].into_iter().flatten()
            {
                let outcome = fetch(source, "client", ending, moving);
                assert!(
                    outcome.found.is_empty(),
                    "{source}, {ending:?}, moving {moving}: {:#?}",
                    outcome.found
                );
            }
        }
    }
}

#[test]
fn copies_of_ureq_are_in_its_own_buffers() {
    for source in SOURCES {
        // The system's prompt needs a terminal.
        let outcome = match source {
            "prompted" => continue,
            _ => fetch(source, "ureq", Ending::Success, false),
        };
        for line in &outcome.found {
            let [_, name, _, place] = line.split('\t').collect::<Vec<_>>().try_into().expect("four words");
            let of_ureq = match place {
                "the heap" => SENT.contains(&name),
                "the heap, after an HTTP head" => SENT.contains(&name) || RECEIVED.contains(&name),
                _ => false,
            };
            assert!(of_ureq, "{source}: {:#?}", outcome.found);
        }
        assert_eq!(
            outcome.found.is_empty(),
            LOCAL.contains(&source),
            "{source}: ureq keeps what it receives"
        );
    }
}

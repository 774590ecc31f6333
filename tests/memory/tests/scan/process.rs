//! The library for operating systems.
//!
//! It is scanned over ureq, whose buffers and header values are in memory that the library wipes, and over an HTTP client
//! of its own, whose clock is fixed, so that what is derived for a date can be searched for.

use std::path::PathBuf;

use crate::DAY;
use crate::nal::{Ending, IDENTITY, Issued};
use crate::scenario::{Outcome, Scenario, reply, serve};
use crate::secrets::{of_secret_key, of_text, text};
use crate::user::PoolUser;

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
                // The system's prompt needs a terminal.
                let modes = if source == "prompted" { &["client"][..] } else { &["client", "ureq"] };
                for mode in modes {
                    let found = fetch(source, mode, ending, moving).found;
                    assert!(found.is_empty(), "{source}, {mode}, {ending:?}, moving {moving}: {found:#?}");
                }
            }
        }
    }
}

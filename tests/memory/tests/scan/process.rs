//! The library for programs on an operating system.
//!
//! ureq copies what it sends and receives, and wipes none of it. So the library is looked at over an HTTP
//! client that keeps nothing: then nothing at all is found. Over ureq, what was received is found where ureq
//! has it, in a reply as it came over the wire: behind a head, of which no buffer of ours has the empty line.
//! What was sent is found on the heap. The stack has none of it, and what is neither sent nor received - a
//! secret key that signs, all that is derived from it - is nowhere.

use std::path::PathBuf;

use crate::DAY;
use crate::nal::{Handed, IDENTITY, Turn};
use crate::person::Person;
use crate::scene::{Seen, reply, serve};
use crate::secrets::{of_secret_key, of_text, text};

/// What goes over the wire as it is.
const SENT: [&str; 4] = ["authorization", "ID token", "metadata token", "web token"];
const RECEIVED: [&str; 3] = ["refresh token", "secret key", "session token"];
const SOURCES: [&str; 7] =
    ["imds", "container", "assume-role", "web-identity", "sign-in", "cached", "signed"];

/// Fetches from a source, which serves well or breaks off.
fn fetch(source: &str, way: &str, turn: Turn) -> Seen {
    let (handed, own) = (Handed::new(), text(40));
    let (authorization, web, token) = (text(64), text(300), text(56));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(text(12));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, content: &str| std::fs::write(folder.join(name), content).expect("a file");
    write("credentials", &format!("[own]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {own}\n"));
    write("config", "[profile own]\nregion = eu-west-1\n");
    write("authorization", &authorization);
    write("token", &web);
    let person = Person::new();
    let mut scene = person
        .scene()
        .set("folder", folder.to_str().expect("text"))
        .seek(handed.forms())
        .seek(of_text("authorization", authorization.as_bytes()))
        .seek(of_text("metadata token", token.as_bytes()))
        .seek(of_text("web token", web.as_bytes()));
    // Over ureq the clock is this machine's, and what is derived for its day is not known here.
    for service in ["sts", "s3"] {
        scene = scene.seek(of_secret_key("own secret", &own, &[DAY], "eu-west-1", service));
    }
    let url = serve(move |asked| match asked {
        asked if asked.starts_with("PUT") => reply(200, &token),
        asked if asked.contains("credentials/ ") => reply(200, "a-role"),
        asked if asked.contains("USER_SRP_AUTH") || asked.contains("PASSWORD_VERIFIER") => {
            person.answer(asked, Turn::Well)
        }
        asked if asked.contains(".GetId\r") => reply(200, IDENTITY),
        asked if asked.contains(".GetCredentialsForIdentity\r") => {
            turn.reply(&handed.of_identity(), &handed.secret, "{}")
        }
        asked if asked.contains("Action=") => {
            let action =
                if asked.contains("WebIdentity") { "AssumeRoleWithWebIdentity" } else { "AssumeRole" };
            turn.reply(&handed.markup(action), &handed.secret, "<ErrorResponse/>")
        }
        _ => turn.reply(&handed.document(), &handed.secret, "{}"),
    });
    let seen = scene.set("url", &url).run(&format!("process:{source}"), way);
    std::fs::remove_dir_all(&folder).expect("it was there");
    let ended = if source == "signed" { "AKIDEXAMPLE" } else { turn.ended() };
    assert!(seen.ended.contains(ended), "{source}, {way}, {turn:?}: {}", seen.ended);
    seen
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn nothing_is_left_by_the_library() {
    for source in SOURCES {
        for turn in [Turn::Well, Turn::Cut, Turn::Refused] {
            let seen = fetch(source, "client", turn);
            assert!(seen.found.is_empty(), "{source}, {turn:?}: {:#?}", seen.found);
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run it with --release")]
fn what_ureq_leaves_is_in_its_own_buffers() {
    for source in SOURCES {
        let seen = fetch(source, "ureq", Turn::Well);
        for line in &seen.found {
            let [_, name, _, place] = line.split('\t').collect::<Vec<_>>().try_into().expect("four words");
            let of_ureq = match place {
                "the heap" => SENT.contains(&name),
                "the heap, behind a head" => SENT.contains(&name) || RECEIVED.contains(&name),
                _ => false,
            };
            assert!(of_ureq, "{source}: {:#?}", seen.found);
        }
        assert_eq!(seen.found.is_empty(), source == "signed", "{source}: ureq keeps what it receives");
    }
}

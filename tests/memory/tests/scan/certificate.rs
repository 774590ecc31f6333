//! The private key of a device's certificate, and its passphrase, for a session of IAM Roles Anywhere.
//!
//! What ring keeps of a key on P-256 or of RSA is not wiped when the key is dropped (SECURITY.md): the key itself is not
//! searched for, but its text, its encoding and its passphrase are.

use std::path::Path;
use std::process::Command;

use crate::nal::Issued;
use crate::scenario::{Outcome, Scenario, reply, serve};
use crate::secrets::{Forms, of_text, text};

fn openssl(folder: &Path, arguments: &str) {
    let words = arguments.split(' ');
    let output = Command::new("openssl").args(words).current_dir(folder).output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Pieces of a secret, each of which is a finding.
fn pieces(name: &str, secret: &[u8]) -> Forms {
    secret.chunks(24).filter(|piece| piece.len() == 24).flat_map(|piece| of_text(name, piece)).collect()
}

fn fetch(encrypted: bool, status: u16, moving: bool) -> Outcome {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(text(12));
    std::fs::create_dir_all(&folder).expect("a folder");
    let passphrase = text(32);
    std::fs::write(folder.join("passphrase"), format!("{passphrase}\n")).expect("a file");
    openssl(&folder, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem");
    openssl(&folder, "req -new -x509 -key plain.pem -subj /CN=device -out certificate.pem");
    openssl(&folder, "pkcs8 -topk8 -nocrypt -in plain.pem -outform DER -out plain.der");
    if encrypted {
        openssl(&folder, "pkcs8 -topk8 -v2 aes256 -in plain.pem -passout file:passphrase -out key.pem");
    } else {
        std::fs::copy(folder.join("plain.pem"), folder.join("key.pem")).expect("a copy");
    }
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a file");
    let text = String::from_utf8(read("plain.pem")).expect("text");
    // The second line of the text, and the part of the encoding that is around the number itself.
    let line = text.lines().nth(2).expect("a line");
    let issued = Issued::new();
    let scenario = Scenario::default()
        .set("folder", folder.to_str().expect("text"))
        .set("encrypted", if encrypted { "yes" } else { "no" })
        .search(issued.forms())
        .search(of_text("passphrase", passphrase.as_bytes()))
        .search(pieces("text of the key", line.as_bytes()));
    let encoding = read("plain.der");
    let at = encoding.windows(2).position(|pair| pair == [4, 32]).expect("the number") + 2;
    let scenario = scenario.search(of_text("encoding of the key", &encoding[at - 8..at + 16]));
    let document = issued.document().replace("\"Token\"", "\"sessionToken\"");
    let url =
        serve(move |_| reply(status, &format!("{{\"credentialSet\":[{{\"credentials\":{document}}}]}}")));
    let scenario = scenario.set("url", &url);
    let run = if moving { Scenario::run_moving } else { Scenario::run };
    let outcome = run(&scenario, "process:anywhere", "client");
    std::fs::remove_dir_all(&folder).expect("removed");
    outcome
}

#[test]
fn a_certificates_key_and_its_passphrase_leave_nothing() {
    for encrypted in [false, true] {
        for (status, ended) in [(201, "ASIAEXAMPLE"), (403, "403")] {
            for moving in [false, true] {
                let outcome = fetch(encrypted, status, moving);
                assert!(outcome.ended.contains(ended), "{}", outcome.ended);
                let case = format!("encrypted {encrypted}, {status}, moving {moving}");
                assert!(outcome.found.is_empty(), "{case}: {:#?}", outcome.found);
            }
        }
    }
}

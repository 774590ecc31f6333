//! Copies that are deliberately not wiped, to show that each is found.

use std::hint::black_box;

use rolecall_core::credentials::Credentials;
use rolecall_core::flow::Slot;
use rolecall_core::sigv4::SigningKey;
use zeroize::Zeroizing;

use crate::input::Input;
use crate::nal::TODAY;
use crate::stage::Stage;

pub(crate) fn run(place: &str, input: &Input, stage: &Stage) -> String {
    let secret = input.lend("own secret");
    stage.exclude_lent(&[&secret]);
    match place {
        "stack" => on_the_stack(secret.text()),
        "heap" => drop(black_box(secret.text().to_owned())),
        "grown" => {
            let mut grown = Zeroizing::new(secret.text().to_owned());
            grown.reserve_exact(4096);
            black_box(&grown);
        }
        "swapped" => drop(black_box(swapped(secret.bytes()))),
        "slot" => {
            let mut memory = vec![0; Slot::LEAST];
            let mut slot = Slot::new(&mut memory);
            let credentials = Credentials::new("AKIDEXAMPLE", secret.text(), None).expect("credentials");
            slot.store(&credentials).expect("room");
            stage.scan();
            // Dropping wipes it: the next scan finds nothing.
            drop(slot);
        }
        "key" => {
            let credentials = Credentials::new("AKIDEXAMPLE", secret.text(), None).expect("credentials");
            let key = SigningKey::derive(credentials.secret_access_key(), TODAY, "eu-west-1", "s3");
            black_box(&key);
            stage.scan();
        }
        "moved key" => {
            let credentials = Credentials::new("AKIDEXAMPLE", secret.text(), None).expect("credentials");
            let key = SigningKey::derive(credentials.secret_access_key(), TODAY, "eu-west-1", "s3");
            black_box(&key);
            drop(black_box(key));
        }
        _ => {}
    }
    stage.scan();
    "planted".to_owned()
}

#[inline(never)]
fn on_the_stack(secret: &str) {
    let mut copy = [0; 40];
    copy.copy_from_slice(secret.as_bytes());
    black_box(&mut copy);
}

/// The secret as SHA-256 has it in its words.
fn swapped(secret: &[u8]) -> Vec<u8> {
    secret.chunks_exact(4).flat_map(|word| word.iter().rev().copied()).collect()
}

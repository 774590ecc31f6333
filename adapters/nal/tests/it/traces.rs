//! A trace contains the method, host and status, but no secrets.

use rolecall_core::credentials::Credentials;

use crate::board::Loop;
use crate::mock::{Mocked, Net, StackBehavior, Then, reply};
use crate::probe::Probe;

/// The bytes that this thread has passed to defmt since the last call. Strings of the program appear
/// only as their index.
fn traced() -> Vec<u8> {
    assert_eq!(
        option_env!("DEFMT_LOG"),
        Some("trace"),
        "defmt drops traces unless built with DEFMT_LOG=trace"
    );
    defmt::export::fetch_bytes()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_trace_names_method_host_and_status() {
    for on in [Loop::Blocking, Loop::Async] {
        let serve = |_: &str| (reply(418, "the body is confidential business"), Then::Stay);
        let mut mocked = Mocked::new(on, Net::new(StackBehavior::default(), serve));
        let _ = traced();
        mocked.run(&mut Probe::new("http://known.example:8080", 1)).unwrap();
        let bytes = traced();
        assert!(holds(&bytes, "GET") && holds(&bytes, "known.example"), "{bytes:?}");
        assert!(bytes.windows(2).any(|two| two == 418u16.to_le_bytes()), "{bytes:?}");
        for secret in ["do-not-show", "Secret", "/1", "business"] {
            assert!(!holds(&bytes, secret), "{secret}");
        }
    }
}

#[test]
fn a_failure_is_traced() {
    let net = Net::new(StackBehavior::default(), |_| unreachable!());
    net.set_link_up(false);
    let mut mocked = Mocked::new(Loop::Blocking, net);
    let _ = traced();
    mocked.run(&mut Probe::new("http://10.0.0.7", 1)).unwrap();
    let bytes = traced();
    // Once for the request and once for the failure.
    assert_eq!(bytes.windows(8).filter(|window| window == b"10.0.0.7").count(), 2, "{bytes:?}");
}

#[test]
fn secrets_are_printed_as_their_length() {
    let credentials = Credentials::new("AKIDEXAMPLE", "s3cr3t/s3cr3t", Some("t0k3n+t0k3n+t0k3n")).unwrap();
    let _ = traced();
    defmt::trace!("{}", credentials);
    let bytes = traced();
    assert!(holds(&bytes, "AKIDEXAMPLE"), "{bytes:?}");
    for (secret, length) in [("s3cr3t", 13u32), ("t0k3n", 17)] {
        assert!(!holds(&bytes, secret), "{bytes:?}");
        assert!(bytes.windows(4).any(|four| four == length.to_le_bytes()), "{bytes:?}");
    }
}

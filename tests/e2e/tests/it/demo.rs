//! The demo: it completes every step, and fails where the simulator's check fails.

use e2e::command::rolecall;

const NOTHING: [(&str, &str); 0] = [];

#[test]
fn demo_completes_every_step() {
    let run = rolecall(&["demo"], NOTHING);
    let out = run.ok();
    for expected in
        ["imds GetToken 200", "sts AssumeRole 200", "s3 PutObject 200", "s3 GetObject 200", "expires"]
    {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    assert!(out.contains("arn:aws:sts::444455556666:assumed-role/rolecall-cross-account/demo"), "{out}");
}

#[test]
fn demo_fails_if_signatures_are_checked_with_a_wrong_secret() {
    let run = rolecall(&["demo", "--tamper"], NOTHING);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("SignatureDoesNotMatch"), "{run:#?}");
    assert!(!run.stdout.contains("All steps passed"), "{run:#?}");
}

#[test]
fn demo_ignores_the_environment_of_its_caller() {
    let foreign = [
        ("AWS_ACCESS_KEY_ID", "AKIAFOREIGN"),
        ("AWS_SECRET_ACCESS_KEY", "foreign"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
    ];
    rolecall(&["demo"], foreign).ok();
}

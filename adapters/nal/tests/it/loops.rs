//! The two loops are one: short, and without its awaits the async one is the blocking one.

const BLOCKING: &str = include_str!("../../src/blocking/drive.rs");
const ASYNC: &str = include_str!("../../src/asynch/drive.rs");

#[test]
fn without_its_awaits_the_async_loop_is_the_blocking_one() {
    assert!(ASYNC.contains(".await") && ASYNC.contains("async fn"));
    assert!(!BLOCKING.contains("await") && !BLOCKING.contains("async"));
    assert_eq!(ASYNC.replace(".await", "").replace("async fn", "fn"), BLOCKING);
}

#[test]
fn each_loop_has_at_most_80_lines() {
    for text in [BLOCKING, ASYNC] {
        let lines = text.lines().count();
        assert!((1..=80).contains(&lines), "{lines} lines");
        assert!(text.lines().all(|line| line.len() <= 110), "a line is too long to count as one");
    }
}

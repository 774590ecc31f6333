//! Both loops are short, and the async loop without its awaits equals the blocking one.

const BLOCKING: &str = include_str!("../../src/blocking/drive.rs");
const ASYNC: &str = include_str!("../../src/asynch/drive.rs");

#[test]
fn the_async_loop_without_awaits_equals_the_blocking_loop() {
    assert!(ASYNC.contains(".await") && ASYNC.contains("async fn"));
    assert!(!BLOCKING.contains("await") && !BLOCKING.contains("async"));
    assert_eq!(ASYNC.replace(".await", "").replace("async fn", "fn"), BLOCKING);
}

#[test]
fn each_loop_has_at_most_80_lines() {
    for text in [BLOCKING, ASYNC] {
        let lines = text.lines().count();
        assert!((1..=80).contains(&lines), "{lines} lines");
        assert!(text.lines().all(|line| line.len() <= 110), "a line is longer than 110 columns");
    }
}

//! Clock skew scenarios: operations of one client, each with its attempts, their signing times, whether clock
//! skew explains the error, and the final skew.

use conformance::{json_files, own, say, vectors};
use rolecall_core::skew::{Authority, Clock, Instant, Now};
use rolecall_core::wire::time::UnixTime;
use serde_json::Value;

#[test]
fn clock_skew() {
    let Some(folder) = vectors("clock-skew") else { return };
    let scenarios = run(json_files(&folder));
    say(&format!("clock-skew: {scenarios} published scenarios"));
    assert!(scenarios >= 10, "only {scenarios} scenarios");
}

#[test]
fn clock_skew_own_cases() {
    let scenarios = run(json_files(&own("clock-skew")));
    say(&format!("clock-skew: {scenarios} own scenarios"));
    assert!(scenarios >= 10, "only {scenarios} scenarios");
}

fn run(files: Vec<Value>) -> usize {
    let scenarios = files.iter().flat_map(|file| file["tests"].as_array().expect("a list of scenarios"));
    scenarios.map(check).count()
}

fn check(scenario: &Value) {
    let place = &scenario["description"];
    let operations = scenario["operations"].as_array().expect("operations");
    let first = operations[0]["initialClientSkew"].as_i64().expect("a skew");
    let mut clock = Clock::new().with_skew(first);
    for operation in operations {
        assert_eq!(operation["initialClientSkew"], clock.skew(), "{place}");
        let attempts = operation["attempts"].as_array().expect("attempts");
        let most = operation["maxAttempts"].as_u64().unwrap_or(3) as usize;
        let mut corrected = false;
        let mut succeeded = false;
        for (index, attempt) in attempts.iter().enumerate() {
            let sent = now(&attempt["clientTimeAtSend"]);
            let received = now(&attempt["clientTimeAtReceive"]);
            assert_eq!(clock.time(sent), now(&attempt["expectedSigningTime"]).wall, "{place}");

            let response = &attempt["response"];
            let header =
                |name: &str| response["headers"].get(name).map(|value| value.as_str().expect("text"));
            let date = header("Date").map(str::as_bytes);
            let skew = clock.observe(date, header("Age").is_some(), sent, received, Authority::Service);

            succeeded = response["statusCode"].as_u64().is_some_and(|status| status < 300);
            let explained = response["errorCode"].as_str().is_some_and(|code| clock.explains(code, skew));
            let again = explained && !corrected && index + 1 < most;
            assert_eq!(again, index + 1 < attempts.len(), "{place}: whether attempt {index} is repeated");
            corrected |= again;
        }
        assert_eq!(operation["expectedClientSkew"], clock.skew(), "{place}");
        assert_eq!(operation["expectedOutcome"], if succeeded { "success" } else { "error" }, "{place}");
    }
}

/// Both clocks at this time: they agree in these scenarios.
fn now(text: &Value) -> Now {
    let wall = UnixTime::from_rfc3339(text.as_str().expect("a time").as_bytes()).expect("a time");
    Now { monotonic: Instant::from_millis(wall.as_secs() * 1000), wall: Some(wall) }
}

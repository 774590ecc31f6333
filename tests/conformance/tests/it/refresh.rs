//! Refresh scenarios: an initial cache, then calls, elapsed time and rejected credentials, each with the
//! result for the caller, whether the source was contacted, and whether rate limiting prevented it.

use conformance::{json_files, own, say, vectors};
use rolecall_core::refresh::{Decision, Refresh, Windows};
use rolecall_core::skew::Instant;
use serde_json::Value;

/// The default lifetime of credentials, in seconds.
const LIFETIME: u64 = 3600;
/// The initial time in milliseconds, later than any lifetime.
const START: u64 = 100_000_000;
/// The default back-off, in seconds.
const BACK_OFF: u64 = 420;

#[test]
fn refresh() {
    let Some(folder) = vectors("refresh") else { return };
    let scenarios = run(json_files(&folder));
    say(&format!("refresh: {scenarios} published scenarios"));
    assert!(scenarios >= 24, "only {scenarios} scenarios");
}

#[test]
fn refresh_own_cases() {
    let scenarios = run(json_files(&own("refresh")));
    say(&format!("refresh: {scenarios} own scenarios"));
    assert!(scenarios >= 10, "only {scenarios} scenarios");
}

fn run(files: Vec<Value>) -> usize {
    let scenarios = files.iter().flat_map(|file| file.as_array().expect("a list of scenarios"));
    scenarios.map(|scenario| Cache::new(scenario).run(scenario)).count()
}

/// The state of a caller of [`Refresh`].
struct Cache {
    refresh: Refresh,
    access_key_id: String,
    now: Instant,
    back_off: u64,
}

impl Cache {
    fn new(scenario: &Value) -> Self {
        let given = &scenario["given"];
        let advisory = given["configuredAdvisoryWindowSeconds"].as_u64().map(|seconds| seconds as u32);
        let mut refresh = Refresh::new(Windows { advisory_seconds: advisory, spread: false });
        let left: Option<i64> = match given["cachedCredentials"].as_str() {
            Some("valid") => Some(20 * 60),
            Some("advisory") => Some(4 * 60),
            Some("mandatory") => Some(30),
            Some("expired") => Some(-30),
            Some("none") => None,
            other => panic!("{other:?} is not a state of the cache"),
        };
        if let Some(left) = left {
            let issued = Instant::from_millis(START - (LIFETIME as i64 - left) as u64 * 1000);
            assert!(refresh.succeeded(issued, Some(LIFETIME * 1000), 0));
        }
        Self {
            refresh,
            access_key_id: given["accessKeyId"].as_str().unwrap_or("cached").to_owned(),
            now: Instant::from_millis(START),
            back_off: given["refreshBackoffSeconds"].as_u64().unwrap_or(BACK_OFF),
        }
    }

    fn run(mut self, scenario: &Value) {
        for (index, step) in scenario["steps"].as_array().expect("steps").iter().enumerate() {
            match step["type"].as_str() {
                Some("advanceTime") => {
                    self.now = self.now.after_ms(step["seconds"].as_u64().expect("seconds") * 1000);
                }
                Some("invalidate") => {
                    if step["rejectedAccessKeyId"] == *self.access_key_id {
                        self.refresh.invalidate();
                    }
                }
                Some("getCredentials") => {
                    let (result, source_contacted, rate_limited) = self.get(step);
                    let expected = &step["expected"];
                    let place = format!("step {index} of {}", scenario["documentation"]);
                    assert_eq!(expected["result"], result, "{place}");
                    assert_eq!(expected["sourceContacted"], source_contacted, "{place}");
                    assert_eq!(expected["rateLimited"], rate_limited, "{place}");
                    if let Some(seconds) = expected.get("advisoryWindowSeconds") {
                        assert_eq!(*seconds, self.refresh.advisory_seconds().expect("held"), "{place}");
                    }
                }
                other => panic!("{other:?} is not a step"),
            }
        }
    }

    /// Makes one call; returns its result, whether the source was contacted, and whether it was not, because
    /// of an earlier failure.
    fn get(&mut self, step: &Value) -> (&'static str, bool, bool) {
        match self.refresh.decide(self.now) {
            Decision::Use => ("cachedCredentials", false, false),
            Decision::UseLimited => ("cachedCredentials", false, true),
            Decision::RepeatError => ("nonRecoverableError", false, false),
            Decision::FetchAdvised | Decision::FetchRequired => (self.fetch(step), true, false),
            other => panic!("unknown decision {other:?}"),
        }
    }

    fn fetch(&mut self, step: &Value) -> &'static str {
        let back_off = entropy_for(self.back_off * 1000, 300_000..=600_000);
        let lifetime = match step["response"].as_str() {
            Some("freshCredentials") => step["lifetimeSeconds"].as_u64().unwrap_or(LIFETIME) * 1000,
            Some("staleCredentials") => 0,
            Some("error") => {
                self.refresh.failed(self.now, true, back_off);
                return self.fallback();
            }
            Some("nonRecoverableError") => {
                self.refresh.failed(self.now, false, entropy_for(5_000, 1_000..=5_000));
                return "nonRecoverableError";
            }
            other => panic!("the source is contacted, and its response is {other:?}: {step}"),
        };
        let entropy = if lifetime == 0 { back_off } else { 0 };
        if self.refresh.succeeded(self.now, Some(lifetime), entropy) {
            self.access_key_id = "new".to_owned();
            return "newCredentials";
        }
        self.fallback()
    }

    fn fallback(&self) -> &'static str {
        if self.refresh.holds() { "cachedCredentials" } else { "noCredentialsError" }
    }
}

/// The entropy for which a uniform draw from `range` returns `wanted`.
fn entropy_for(wanted: u64, range: std::ops::RangeInclusive<u64>) -> u32 {
    let values = range.end() - range.start() + 1;
    (((wanted - range.start()) << 32).div_ceil(values)) as u32
}

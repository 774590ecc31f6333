//! The rows of the table, and the assertions for each of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, SystemTime};

use e2e::peer::Act;
use rolecall::{UnixTime, UnixTimeExt};

use super::caller::{AUTHORIZATION, Caller, Fetched};
use super::source::{Keys, SECRET, Source, TOKEN};

/// The guaranteed limit is ten seconds; sources time out half a second earlier.
const DEADLINE: Duration = Duration::from_secs(10);
const MOST_MEMORY: u64 = 8 * 1024 * 1024;
/// Concurrent rows: many of those that mostly wait, few of the others, which would be slowed down.
const AT_ONCE: [(bool, usize); 2] = [(true, 48), (false, 6)];
const TOO_LATE: &str = "too late";
const BUSY_CORE: &str = "a busy core";
/// Faults that load from other rows can cause: a few such rows are run again, alone, and that result counts.
const TIMING: [&str; 2] = [TOO_LATE, BUSY_CORE];
const MOST_AGAIN: usize = 4;

pub(crate) struct Row {
    name: String,
    source: Source,
    /// The step with the fault; the last one by default.
    step: usize,
    acts: Vec<Act>,
    expected: Vec<(Caller, Expected)>,
    requests: Option<usize>,
    /// The server sends little or nothing, so that the caller must use hardly any processor time.
    waits: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Expected {
    /// Exactly these credentials.
    Keys(Keys),
    /// These credentials, with an end in 5 to 10 minutes in place of the one that has passed.
    Stale(Keys),
    /// One error in the faulty step that contains these words.
    Error(&'static str),
    Either(Keys, &'static str),
}

impl Row {
    /// A server that always responds to the last step with `act`.
    pub(crate) fn new(name: impl Into<String>, source: Source, act: Act) -> Self {
        Self::acts(name, source, vec![act])
    }

    /// A server that responds to the last step with `acts` in order, repeating the last one.
    pub(crate) fn acts(name: impl Into<String>, source: Source, acts: Vec<Act>) -> Self {
        let step = source.steps().len() - 1;
        Self { name: name.into(), source, step, acts, expected: Vec::new(), requests: None, waits: false }
    }

    /// Moves the fault to another step.
    pub(crate) fn at(self, step: usize) -> Self {
        Self { step, ..self }
    }

    /// Expects the credentials in [`Source::document`].
    pub(crate) fn served(self) -> Self {
        let keys = self.source.keys();
        self.returns(keys)
    }

    pub(crate) fn returns(self, keys: Keys) -> Self {
        self.all(Expected::Keys(keys))
    }

    /// Expects the credentials in [`Source::document`], for some minutes more.
    pub(crate) fn served_stale(self) -> Self {
        let keys = self.source.keys();
        self.all(Expected::Stale(keys))
    }

    /// Expects an error in the faulty step that contains these words.
    pub(crate) fn refused(self, words: &'static str) -> Self {
        self.all(Expected::Error(words))
    }

    /// Permitted difference: with ureq the error contains other words.
    pub(crate) fn ureq_fails_with(self, words: &'static str) -> Self {
        self.ureq(Expected::Error(words))
    }

    /// Permitted difference: ureq returns the credentials.
    pub(crate) fn ureq_serves(self) -> Self {
        let keys = self.source.keys();
        self.ureq(Expected::Keys(keys))
    }

    /// Permitted difference: the command, whose slots grow, returns these credentials.
    pub(crate) fn ureq_returns(self, keys: Keys) -> Self {
        self.ureq(Expected::Keys(keys))
    }

    /// Permitted difference: ureq returns the credentials or that error, depending on timing.
    pub(crate) fn ureq_may_serve(self, words: &'static str) -> Self {
        let keys = self.source.keys();
        self.ureq(Expected::Either(keys, words))
    }

    fn ureq(mut self, expected: Expected) -> Self {
        self.expected.retain(|(caller, _)| *caller != Caller::Ureq);
        self.expected.push((Caller::Ureq, expected));
        self
    }

    /// Expects this number of requests for the step.
    pub(crate) fn attempts(self, times: usize) -> Self {
        Self { requests: Some(times), ..self }
    }

    pub(crate) fn waits(self) -> Self {
        Self { waits: true, ..self }
    }

    fn all(mut self, expected: Expected) -> Self {
        self.expected = Caller::ALL.map(|caller| (caller, expected.clone())).into();
        self
    }

    /// Runs the row with one adapter; returns its line in the report, and the failed checks.
    fn run(&self, caller: Caller, expected: &Expected) -> (String, Vec<String>) {
        let (peer, count) = self.source.serve(self.step, self.acts.clone());
        let fetched = catch_unwind(AssertUnwindSafe(|| caller.fetch(self.source, peer.url())));
        drop(peer);
        let requests = count.load(Ordering::Relaxed);
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
                return (format!("{} {caller:?} {}: panicked", self.source.name(), self.name), vec![text]);
            }
        };
        let mut wrong = Vec::new();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(what.to_owned());
            }
        };
        match (&fetched.result, expected) {
            (Ok(keys), Expected::Keys(expected) | Expected::Either(expected, _)) => {
                must(keys == expected, "credentials differ from those served")
            }
            (Ok(keys), Expected::Stale(expected)) => {
                let end = keys.expiration.as_deref().unwrap_or_default();
                let left = UnixTime::from_rfc3339(end.as_bytes()).map_or(0, |end| {
                    end.seconds_since(
                        UnixTime::from_system_time(SystemTime::now()).expect("a time after 1970"),
                    )
                });
                must((280..=601).contains(&left), "the end is not in 5 to 10 minutes");
                let expected = Keys { expiration: keys.expiration.clone(), ..expected.clone() };
                must(*keys == expected, "credentials differ from those served")
            }
            (Err(error), Expected::Error(words) | Expected::Either(_, words)) => {
                must(error.contains(self.source.steps()[self.step]), "error is of another step");
                must(error.contains(words), words);
            }
            (Ok(_), Expected::Error(words)) => must(false, words),
            (Err(_), Expected::Keys(_) | Expected::Stale(_)) => {
                must(false, "an error instead of credentials")
            }
        }
        if let Err(error) = &fetched.result {
            for secret in [SECRET, TOKEN, AUTHORIZATION] {
                must(!error.contains(&secret[..8]), "a secret is in the error");
            }
            must(error.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)), "not plain text");
        }
        must(fetched.took < DEADLINE, TOO_LATE);
        must(fetched.peak.is_none_or(|peak| peak < MOST_MEMORY), "too much memory");
        // Three attempts, and one more if a kept-alive connection had been closed meanwhile.
        must(requests <= 4, "too many requests");
        must(self.requests.is_none_or(|times| times == requests), "unexpected number of requests");
        if self.waits {
            must(fetched.cpu < fetched.took / 10 + Duration::from_millis(60), BUSY_CORE);
        }
        (self.line(caller, &fetched, requests), wrong)
    }

    fn line(&self, caller: Caller, fetched: &Fetched, requests: usize) -> String {
        let outcome = match &fetched.result {
            Ok(_) => "served",
            Err(error) => error.trim().trim_start_matches("rolecall: "),
        };
        format!(
            "{:<9} {:<5} {:<44} {:>5} ms {:>4} ms cpu {:>5} KiB {requests}x {outcome}",
            self.source.name(),
            format!("{caller:?}"),
            self.name,
            fetched.took.as_millis(),
            fetched.cpu.as_millis(),
            fetched.peak.unwrap_or(0) / 1024,
        )
    }
}

type Job<'r> = (&'r Row, &'r (Caller, Expected));

/// Runs every row with every adapter, prints the results, and fails if any check failed.
#[track_caller]
pub(crate) fn check(rows: Vec<Row>) {
    let mut results = Vec::new();
    for (waits, at_once) in AT_ONCE {
        let rows = rows.iter().filter(|row| row.waits == waits);
        let jobs = rows.flat_map(|row| row.expected.iter().map(move |expected| (row, expected))).collect();
        results.extend(run_all(jobs, at_once));
    }
    let late = |wrong: &[String]| !wrong.is_empty() && wrong.iter().all(|what| TIMING.contains(&&**what));
    if results.iter().filter(|(_, (_, wrong))| late(wrong)).count() <= MOST_AGAIN {
        for ((row, (caller, expected)), (line, wrong)) in &mut results {
            if late(wrong) {
                println!("AGAIN {line}: {}", wrong.join("; "));
                (*line, *wrong) = row.run(*caller, expected);
            }
        }
    }
    let mut results: Vec<_> = results.into_iter().map(|(_, result)| result).collect();
    results.sort();
    let wrong: Vec<_> = results.iter().filter(|(_, wrong)| !wrong.is_empty()).collect();
    for (line, _) in &results {
        println!("{line}");
    }
    for (line, wrong) in &wrong {
        println!("WRONG {line}\n      {}", wrong.join("; "));
    }
    assert!(!results.is_empty() && wrong.is_empty(), "{} of {} failed", wrong.len(), results.len());
}

/// Runs these jobs with this concurrency; returns their lines and failed checks.
fn run_all(jobs: Vec<Job<'_>>, at_once: usize) -> Vec<(Job<'_>, (String, Vec<String>))> {
    let (results, jobs) = (Mutex::new(Vec::new()), Mutex::new(jobs.into_iter()));
    let take = || jobs.lock().expect("no panic").next();
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some((row, expected)) = take() {
                    let result = row.run(expected.0, &expected.1);
                    results.lock().expect("no panic").push(((row, expected), result));
                }
            });
        }
    });
    results.into_inner().expect("no panic")
}

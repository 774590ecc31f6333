//! Rows, and what holds for each of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use e2e::peer::Act;

use crate::caller::{AUTHORIZATION, Caller, Fetched};
use crate::source::{Keys, SECRET, Source, TOKEN};

/// The promise is ten seconds; sources give up half a second before.
const DEADLINE: Duration = Duration::from_secs(10);
const MOST_MEMORY: u64 = 8 * 1024 * 1024;
/// Rows at a time: of those that wait many, of those that work few, which else would be late.
const AT_ONCE: [(bool, usize); 2] = [(true, 48), (false, 6)];
const TOO_LATE: &str = "too late";
const BUSY_CORE: &str = "a busy core";
/// What a machine that was busy with other rows can do to a few: they run again, alone, and count then.
const TIMING: [&str; 2] = [TOO_LATE, BUSY_CORE];
const MOST_AGAIN: usize = 4;

pub(crate) struct Row {
    name: String,
    source: Source,
    /// The step that goes wrong; the last one, if no other is named.
    step: usize,
    acts: Vec<Act>,
    expected: Vec<(Caller, Expected)>,
    asked: Option<usize>,
    /// The peer says nothing, or little: whoever waits for it leaves the processor to others.
    waits: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Expected {
    /// Exactly these.
    Keys(Keys),
    /// One error of the step, with these words.
    Error(&'static str),
    Either(Keys, &'static str),
}

impl Row {
    /// A peer that answers the last step like this, again and again.
    pub(crate) fn new(name: impl Into<String>, source: Source, act: Act) -> Self {
        Self::acts(name, source, vec![act])
    }

    /// One act after another, and the last again and again.
    pub(crate) fn acts(name: impl Into<String>, source: Source, acts: Vec<Act>) -> Self {
        let step = source.steps().len() - 1;
        Self { name: name.into(), source, step, acts, expected: Vec::new(), asked: None, waits: false }
    }

    /// At another step.
    pub(crate) fn at(self, step: usize) -> Self {
        Self { step, ..self }
    }

    /// Comes to what [`Source::document`] holds.
    pub(crate) fn served(self) -> Self {
        let keys = self.source.keys();
        self.gives(keys)
    }

    pub(crate) fn gives(self, keys: Keys) -> Self {
        self.all(Expected::Keys(keys))
    }

    /// Comes to an error of the step, with these words.
    pub(crate) fn refused(self, told: &'static str) -> Self {
        self.all(Expected::Error(told))
    }

    /// Permitted difference: with ureq it comes to an error in other words.
    pub(crate) fn ureq_tells(self, told: &'static str) -> Self {
        self.ureq(Expected::Error(told))
    }

    /// Permitted difference: with ureq it comes to the keys.
    pub(crate) fn ureq_takes_it(self) -> Self {
        let keys = self.source.keys();
        self.ureq(Expected::Keys(keys))
    }

    /// Permitted difference: with the command, whose slots grow, it comes to these.
    pub(crate) fn ureq_gives(self, keys: Keys) -> Self {
        self.ureq(Expected::Keys(keys))
    }

    /// Permitted difference: with ureq it comes to the keys or to that error, as the packets come.
    pub(crate) fn ureq_may_take_it(self, told: &'static str) -> Self {
        let keys = self.source.keys();
        self.ureq(Expected::Either(keys, told))
    }

    fn ureq(mut self, expected: Expected) -> Self {
        self.expected.retain(|(caller, _)| *caller != Caller::Ureq);
        self.expected.push((Caller::Ureq, expected));
        self
    }

    /// The step is asked for so many times.
    pub(crate) fn asked(self, times: usize) -> Self {
        Self { asked: Some(times), ..self }
    }

    pub(crate) fn waits(self) -> Self {
        Self { waits: true, ..self }
    }

    fn all(mut self, expected: Expected) -> Self {
        self.expected = Caller::ALL.map(|caller| (caller, expected.clone())).into();
        self
    }

    /// What is wrong with it.
    fn run(&self, caller: Caller, expected: &Expected) -> (String, Vec<String>) {
        let (peer, count) = self.source.serve(self.step, self.acts.clone());
        let fetched = catch_unwind(AssertUnwindSafe(|| caller.fetch(self.source, peer.url())));
        drop(peer);
        let asked = count.load(Ordering::Relaxed);
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
                must(keys == expected, "other keys than were served")
            }
            (Err(error), Expected::Error(told) | Expected::Either(_, told)) => {
                must(error.contains(self.source.steps()[self.step]), "of another step");
                must(error.contains(told), told);
            }
            (Ok(_), Expected::Error(told)) => must(false, told),
            (Err(_), Expected::Keys(_)) => must(false, "it should be served"),
        }
        if let Err(error) = &fetched.result {
            for secret in [SECRET, TOKEN, AUTHORIZATION] {
                must(!error.contains(&secret[..8]), "a secret is told");
            }
            must(error.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)), "not plain text");
        }
        must(fetched.took < DEADLINE, TOO_LATE);
        must(fetched.peak.is_none_or(|peak| peak < MOST_MEMORY), "too much memory");
        // Three attempts, and one more if a connection that was kept open had been closed by then.
        must(asked <= 4, "asked too often");
        must(self.asked.is_none_or(|times| times == asked), "not asked as often as it should be");
        if self.waits {
            must(fetched.cpu < fetched.took / 10 + Duration::from_millis(60), BUSY_CORE);
        }
        (self.line(caller, &fetched, asked), wrong)
    }

    fn line(&self, caller: Caller, fetched: &Fetched, asked: usize) -> String {
        let outcome = match &fetched.result {
            Ok(_) => "served",
            Err(error) => error.trim().trim_start_matches("rolecall: "),
        };
        format!(
            "{:<9} {:<5} {:<44} {:>5} ms {:>4} ms cpu {:>5} KiB {asked}x {outcome}",
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

/// Runs every row with every adapter, prints what came of it, and fails if anything was wrong.
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
    assert!(!results.is_empty() && wrong.is_empty(), "{} of {} are wrong", wrong.len(), results.len());
}

/// Runs these, so many at once: their lines, and what was wrong with each.
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

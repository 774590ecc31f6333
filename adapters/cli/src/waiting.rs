//! What is waited for: a line on a terminal, from the second on that it takes.

use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rolecall::Trace;

/// When the line is shown, and how often that is looked at.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(200);

/// Whether another line is on the terminal: how far a transfer is.
static OTHER: AtomicBool = AtomicBool::new(false);

/// Says that a transfer has a line of its own from here on.
#[cfg(feature = "upload")]
pub(crate) fn give_way() {
    OTHER.store(true, Ordering::Relaxed);
}

/// The exchange that is under way.
#[derive(Default)]
struct Pending {
    asked: Option<(Instant, String)>,
    is_shown: bool,
}

/// Watches exchanges.
pub(crate) struct Waiting(Option<Arc<Mutex<Pending>>>);

impl Waiting {
    /// Shows nothing if it is not wanted, or standard error is no terminal.
    pub(crate) fn new(wanted: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        if !wanted || dumb || !stderr().is_terminal() {
            return Self(None);
        }
        let pending = Arc::new(Mutex::new(Pending::default()));
        let watched = Arc::downgrade(&pending);
        thread::spawn(move || {
            while let Some(pending) = watched.upgrade() {
                lock(&pending).look();
                drop(pending);
                thread::sleep(LOOK);
            }
        });
        Self(Some(pending))
    }

    /// Takes note of an event.
    pub(crate) fn note(&self, trace: &Trace<'_>) {
        let Some(pending) = &self.0 else { return };
        let mut pending = lock(pending);
        pending.clear();
        pending.asked = match trace {
            Trace::Asking { asked } => Some((Instant::now(), (*asked).to_owned())),
            _ => None,
        };
    }
}

impl Pending {
    fn look(&mut self) {
        let Some((since, asked)) = self.asked.as_ref().filter(|(since, _)| since.elapsed() >= PATIENCE)
        else {
            return;
        };
        if OTHER.load(Ordering::Relaxed) {
            return;
        }
        let _ = write!(stderr(), "\rwaiting for {asked}, {} s\x1b[K", since.elapsed().as_secs());
        self.is_shown = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn lock(pending: &Mutex<Pending>) -> MutexGuard<'_, Pending> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

//! How far a transfer is, on a terminal, from the second on that it takes.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// When the first line is shown, and how often it is renewed.
const PATIENCE: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(250);

/// A line on standard error.
pub(super) struct Progress {
    what: &'static str,
    total: Option<u64>,
    done: u64,
    started: Instant,
    /// When the line was last written.
    shown: Option<Instant>,
    on_terminal: bool,
}

impl Progress {
    /// Progress of a transfer: `sent`, `received`. Nothing is shown if it is quiet, or standard error is no terminal.
    pub(super) fn new(what: &'static str, quiet: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        let on_terminal = !quiet && !dumb && stderr().is_terminal();
        Self { what, total: None, done: 0, started: Instant::now(), shown: None, on_terminal }
    }

    /// Begins, or begins again, with a length if it is known.
    pub(super) fn start(&mut self, total: Option<u64>) {
        if self.on_terminal {
            crate::waiting::give_way();
        }
        self.clear();
        (self.total, self.done, self.started, self.shown) = (total, 0, Instant::now(), None);
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.done = self.done.saturating_add(bytes as u64);
        if !self.on_terminal {
            return;
        }
        let now = Instant::now();
        let due = self.shown.map_or(self.started + PATIENCE, |shown| shown + INTERVAL);
        if now >= due {
            self.shown = Some(now);
            let line = line(self.what, self.done, self.total, now - self.started);
            let _ = write!(stderr(), "\r{line}\x1b[K");
        }
    }

    /// Removes the line.
    pub(super) fn clear(&self) {
        if self.shown.is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

/// `12.0 MiB of 2.0 GiB sent, 6.0 MiB/s, 5 min left`
fn line(what: &str, done: u64, total: Option<u64>, spent: Duration) -> String {
    let rate = (done as f64 / spent.as_secs_f64().max(0.001)) as u64;
    let mut line = size(done);
    if let Some(total) = total {
        line.push_str(&format!(" of {}", size(total)));
    }
    line.push_str(&format!(" {what}, {}/s", size(rate)));
    if let Some(left) = total.and_then(|total| total.saturating_sub(done).checked_div(rate)) {
        let left = if left < 90 { format!("{left} s") } else { format!("{} min", left.div_ceil(60)) };
        line.push_str(&format!(", {left} left"));
    }
    line
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1_024.0, 0);
    while value >= 1_024.0 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1_024.0, unit + 1);
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_how_fast_and_how_long() {
        let seconds = Duration::from_secs;
        for (done, total, spent, expected) in [
            (500, None, 1, "500 B sent, 500 B/s"),
            (12 << 20, Some(2 << 30), 2, "12.0 MiB of 2.0 GiB sent, 6.0 MiB/s, 6 min left"),
            (1 << 20, Some(3 << 20), 2, "1.0 MiB of 3.0 MiB sent, 512.0 KiB/s, 4 s left"),
            (0, Some(10), 1, "0 B of 10 B sent, 0 B/s"),
            (20, Some(10), 1, "20 B of 10 B sent, 20 B/s, 0 s left"),
            (u64::MAX, Some(u64::MAX), 1, "16384.0 PiB of 16384.0 PiB sent, 16384.0 PiB/s, 0 s left"),
        ] {
            assert_eq!(line("sent", done, total, seconds(spent)), expected);
        }
    }
}

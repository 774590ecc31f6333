//! The one thread that fetches: the loop asks, and goes on with its sockets meanwhile.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;

use mio::Waker;
use rolecall::core::wire::time::UnixTime;
use rolecall::{Credentials, Error, Provider};

/// What the thread says.
pub(crate) enum Report {
    /// The first fetch has ended: whether there are credentials, and the region.
    Started(Result<(Arc<Credentials>, Option<String>), Error>),
    /// Another fetch has ended, or the provider had credentials that were good at this time.
    Fetched(Result<Arc<Credentials>, Error>, UnixTime),
    /// The thread is gone.
    Ended,
}

/// The loop's end of the two channels.
pub(crate) struct Fetcher {
    asks: Sender<()>,
    reports: Receiver<Report>,
    busy: bool,
}

impl Fetcher {
    /// Starts the thread, and with it the first fetch. Each report wakes the loop.
    pub(crate) fn start(provider: Provider, waker: Waker) -> io::Result<Self> {
        let (asks, asked) = channel();
        let (report, reports) = channel();
        thread::Builder::new()
            .name("fetch".to_owned())
            .spawn(move || work(&provider, &asked, &report, &Wakes(waker)))?;
        Ok(Self { asks, reports, busy: true })
    }

    /// Asks for credentials, unless that was done and not answered yet.
    pub(crate) fn ask(&mut self) {
        if !self.busy {
            self.busy = self.asks.send(()).is_ok();
        }
    }

    /// The next report, if there is one.
    pub(crate) fn report(&mut self) -> Option<Report> {
        match self.reports.try_recv() {
            Ok(report) => {
                self.busy = false;
                Some(report)
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Report::Ended),
        }
    }
}

/// Wakes the loop, and once more when the thread ends in a way that was not foreseen.
struct Wakes(Waker);

impl Drop for Wakes {
    fn drop(&mut self) {
        let _ = self.0.wake();
    }
}

fn work(provider: &Provider, asked: &Receiver<()>, report: &Sender<Report>, loop_of: &Wakes) {
    let start = || Ok((good(provider)?, provider.region_if_any()?.map(str::to_owned)));
    let mut said = report.send(Report::Started(start()));
    // Without the loop at the other end, the process is about to exit.
    while said.is_ok() && loop_of.0.wake().is_ok() && asked.recv().is_ok() {
        let time = provider.time();
        said = report.send(Report::Fetched(good(provider), time));
    }
}

/// Credentials that have not ended, or why there are none. A provider keeps those that it could not refresh for its own
/// program, which may be lucky with them, and lets minutes pass before it tries again; clients try at their own pace.
fn good(provider: &Provider) -> Result<Arc<Credentials>, Error> {
    let credentials = provider.credentials()?;
    if credentials.expiration().is_none_or(|end| end > provider.time()) {
        return Ok(credentials);
    }
    provider.forget();
    provider.credentials()
}

//! Runs flows over a board's network.

use rolecall_core::call::{Answered, Outgoing, SendRequest};
use rolecall_core::error::Error;
use rolecall_core::flow::{Flow, Lease, Memory, Report};
use rolecall_core::sigv4::{DeriveEach, SigningKeys};
use rolecall_core::skew::Clock;
use rolecall_core::wire::time::UnixTime;

use crate::bodies::{Bodies, Given, NONE};
use crate::driving::Driving;
use crate::running::{Run, Running};
use crate::{Board, blocking};

/// Runs flows: a board, its network, and the clock that learns the time from replies. One driver serves all
/// flows.
///
/// `L` is the network: [`blocking::Tcp`], [`blocking::Streams`], or with the feature `async` an
/// `asynch::Open` such as `asynch::Tcp`.
pub struct Driver<B, L> {
    board: B,
    network: L,
    clock: Clock,
    report: Report,
}

impl<B: Board, L> Driver<B, L> {
    /// A driver with a clock that learns the time from replies.
    pub fn new(board: B, network: L) -> Self {
        Self { board, network, clock: Clock::new(), report: Report::new() }
    }

    /// Replaces the clock by one that does not learn, or that starts with a skew measured earlier.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Runs `flow` until it is done. Its result is in the first slot; the exchange buffer is wiped.
    ///
    /// Each exchange keeps the limits of its flow. One socket is open at a time, and none when this returns.
    ///
    /// # Errors
    /// Those of the flow. A peer that misses a limit is
    /// [`FailureKind::Timeout`](rolecall_core::error::FailureKind::Timeout); a need beyond HTTP and name
    /// look-ups and signatures (a file, a process, a prompt, a streamed body) is
    /// [`FailureKind::Unsupported`](rolecall_core::error::FailureKind::Unsupported).
    pub fn run<'c, F: Flow<'c>>(
        &mut self,
        flow: &mut F,
        memory: &mut Memory<'_, '_>,
    ) -> Result<F::Output, Error>
    where
        L: blocking::Link<B>,
    {
        let mut running = Running::new(flow, |_| 0);
        self.carry(&mut running, memory, NONE, &mut ());
        running.result()
    }

    /// Runs `flow` as [`Driver::run`] does, without blocking.
    ///
    /// The future may be dropped at any time: the connection is closed, the exchange buffer wiped, and the
    /// flow can be run again from the exchange that was interrupted.
    #[cfg(feature = "async")]
    pub async fn run_async<'c, F: Flow<'c>>(
        &mut self,
        flow: &mut F,
        memory: &mut Memory<'_, '_>,
    ) -> Result<F::Output, Error>
    where
        L: crate::asynch::Link<B>,
    {
        let mut running = Running::new(flow, |_| 0);
        self.carry_async(&mut running, memory, NONE, &mut ()).await;
        running.result()
    }

    /// Gets credentials from `base`, signs `request` with them, sends it, and leaves the reply in the exchange
    /// buffer, whatever its status. [`SendRequest`] says what is retried. With
    /// [`Held`](rolecall_core::sources::Held) for `base`, the credentials are those in the first slot.
    ///
    /// Headers and body of the reply stay in the exchange buffer until the next run wipes them, or the caller;
    /// all else in it is wiped, and all of it after an error.
    ///
    /// ```
    /// use rolecall_core::call::Outgoing;
    /// use rolecall_core::error::Error;
    /// use rolecall_core::flow::{Endpoint, Memory};
    /// use rolecall_core::refresh::Refreshing;
    /// use rolecall_core::sigv4::{Rules, Scope};
    /// use rolecall_core::sources::Imds;
    /// use rolecall_nal::{Board, Driver, blocking::Link};
    ///
    /// /// The first bytes of an object.
    /// # #[expect(dead_code)]
    /// fn settings<'x, B: Board, L: Link<B>>(
    ///     driver: &mut Driver<B, L>,
    ///     source: &mut Refreshing<Imds<'static>>,
    ///     memory: &'x mut Memory<'_, '_>,
    /// ) -> Result<Option<&'x [u8]>, Error> {
    ///     const BUCKET: &str = "http://devices.s3.eu-west-1.amazonaws.com";
    ///     let Ok(bucket) = Endpoint::parse(BUCKET) else { return Ok(None) };
    ///     let scope = Scope { region: "eu-west-1", service: "s3", rules: Rules::S3 };
    ///     let mut request = Outgoing::new("GET", bucket, "/settings.json", scope);
    ///     request.headers = &[("Range", b"bytes=0-1023")];
    ///     let answered = driver.send(source, request, memory)?;
    ///     let found = matches!(answered.reply.status, 200 | 206);
    ///     Ok(found.then(|| answered.reply.body(memory.exchange)))
    /// }
    /// ```
    pub fn send<'c, F: Flow<'c, Output = Lease>>(
        &mut self,
        base: &mut F,
        request: Outgoing<'c>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Answered, Error>
    where
        L: blocking::Link<B>,
    {
        let mut flow = sending(base, request, DeriveEach);
        let mut running = Running::new(&mut flow, reply_len);
        self.carry(&mut running, memory, NONE, &mut ());
        running.result()
    }

    /// Sends as [`Driver::send`] does, without blocking. The future may be dropped at any time, as that of
    /// `Driver::run_async`.
    #[cfg(feature = "async")]
    pub async fn send_async<'c, F: Flow<'c, Output = Lease>>(
        &mut self,
        base: &mut F,
        request: Outgoing<'c>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Answered, Error>
    where
        L: crate::asynch::Link<B>,
    {
        let mut flow = sending(base, request, DeriveEach);
        let mut running = Running::new(&mut flow, reply_len);
        self.carry_async(&mut running, memory, NONE, &mut ()).await;
        running.result()
    }

    /// As [`Driver::send`], with bodies that are streamed: of any length, through the free part of the exchange
    /// buffer. The body of a reply of status 2xx is written to the download if there is one, piece by piece and
    /// flushed each time; the exchange buffer then has the reply's headers. That of any other status is left in
    /// the exchange buffer.
    ///
    /// A request whose content is [`Streamed`](rolecall_core::call::Content::Streamed) without an upload, or one
    /// that streams its reply without a download, fails with
    /// [`FailureKind::Unsupported`](rolecall_core::error::FailureKind::Unsupported). A reader that ends early is
    /// a failure, and so is a writer that takes no more.
    ///
    /// ```
    /// use rolecall_core::call::{Content, Outgoing};
    /// use rolecall_core::error::Error;
    /// use rolecall_core::flow::{Endpoint, Memory};
    /// use rolecall_core::sigv4::{Rules, Scope};
    /// use rolecall_core::sources::Held;
    /// use rolecall_nal::{Bodies, Board, Driver, blocking::Link};
    ///
    /// /// Stores `len` bytes of `log`, signed but for the body.
    /// # #[expect(dead_code)]
    /// fn store<B: Board, L: Link<B>>(
    ///     driver: &mut Driver<B, L>,
    ///     bucket: Endpoint<'static>,
    ///     log: &mut impl embedded_io::Read,
    ///     len: u64,
    ///     memory: &mut Memory<'_, '_>,
    /// ) -> Result<bool, Error> {
    ///     let scope = Scope { region: "eu-west-1", service: "s3", rules: Rules::S3 };
    ///     let mut request = Outgoing::new("PUT", bucket, "/log", scope);
    ///     request.content = Content::Streamed { len, sha256: None, rewinds: false };
    ///     let answered = driver.send_with(&mut Held, request, &mut Bodies::upload(log), memory)?;
    ///     Ok(answered.reply.status == 200)
    /// }
    /// ```
    pub fn send_with<'c, F, U, D>(
        &mut self,
        base: &mut F,
        request: Outgoing<'c>,
        bodies: &mut Bodies<U, D>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Answered, Error>
    where
        L: blocking::Link<B>,
        F: Flow<'c, Output = Lease>,
        U: embedded_io::Read,
        D: embedded_io::Write,
    {
        self.stream(base, request, DeriveEach, bodies, memory)
    }

    /// As [`Driver::send_with`], with signing keys of the caller's: a [`KeyRing`](rolecall_core::sigv4::KeyRing) in a `RefCell`,
    /// which derives none twice, or the [`ChunkKeys`](rolecall_core::sigv4::chunked::ChunkKeys) of a
    /// [`ChunkedUpload`](crate::ChunkedUpload).
    pub fn send_with_keys<'c, F, U, D>(
        &mut self,
        base: &mut F,
        request: Outgoing<'c>,
        keys: &dyn SigningKeys,
        bodies: &mut Bodies<U, D>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Answered, Error>
    where
        L: blocking::Link<B>,
        F: Flow<'c, Output = Lease>,
        U: embedded_io::Read,
        D: embedded_io::Write,
    {
        self.stream(base, request, keys, bodies, memory)
    }

    /// Sends as [`Driver::send_with`] does, without blocking. Its limits hold for the reader and the writer,
    /// too: one that takes too long is dropped in the middle of its call.
    #[cfg(feature = "async")]
    pub async fn send_with_async<'c, F, U, D>(
        &mut self,
        base: &mut F,
        request: Outgoing<'c>,
        bodies: &mut Bodies<U, D>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Answered, Error>
    where
        B: crate::asynch::Timer,
        L: crate::asynch::Link<B>,
        F: Flow<'c, Output = Lease>,
        U: embedded_io_async::Read,
        D: embedded_io_async::Write,
    {
        self.stream_async(base, request, DeriveEach, bodies, memory).await
    }

    /// Sends as [`Driver::send_with_keys`] does, without blocking, within the limits of [`Driver::send_with_async`].
    #[cfg(feature = "async")]
    pub async fn send_with_keys_async<'c, F, U, D>(
        &mut self,
        base: &mut F,
        request: Outgoing<'c>,
        keys: &dyn SigningKeys,
        bodies: &mut Bodies<U, D>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Answered, Error>
    where
        B: crate::asynch::Timer,
        L: crate::asynch::Link<B>,
        F: Flow<'c, Output = Lease>,
        U: embedded_io_async::Read,
        D: embedded_io_async::Write,
    {
        self.stream_async(base, request, keys, bodies, memory).await
    }

    /// Sends with streamed bodies, and keys of any kind.
    fn stream<'c, F, K, U, D>(
        &mut self,
        base: &mut F,
        mut request: Outgoing<'c>,
        keys: K,
        bodies: &mut Bodies<U, D>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Answered, Error>
    where
        L: blocking::Link<B>,
        F: Flow<'c, Output = Lease>,
        K: SigningKeys,
        U: embedded_io::Read,
        D: embedded_io::Write,
    {
        let given = bodies.given();
        given.fit(&mut request);
        let mut flow = sending(base, request, keys);
        let mut running = Running::new(&mut flow, reply_len);
        self.carry(&mut running, memory, given, bodies);
        running.result()
    }

    /// The same, without blocking.
    #[cfg(feature = "async")]
    async fn stream_async<'c, F, K, U, D>(
        &mut self,
        base: &mut F,
        mut request: Outgoing<'c>,
        keys: K,
        bodies: &mut Bodies<U, D>,
        memory: &mut Memory<'_, '_>,
    ) -> Result<Answered, Error>
    where
        B: crate::asynch::Timer,
        L: crate::asynch::Link<B>,
        F: Flow<'c, Output = Lease>,
        K: SigningKeys,
        U: embedded_io_async::Read,
        D: embedded_io_async::Write,
    {
        let given = bodies.given();
        given.fit(&mut request);
        let mut flow = sending(base, request, keys);
        let mut running = Running::new(&mut flow, reply_len);
        self.carry_async(&mut running, memory, given, bodies).await;
        running.result()
    }

    /// The common part of every run.
    fn carry<'c, E: blocking::Ends<B>>(
        &mut self,
        running: &mut dyn Run<'c>,
        memory: &mut Memory<'_, '_>,
        given: Given,
        ends: &mut E,
    ) where
        L: blocking::Link<B>,
    {
        let mut driving = Driving::new(running, memory, &mut self.clock, &mut self.report, given);
        blocking::run(&mut driving, &mut self.board, &mut self.network, ends);
    }

    /// The same, without blocking.
    #[cfg(feature = "async")]
    async fn carry_async<'c, E: crate::asynch::Ends<B>>(
        &mut self,
        running: &mut dyn Run<'c>,
        memory: &mut Memory<'_, '_>,
        given: Given,
        ends: &mut E,
    ) where
        L: crate::asynch::Link<B>,
    {
        let mut driving = Driving::new(running, memory, &mut self.clock, &mut self.report, given);
        crate::asynch::run(&mut driving, &mut self.board, &mut self.network, ends).await;
    }

    /// The time to sign with, from the board's clocks and what replies have taught; `None` if it is unknown.
    pub fn time(&mut self) -> Option<UnixTime> {
        self.clock.time(self.board.now())
    }

    /// What replies have taught about the time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Replaces the clock, say by that of another driver on the same board which has learned the time.
    pub fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// What the peer said about the error of the last run.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Borrows the board, for its clocks and random bits.
    pub fn board(&mut self) -> &mut B {
        &mut self.board
    }

    /// Borrows the network, to poll its stack between two runs for example.
    pub fn network(&mut self) -> &mut L {
        &mut self.network
    }
}

/// Sends with the credentials of any flow, and keys of any kind.
fn sending<'f, 'c, K>(
    base: &'f mut dyn Flow<'c, Output = Lease>,
    request: Outgoing<'c>,
    keys: K,
) -> SendRequest<'c, &'f mut dyn Flow<'c, Output = Lease>, K> {
    SendRequest::with_keys(base, request, keys)
}

/// A reply is at the front of the exchange buffer.
fn reply_len(answered: &Answered) -> usize {
    answered.reply.body.end
}

impl<B, L> core::fmt::Debug for Driver<B, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Driver").field("clock", &self.clock).finish_non_exhaustive()
    }
}

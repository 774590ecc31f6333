//! Network stacks without sockets, whose simulated time advances only during waits.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::task::Poll;

use embedded_io::ErrorKind;
use embedded_nal::{AddrType, TcpErrorKind, nb};
use rolecall_core::call::{Answered, Outgoing};
use rolecall_core::error::{Error, FailureKind};
use rolecall_core::flow::{Flow, Lease, Memory, Report, Slot};
use rolecall_core::sigv4::{DeriveEach, SigningKeys};
use rolecall_core::skew::Instant;
use rolecall_core::wire::time::UnixTime;
use rolecall_nal::blocking::{Open, Streams, ZeroRead};
use rolecall_nal::{Bodies, ChunkedUpload, Driver, Remote, asynch, blocking};

use crate::board::{Loop, Time, VirtualBoard, poll_times, poll_to_end, slot};
use crate::streams::{ByteSource, Sink};

/// A variant of the behavior that the traits of a stack permit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StackBehavior {
    /// Receiving zero bytes means that no data is available; the end of the stream is an error.
    pub(crate) zero_is_no_data: bool,
    /// Every read returns one byte.
    pub(crate) one_byte: bool,
    /// Every other call is not ready.
    pub(crate) gaps: bool,
    /// Every write accepts at most three bytes, and sometimes none.
    pub(crate) short_writes: bool,
    /// Every write accepts zero bytes.
    pub(crate) takes_nothing: bool,
}

/// What the peer does after its reply.
/// An operation of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Resolve,
    Connect,
    Send,
    Flush,
    Receive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Stay,
    End,
    Reset,
}

pub(crate) type Serve = dyn FnMut(&str) -> (String, Then);

/// The simulated network; stacks are handles to it.
#[derive(Clone)]
pub(crate) struct Net {
    world: Rc<RefCell<World>>,
    pub(crate) time: Time,
}

struct World {
    behavior: StackBehavior,
    up: bool,
    serve: Box<Serve>,
    calls: usize,
    /// How long an operation takes, and the one that is under way since then.
    delays: Vec<(Operation, u64)>,
    waiting: Option<(Operation, u64)>,
    connects: usize,
    open: usize,
    /// Number of requests that a stream has not flushed.
    unflushed: usize,
    /// The next reused connection breaks after this many bytes of its next request.
    cut: Option<usize>,
    /// The peer replies after the head and reads no body.
    replies_early: bool,
    requests: Vec<String>,
    names: Vec<String>,
}

/// One connection.
#[derive(Default)]
pub(crate) struct Socket {
    connected: bool,
    received: Vec<u8>,
    reply: VecDeque<u8>,
    then: Option<Then>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Reset,
    /// The end of the stream, for stacks that report it as an error.
    End,
}

impl Net {
    pub(crate) fn new(behavior: StackBehavior, serve: impl FnMut(&str) -> (String, Then) + 'static) -> Self {
        let world = World {
            behavior,
            up: true,
            serve: Box::new(serve),
            calls: 0,
            delays: Vec::new(),
            waiting: None,
            connects: 0,
            open: 0,
            unflushed: 0,
            cut: None,
            replies_early: false,
            requests: Vec::new(),
            names: Vec::new(),
        };
        Self { world: Rc::new(RefCell::new(world)), time: Time::default() }
    }

    /// Sets whether the link is up; no data passes while it is down.
    pub(crate) fn set_link_up(&self, up: bool) {
        self.world.borrow_mut().up = up;
    }

    /// Makes every such operation take this long, in milliseconds.
    pub(crate) fn set_delay(&self, operation: Operation, milliseconds: u64) {
        self.world.borrow_mut().delays.push((operation, milliseconds));
    }

    pub(crate) fn set_serve(&self, serve: impl FnMut(&str) -> (String, Then) + 'static) {
        self.world.borrow_mut().serve = Box::new(serve);
    }

    /// Breaks the next reused connection after this many bytes of its next request.
    pub(crate) fn set_cut(&self, bytes: usize) {
        self.world.borrow_mut().cut = Some(bytes);
    }

    /// Makes the peer reply after the head and read no body.
    pub(crate) fn set_replies_early(&self) {
        self.world.borrow_mut().replies_early = true;
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.world.borrow().requests.clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.world.borrow().names.clone()
    }

    pub(crate) fn connects(&self) -> usize {
        self.world.borrow().connects
    }

    fn unflushed(&self) -> usize {
        self.world.borrow().unflushed
    }

    /// Number of sockets that are still open.
    pub(crate) fn open(&self) -> usize {
        self.world.borrow().open
    }

    /// Returns `None` if this call is not ready.
    fn gap(&self, operation: Operation) -> Option<()> {
        let mut world = self.world.borrow_mut();
        let world = &mut *world;
        world.calls += 1;
        let skip = world.behavior.gaps && world.calls % 2 == 1;
        let delay = world.delays.iter().find(|(delayed, _)| *delayed == operation).map_or(0, |(_, ms)| *ms);
        let waiting = world.waiting.filter(|(waiting, _)| *waiting == operation);
        let (_, since) = *world.waiting.insert(waiting.unwrap_or((operation, self.time.get())));
        if !world.up || skip || self.time.get() < since + delay {
            return None;
        }
        world.waiting = None;
        Some(())
    }

    fn opened(&self) -> Socket {
        self.world.borrow_mut().open += 1;
        Socket::default()
    }

    fn connect(&self, socket: &mut Socket) -> Option<()> {
        self.gap(Operation::Connect)?;
        self.world.borrow_mut().connects += 1;
        socket.connected = true;
        Some(())
    }

    fn closed(&self) {
        self.world.borrow_mut().open -= 1;
    }

    fn name(&self, host: &str) -> Option<Result<IpAddr, Broken>> {
        self.gap(Operation::Resolve)?;
        self.world.borrow_mut().names.push(host.to_owned());
        Some(if host == "known.example" { Ok([10, 0, 0, 9].into()) } else { Err(Broken::Reset) })
    }

    fn send(&self, socket: &mut Socket, bytes: &[u8]) -> Option<Result<usize, Broken>> {
        assert!(socket.connected && !bytes.is_empty());
        self.gap(Operation::Send)?;
        let mut world = self.world.borrow_mut();
        if socket.then.is_some_and(|then| then != Then::Stay) {
            return Some(Err(Broken::Reset));
        }
        if socket.then.is_some() && world.cut.is_some_and(|cut| socket.received.len() >= cut) {
            world.cut = None;
            return Some(Err(Broken::Reset));
        }
        let most = if world.behavior.short_writes { world.calls % 4 } else { bytes.len() };
        let cut = world.cut.filter(|_| socket.then.is_some()).unwrap_or(usize::MAX);
        let most = most.min(cut - socket.received.len());
        let taken = if world.behavior.takes_nothing { 0 } else { bytes.len().min(most) };
        socket.received.extend_from_slice(&bytes[..taken]);
        if let Some(request) = whole_request(&mut socket.received, world.replies_early) {
            let (reply, then) = (world.serve)(&request);
            world.requests.push(request);
            world.unflushed += 1;
            socket.reply.extend(reply.bytes());
            socket.then = Some(then);
        }
        Some(Ok(taken))
    }

    fn receive(&self, socket: &mut Socket, room: &mut [u8]) -> Option<Result<usize, Broken>> {
        assert!(socket.connected && !room.is_empty());
        self.gap(Operation::Receive)?;
        let behavior = self.world.borrow().behavior;
        let most = if behavior.one_byte { 1 } else { room.len() };
        let count = room.len().min(most).min(socket.reply.len());
        for (to, from) in room.iter_mut().zip(socket.reply.drain(..count)) {
            *to = from;
        }
        match (count, socket.then) {
            (0, Some(Then::Reset)) => Some(Err(Broken::Reset)),
            (0, Some(Then::End)) if behavior.zero_is_no_data => Some(Err(Broken::End)),
            (0, Some(Then::End)) => Some(Ok(0)),
            (0, _) if behavior.zero_is_no_data => Some(Ok(0)),
            (0, _) => None,
            _ => Some(Ok(count)),
        }
    }
}

/// Removes and returns a request once it is complete.
fn whole_request(received: &mut Vec<u8>, replies_early: bool) -> Option<String> {
    let head = received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8(received.clone()).unwrap();
    let length = text.split("Content-Length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let length = length.filter(|_| !replies_early);
    let len = head + length.map_or(0, |length| length.parse::<usize>().unwrap());
    (received.len() >= len).then(|| {
        received.clear();
        text
    })
}

impl embedded_nal::TcpError for Broken {
    fn kind(&self) -> TcpErrorKind {
        match self {
            Broken::End => TcpErrorKind::PipeClosed,
            Broken::Reset => TcpErrorKind::Other,
        }
    }
}

fn or_block<T>(done: Option<Result<T, Broken>>) -> nb::Result<T, Broken> {
    done.map_or(Err(nb::Error::WouldBlock), |result| result.map_err(nb::Error::Other))
}

impl embedded_nal::TcpClientStack for Net {
    type TcpSocket = Socket;
    type Error = Broken;

    fn socket(&mut self) -> Result<Socket, Broken> {
        Ok(self.opened())
    }

    fn connect(&mut self, socket: &mut Socket, _: SocketAddr) -> nb::Result<(), Broken> {
        or_block(Net::connect(self, socket).map(Ok))
    }

    fn send(&mut self, socket: &mut Socket, bytes: &[u8]) -> nb::Result<usize, Broken> {
        or_block(Net::send(self, socket, bytes))
    }

    fn receive(&mut self, socket: &mut Socket, room: &mut [u8]) -> nb::Result<usize, Broken> {
        or_block(Net::receive(self, socket, room))
    }

    fn close(&mut self, _: Socket) -> Result<(), Broken> {
        self.closed();
        Ok(())
    }
}

impl embedded_nal::Dns for Net {
    type Error = Broken;

    fn get_host_by_name(&mut self, host: &str, _: AddrType) -> nb::Result<IpAddr, Broken> {
        or_block(self.name(host))
    }

    fn get_host_by_address(&mut self, _: IpAddr, _: &mut [u8]) -> nb::Result<usize, Broken> {
        Err(nb::Error::Other(Broken::Reset))
    }
}

/// An `embedded-io` stream, blocking and async. Zero bytes are the end of the stream, and a blocking read
/// without data times out.
pub(crate) struct Stream {
    net: Net,
    socket: Socket,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.net.closed();
    }
}

impl embedded_io::ErrorType for Stream {
    type Error = ErrorKind;
}

fn or_time_out(done: Option<Result<usize, Broken>>) -> Result<usize, ErrorKind> {
    match done {
        None => Err(ErrorKind::TimedOut),
        Some(Ok(count)) => Ok(count),
        Some(Err(Broken::End)) => Ok(0),
        Some(Err(Broken::Reset)) => Err(ErrorKind::ConnectionReset),
    }
}

impl embedded_io::Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        or_time_out(self.net.receive(&mut self.socket, room))
    }
}

impl embedded_io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        or_time_out(self.net.send(&mut self.socket, bytes))
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.net.gap(Operation::Flush).ok_or(ErrorKind::TimedOut)?;
        self.net.world.borrow_mut().unflushed = 0;
        Ok(())
    }
}

/// Opens blocking streams, including streams to `https` endpoints.
pub(crate) struct Opener(Net);

impl Open for Opener {
    type Stream<'a> = Stream;

    fn resolve(&mut self, host: &str, _: Instant) -> Result<IpAddr, FailureKind> {
        self.0.name(host).ok_or(FailureKind::Timeout)?.map_err(|_| FailureKind::NotFound)
    }

    fn open(&mut self, _: &Remote<'_>, until: Instant) -> Result<Stream, FailureKind> {
        let mut stream = Stream { net: self.0.clone(), socket: self.0.opened() };
        while self.0.connect(&mut stream.socket).is_none() {
            self.0.time.pass(1);
            if self.0.time.get() >= until.as_millis() {
                return Err(FailureKind::Timeout);
            }
        }
        Ok(stream)
    }
}

/// Repeats the attempt at each poll until it succeeds.
async fn polled<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    poll_fn(|_| attempt().map_or(Poll::Pending, Poll::Ready)).await
}

impl embedded_io_async::Read for Stream {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        let zero_is_no_data = self.net.world.borrow().behavior.zero_is_no_data;
        polled(|| match self.net.receive(&mut self.socket, room) {
            // In embedded-io-async a read without data stays pending instead.
            Some(Ok(0)) if zero_is_no_data => None,
            Some(done) => Some(or_time_out(Some(done))),
            None => None,
        })
        .await
    }
}

impl embedded_io_async::Write for Stream {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        polled(|| self.net.send(&mut self.socket, bytes).map(|done| or_time_out(Some(done)))).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        polled(|| self.net.gap(Operation::Flush)).await;
        self.net.world.borrow_mut().unflushed = 0;
        Ok(())
    }
}

impl embedded_nal_async::TcpConnect for Net {
    type Error = ErrorKind;
    type Connection<'a> = Stream;

    async fn connect(&self, _: SocketAddr) -> Result<Stream, ErrorKind> {
        let mut stream = Stream { net: self.clone(), socket: self.opened() };
        polled(|| Net::connect(self, &mut stream.socket)).await;
        Ok(stream)
    }
}

impl embedded_nal_async::Dns for Net {
    type Error = Broken;

    async fn get_host_by_name(&self, host: &str, _: AddrType) -> Result<IpAddr, Broken> {
        polled(|| self.name(host)).await
    }

    async fn get_host_by_address(&self, _: IpAddr, _: &mut [u8]) -> Result<usize, Broken> {
        pending().await
    }
}

type BlockingTcp = blocking::Tcp<Net, fn(&mut Net)>;
type BlockingStreams = Streams<Opener, Box<dyn FnMut()>>;

enum Either {
    Tcp(Driver<VirtualBoard, BlockingTcp>),
    Streams(Driver<VirtualBoard, BlockingStreams>),
    Async(Driver<VirtualBoard, asynch::Tcp<Net>>),
}

/// A driver over a [`Net`] with its own memory.
pub(crate) struct Mocked {
    driver: Either,
    pub(crate) net: Net,
    pub(crate) exchange: Vec<u8>,
    pub(crate) slots: Vec<Slot<'static>>,
}

impl Mocked {
    /// Uses a TCP stack.
    pub(crate) fn new(on: Loop, net: Net) -> Self {
        let board = VirtualBoard::new(net.time.clone());
        let idle: fn(&mut Net) = |net| net.time.pass(1);
        let driver = match on {
            Loop::Blocking => Either::Tcp(Driver::new(board, blocking::Tcp::new(net.clone(), idle))),
            Loop::Async => Either::Async(Driver::new(board, asynch::Tcp::new(net.clone()))),
        };
        Self::with(driver, net)
    }

    /// Uses a blocking TCP stack for which zero bytes are the end of the stream.
    pub(crate) fn where_zero_is_the_end(net: Net) -> Self {
        let mut mocked = Self::new(Loop::Blocking, net);
        let idle: fn(&mut Net) = |net| net.time.pass(1);
        let tcp = blocking::Tcp::new(mocked.net.clone(), idle).with_zero_read(ZeroRead::End);
        mocked.driver = Either::Tcp(Driver::new(VirtualBoard::new(mocked.net.time.clone()), tcp));
        mocked
    }

    /// Uses blocking streams.
    pub(crate) fn over_streams(net: Net) -> Self {
        let time = net.time.clone();
        let idle: Box<dyn FnMut()> = Box::new(move || time.pass(1));
        let streams = Streams::new(Opener(net.clone()), idle);
        Self::with(Either::Streams(Driver::new(VirtualBoard::new(net.time.clone()), streams)), net)
    }

    fn with(driver: Either, net: Net) -> Self {
        Self { driver, net, exchange: vec![0; 8_192], slots: (0..3).map(|_| slot()).collect() }
    }

    pub(crate) fn run<'c, F: Flow<'c>>(&mut self, flow: &mut F) -> Result<F::Output, Error> {
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        let result = match &mut self.driver {
            Either::Tcp(driver) => driver.run(flow, &mut memory),
            Either::Streams(driver) => driver.run(flow, &mut memory),
            Either::Async(driver) => poll_to_end(driver.run_async(flow, &mut memory)),
        };
        assert!(self.exchange.iter().all(|byte| *byte == 0), "the exchange buffer is not wiped");
        assert_eq!(self.net.open(), 0, "a socket is left open");
        let flushes = !matches!(self.driver, Either::Tcp(_));
        assert!(!flushes || self.net.unflushed() == 0, "a request is not flushed");
        result
    }

    /// Sends `request` with the credentials of `base`, and asserts that only the reply is left in the buffer.
    pub(crate) fn send<'c>(
        &mut self,
        base: &mut impl Flow<'c, Output = Lease>,
        request: Outgoing<'c>,
    ) -> Result<Answered, Error> {
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        let result = match &mut self.driver {
            Either::Tcp(driver) => driver.send(base, request, &mut memory),
            Either::Streams(driver) => driver.send(base, request, &mut memory),
            Either::Async(driver) => poll_to_end(driver.send_async(base, request, &mut memory)),
        };
        self.assert_only_the_reply_is_left(result.as_ref().ok());
        result
    }

    /// As [`Mocked::send`], with streamed bodies.
    pub(crate) fn send_with<'c>(
        &mut self,
        base: &mut impl Flow<'c, Output = Lease>,
        request: Outgoing<'c>,
        bodies: &mut Bodies<&mut ByteSource, &mut Sink>,
    ) -> Result<Answered, Error> {
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        let result = match &mut self.driver {
            Either::Tcp(driver) => driver.send_with(base, request, bodies, &mut memory),
            Either::Streams(driver) => driver.send_with(base, request, bodies, &mut memory),
            Either::Async(driver) => poll_to_end(driver.send_with_async(base, request, bodies, &mut memory)),
        };
        self.assert_only_the_reply_is_left(result.as_ref().ok());
        result
    }

    /// As [`Mocked::send_with`], with a body that is signed in chunks.
    pub(crate) fn send_chunked<'c>(
        &mut self,
        base: &mut impl Flow<'c, Output = Lease>,
        request: Outgoing<'c>,
        keys: &dyn SigningKeys,
        bodies: &mut Bodies<ChunkedUpload<'_, &mut ByteSource, DeriveEach>, &mut Sink>,
    ) -> Result<Answered, Error> {
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        let result = match &mut self.driver {
            Either::Tcp(driver) => driver.send_with_keys(base, request, keys, bodies, &mut memory),
            Either::Streams(driver) => driver.send_with_keys(base, request, keys, bodies, &mut memory),
            Either::Async(driver) => {
                poll_to_end(driver.send_with_keys_async(base, request, keys, bodies, &mut memory))
            }
        };
        self.assert_only_the_reply_is_left(result.as_ref().ok());
        result
    }

    /// As [`Mocked::send_with`], cancelled after `polls` polls. Returns whether it completed.
    pub(crate) fn send_cancelled<'c>(
        &mut self,
        base: &mut impl Flow<'c, Output = Lease>,
        request: Outgoing<'c>,
        bodies: &mut Bodies<&mut ByteSource, &mut Sink>,
        polls: usize,
    ) -> bool {
        let Either::Async(driver) = &mut self.driver else { panic!("only a future can be dropped") };
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        let done = poll_times(driver.send_with_async(base, request, bodies, &mut memory), polls);
        self.assert_only_the_reply_is_left(done.as_ref().and_then(|result| result.as_ref().ok()));
        done.is_some()
    }

    fn assert_only_the_reply_is_left(&self, answered: Option<&Answered>) {
        let reply = answered.map_or(0, |answered| answered.reply.body.end);
        assert!(self.exchange[reply..].iter().all(|byte| *byte == 0), "more than the reply is left");
        assert_eq!(self.net.open(), 0, "a socket is left open");
    }

    pub(crate) fn report(&self) -> &Report {
        match &self.driver {
            Either::Tcp(driver) => driver.report(),
            Either::Streams(driver) => driver.report(),
            Either::Async(driver) => driver.report(),
        }
    }

    /// Cancels the async run after `polls` polls; returns `None` if it had not completed.
    pub(crate) fn run_cancelled<'c, F: Flow<'c>>(
        &mut self,
        flow: &mut F,
        polls: usize,
    ) -> Option<Result<F::Output, Error>> {
        let Either::Async(driver) = &mut self.driver else { panic!("only a future can be dropped") };
        let mut memory = Memory { exchange: &mut self.exchange, slots: &mut self.slots };
        let done = crate::board::poll_times(driver.run_async(flow, &mut memory), polls);
        assert!(self.exchange.iter().all(|byte| *byte == 0), "the exchange buffer is not wiped");
        assert_eq!(self.net.open(), 0, "a socket is left open");
        done
    }

    pub(crate) fn time(&mut self) -> Option<UnixTime> {
        match &mut self.driver {
            Either::Tcp(driver) => driver.time(),
            Either::Streams(driver) => driver.time(),
            Either::Async(driver) => driver.time(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::from_millis(self.net.time.get())
    }
}

/// A reply with a Content-Length.
pub(crate) fn reply(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The time of the simulated services when the clock of the board starts: 2026-01-02T03:04:05Z.
pub(crate) const START: u64 = 1_767_323_045;

/// Serves IMDS and STS with the clock `time`; the credentials are numbered and last `lifetime` seconds.
pub(crate) fn services(time: Time, lifetime: u64) -> impl FnMut(&str) -> (String, Then) {
    let mut issued = 0;
    move |request| {
        let now = START + time.get() / 1000;
        let date = UnixTime::from_secs(now).http_date();
        let ends = UnixTime::from_secs(now + lifetime).rfc3339();
        let body = if request.starts_with("PUT /latest/api/token") {
            "a-metadata-token".to_owned()
        } else if request.starts_with("GET /latest/meta-data/iam/security-credentials/ ") {
            "the-role".to_owned()
        } else if request.starts_with("GET /latest/meta-data/iam/security-credentials/the-role") {
            issued += 1;
            format!(
                "{{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"ASIA{issued}\",\
                 \"SecretAccessKey\":\"secret\",\"Token\":\"token\",\"Expiration\":\"{ends}\"}}"
            )
        } else {
            assert!(request.starts_with("POST / "), "{request}");
            let day = &UnixTime::from_secs(now).compact().to_string()[..8];
            assert!(request.contains(&format!("/{day}/eu-central-1/sts/aws4_request")), "{request}");
            issued += 1;
            format!(
                "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
                 <Credentials><AccessKeyId>ASIA{issued}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                 <SessionToken>t</SessionToken><Expiration>{ends}</Expiration></Credentials>\
                 </AssumeRoleResult></AssumeRoleResponse>"
            )
        };
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {length}\r\n\r\n");
        (head + &body, Then::Stay)
    }
}

//! TCP, below every other layer of a connection. A layer above it makes any number of reads and writes of a few
//! bytes each; each of them gets the time that is left, and not the whole time once more.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration as Time, Instant};

use ureq::unversioned::transport::time::{Duration, Instant::Exact};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport};
use ureq::{Error, Timeout};

use super::buffers::WipedBuffers;

/// Connects to the first address that answers.
#[derive(Debug)]
pub(crate) struct Tcp;

impl<In: Transport> Connector<In> for Tcp {
    type Out = Either<In, Socket>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        if let Some(transport) = chained {
            return Ok(Some(Either::A(transport)));
        }
        let (deadline, _) = Deadline::new(left(details))?;
        let stream = dial(&details.addrs, deadline)?;
        stream.set_nodelay(true)?;
        let buffers = WipedBuffers::new(details);
        Ok(Some(Either::B(Socket { stream, buffers, read_limit: None, write_limit: None })))
    }
}

/// Tries each address for half of the time that is left, and the last one for all of it.
fn dial(addresses: &[SocketAddr], deadline: Deadline) -> Result<TcpStream, Error> {
    let mut last = Error::HostNotFound;
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.left()?;
        let limit = if index + 1 == addresses.len() { left } else { (left / 2).max(SHORTEST) };
        last = match TcpStream::connect_timeout(address, limit) {
            Ok(stream) => return Ok(stream),
            Err(error) if is_timeout(&error) => Error::Timeout(deadline.reason),
            Err(error) => error.into(),
        };
    }
    Err(last)
}

/// The time left to connect, after the steps so far.
pub(crate) fn left(details: &ConnectionDetails) -> NextTimeout {
    let mut timeout = details.timeout;
    if let (Duration::Exact(limit), Exact(began), Exact(now)) =
        (timeout.after, details.now, (details.current_time)())
    {
        timeout.after = Duration::Exact(limit.saturating_sub(now.saturating_duration_since(began)));
    }
    timeout
}

/// A system takes no limit of zero.
const SHORTEST: Time = Time::from_millis(1);
/// For an operation to which ureq gives no limit. There is none as long as every limit is set.
const UNLIMITED: Time = Time::from_secs(3600);

/// The end of an operation of any number of reads and writes.
#[derive(Clone, Copy)]
struct Deadline {
    at: Instant,
    reason: Timeout,
}

impl Deadline {
    /// Returns the deadline, and the time until then.
    fn new(timeout: NextTimeout) -> Result<(Self, Time), Error> {
        let after = match timeout.after {
            Duration::Exact(after) => after,
            Duration::NotHappening => UNLIMITED,
        };
        let deadline = Self { at: Instant::now() + after, reason: timeout.reason };
        if after.is_zero() { Err(Error::Timeout(timeout.reason)) } else { Ok((deadline, after)) }
    }

    /// The time that is left.
    fn left(&self) -> Result<Time, Error> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Error::Timeout(self.reason)) } else { Ok(left.max(SHORTEST)) }
    }
}

thread_local! {
    static KEPT: Cell<bool> = const { Cell::new(false) };
}

/// Runs an exchange of this thread, and returns whether it used a connection of an earlier one.
pub(super) fn on_kept<T>(exchange: impl FnOnce() -> T) -> (T, bool) {
    KEPT.set(false);
    let result = exchange();
    (result, KEPT.get())
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    buffers: WipedBuffers,
    /// The limits that the system has. They are the same for most operations, and not set again.
    read_limit: Option<Time>,
    write_limit: Option<Time>,
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let (deadline, mut limit) = Deadline::new(timeout.for_write())?;
        let mut output = self.buffers.output().get(..amount).unwrap_or_default();
        while !output.is_empty() {
            set(&mut self.write_limit, limit, |limit| self.stream.set_write_timeout(limit))?;
            match self.stream.write(output) {
                Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                Ok(sent) => output = output.get(sent..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(Error::Timeout(deadline.reason)),
                Err(error) => return Err(error.into()),
            }
            if !output.is_empty() {
                limit = deadline.left()?;
            }
        }
        self.buffers.sent(amount);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let (deadline, mut limit) = Deadline::new(timeout.for_read())?;
        loop {
            set(&mut self.read_limit, limit, |limit| self.stream.set_read_timeout(limit))?;
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => limit = deadline.left()?,
                Err(error) if is_timeout(&error) => return Err(Error::Timeout(deadline.reason)),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the peer has neither closed the connection nor sent anything without being asked. A kept connection is
    /// asked before it is used again.
    fn is_open(&mut self) -> bool {
        let quiet = self.stream.set_nonblocking(true).is_ok()
            && self.stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        let open = self.stream.set_nonblocking(false).is_ok() && quiet;
        KEPT.set(open);
        open
    }
}

fn set(
    known: &mut Option<Time>,
    limit: Time,
    set: impl FnOnce(Option<Time>) -> io::Result<()>,
) -> io::Result<()> {
    if *known != Some(limit) {
        set(Some(limit))?;
        *known = Some(limit);
    }
    Ok(())
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use super::*;

    /// A connection, and the other end of it.
    fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let stream = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        let buffers = WipedBuffers::of(1024, 16 * 1024 * 1024);
        let socket = Socket { stream, buffers, read_limit: None, write_limit: None };
        (socket, listener.accept().expect("a connection").0)
    }

    fn within(milliseconds: u64) -> NextTimeout {
        let after = Duration::Exact(Time::from_millis(milliseconds));
        NextTimeout { after, reason: Timeout::Global, ..NextTimeout::default() }
    }

    /// Each write of the system makes progress, and none takes its whole time.
    #[test]
    fn a_peer_that_reads_slowly_does_not_extend_a_write() {
        let (mut socket, mut peer) = pair();
        thread::spawn(move || {
            let mut piece = vec![0; 64 * 1024];
            while peer.read(&mut piece).is_ok_and(|len| len > 0) {
                thread::sleep(Time::from_millis(50));
            }
        });
        let began = Instant::now();
        let len = socket.buffers.output().len();
        let sent = socket.transmit_output(len, within(300));
        assert!(matches!(sent, Err(Error::Timeout(Timeout::Global))), "{sent:?}");
        assert!(began.elapsed() < Time::from_millis(1500), "{:?}", began.elapsed());
    }

    #[test]
    fn a_write_is_whole_and_a_read_returns_what_there_is() {
        let (mut socket, mut peer) = pair();
        socket.buffers.output()[..5].copy_from_slice(b"hello");
        socket.transmit_output(5, within(500)).expect("sent");
        let mut received = [0; 5];
        peer.read_exact(&mut received).expect("received");
        assert_eq!(&received, b"hello");
        peer.write_all(b"yes").expect("sent");
        assert!(socket.await_input(within(500)).expect("received"));
        assert_eq!(socket.buffers.input(), b"yes");
        let silence = socket.await_input(within(50));
        assert!(matches!(silence, Err(Error::Timeout(Timeout::Global))), "{silence:?}");
        let over = socket.await_input(within(0));
        assert!(matches!(over, Err(Error::Timeout(Timeout::Global))), "{over:?}");
    }

    #[test]
    fn a_connection_is_open_until_the_peer_closes_it_or_sends_something() {
        let (mut socket, mut peer) = pair();
        assert!(socket.is_open());
        peer.write_all(b"unasked").expect("sent");
        thread::sleep(Time::from_millis(20));
        assert!(!socket.is_open());
        let (mut socket, peer) = pair();
        drop(peer);
        thread::sleep(Time::from_millis(20));
        assert!(!socket.is_open());
    }

    #[test]
    fn the_next_address_is_tried_within_one_limit() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let listening = listener.local_addr().expect("an address");
        let closed = SocketAddr::from(([127, 0, 0, 1], 1));
        let (deadline, _) = Deadline::new(within(500)).expect("a limit");
        assert!(dial(&[closed, listening], deadline).is_ok());
        assert!(matches!(dial(&[closed, closed], deadline), Err(Error::Io(_))));
        // Reserved for documentation, and not routed (RFC 5737).
        let hangs = SocketAddr::from(([192, 0, 2, 1], 80));
        let began = Instant::now();
        let _ = dial(&[hangs, hangs, hangs], Deadline::new(within(300)).expect("a limit").0);
        assert!(began.elapsed() < Time::from_millis(900), "{:?}", began.elapsed());
    }
}

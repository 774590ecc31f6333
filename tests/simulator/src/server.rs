//! A listener with one thread per connection.

use crate::clock;
use crate::config::Fault;
use crate::events::{Event, Service};
use crate::http::{Connection, Failure, Request, Response};
use crate::state::State;
use crate::{container, imds, keys, s3, sts};
use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The pause between two bytes of a dripped response.
const DRIP: Duration = Duration::from_millis(5);
/// The maximum number of concurrent connections; further ones are closed immediately.
const MAX_CONNECTIONS: usize = 256;

/// The response to a request, and its log entry.
pub(crate) struct Answer {
    pub response: Response,
    pub operation: &'static str,
    /// `OK`, or an error code.
    pub code: &'static str,
    pub access_key_id: Option<String>,
}

/// A listening service. Stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    open: Arc<Mutex<Open>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Open {
    stopped: bool,
    streams: HashMap<u64, TcpStream>,
    next: u64,
}

impl Server {
    pub(crate) fn start(service: Service, at: SocketAddr, state: Arc<State>) -> io::Result<Self> {
        let listener = TcpListener::bind(at)?;
        let address = listener.local_addr()?;
        let open = Arc::new(Mutex::new(Open::default()));
        let shared = Arc::clone(&open);
        let thread = thread::Builder::new()
            .name(format!("simulator {service}"))
            .spawn(move || listen(service, &listener, &state, &shared))?;
        Ok(Self { address, open, thread: Some(thread) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.stopped = true;
        for stream in open.streams.values() {
            // The stream may already be closed.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(open);
        // A connection wakes the listener; without it the thread could not be joined.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let Some(thread) = self.thread.take()
            && woken
        {
            let _ = thread.join();
        }
    }
}

/// Accepts connections until stopped; the scope then waits for the connections' threads.
fn listen(service: Service, listener: &TcpListener, state: &State, open: &Mutex<Open>) {
    thread::scope(|scope| {
        loop {
            let accepted = listener.accept();
            if lock(open).stopped {
                break;
            }
            let Ok((stream, _)) = accepted else {
                // Most likely out of file descriptors: wait for connections to close.
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            let Some(id) = register(open, &stream) else {
                continue;
            };
            let serving = thread::Builder::new().spawn_scoped(scope, move || {
                // Closing a stream with an unread request resets it, unless it was shut down before.
                if !matches!(serve(service, &stream, state), Ok(End::Reset)) {
                    let _ = stream.shutdown(Shutdown::Both);
                }
                lock(open).streams.remove(&id);
            });
            if serving.is_err() {
                lock(open).streams.remove(&id);
            }
        }
    });
}

fn register(open: &Mutex<Open>, stream: &TcpStream) -> Option<u64> {
    let copy = stream.try_clone().ok()?;
    let mut open = lock(open);
    if open.stopped || open.streams.len() >= MAX_CONNECTIONS {
        return None;
    }
    let id = open.next;
    open.next += 1;
    open.streams.insert(id, copy);
    Some(id)
}

/// How to close a connection.
enum End {
    Close,
    Reset,
}

fn serve(service: Service, stream: &TcpStream, state: &State) -> io::Result<End> {
    let mut connection = Connection::new(stream)?;
    loop {
        let mut fault = None;
        if service == Service::Imds && connection.waits_for_more()? {
            fault = state.next_fault();
        }
        if let Some(fault) = fault {
            state.events.add(fault_event(fault));
        }
        if fault == Some(Fault::Reset) {
            return Ok(End::Reset);
        }
        let id = keys::uuid();
        let (answer, head_only, keep_alive) = match connection.read() {
            Ok(request) => {
                let answer = answer(service, state, &request, &id);
                (answer, request.method == "HEAD", request.keep_alive)
            }
            Err(Failure::Disconnected) => return Ok(End::Close),
            Err(Failure::Bad(status)) => (refused(status), false, false),
        };
        let (answer, keep_alive) = match fault {
            Some(Fault::Stall) => {
                connection.wait_for_disconnect();
                return Ok(End::Close);
            }
            Some(Fault::InternalError) => (refused(500), keep_alive),
            Some(Fault::Megabyte) => (megabyte(), false),
            _ => (answer, keep_alive),
        };
        let Answer { response, operation, code, access_key_id } = answer;
        // Logged first, so that a client that has the response finds it in the log.
        state.events.add(Event { service, operation, status: response.status, code, access_key_id });
        let response = response
            .with("Date", clock::http_date(state.clock.now()))
            .with(request_id_header(service), id)
            .with("Connection", if keep_alive { "keep-alive" } else { "close" });
        connection.write(&response, head_only, (fault == Some(Fault::Drip)).then_some(DRIP))?;
        if !keep_alive {
            return connection.close().map(|()| End::Close);
        }
    }
}

fn answer(service: Service, state: &State, request: &Request, id: &str) -> Answer {
    // A panic in the verifier, a third-party crate, must fail this request only.
    let answer = catch_unwind(AssertUnwindSafe(|| match service {
        Service::Imds => imds::answer(state, request),
        Service::Container => container::answer(state, request),
        Service::Sts => sts::answer(state, request, id),
        Service::S3 => s3::answer(state, request, id),
    }));
    answer.unwrap_or_else(|_| refused(500))
}

fn refused(status: u16) -> Answer {
    Answer {
        response: Response::html(status),
        operation: "Unknown",
        code: if status == 500 { "InternalError" } else { "BadRequest" },
        access_key_id: None,
    }
}

fn megabyte() -> Answer {
    Answer {
        response: Response::new(200, "text/plain", vec![b'A'; 1 << 20]),
        operation: "Unknown",
        code: "OK",
        access_key_id: None,
    }
}

fn fault_event(fault: Fault) -> Event {
    let code = match fault {
        Fault::Reset => "Reset",
        Fault::Stall => "Stall",
        Fault::Drip => "Drip",
        Fault::InternalError => "InternalError",
        Fault::Megabyte => "Megabyte",
    };
    Event { service: Service::Imds, operation: "Fault", status: 0, code, access_key_id: None }
}

fn request_id_header(service: Service) -> &'static str {
    match service {
        Service::S3 => "x-amz-request-id",
        _ => "x-amzn-RequestId",
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

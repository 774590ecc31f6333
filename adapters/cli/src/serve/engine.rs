//! The loop: sockets, the thread that fetches, signals and a command, in one thread that waits for all of them.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use rolecall::core::wire::time::UnixTime;
use rolecall::{Credentials, Error, Provider};
use zeroize::Zeroizing;

use super::answer::Answer;
use super::child::Running;
use super::connection::{Connection, Fate, PIECE};
use super::connections::Connections;
use super::fetcher::{Fetcher, Report};
use super::held::{Form, Held, is_good};
use super::listen::{Socket, most_connections};
use super::notify;
use super::request::{Refusal, Request};
use super::service::{Outcome, Service, refused};
use super::signals::Signals;
use crate::failure::Failure;

const LISTENER: Token = Token(usize::MAX);
const FETCHER: Token = Token(usize::MAX - 1);
const SIGNALS: Token = Token(usize::MAX - 2);

/// How often deadlines are looked at, while there are any.
const TICK: Duration = Duration::from_millis(500);
/// How long answers that are asked for may take at the end.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// How often a command is looked at on a system that does not signal its end.
const LOOK: Duration = Duration::from_millis(100);

/// How it ended.
pub(crate) enum End {
    /// By this signal, without a command.
    Stopped(i32),
    /// With its command.
    Command(ExitStatus),
}

pub(crate) struct Engine {
    poll: Poll,
    /// Until it stops.
    listener: Option<TcpListener>,
    connections: Connections,
    answers: Answers,
    signals: Signals,
    child: Option<Running>,
    /// The signal that ends it, and when the last answers have to be sent.
    stopping: Option<(i32, Instant)>,
    /// Whether connections may be waiting in the system's queue.
    backlog: bool,
    /// Connections that can go on.
    ready: Vec<usize>,
    scratch: Zeroizing<Vec<u8>>,
}

/// Who may ask, and what is answered.
struct Answers {
    service: Service,
    provider: Provider,
    fetcher: Fetcher,
    held: Held,
}

impl Engine {
    /// Prepares everything, and starts the first fetch. No client is let in before that has ended.
    pub(crate) fn new(
        socket: Socket,
        service: Service,
        role_arn: Option<String>,
        provider: Provider,
        mut signals: Signals,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        signals.register(poll.registry(), SIGNALS)?;
        let waker = Waker::new(poll.registry(), FETCHER)?;
        let held = Held::new(Form { is_imds: service.is_imds(), role_arn });
        let answers = Answers { fetcher: Fetcher::start(provider.clone(), waker)?, service, provider, held };
        Ok(Self {
            poll,
            listener: Some(TcpListener::from_std(socket.listener)),
            connections: Connections::default(),
            answers,
            signals,
            child: None,
            stopping: None,
            backlog: false,
            ready: Vec::new(),
            scratch: Zeroizing::new(vec![0; PIECE]),
        })
    }

    /// Runs until a signal, or the end of the command that `announce` may start: it is called with credentials and region
    /// when there are some.
    pub(crate) fn run(
        &mut self,
        mut announce: impl FnMut(&Credentials, Option<&str>) -> Result<Option<Running>, Failure>,
    ) -> Result<End, Failure> {
        let lost = |error| Failure::Input("waiting for sockets".to_owned(), error);
        let mut events = Events::with_capacity(256);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(lost(error)),
                _ => {}
            }
            events.iter().for_each(|event| self.note(event));
            while let Some(report) = self.answers.fetcher.report() {
                match report {
                    Report::Started(started) => {
                        let (credentials, region) = started?;
                        self.answers.fetched(Ok(credentials.clone()));
                        self.child = announce(&credentials, region.as_deref())?;
                        self.answers.service.set_region(region);
                        self.let_in_from_now().map_err(lost)?;
                    }
                    Report::Fetched(Ok(credentials), time) if self.answers.is_late(&credentials, time) => {
                        self.answers.fetcher.ask();
                    }
                    Report::Fetched(fetched, _) => {
                        let answer = self.answers.fetched(fetched);
                        self.give(&answer);
                    }
                    Report::Ended => return Err(lost(io::Error::other("the thread that fetches is gone"))),
                }
            }
            if let Some(end) = self.signalled()? {
                return Ok(end);
            }
            self.advance();
            self.connections.close_late(Instant::now());
            self.accept();
        }
    }

    fn let_in_from_now(&mut self) -> io::Result<()> {
        self.connections.limit(most_connections());
        self.backlog = true;
        match &mut self.listener {
            Some(listener) => self.poll.registry().register(listener, LISTENER, Interest::READABLE),
            None => Ok(()),
        }
    }

    /// How long nothing has to be looked at.
    fn timeout(&self) -> Option<Duration> {
        let looks = self.child.is_some() && !Signals::TELL_OF_CHILDREN;
        if !self.ready.is_empty() {
            Some(Duration::ZERO)
        } else if looks {
            Some(LOOK)
        } else if self.connections.len() > 0 || self.backlog || self.stopping.is_some() {
            Some(TICK)
        } else {
            None
        }
    }

    fn note(&mut self, event: &Event) {
        match event.token() {
            LISTENER => self.backlog = true,
            // The thread and the signals are asked in every turn.
            FETCHER => {}
            SIGNALS => self.signals.drain(),
            Token(place) => self.ready.push(place),
        }
    }

    /// Looks at signals and at the command: the end, if that is now.
    fn signalled(&mut self) -> Result<Option<End>, Failure> {
        if let Some(child) = &mut self.child {
            self.signals.each(|signal| child.pass(signal));
            let ended =
                child.ended().map_err(|error| Failure::Input("waiting for the command".to_owned(), error))?;
            return Ok(ended.map(End::Command));
        }
        let mut stop = None;
        self.signals.each(|signal| stop = Some(signal));
        if let (Some(signal), None) = (stop, self.stopping) {
            notify::stopping();
            self.stopping = Some((signal, Instant::now() + LAST_ANSWERS));
            self.listener = None;
            for place in self.connections.places(|connection| !connection.is_asked()) {
                self.connections.remove(place);
            }
            self.connections.iter().for_each(|(_, connection)| connection.close_next());
        }
        let asked = self.connections.iter().any(|(_, connection)| connection.is_asked());
        let over = self.stopping.filter(|(_, until)| !asked || Instant::now() >= *until);
        Ok(over.map(|(signal, _)| End::Stopped(signal)))
    }

    /// Lets in whom there is room for; others stay in the system's queue.
    fn accept(&mut self) {
        while self.backlog {
            let Some(listener) = &self.listener else { return };
            if self.connections.is_full() && !self.connections.close_spare(Instant::now()) {
                return;
            }
            match listener.accept() {
                Ok((stream, _)) => self.let_in(stream),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.backlog = false,
                // A client that has gone already.
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                // Out of descriptors or memory: there may be some at the next turn.
                Err(_) => return,
            }
        }
    }

    fn let_in(&mut self, stream: TcpStream) {
        // An answer is written at once; without this, a second one may wait for the client to confirm the first.
        let _ = stream.set_nodelay(true);
        let place = self.connections.add(Connection::new(stream, Instant::now()));
        let registered = self.connections.get(place).map(|connection| {
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(connection.stream(), Token(place), both)
        });
        if !matches!(registered, Some(Ok(()))) {
            self.connections.remove(place);
        }
    }

    /// Goes on with those that can.
    fn advance(&mut self) {
        let now = Instant::now();
        for place in std::mem::take(&mut self.ready) {
            let Some(connection) = self.connections.get(place) else { continue };
            let answers = &mut self.answers;
            let fate = connection
                .advance(&mut self.scratch, now, &mut |read, local| answers.answer(read, local, now));
            match fate {
                Fate::Open => {}
                Fate::Again => self.ready.push(place),
                Fate::Over => self.connections.remove(place),
            }
        }
    }

    /// Gives an answer to everybody who waits for it.
    fn give(&mut self, answer: &Answer) {
        let now = Instant::now();
        for (place, connection) in self.connections.iter().filter(|(_, connection)| connection.waits()) {
            connection.give(answer, now);
            self.ready.push(place);
        }
    }
}

impl Answers {
    /// The answer to what a connection has read; `None` if it has to be fetched.
    fn answer(
        &mut self,
        read: Result<&Request<'_>, Refusal>,
        local: SocketAddr,
        now: Instant,
    ) -> Option<Answer> {
        let request = match read {
            Ok(request) => request,
            Err(refusal) => return Some(refused(refusal)),
        };
        match self.service.decide(request, local, now) {
            Outcome::Answer(answer) => Some(answer),
            Outcome::Credentials => {
                let ready = self.held.ready(self.provider.time(), now);
                // Also if there is an answer: the provider knows when others are due.
                if !ready.as_ref().is_some_and(Answer::is_error) {
                    self.fetcher.ask();
                }
                ready
            }
        }
    }

    /// Whether the last minute of credentials began after the provider was asked for them: clients that came since want
    /// others.
    fn is_late(&self, credentials: &Credentials, asked: UnixTime) -> bool {
        is_good(credentials, asked) && !is_good(credentials, self.provider.time())
    }

    fn fetched(&mut self, fetched: Result<Arc<Credentials>, Error>) -> Answer {
        self.held.fetched(fetched, self.provider.time(), Instant::now())
    }
}

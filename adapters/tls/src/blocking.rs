//! Sessions over blocking networks.

use core::net::IpAddr;

use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;
use rolecall_nal::blocking::{Connection, Link};
use rolecall_nal::{Board, Remote};

use crate::fault::Fault;
use crate::over::Secured;
use crate::session::Step;
use crate::tls::Tls;

impl<B: Board, N: Link<B>> Link<B> for Tls<'_, N> {
    type Connection<'a>
        = Secured<'a, N::Connection<'a>>
    where
        Self: 'a;

    fn wait(&mut self, board: &mut B, until: Instant) {
        self.network.wait(board, until);
    }

    fn resolve(&mut self, board: &mut B, until: Instant, host: &str) -> Result<IpAddr, FailureKind> {
        self.network.resolve(board, until, host)
    }

    fn open(
        &mut self,
        board: &mut B,
        until: Instant,
        remote: &Remote<'_>,
    ) -> Result<Secured<'_, N::Connection<'_>>, FailureKind> {
        if self.is_plain(remote)? {
            let stream = self.network.open(board, until, remote)?;
            return Ok(Secured { stream, over: None });
        }
        let (over, network) = self.begin(board.now(), remote)?;
        let stream = network.open(board, until, &Remote { carries_tls: true, ..*remote })?;
        let mut secured = Secured { stream, over: Some(over) };
        secured.handshake(board, until)?;
        Ok(secured)
    }
}

impl<C> Secured<'_, C> {
    fn handshake<B: Board>(&mut self, board: &mut B, until: Instant) -> Result<(), FailureKind>
    where
        C: Connection<B>,
    {
        loop {
            let Some(over) = &mut self.over else { return Ok(()) };
            match over.session.step(&mut []) {
                Ok(Step::Send) => self.transmit(board, until)?,
                Ok(Step::Receive) => self.fill(board, until)?,
                Ok(_) => return Ok(()),
                Err(fault) => return Err(self.broken(board, until, fault)),
            }
        }
    }

    /// Sends what the session has to be sent.
    fn transmit<B: Board>(&mut self, board: &mut B, until: Instant) -> Result<(), FailureKind>
    where
        C: Connection<B>,
    {
        let Self { stream, over: Some(over) } = self else { return Ok(()) };
        let mut rest = over.session.outgoing();
        while !rest.is_empty() {
            if board.now().monotonic >= until {
                return Err(FailureKind::Timeout);
            }
            let sent = stream.send(board, until, rest)?;
            rest = rest.get(sent..).unwrap_or_default();
        }
        over.session.sent();
        Ok(())
    }

    /// Receives some bytes of records. A server that ends the connection without saying so inside of the session may not be
    /// the one that did.
    fn fill<B: Board>(&mut self, board: &mut B, until: Instant) -> Result<(), FailureKind>
    where
        C: Connection<B>,
    {
        // A server that always has something to say is not one that takes its time.
        if board.now().monotonic >= until {
            return Err(FailureKind::Timeout);
        }
        let Self { stream, over: Some(over) } = self else { return Ok(()) };
        match stream.receive(board, until, over.session.room())? {
            0 => Err(FailureKind::Closed),
            count => {
                over.session.received(count);
                Ok(())
            }
        }
    }

    /// Sends the alert about a fault, if it can be sent, and keeps the fault.
    fn broken<B: Board>(&mut self, board: &mut B, until: Instant, fault: Fault) -> FailureKind
    where
        C: Connection<B>,
    {
        let Self { stream, over: Some(over) } = self else { return fault.kind() };
        let is_of_rustls = matches!(fault, Fault::Tls(_));
        let alert = if is_of_rustls { over.session.alert() } else { &[] };
        if !alert.is_empty() {
            // The fault is what counts.
            let _ = stream.send(board, until, alert);
        }
        over.failed(fault)
    }
}

impl<B: Board, C: Connection<B>> Connection<B> for Secured<'_, C> {
    const CHECKS: bool = true;

    fn send(&mut self, board: &mut B, until: Instant, bytes: &[u8]) -> Result<usize, FailureKind> {
        let Some(over) = &mut self.over else { return self.stream.send(board, until, bytes) };
        match over.session.encrypt(bytes) {
            Ok(Some(count)) => {
                self.transmit(board, until)?;
                Ok(count)
            }
            // A reply that came too early is read, and a request that may be repeated goes over another connection.
            Ok(None) => Err(FailureKind::Closed),
            Err(fault) => Err(self.broken(board, until, fault)),
        }
    }

    fn receive(&mut self, board: &mut B, until: Instant, room: &mut [u8]) -> Result<usize, FailureKind> {
        loop {
            let Some(over) = &mut self.over else { return self.stream.receive(board, until, room) };
            match over.session.step(room) {
                Ok(Step::Read(count)) => return Ok(count),
                Ok(Step::Ended) => return Ok(0),
                Ok(Step::Send) => self.transmit(board, until)?,
                Ok(Step::Receive | Step::Idle) => self.fill(board, until)?,
                Err(fault) => return Err(self.broken(board, until, fault)),
            }
        }
    }

    fn check(&mut self, board: &mut B, headers: &[u8]) -> Result<(), FailureKind> {
        match &mut self.over {
            Some(over) => over.check(board.now(), headers),
            None => Ok(()),
        }
    }
}

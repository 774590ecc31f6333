//! A network that prints how long it takes to open a session.

use core::net::IpAddr;

use board::{clock, println};
use rolecall_core::error::FailureKind;
use rolecall_core::skew::Instant;
use rolecall_nal::blocking::Link;
use rolecall_nal::{Board, Remote};

pub(crate) struct Timed<L>(pub(crate) L);

impl<B: Board, L: Link<B>> Link<B> for Timed<L> {
    type Connection<'a>
        = L::Connection<'a>
    where
        Self: 'a;

    fn wait(&mut self, board: &mut B, until: Instant) {
        self.0.wait(board, until);
    }

    fn resolve(&mut self, board: &mut B, until: Instant, host: &str) -> Result<IpAddr, FailureKind> {
        self.0.resolve(board, until, host)
    }

    fn open(
        &mut self,
        board: &mut B,
        until: Instant,
        remote: &Remote<'_>,
    ) -> Result<L::Connection<'_>, FailureKind> {
        let begun = clock::milliseconds();
        let opened = self.0.open(board, until, remote)?;
        println!("session with {} after {} ms", remote.endpoint.host(), clock::milliseconds() - begun);
        Ok(opened)
    }
}

//! One TLS session: what to send, what came, and what is to be read of it. It does no I/O.

use alloc::vec::Vec;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError};
use rustls::{ClientConfig, Error};
use zeroize::{Zeroize, Zeroizing};

use crate::Arc;
use crate::fault::Fault;
use crate::lent::Records;

/// What a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// What [`Session::outgoing`] has is to be sent.
    Send,
    /// Records of the server.
    Receive,
    /// The handshake is over, and nothing is there to be read.
    Idle,
    /// This many bytes were read.
    Read(usize),
    /// The server has said that it sends no more.
    Ended,
}

/// A session, and the buffers lent for it, which are wiped when it ends.
pub(crate) struct Session<'b> {
    connection: UnbufferedClientConnection,
    records: Records<'b>,
    /// Bytes of records that came and are not processed yet.
    filled: usize,
    /// Bytes that are to be sent.
    queued: usize,
    /// What was decrypted and is not read yet, and how much of it is.
    read: Zeroizing<Vec<u8>>,
    taken: usize,
}

impl<'b> Session<'b> {
    pub(crate) fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        records: Records<'b>,
    ) -> Result<Self, Error> {
        let connection = UnbufferedClientConnection::new(config, name)?;
        Ok(Self { connection, records, filled: 0, queued: 0, read: Zeroizing::new(Vec::new()), taken: 0 })
    }

    /// The server's certificates, once the handshake is over.
    pub(crate) fn chain(&self) -> Option<&[CertificateDer<'static>]> {
        self.connection.peer_certificates()
    }

    /// What is to be sent, then [`Session::sent`].
    pub(crate) fn outgoing(&self) -> &[u8] {
        self.records.outgoing.get(..self.queued).unwrap_or_default()
    }

    pub(crate) fn sent(&mut self) {
        self.outgoing_room(0).zeroize();
        self.queued = 0;
    }

    fn outgoing_room(&mut self, from: usize) -> &mut [u8] {
        self.records.outgoing.get_mut(from..).unwrap_or_default()
    }

    /// Where received bytes go, then [`Session::received`].
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.records.incoming.get_mut(self.filled..).unwrap_or_default()
    }

    pub(crate) fn received(&mut self, count: usize) {
        self.filled = self.filled.saturating_add(count).min(self.records.incoming.len());
    }

    /// Goes on until something is to be done, and reads into `room` what there is.
    pub(crate) fn step(&mut self, room: &mut [u8]) -> Result<Step, Fault> {
        loop {
            if self.taken < self.read.len() {
                return Ok(Step::Read(self.take(room)));
            }
            if let Some(step) = self.process(room)? {
                let is_full = step == Step::Receive || step == Step::Idle;
                if is_full && self.filled == self.records.incoming.len() {
                    return Err(Fault::TooLarge);
                }
                return Ok(step);
            }
        }
    }

    /// Hands out what was decrypted before.
    fn take(&mut self, room: &mut [u8]) -> usize {
        let left = self.read.get(self.taken..).unwrap_or_default();
        let count = left.len().min(room.len());
        room.iter_mut().zip(left).for_each(|(to, from)| *to = *from);
        self.taken = self.taken.saturating_add(count);
        if self.taken >= self.read.len() {
            (self.read, self.taken) = (Zeroizing::new(Vec::new()), 0);
        }
        count
    }

    /// One step of rustls; `None` if there are more.
    fn process(&mut self, room: &mut [u8]) -> Result<Option<Step>, Fault> {
        let filled = self.records.incoming.get_mut(..self.filled).unwrap_or_default();
        let status = self.connection.process_tls_records(filled);
        let discard = status.discard;
        let step = match status.state {
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                let free = self.records.outgoing.get_mut(self.queued..).unwrap_or_default();
                let len = data.encode(free).map_err(|error| match error {
                    EncodeError::InsufficientSize(_) => Fault::TooLarge,
                    EncodeError::AlreadyEncoded => Fault::Tls(Error::EncryptError),
                })?;
                self.queued = self.queued.saturating_add(len);
                None
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                data.done();
                Some(Step::Send)
            }
            Ok(ConnectionState::BlockedHandshake) => Some(Step::Receive),
            Ok(ConnectionState::WriteTraffic(_)) => Some(Step::Idle),
            Ok(ConnectionState::ReadTraffic(mut data)) => {
                let mut count = 0;
                while let Some(record) = data.next_record() {
                    let payload = record.map_err(Fault::Tls)?.payload;
                    // Straight to the reader as far as it goes; a part of one record is kept.
                    let free = room.get_mut(count..).unwrap_or_default();
                    let fits = if self.read.is_empty() { payload.len().min(free.len()) } else { 0 };
                    free.iter_mut().zip(payload.iter().take(fits)).for_each(|(to, from)| *to = *from);
                    count = count.saturating_add(fits);
                    let rest = payload.get(fits..).unwrap_or_default();
                    keep(&mut self.read, rest);
                }
                (count > 0).then_some(Step::Read(count))
            }
            Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => Some(Step::Ended),
            Ok(_) => return Err(Fault::Tls(Error::HandshakeNotComplete)),
            Err(error) => return Err(Fault::Tls(error)),
        };
        self.discard(discard);
        Ok(step)
    }

    /// Drops the first `count` bytes that came, and wipes where they were.
    fn discard(&mut self, count: usize) {
        let filled = self.records.incoming.get_mut(..self.filled).unwrap_or_default();
        let count = count.min(filled.len());
        filled.rotate_left(count);
        self.filled = self.filled.saturating_sub(count);
        self.room().iter_mut().take(count).for_each(|byte| *byte = 0);
    }

    /// The alert about a fault, if there is one to send.
    pub(crate) fn alert(&mut self) -> &[u8] {
        self.queued = 0;
        let filled = self.records.incoming.get_mut(..self.filled).unwrap_or_default();
        if let Ok(ConnectionState::EncodeTlsData(mut data)) =
            self.connection.process_tls_records(filled).state
        {
            self.queued = data.encode(self.records.outgoing).unwrap_or(0);
        }
        self.outgoing()
    }

    /// Encrypts the front of `bytes`, as far as the buffer goes, and returns how many; they are to be sent then.
    pub(crate) fn encrypt(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        // What is due before: replies to messages that came, which are queued, and data that is kept for later.
        loop {
            match self.process(&mut [])? {
                Some(Step::Idle) => break,
                Some(Step::Receive) => return Err(Fault::Tls(Error::HandshakeNotComplete)),
                _ => {}
            }
        }
        let filled = self.records.incoming.get_mut(..self.filled).unwrap_or_default();
        let Ok(ConnectionState::WriteTraffic(mut traffic)) =
            self.connection.process_tls_records(filled).state
        else {
            return Err(Fault::Tls(Error::HandshakeNotComplete));
        };
        let free = self.records.outgoing.get_mut(self.queued..).unwrap_or_default();
        let count = bytes.len().min(free.len().saturating_sub(OVERHEAD));
        let part = bytes.get(..count).filter(|part| !part.is_empty()).ok_or(Fault::TooLarge)?;
        let len = traffic.encrypt(part, free).map_err(|error| match error {
            EncryptError::InsufficientSize(_) => Fault::TooLarge,
            EncryptError::EncryptExhausted => Fault::Tls(Error::EncryptError),
        })?;
        self.queued = self.queued.saturating_add(len);
        Ok(count)
    }
}

/// Appends to what is kept for later, in memory that is wiped where it is outgrown.
fn keep(kept: &mut Zeroizing<Vec<u8>>, rest: &[u8]) {
    let needed = kept.len().saturating_add(rest.len());
    if needed > kept.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(kept.capacity().saturating_mul(2))));
        larger.extend_from_slice(kept);
        *kept = larger;
    }
    kept.extend_from_slice(rest);
}

/// What a record has beyond its content: head, type and tag; a little more, for a second record.
const OVERHEAD: usize = 64;

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.records.incoming.zeroize();
        self.records.outgoing.zeroize();
    }
}

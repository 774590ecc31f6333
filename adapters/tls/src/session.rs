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
    /// Where the records that came and are not processed yet begin and end.
    start: usize,
    filled: usize,
    /// Bytes that are to be sent.
    queued: usize,
    /// What was decrypted and is not read yet, and how much of it is.
    read: Zeroizing<Vec<u8>>,
    taken: usize,
    /// The server has said that it sends no more.
    has_ended: bool,
}

impl<'b> Session<'b> {
    pub(crate) fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        records: Records<'b>,
    ) -> Result<Self, Error> {
        let connection = UnbufferedClientConnection::new(config, name)?;
        let read = Zeroizing::new(Vec::new());
        Ok(Self { connection, records, start: 0, filled: 0, queued: 0, read, taken: 0, has_ended: false })
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
        if self.filled == self.records.incoming.len() && self.start > 0 {
            // Only when there is no room, so that small records are not moved for each other.
            let waiting = self.filled.saturating_sub(self.start);
            move_to_front(self.records.incoming, self.start);
            self.records.incoming.get_mut(waiting..).unwrap_or_default().zeroize();
            (self.start, self.filled) = (0, waiting);
        }
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
            if self.has_ended {
                return Ok(Step::Ended);
            }
            if let Some(step) = self.process(room)? {
                let is_full = step == Step::Receive || step == Step::Idle;
                if is_full && self.filled.saturating_sub(self.start) == self.records.incoming.len() {
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
        let Self { connection, records, queued, read, has_ended, .. } = self;
        let filled = records.incoming.get_mut(self.start..self.filled).unwrap_or_default();
        let status = connection.process_tls_records(filled);
        let discard = status.discard;
        let step = match status.state {
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                let free = records.outgoing.get_mut(*queued..).unwrap_or_default();
                let encoded = data.encode(free).map_err(|error| match error {
                    EncodeError::InsufficientSize(_) => Fault::FlightTooLarge,
                    EncodeError::AlreadyEncoded => Fault::Tls(Error::EncryptError),
                });
                encoded.map(|len| {
                    *queued = queued.saturating_add(len);
                    None
                })
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                data.done();
                Ok(Some(Step::Send))
            }
            Ok(ConnectionState::BlockedHandshake) => Ok(Some(Step::Receive)),
            Ok(ConnectionState::WriteTraffic(_)) => Ok(Some(Step::Idle)),
            Ok(ConnectionState::ReadTraffic(mut data)) => {
                let mut count = 0;
                // A record that cannot be read is the error of the next step, too.
                while let Some(Ok(record)) = data.next_record() {
                    // Straight to the reader as far as it goes; a part of one record is kept.
                    let free = room.get_mut(count..).unwrap_or_default();
                    let fits = if read.is_empty() { record.payload.len().min(free.len()) } else { 0 };
                    free.iter_mut().zip(record.payload.iter().take(fits)).for_each(|(to, from)| *to = *from);
                    count = count.saturating_add(fits);
                    keep(read, record.payload.get(fits..).unwrap_or_default());
                }
                Ok((count > 0).then_some(Step::Read(count)))
            }
            Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
                *has_ended = true;
                Ok(Some(Step::Ended))
            }
            Ok(_) => Err(Fault::Tls(Error::HandshakeNotComplete)),
            Err(error) => Err(Fault::Tls(error)),
        };
        self.discard(discard);
        step
    }

    /// Drops the first `count` bytes that came, and wipes where they were.
    fn discard(&mut self, count: usize) {
        let waiting = self.records.incoming.get_mut(self.start..self.filled).unwrap_or_default();
        let count = count.min(waiting.len());
        waiting.iter_mut().take(count).for_each(|byte| *byte = 0);
        self.start = self.start.saturating_add(count);
        if self.start == self.filled {
            (self.start, self.filled) = (0, 0);
        }
    }

    /// The alert about a fault that rustls has found, if there is one to send.
    pub(crate) fn alert(&mut self) -> &[u8] {
        self.queued = 0;
        let filled = self.records.incoming.get_mut(self.start..self.filled).unwrap_or_default();
        if let Ok(ConnectionState::EncodeTlsData(mut data)) =
            self.connection.process_tls_records(filled).state
        {
            self.queued = data.encode(self.records.outgoing).unwrap_or(0);
        }
        self.outgoing()
    }

    /// Encrypts the front of `bytes`, as far as the buffer goes, and returns how many; they are to be sent then. `None` if
    /// the server has said something that is not read yet, or that it sends no more: it may not read what comes, and what it
    /// said is no reply to it.
    pub(crate) fn encrypt(&mut self, bytes: &[u8]) -> Result<Option<usize>, Fault> {
        // What is due before: replies to messages that came, which are queued, and data that is kept for later.
        loop {
            if self.has_ended || !self.read.is_empty() {
                return Ok(None);
            }
            match self.process(&mut [])? {
                Some(Step::Idle) => break,
                Some(Step::Receive) => return Err(Fault::Tls(Error::HandshakeNotComplete)),
                _ => {}
            }
        }
        let filled = self.records.incoming.get_mut(self.start..self.filled).unwrap_or_default();
        let Ok(ConnectionState::WriteTraffic(mut traffic)) =
            self.connection.process_tls_records(filled).state
        else {
            return Err(Fault::Tls(Error::HandshakeNotComplete));
        };
        let free = self.records.outgoing.get_mut(self.queued..).unwrap_or_default();
        let count = bytes.len().min(free.len().saturating_sub(OVERHEAD)).min(ONE_RECORD);
        let part = bytes.get(..count).filter(|part| !part.is_empty()).ok_or(Fault::FlightTooLarge)?;
        let len = traffic.encrypt(part, free).map_err(|error| match error {
            EncryptError::InsufficientSize(_) => Fault::FlightTooLarge,
            EncryptError::EncryptExhausted => Fault::Tls(Error::EncryptError),
        })?;
        self.queued = self.queued.saturating_add(len);
        Ok(Some(count))
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

/// Moves what is behind the first `count` bytes to the front, in pieces of so many: `copy_within` has a panic path.
fn move_to_front(mut bytes: &mut [u8], count: usize) {
    while let Some((front, rest)) = bytes.split_at_mut_checked(count)
        && !rest.is_empty()
        && !front.is_empty()
    {
        front.iter_mut().zip(&*rest).for_each(|(to, from)| *to = *from);
        bytes = rest;
    }
}

/// What a record has beyond its content - head, type and tag -, and the message before it that new keys are used.
const OVERHEAD: usize = 64;
/// The most that one record has of content (RFC 8446, section 5.1).
const ONE_RECORD: usize = 16_384;

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.records.incoming.zeroize();
        self.records.outgoing.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::move_to_front;

    #[test]
    fn what_waits_is_moved_to_the_front() {
        for length in 0..40usize {
            for count in 0..=length + 1 {
                let mut bytes: Vec<u8> = (0..length as u8).collect();
                let waiting = bytes.get(count..).unwrap_or_default().to_vec();
                move_to_front(&mut bytes, count);
                assert_eq!(bytes.get(..waiting.len()), Some(&waiting[..]), "{length}, {count}");
            }
        }
    }
}

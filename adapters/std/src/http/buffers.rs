//! The buffers of a connection, between ureq and the socket or the TLS session below it: what was sent and what was read
//! is wiped there as soon as it is, and the memory is taken where it is used first.

use std::fmt;
use std::mem;

use ureq::unversioned::transport::{Buffers, ConnectionDetails};
use zeroize::Zeroize;

use crate::secret::Wiped;

/// The room that ureq takes at least to read a body that it sends.
const SCRATCH: usize = 10 * 1024;

/// Two buffers, for what is read and for what is sent.
pub(super) struct WipedBuffers {
    input: Wiped<Vec<u8>>,
    output: Wiped<Vec<u8>>,
    /// What is read, and not consumed yet, is from `consumed` to `filled`.
    filled: usize,
    consumed: usize,
    /// Whether something was consumed the last time.
    progress: bool,
    /// Whether the room behind it was lent to read a body that is sent.
    lent: bool,
    sizes: [usize; 2],
}

impl WipedBuffers {
    /// Buffers of the sizes that the configuration of a connection has.
    pub(super) fn new(details: &ConnectionDetails) -> Self {
        Self::of(details.config.input_buffer_size(), details.config.output_buffer_size())
    }

    pub(super) fn of(input: usize, output: usize) -> Self {
        Self {
            input: Wiped::default(),
            output: Wiped::default(),
            filled: 0,
            consumed: 0,
            progress: false,
            lent: false,
            sizes: [input, output],
        }
    }

    /// Wipes what has been sent, which is at the front of the output, and where it was read from.
    pub(super) fn sent(&mut self, amount: usize) {
        self.output.get_mut(..amount).unwrap_or_default().zeroize();
        if mem::take(&mut self.lent) {
            self.input[self.filled..].zeroize();
        }
    }

    /// The room behind what is read, for `least` bytes or more.
    fn room(&mut self, least: usize) -> &mut [u8] {
        let [size, _] = self.sizes;
        let unread = self.filled - self.consumed;
        let needed = size.max(unread + least);
        if self.input.len() < needed {
            let mut larger = Wiped::new(vec![0; needed]);
            larger[..unread].copy_from_slice(self.input());
            self.input = larger;
        } else if self.consumed > 0 {
            self.input.copy_within(self.consumed..self.filled, 0);
            self.input[unread..self.filled].zeroize();
        }
        (self.consumed, self.filled) = (0, unread);
        &mut self.input[unread..]
    }
}

impl fmt::Debug for WipedBuffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WipedBuffers({} bytes unread)", self.filled - self.consumed)
    }
}

impl Buffers for WipedBuffers {
    fn output(&mut self) -> &mut [u8] {
        let [_, size] = self.sizes;
        if self.output.is_empty() {
            self.output = Wiped::new(vec![0; size]);
        }
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.room(0)
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled = self.input.len().min(self.filled + amount);
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        let end = self.filled.min(self.consumed + amount);
        self.input[self.consumed..end].zeroize();
        self.consumed = end;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.output();
        self.room(SCRATCH);
        self.lent = true;
        (&mut self.input[self.filled..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.filled > self.consumed && self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole input, with what is read of it.
    fn input(buffers: &WipedBuffers) -> (Vec<u8>, &[u8]) {
        (buffers.input.to_vec(), buffers.input())
    }

    fn append(buffers: &mut WipedBuffers, bytes: &[u8]) {
        buffers.input_append_buf()[..bytes.len()].copy_from_slice(bytes);
        buffers.input_appended(bytes.len());
    }

    #[test]
    fn what_is_consumed_is_wiped() {
        let mut buffers = WipedBuffers::of(8, 8);
        assert!(buffers.input.is_empty() && buffers.input().is_empty() && !buffers.can_use_input());
        append(&mut buffers, b"abcdef");
        assert!(!buffers.can_use_input());
        buffers.input_consume(2);
        assert_eq!(input(&buffers), (b"\0\0cdef\0\0".to_vec(), &b"cdef"[..]));
        assert!(buffers.can_use_input());
        // The rest is moved to the front, and not left behind it.
        assert_eq!(buffers.input_append_buf(), b"\0\0\0\0");
        assert_eq!(input(&buffers), (b"cdef\0\0\0\0".to_vec(), &b"cdef"[..]));
        buffers.input_consume(0);
        assert!(!buffers.can_use_input());
        buffers.input_consume(4);
        assert_eq!(input(&buffers), (vec![0; 8], &b""[..]));
        assert!(!buffers.can_use_input());
        // A full buffer has no room.
        append(&mut buffers, b"12345678");
        assert_eq!(buffers.input_append_buf(), b"");
        assert_eq!(buffers.input(), b"12345678");
    }

    #[test]
    fn what_is_sent_is_wiped() {
        let mut buffers = WipedBuffers::of(8, 8);
        buffers.output()[..6].copy_from_slice(b"abcdef");
        buffers.sent(4);
        assert_eq!(buffers.output(), b"\0\0\0\0ef\0\0");
        // A reply may come before the whole request is sent.
        append(&mut buffers, b"reply");
        let (scratch, output) = buffers.tmp_and_output();
        assert!(scratch.len() >= SCRATCH);
        scratch[..3].copy_from_slice(b"own");
        output[..3].copy_from_slice(b"own");
        assert!(buffers.input.ends_with(&[0; 9]) && buffers.input.starts_with(b"replyown"));
        buffers.sent(8);
        assert_eq!(buffers.input(), b"reply");
        assert!(buffers.input[5..].iter().all(|byte| *byte == 0));
        assert_eq!(buffers.output(), [0; 8]);
        append(&mut buffers, b"more");
        assert_eq!(buffers.input(), b"replymore");
    }
}

//! Memory that is lent.

use core::fmt;

/// Memory for the records of one session, which is wiped when it ends.
pub struct Records<'b> {
    /// One record of the server, encrypted, and with it the certificates that it begins with: 16,640 bytes take any.
    pub incoming: &'b mut [u8],
    /// The records of the board: the largest is the one with its certificates, and 4,096 bytes are enough for two on P-256.
    pub outgoing: &'b mut [u8],
}

impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (incoming, outgoing) = (self.incoming.len(), self.outgoing.len());
        f.debug_struct("Records").field("incoming", &incoming).field("outgoing", &outgoing).finish()
    }
}

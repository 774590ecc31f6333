//! The network interface as a polled smoltcp device, one frame at a time.

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;

use crate::chip;

/// An Ethernet frame without its checksum.
pub(crate) const FRAME: usize = 1514;

/// Memory for a frame with its checksum, in whole words.
pub(crate) type Frame = [u8; FRAME + 8];

/// The network interface.
#[derive(Debug)]
pub struct Nic {
    /// The last received frame.
    frame: Frame,
}

impl Nic {
    /// Enables the interface.
    pub fn new(address: EthernetAddress) -> Self {
        chip::start(address.0);
        Self { frame: [0; FRAME + 8] }
    }
}

impl Device for Nic {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Free;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Free)> {
        let len = chip::receive(&mut self.frame)?;
        self.frame.get(..len).map(|frame| (Received { frame }, Free))
    }

    fn transmit(&mut self, _: Instant) -> Option<Free> {
        chip::is_free().then_some(Free)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = FRAME;
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}

/// A received frame.
#[derive(Debug)]
pub struct Received<'a> {
    frame: &'a [u8],
}

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.frame)
    }
}

/// A free transmit buffer.
#[derive(Debug)]
pub struct Free;

impl phy::TxToken for Free {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let mut frame = [0; FRAME];
        let frame = &mut frame[..len];
        let result = write(frame);
        chip::send(frame);
        result
    }
}

/// Up to four bytes as a word of a frame.
pub(crate) fn word(bytes: &[u8]) -> u32 {
    let mut word = [0; 4];
    word[..bytes.len()].copy_from_slice(bytes);
    u32::from_le_bytes(word)
}

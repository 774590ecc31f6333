//! The network interface (Stellaris) as a polled smoltcp device, one frame at a time.

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;

use crate::register::Register;

/// An Ethernet frame without its checksum.
const FRAME: usize = 1514;

// SAFETY: these are the registers of the Ethernet controller.
const RECEIVE_CONTROL: Register = unsafe { Register::at(0x4004_8008) };
const TRANSMIT_CONTROL: Register = unsafe { Register::at(0x4004_800c) };
const DATA: Register = unsafe { Register::at(0x4004_8010) };
const ADDRESS_LOW: Register = unsafe { Register::at(0x4004_8014) };
const ADDRESS_HIGH: Register = unsafe { Register::at(0x4004_8018) };
const PACKETS: Register = unsafe { Register::at(0x4004_8034) };
const TRANSMISSION: Register = unsafe { Register::at(0x4004_8038) };

/// The network interface.
#[derive(Debug)]
pub struct Nic {
    /// The last received frame with its checksum, in whole words.
    frame: [u8; FRAME + 8],
}

impl Nic {
    /// Enables the interface.
    pub fn new(address: EthernetAddress) -> Self {
        let [a, b, c, d, e, f] = address.0;
        ADDRESS_LOW.write(u32::from_le_bytes([a, b, c, d]));
        ADDRESS_HIGH.write(u32::from_le_bytes([e, f, 0, 0]));
        // Enabled, with padding, checksum, and full duplex.
        TRANSMIT_CONTROL.write(0x17);
        // Enabled; frames with a bad checksum are dropped.
        RECEIVE_CONTROL.write(0x09);
        Self { frame: [0; FRAME + 8] }
    }
}

impl Device for Nic {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Free;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Free)> {
        if PACKETS.read() == 0 {
            return None;
        }
        // The total length, then the frame, then four bytes of checksum; read in whole words.
        let [low, high, first, second] = DATA.read().to_le_bytes();
        let len = usize::from(u16::from_le_bytes([low, high])).saturating_sub(6);
        let words = (0..(len + 2).div_ceil(4)).flat_map(|_| DATA.read().to_le_bytes());
        for (place, byte) in self.frame.iter_mut().zip([first, second].into_iter().chain(words)) {
            *place = byte;
        }
        self.frame.get(..len).map(|frame| (Received { frame }, Free))
    }

    fn transmit(&mut self, _: Instant) -> Option<Free> {
        (TRANSMISSION.read() & 1 == 0).then_some(Free)
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
        let result = write(&mut frame[..len]);
        // The length after the header of 14 bytes, then the frame, in whole words.
        let [low, high] = (len.saturating_sub(14) as u16).to_le_bytes();
        DATA.write(u32::from_le_bytes([low, high, frame[0], frame[1]]));
        for word in frame[2..len.max(2)].chunks(4) {
            let mut bytes = [0; 4];
            bytes[..word.len()].copy_from_slice(word);
            DATA.write(u32::from_le_bytes(bytes));
        }
        TRANSMISSION.write(1);
        result
    }
}

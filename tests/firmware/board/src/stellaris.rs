//! The network interface of the lm3s6965evb (Stellaris).

use crate::nic::{Frame, word};
use crate::register::Register;

// SAFETY: these are the registers of the Ethernet controller.
const RECEIVE_CONTROL: Register = unsafe { Register::at(0x4004_8008) };
const TRANSMIT_CONTROL: Register = unsafe { Register::at(0x4004_800c) };
const DATA: Register = unsafe { Register::at(0x4004_8010) };
const ADDRESS_LOW: Register = unsafe { Register::at(0x4004_8014) };
const ADDRESS_HIGH: Register = unsafe { Register::at(0x4004_8018) };
const PACKETS: Register = unsafe { Register::at(0x4004_8034) };
const TRANSMISSION: Register = unsafe { Register::at(0x4004_8038) };

/// Enables it.
pub(crate) fn start([a, b, c, d, e, f]: [u8; 6]) {
    ADDRESS_LOW.write(u32::from_le_bytes([a, b, c, d]));
    ADDRESS_HIGH.write(u32::from_le_bytes([e, f, 0, 0]));
    // Enabled, with padding, checksum, and full duplex.
    TRANSMIT_CONTROL.write(0x17);
    // Enabled; frames with a bad checksum are dropped.
    RECEIVE_CONTROL.write(0x09);
}

/// Reads a frame, and returns its length.
pub(crate) fn receive(frame: &mut Frame) -> Option<usize> {
    if PACKETS.read() == 0 {
        return None;
    }
    // The total length, then the frame, then four bytes of checksum; read in whole words.
    let [low, high, first, second] = DATA.read().to_le_bytes();
    let len = usize::from(u16::from_le_bytes([low, high])).saturating_sub(6);
    let words = (0..(len + 2).div_ceil(4)).flat_map(|_| DATA.read().to_le_bytes());
    for (place, byte) in frame.iter_mut().zip([first, second].into_iter().chain(words)) {
        *place = byte;
    }
    Some(len)
}

/// Whether a frame can be sent.
pub(crate) fn is_free() -> bool {
    TRANSMISSION.read() & 1 == 0
}

/// Sends a frame.
pub(crate) fn send(frame: &[u8]) {
    // The length after the header of 14 bytes, then the frame, in whole words.
    let [low, high] = (frame.len().saturating_sub(14) as u16).to_le_bytes();
    DATA.write(u32::from_le_bytes([low, high, frame[0], frame[1]]));
    for bytes in frame[2..].chunks(4) {
        DATA.write(word(bytes));
    }
    TRANSMISSION.write(1);
}

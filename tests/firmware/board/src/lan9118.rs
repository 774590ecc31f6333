//! The network interface of the mps2-an385 (LAN9118).

use crate::nic::{Frame, word};
use crate::register::Register;

// SAFETY: these are the registers of the Ethernet controller.
const RECEIVED_DATA: Register = unsafe { Register::at(0x4020_0000) };
const DATA: Register = unsafe { Register::at(0x4020_0020) };
const RECEIVED_STATUS: Register = unsafe { Register::at(0x4020_0040) };
const TRANSMIT_CONTROL: Register = unsafe { Register::at(0x4020_0070) };
const HARDWARE: Register = unsafe { Register::at(0x4020_0074) };
const RECEIVED: Register = unsafe { Register::at(0x4020_007c) };
const ROOM: Register = unsafe { Register::at(0x4020_0080) };
const MAC_COMMAND: Register = unsafe { Register::at(0x4020_00a4) };
const MAC_DATA: Register = unsafe { Register::at(0x4020_00a8) };

/// Registers behind the two above.
const MAC_CONTROL: u32 = 1;
const ADDRESS_HIGH: u32 = 2;
const ADDRESS_LOW: u32 = 3;

/// Enables it.
pub(crate) fn start([a, b, c, d, e, f]: [u8; 6]) {
    // Memory for five kilobytes of frames to be sent, as after a reset, and the bit that must be one.
    HARDWARE.write(0x0015_0000);
    write_mac(ADDRESS_LOW, u32::from_le_bytes([a, b, c, d]));
    write_mac(ADDRESS_HIGH, u32::from_le_bytes([e, f, 0, 0]));
    // The transmitter is on, and its status, which is not read, may overrun.
    TRANSMIT_CONTROL.write(0x6);
    // Both directions, full duplex.
    write_mac(MAC_CONTROL, 0x0010_000c);
}

fn write_mac(register: u32, value: u32) {
    const BUSY: u32 = 1 << 31;
    while MAC_COMMAND.read() & BUSY != 0 {}
    MAC_DATA.write(value);
    MAC_COMMAND.write(BUSY | register);
}

/// Reads a frame, and returns its length.
pub(crate) fn receive(frame: &mut Frame) -> Option<usize> {
    if RECEIVED.read() & 0x00ff_0000 == 0 {
        return None;
    }
    // The length includes four bytes of checksum; the frame is read in whole words.
    let len = (RECEIVED_STATUS.read() >> 16 & 0x3fff) as usize;
    for position in (0..len).step_by(4) {
        let bytes = RECEIVED_DATA.read().to_le_bytes();
        if let Some(place) = frame.get_mut(position..position + 4) {
            place.copy_from_slice(&bytes);
        }
    }
    Some(len.saturating_sub(4))
}

/// Whether a frame can be sent.
pub(crate) fn is_free() -> bool {
    // One of the largest, with its two command words and some room to be aligned.
    ROOM.read() & 0xffff >= 1600
}

/// Sends a frame.
pub(crate) fn send(frame: &[u8]) {
    const FIRST_AND_LAST: u32 = 0x3000;
    DATA.write(FIRST_AND_LAST | frame.len() as u32);
    DATA.write(frame.len() as u32);
    for bytes in frame.chunks(4) {
        DATA.write(word(bytes));
    }
}

//! Registers of peripherals.

use core::ptr;

/// A register of 32 bits.
#[derive(Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    /// The register at `address`.
    ///
    /// # Safety
    /// The microcontroller has a register there, and touching it changes no memory.
    pub(crate) const unsafe fn at(address: usize) -> Self {
        Self(address)
    }

    #[cfg(feature = "nic")]
    pub(crate) fn read(self) -> u32 {
        // SAFETY: whoever made it knows of the register.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance(self.0)) }
    }

    pub(crate) fn write(self, value: u32) {
        // SAFETY: whoever made it knows of the register.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(self.0), value) }
    }
}

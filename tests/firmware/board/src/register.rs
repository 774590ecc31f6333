//! Peripheral registers.

use core::ptr;

/// A register of 32 bits.
#[derive(Clone, Copy)]
pub(crate) struct Register(usize);

impl Register {
    /// The register at `address`.
    ///
    /// # Safety
    /// The microcontroller must have a register at this address, and accessing it must not change memory.
    pub(crate) const unsafe fn at(address: usize) -> Self {
        Self(address)
    }

    #[cfg(any(feature = "nic", feature = "mps2"))]
    pub(crate) fn read(self) -> u32 {
        // SAFETY: `at` requires that the register exists.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance(self.0)) }
    }

    pub(crate) fn write(self, value: u32) {
        // SAFETY: `at` requires that the register exists.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(self.0), value) }
    }
}

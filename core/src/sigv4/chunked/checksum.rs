//! Checksums of an upload, sent after it (*Checking object integrity*, S3 user guide).

use core::fmt;

use crate::sigv4::Hasher;
use crate::wire::{Put, base64};

/// A checksum of the data in the trailer of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Checksum {
    /// SHA-256.
    Sha256,
    /// CRC-32 of Ethernet and ZIP.
    #[cfg(feature = "checksums")]
    Crc32,
    /// CRC-32C (Castagnoli).
    #[cfg(feature = "checksums")]
    Crc32c,
    /// CRC-64/NVME, what S3 itself computes for objects without one.
    #[cfg(feature = "checksums")]
    Crc64Nvme,
    /// SHA-1.
    #[cfg(feature = "checksums")]
    Sha1,
}

impl Checksum {
    /// All that this build computes.
    pub const ALL: &'static [Self] = &[
        Self::Sha256,
        #[cfg(feature = "checksums")]
        Self::Crc32,
        #[cfg(feature = "checksums")]
        Self::Crc32c,
        #[cfg(feature = "checksums")]
        Self::Crc64Nvme,
        #[cfg(feature = "checksums")]
        Self::Sha1,
    ];

    /// The name of the trailer's line, in lower case: `x-amz-checksum-crc32`.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Sha256 => "x-amz-checksum-sha256",
            #[cfg(feature = "checksums")]
            Self::Crc32 => "x-amz-checksum-crc32",
            #[cfg(feature = "checksums")]
            Self::Crc32c => "x-amz-checksum-crc32c",
            #[cfg(feature = "checksums")]
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            #[cfg(feature = "checksums")]
            Self::Sha1 => "x-amz-checksum-sha1",
        }
    }

    /// The checksum whose line has this name, in any case.
    pub fn named(header: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.header().eq_ignore_ascii_case(header))
    }

    /// The length of the value, which is in base64, in bytes.
    pub const fn value_len(self) -> usize {
        match self {
            Self::Sha256 => 44,
            #[cfg(feature = "checksums")]
            Self::Crc32 | Self::Crc32c => 8,
            #[cfg(feature = "checksums")]
            Self::Crc64Nvme => 12,
            #[cfg(feature = "checksums")]
            Self::Sha1 => 28,
        }
    }

    /// Starts with no data.
    pub fn start(self) -> RunningChecksum {
        RunningChecksum(match self {
            Self::Sha256 => State::Sha256(Hasher::new()),
            #[cfg(feature = "checksums")]
            Self::Crc32 => State::Crc32(crc::CRC_32.digest()),
            #[cfg(feature = "checksums")]
            Self::Crc32c => State::Crc32(crc::CRC_32C.digest()),
            #[cfg(feature = "checksums")]
            Self::Crc64Nvme => State::Crc64(crc::CRC_64.digest()),
            #[cfg(feature = "checksums")]
            Self::Sha1 => State::Sha1(sha1::Digest::new()),
        })
    }
}

/// A checksum of the data that is written to it.
///
/// ```
/// use rolecall_core::sigv4::chunked::Checksum;
/// use rolecall_core::wire::{Cursor, Put};
/// let mut checksum = Checksum::Sha256.start();
/// checksum.put(b"");
/// let mut buffer = [0; 44];
/// let mut out = Cursor::new(&mut buffer);
/// checksum.put_value(&mut out);
/// assert!(out.finish()?.starts_with(b"47DEQpj8"));
/// # Ok::<(), rolecall_core::wire::BufferTooSmall>(())
/// ```
pub struct RunningChecksum(State);

enum State {
    Sha256(Hasher),
    #[cfg(feature = "checksums")]
    Crc32(::crc::Digest<'static, u32, crc::Table>),
    #[cfg(feature = "checksums")]
    Crc64(::crc::Digest<'static, u64, crc::Table>),
    #[cfg(feature = "checksums")]
    Sha1(sha1::Sha1),
}

#[cfg(feature = "checksums")]
mod crc {
    use ::crc::Crc;

    /// Sixteen bytes at once, or none of a device's flash.
    #[cfg(not(target_os = "none"))]
    pub(super) type Table = ::crc::Table<16>;
    #[cfg(target_os = "none")]
    pub(super) type Table = ::crc::NoTable;

    pub(super) static CRC_32: Crc<u32, Table> = Crc::<u32, Table>::new(&::crc::CRC_32_ISO_HDLC);
    pub(super) static CRC_32C: Crc<u32, Table> = Crc::<u32, Table>::new(&::crc::CRC_32_ISCSI);
    pub(super) static CRC_64: Crc<u64, Table> = Crc::<u64, Table>::new(&::crc::CRC_64_NVME);
}

impl RunningChecksum {
    /// Writes the value as the trailer has it.
    pub fn put_value(self, out: &mut (impl Put + ?Sized)) {
        match self.0 {
            State::Sha256(hasher) => base64::encode(&hasher.finish(), out),
            #[cfg(feature = "checksums")]
            State::Crc32(digest) => base64::encode(&digest.finalize().to_be_bytes(), out),
            #[cfg(feature = "checksums")]
            State::Crc64(digest) => base64::encode(&digest.finalize().to_be_bytes(), out),
            #[cfg(feature = "checksums")]
            State::Sha1(hasher) => base64::encode(&sha1::Digest::finalize(hasher), out),
        }
    }
}

impl Put for RunningChecksum {
    fn put(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(hasher) => hasher.put(bytes),
            #[cfg(feature = "checksums")]
            State::Crc32(digest) => digest.update(bytes),
            #[cfg(feature = "checksums")]
            State::Crc64(digest) => digest.update(bytes),
            #[cfg(feature = "checksums")]
            State::Sha1(hasher) => sha1::Digest::update(hasher, bytes),
        }
    }
}

impl fmt::Debug for RunningChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunningChecksum")
    }
}

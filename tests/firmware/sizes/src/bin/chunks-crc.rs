//! A request and its body signed in chunks, with a checksum in the trailer.

#![no_std]
#![no_main]

use rolecall_core::sigv4::chunked::{Checksum, Chunks};

sizes::chunks_image!(Chunks::signed_with(Checksum::Crc32c));

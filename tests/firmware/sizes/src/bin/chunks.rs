//! A request and its body signed in chunks.

#![no_std]
#![no_main]

sizes::chunks_image!(rolecall_core::sigv4::chunked::Chunks::SIGNED);

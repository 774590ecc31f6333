//! What the firmwares have in common.

#![no_std]
#![forbid(unsafe_code)]

mod device;
mod download;
pub mod network;

pub use device::Device;
pub use download::download;

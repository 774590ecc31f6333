//! Copies the memory map of the machine to where the linker script of cortex-m-rt expects it.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let is_mps2 = env::var_os("CARGO_FEATURE_MPS2").is_some();
    let map = if is_mps2 { "memory/mps2-an385.x" } else { "memory/lm3s6965evb.x" };
    fs::copy(map, out.join("memory.x")).expect("the output directory is writable");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rerun-if-changed=memory");
}

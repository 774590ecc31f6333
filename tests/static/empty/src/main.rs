//! An empty program: its system calls are those that every Rust program makes.

fn main() {}

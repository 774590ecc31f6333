//! Finds whose panics are in a linked image.
//!
//! ```text
//! panics IMAGE FOLDER...
//! ```
//!
//! An image that depends on crates with panic paths cannot be refused by its linker for one of ours. So the image is linked
//! with its relocations (`--emit-relocs`) and line tables: each reference to a function of the panic machinery is then
//! attributed to the innermost function around it, inlined ones included, that is of no standard library. A function of
//! the standard library that panics for its caller is followed to all its callers.
//!
//! It prints how many places each crate has, and fails if one is in a package in one of these folders of the project.

mod attribution;
mod image;
mod place;

use std::collections::BTreeMap;
use std::process::ExitCode;

use attribution::Attribution;
use image::Image;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("panics: an image is expected, and folders of packages without a panic path");
        return ExitCode::from(2);
    };
    let folders: Vec<String> = arguments.collect();
    match examine(&path, &folders) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("panics: {path}: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints what an image has; whether nothing is in the folders.
fn examine(path: &str, folders: &[String]) -> Result<bool, Box<dyn std::error::Error>> {
    let data = std::fs::read(path)?;
    let attribution = Attribution::of(&Image::parse(&data)?)?;

    let mut counts = BTreeMap::<_, usize>::new();
    for place in &attribution.places {
        *counts.entry(place.crate_name()).or_default() += 1;
    }
    for (name, count) in &counts {
        println!("{name:<24} {count:>4}");
    }
    let total = attribution.places.len();
    println!("{total} places that could panic, {} where memory can run out", attribution.allocations);

    let ours: Vec<_> =
        attribution.places.iter().filter(|place| folders.contains(&place.crate_name())).collect();
    for place in &ours {
        println!("could panic: {place}");
    }
    Ok(ours.is_empty())
}

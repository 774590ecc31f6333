//! Follows what panics from the panic machinery to the code that could cause it.

use std::collections::BTreeSet;
use std::error::Error;

use crate::image::Image;
use crate::place::{Frame, Place, other_crate};

/// The panic machinery itself.
const PANICS: &[&str] = &["core::panicking::"];
/// What runs where memory has run out, and panics then. Its callers cannot do without memory.
const OUT_OF_MEMORY: &[&str] = &[
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::handle_error",
    "alloc::raw_vec::capacity_overflow",
];
/// What runs where a future is polled after its end: code of the compiler's, and the executor's fault.
const POLLED_AFTER_END: &[&str] = &["core::panicking::panic_const::panic_const_async_fn_resumed"];

/// Where a linked image could panic.
pub(crate) struct Attribution {
    /// Places that could panic for another reason than that memory has run out.
    pub(crate) places: Vec<Place>,
    /// The number of places, of all crates, that could panic because memory has run out.
    pub(crate) allocations: usize,
}

impl Attribution {
    /// # Errors
    /// An image without symbols, or with line tables that cannot be read.
    pub(crate) fn of(image: &Image<'_>) -> Result<Self, Box<dyn Error>> {
        let (panics, out_of_memory) = (named(image, PANICS), named(image, OUT_OF_MEMORY));
        if panics.is_empty() {
            return Err(format!("no function begins with {PANICS:?}: has it symbols?").into());
        }
        let apart = &out_of_memory | &named(image, POLLED_AFTER_END);
        let places = find(image, &panics - &apart, &apart)?;
        let allocations = find(image, out_of_memory, &BTreeSet::new())?.len();
        Ok(Self { places, allocations })
    }
}

/// The addresses of functions whose names begin with one of these.
fn named(image: &Image<'_>, starts: &[&str]) -> BTreeSet<u64> {
    let is_one = |name: &str| starts.iter().any(|start| name.starts_with(start));
    image.functions().filter(|(_, name)| is_one(name)).map(|(address, _)| address).collect()
}

/// The places of code of no standard library that refer to `panicking` functions, or to functions of the standard library
/// that refer to them. Functions `apart` are not followed.
fn find(
    image: &Image<'_>,
    mut panicking: BTreeSet<u64>,
    apart: &BTreeSet<u64>,
) -> Result<Vec<Place>, Box<dyn Error>> {
    let name = |address: u64| image.function_at(address).map_or("?", |(_, name)| name);
    let mut places = Vec::new();
    // Each with the functions by which it comes to a panic.
    let mut queue: Vec<(u64, String)> =
        panicking.iter().map(|address| (*address, name(*address).to_owned())).collect();
    while let Some((target, by)) = queue.pop() {
        for from in image.references_to(target) {
            let Some((function, name)) = image.function_at(*from) else { continue };
            if apart.contains(&function) {
                continue;
            }
            let mut frames = image.frames(*from)?;
            if frames.is_empty() {
                frames.push(Frame { function: name.to_owned(), file: None, line: None });
            }
            match frames.into_iter().find(|frame| !frame.is_of_standard_library()) {
                Some(frame) => places.push(Place { frame, by: by.clone() }),
                // To drop a type of another crate is a matter of that crate.
                None if is_drop_of_another(name) => {
                    let frame = Frame { function: name.to_owned(), file: None, line: None };
                    places.push(Place { frame, by: by.clone() });
                }
                // Its callers could panic by it.
                None if panicking.insert(function) => queue.push((function, format!("{name}, {by}"))),
                None => {}
            }
        }
    }
    Ok(places)
}

/// Whether a function drops a value of a type that is not of the project.
fn is_drop_of_another(function: &str) -> bool {
    let is_drop = ["drop_in_place::<", "drop_slow", "::drop"].iter().any(|part| function.contains(part));
    is_drop && other_crate(function).is_some_and(|name| !name.starts_with("rolecall"))
}

//! Panic paths of each kind, which `tests/panics` has to find in this file.

use core::cell::RefCell;
use core::hint::black_box;

/// Calls them all: one could panic in each line of this function, and no other line.
pub(crate) fn all() {
    black_box([1, 2, 3][black_box(3)]);
    black_box(black_box(Some(1)).map(|one| black_box(Some(one)).unwrap()));
    black_box(1 / black_box(0));
    black_box(&black_box("text")[black_box(1)..]);
    black_box(&black_box([1, 2])[black_box(3)..]);
    black_box(black_box("12").parse::<u32>().expect("a number"));
    black_box([1, 2]).copy_from_slice(black_box(&[3]));
    black_box(RefCell::new(1)).replace(2);
    black_box(u32::from_str_radix("1", black_box(99)).ok());
    black_box(black_box([3, 1, 2]).as_slice().chunks(black_box(0)).count());
    black_box(black_box([1, 2]).split_at(black_box(3)));
    panic!("{}", black_box(1));
}

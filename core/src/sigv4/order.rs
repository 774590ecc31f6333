//! Sorting without memory and without a panic path.

use core::cmp::Ordering;

use crate::wire::device::ON_DEVICE;

/// Moves the last element of an otherwise sorted list to its place, after those equal to it: one step of an
/// insertion sort, with few comparisons, as they read texts: one in a list that is sorted already. The standard
/// library's sorts keep a panic path.
pub(super) fn sink_last<T: Copy>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let Some((last, sorted)) = list.split_last() else { return };
    let (mut place, mut end) = (0usize, sorted.len());
    let mut middle = end.wrapping_sub(1);
    while place < end {
        match sorted.get(middle) {
            Some(before) if compare(before, last) != Ordering::Greater => place = middle.wrapping_add(1),
            _ => end = middle,
        }
        middle = place.wrapping_add(end) / 2;
    }
    if ON_DEVICE {
        let mut len = list.len();
        while let Some([.., before, last]) = list.get_mut(place..len) {
            core::mem::swap(before, last);
            len = len.wrapping_sub(1);
        }
        return;
    }
    // Each is carried to the next place: none is read just after it was written, as in a swap, which waits for memory.
    let mut carried = *last;
    for element in list.get_mut(place..).unwrap_or_default() {
        core::mem::swap(element, &mut carried);
    }
}

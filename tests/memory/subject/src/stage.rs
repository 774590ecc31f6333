//! Synchronizes a case with the scanning thread, and records the memory that the case itself holds.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::input::Lent;
use crate::scan::{Found, Scanner, range_of};

/// State shared by the thread of a case and the scanning thread.
#[derive(Default)]
pub(crate) struct Stage {
    requested: AtomicUsize,
    done: AtomicUsize,
    /// An address in the caller's frame.
    caller: AtomicUsize,
    excluded: Mutex<Vec<Range<usize>>>,
}

impl Stage {
    /// Excludes memory that the caller currently holds.
    pub(crate) fn exclude(&self, bytes: &[u8]) {
        self.excluded.lock().expect("not poisoned").push(range_of(bytes));
    }

    pub(crate) fn exclude_lent(&self, lent: &[&Lent]) {
        lent.iter().for_each(|lent| self.exclude(lent.bytes()));
    }

    /// Excludes a value of the library that the caller currently holds.
    pub(crate) fn exclude_value<T>(&self, value: &T) {
        let start = std::ptr::from_ref(value) as usize;
        self.excluded.lock().expect("not poisoned").push(start..start + size_of::<T>());
    }

    /// Ends all exclusions.
    pub(crate) fn include_all(&self) {
        self.excluded.lock().expect("not poisoned").clear();
    }

    /// Waits for a scan. The thread makes no calls and does not sleep meanwhile, so that the remains on its
    /// stack, directly below the frame that this function is inlined into, stay as they are.
    #[inline(always)]
    pub(crate) fn scan(&self) {
        let here = 0u8;
        self.caller.store(std::ptr::from_ref(&here) as usize, Ordering::Relaxed);
        let requested = self.requested.fetch_add(1, Ordering::Release) + 1;
        while self.done.load(Ordering::Acquire) < requested {
            std::hint::spin_loop();
        }
    }

    /// Scans if requested, and prints the findings.
    pub(crate) fn serve(&self, scanner: &mut Scanner) {
        let requested = self.requested.load(Ordering::Acquire);
        if requested == self.done.load(Ordering::Relaxed) {
            return;
        }
        let excluded = self.excluded.lock().expect("not poisoned").clone();
        let caller = self.caller.load(Ordering::Relaxed);
        for Found { name, offset, len, address, mapping, after_head } in scanner.scan(&excluded) {
            let place = match caller.checked_sub(address) {
                Some(below) if below < 1 << 20 => format!("the stack, {below} bytes below the caller"),
                _ if address.abs_diff(caller) < 1 << 16 => "the stack, above the call".to_owned(),
                _ if !matches!(mapping.as_str(), "[heap]" | "memory") => mapping,
                _ if after_head => "the heap, after an HTTP head".to_owned(),
                _ => "the heap".to_owned(),
            };
            println!("found\t{requested}\t{name}\t{offset}+{len}\t{place}");
        }
        self.done.store(requested, Ordering::Release);
    }
}

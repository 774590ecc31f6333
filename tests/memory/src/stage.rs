//! Where a case is when memory is looked at, and what it holds itself.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::given::Lent;
use crate::scan::{Found, Scanner, range_of};

/// Between the thread of a case and the one that looks.
#[derive(Default)]
pub(crate) struct Stage {
    asked: AtomicUsize,
    looked: AtomicUsize,
    /// An address in the frame that calls.
    caller: AtomicUsize,
    spared: Mutex<Vec<Range<usize>>>,
}

impl Stage {
    /// What the caller holds for now: it is not looked at.
    pub(crate) fn spare(&self, bytes: &[u8]) {
        self.spared.lock().expect("not poisoned").push(range_of(bytes));
    }

    pub(crate) fn spare_lent(&self, lent: &[&Lent]) {
        lent.iter().for_each(|lent| self.spare(lent.bytes()));
    }

    /// A value of the library's that is kept for now.
    pub(crate) fn spare_value<T>(&self, value: &T) {
        let start = std::ptr::from_ref(value) as usize;
        self.spared.lock().expect("not poisoned").push(start..start + size_of::<T>());
    }

    /// Nothing is held any more.
    pub(crate) fn spare_nothing(&self) {
        self.spared.lock().expect("not poisoned").clear();
    }

    /// Has memory looked at. The thread neither calls nor sleeps until that is done: what was left on its
    /// stack, right below the frame that this is a part of, is there as it was.
    #[inline(always)]
    pub(crate) fn look(&self) {
        let here = 0u8;
        self.caller.store(std::ptr::from_ref(&here) as usize, Ordering::Relaxed);
        let asked = self.asked.fetch_add(1, Ordering::Release) + 1;
        while self.looked.load(Ordering::Acquire) < asked {
            std::hint::spin_loop();
        }
    }

    /// Looks, if that is due, and prints what was found.
    pub(crate) fn serve(&self, scanner: &mut Scanner) {
        let asked = self.asked.load(Ordering::Acquire);
        if asked == self.looked.load(Ordering::Relaxed) {
            return;
        }
        let spared = self.spared.lock().expect("not poisoned").clone();
        let caller = self.caller.load(Ordering::Relaxed);
        for Found { name, offset, len, address, mapping, behind_head } in scanner.scan(&spared) {
            let place = match caller.checked_sub(address) {
                Some(below) if below < 1 << 20 => format!("the stack, {below} bytes below the caller"),
                _ if address.abs_diff(caller) < 1 << 16 => "the stack, above the call".to_owned(),
                _ if !matches!(mapping.as_str(), "[heap]" | "memory") => mapping,
                _ if behind_head => "the heap, behind a head".to_owned(),
                _ => "the heap".to_owned(),
            };
            println!("found\t{asked}\t{name}\t{offset}+{len}\t{place}");
        }
        self.looked.store(asked, Ordering::Release);
    }
}

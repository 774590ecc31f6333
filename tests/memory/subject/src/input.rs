//! Input from the tests on standard input: lines of a kind, a name and a value.
//!
//! `set` is a public value; `lend` is a secret that the case is called with, and `search` bytes to search
//! for. The latter two are masked and in hexadecimal.

use std::collections::HashMap;
use std::io::BufRead;

use zeroize::Zeroizing;

use crate::scan::Patterns;

/// The mask for secrets, so that no unmasked byte of them is transferred.
pub(crate) const MASK: u8 = 0xa5;

/// The parameters of a case.
#[derive(Default)]
pub(crate) struct Input {
    public: HashMap<String, String>,
    masked: HashMap<String, Vec<u8>>,
}

impl Input {
    /// Reads all of standard input.
    pub(crate) fn read() -> (Self, Patterns) {
        let (mut input, mut patterns) = (Self::default(), Patterns::default());
        for line in std::io::stdin().lock().lines() {
            let line = line.expect("text");
            let (kind, rest) = line.split_once('\t').expect("a kind");
            let (name, value) = rest.split_once('\t').expect("a name");
            match kind {
                "set" => drop(input.public.insert(name.to_owned(), value.to_owned())),
                "lend" => drop(input.masked.insert(name.to_owned(), from_hex(value))),
                "search" => patterns.add(name, &from_hex(value)),
                _ => panic!("{kind}"),
            }
        }
        (input, patterns)
    }

    /// A public value.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.public.get(name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// Unmasks a secret into memory of the caller, who wipes it when dropping it.
    pub(crate) fn lend(&self, name: &str) -> Lent {
        let masked = self.masked.get(name).unwrap_or_else(|| panic!("no {name}"));
        let mut plain = Zeroizing::new(vec![0; masked.len()]);
        plain.iter_mut().zip(masked).for_each(|(to, from)| *to = from ^ MASK);
        Lent(plain)
    }
}

/// A secret in memory of the caller.
pub(crate) struct Lent(Zeroizing<Vec<u8>>);

impl Lent {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("text")
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("two digits")
    };
    text.as_bytes().chunks(2).map(byte).collect()
}

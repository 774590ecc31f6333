//! What the tests tell on standard input: lines of a kind, a name and a value.
//!
//! `set` is public; `lend` is a secret that the case is called with, and `seek` bytes to look for, both
//! masked and in hexadecimal.

use std::collections::HashMap;
use std::io::BufRead;

use zeroize::Zeroizing;

use crate::scan::Sought;

/// No byte of a secret is told as it is.
pub(crate) const MASK: u8 = 0xa5;

/// What a case is called with.
#[derive(Default)]
pub(crate) struct Given {
    public: HashMap<String, String>,
    masked: HashMap<String, Vec<u8>>,
}

impl Given {
    /// All of standard input.
    pub(crate) fn read() -> (Self, Sought) {
        let (mut given, mut sought) = (Self::default(), Sought::default());
        for line in std::io::stdin().lock().lines() {
            let line = line.expect("text");
            let (kind, rest) = line.split_once('\t').expect("a kind");
            let (name, value) = rest.split_once('\t').expect("a name");
            match kind {
                "set" => drop(given.public.insert(name.to_owned(), value.to_owned())),
                "lend" => drop(given.masked.insert(name.to_owned(), from_hex(value))),
                "seek" => sought.add(name, &from_hex(value)),
                _ => panic!("{kind}"),
            }
        }
        (given, sought)
    }

    /// A public text.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.public.get(name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// A secret in memory of the caller's, which wipes it when it is done with it.
    pub(crate) fn lend(&self, name: &str) -> Lent {
        let masked = self.masked.get(name).unwrap_or_else(|| panic!("no {name}"));
        let mut plain = Zeroizing::new(vec![0; masked.len()]);
        plain.iter_mut().zip(masked).for_each(|(to, from)| *to = from ^ MASK);
        Lent(plain)
    }
}

/// A secret that is lent.
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

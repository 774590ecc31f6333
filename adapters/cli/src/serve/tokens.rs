//! Tokens: random texts of 128 bits, compared in constant time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use ctutils::CtEq;
use zeroize::Zeroizing;

/// How many session tokens are known at a time. SDKs ask for one an hour; who asks for more ends the oldest ones, whose
/// owners ask again.
const MOST: usize = 1_024;

/// The random bytes of a token.
const BYTES: usize = 16;

/// Whether two texts are the same, in a time that depends on their lengths alone.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).to_bool()
}

/// 128 random bits in hexadecimal digits.
pub(crate) fn random_text() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::getrandom(bytes.as_mut_slice())?;
    // As long as it gets: growing would leave copies.
    let mut text = Zeroizing::new(String::with_capacity(2 * BYTES));
    for byte in bytes.iter() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or_default());
        }
    }
    Ok(text)
}

/// The session tokens of instance metadata, oldest first.
#[derive(Default)]
pub(crate) struct Tokens(VecDeque<(Zeroizing<String>, Instant)>);

impl Tokens {
    /// Makes a token that is good for `life`.
    pub(crate) fn issue(
        &mut self,
        life: Duration,
        now: Instant,
    ) -> Result<Zeroizing<Vec<u8>>, getrandom::Error> {
        let token = random_text()?;
        let text = Zeroizing::new(token.as_bytes().to_vec());
        self.0.retain(|(_, end)| *end > now);
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((token, now + life));
        Ok(text)
    }

    /// Whether a token is good now. Every one is compared, so that the time says nothing.
    pub(crate) fn has(&self, token: &[u8], now: Instant) -> bool {
        let good = |(known, end): &(Zeroizing<String>, Instant)| same(known.as_bytes(), token) & (*end > now);
        self.0.iter().fold(false, |found, entry| found | good(entry))
    }
}

//! A small deterministic generator of test inputs.

/// A pseudo-random generator (xorshift64) with the same output in every run.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }

    pub(crate) fn one_of<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.below(choices.len())]
    }

    /// `text` with one to three bytes changed, removed or doubled.
    pub(crate) fn damage(&mut self, text: &[u8], alphabet: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        for _ in 0..1 + self.below(3) {
            if text.is_empty() {
                break;
            }
            let at = self.below(text.len());
            match self.below(4) {
                0 => text[at] = *self.one_of(alphabet),
                1 => text.insert(at, *self.one_of(alphabet)),
                2 => text.insert(at, text[at]),
                _ => drop(text.remove(at)),
            }
        }
        text
    }
}

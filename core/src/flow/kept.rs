//! Texts of a reply in caller-provided memory, by their paths in it.

use crate::error::ErrorKind;
use crate::wire::device::utf8;

/// The texts of a reply that an operation keeps, by their paths: [`Action::KEPT`](crate::call::Action::KEPT).
#[derive(Clone, Copy)]
pub struct Kept<'r> {
    names: &'static [&'static str],
    /// Each text as the number of its path, that of its list element (two bytes), the text, and a byte that
    /// no text has.
    texts: &'r [u8],
}

pub(crate) const END: u8 = 0xff;

struct Entry<'r> {
    name: &'static str,
    item: [u8; 2],
    text: &'r str,
    /// Its length with its numbers and the byte at its end.
    len: usize,
}

impl<'r> Kept<'r> {
    pub(crate) fn new(names: &'static [&'static str], texts: &'r [u8]) -> Self {
        Self { names, texts }
    }

    fn first(&self) -> Option<Entry<'r>> {
        let [number, high, low, rest @ ..] = self.texts else { return None };
        let end = rest.iter().position(|byte| *byte == END)?;
        let text = utf8(rest.get(..end)?).ok()?;
        let name = self.names.get(usize::from(*number))?;
        Some(Entry { name, item: [*high, *low], text, len: end.saturating_add(4) })
    }

    fn after(&self, len: usize) -> Self {
        Self { texts: self.texts.get(len..).unwrap_or_default(), ..*self }
    }

    /// The first text at the path `name`.
    pub fn get(&self, name: &str) -> Option<&'r str> {
        let mut rest = *self;
        while let Some(first) = rest.first() {
            if first.name == name {
                return Some(first.text);
            }
            rest = rest.after(first.len);
        }
        None
    }

    /// The first text at the path `name`, which has to be present and not empty.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`].
    pub fn need(&self, name: &'static str) -> Result<&'r str, ErrorKind> {
        self.get(name).filter(|text| !text.is_empty()).ok_or(ErrorKind::Missing(name))
    }

    /// Converts each element of a list, or each entry of a map, by `make`; elements for which it returns
    /// `None` are left out.
    pub fn each<T>(&self, make: fn(Kept<'r>) -> Option<T>) -> Each<'r, T> {
        self.items().filter_map(make)
    }

    /// The texts of each element of a list, or of each entry of a map. A nested list whose texts are kept too
    /// splits the elements of the outer one: keep the texts of one of them.
    pub fn items(&self) -> Items<'r> {
        Items { rest: *self }
    }

    /// The value of `key`, in a list of pairs or in a map, such as tags.
    pub fn value_of(&self, [keys, values]: [&str; 2], key: &str) -> Option<&'r str> {
        self.items().find(|item| item.get(keys) == Some(key))?.get(values)
    }
}

impl core::fmt::Debug for Kept<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Some of them may be secret.
        write!(f, "Kept({} bytes)", self.texts.len())
    }
}

/// The elements of a list, in order.
#[derive(Debug, Clone)]
pub struct Items<'r> {
    rest: Kept<'r>,
}

impl<'r> Iterator for Items<'r> {
    type Item = Kept<'r>;

    fn next(&mut self) -> Option<Kept<'r>> {
        let start = self.rest;
        let item = start.first()?.item;
        let mut len = 0usize;
        while let Some(next) = self.rest.first().filter(|next| next.item == item) {
            len = len.saturating_add(next.len);
            self.rest = self.rest.after(next.len);
        }
        Some(Kept { texts: start.texts.get(..len).unwrap_or_default(), ..start })
    }
}

/// The converted elements of a list, in order.
pub type Each<'r, T> = core::iter::FilterMap<Items<'r>, fn(Kept<'r>) -> Option<T>>;

//! The members of a request, whatever the protocol.

/// A writer for the members of a structure, whatever the protocol.
pub trait Members {
    /// Writes a text.
    fn text(&mut self, name: &str, value: &str);
    /// Writes a whole number.
    fn number(&mut self, name: &str, value: u32);
    /// Writes a boolean.
    fn truth(&mut self, name: &str, value: bool);
    /// Writes a list of texts. An empty one is left out.
    fn texts(&mut self, name: &str, values: &[&str]);
    /// Writes a structure, or a map.
    fn structure(&mut self, name: &str, members: &mut dyn FnMut(&mut dyn Members));
    /// Writes a list of `count` structures; `members` is called with the index of each. An empty list is left
    /// out.
    fn structures(&mut self, name: &str, count: usize, members: &mut dyn FnMut(usize, &mut dyn Members));
}

impl dyn Members + '_ {
    /// Writes a text if there is one.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Writes a list of pairs as structures of two members: tags, mostly.
    pub fn pairs(&mut self, list: &str, [first, second]: [&str; 2], pairs: &[(&str, &str)]) {
        self.structures(list, pairs.len(), &mut |index, to| {
            if let Some((key, value)) = pairs.get(index) {
                to.text(first, key);
                to.text(second, value);
            }
        });
    }

    /// Writes a map of texts. An empty one is left out.
    pub fn map(&mut self, name: &str, pairs: &[(&str, &str)]) {
        if !pairs.is_empty() {
            self.structure(name, &mut |to| pairs.iter().for_each(|(key, value)| to.text(key, value)));
        }
    }
}

//! The members of a request, whatever the protocol.

/// The members of a structure being written, whatever the protocol.
pub trait Members {
    /// A text.
    fn text(&mut self, name: &str, value: &str);
    /// A whole number.
    fn number(&mut self, name: &str, value: u32);
    /// True or false.
    fn truth(&mut self, name: &str, value: bool);
    /// A list of texts. An empty one is not put.
    fn texts(&mut self, name: &str, values: &[&str]);
    /// A structure, or a map.
    fn structure(&mut self, name: &str, members: &mut dyn FnMut(&mut dyn Members));
    /// A list of so many structures, each told its index. An empty one is not put.
    fn structures(&mut self, name: &str, count: usize, members: &mut dyn FnMut(usize, &mut dyn Members));
}

impl dyn Members + '_ {
    /// A text that is there.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A list of pairs, as structures of two members: tags, mostly.
    pub fn pairs(&mut self, list: &str, [first, second]: [&str; 2], pairs: &[(&str, &str)]) {
        self.structures(list, pairs.len(), &mut |index, to| {
            if let Some((key, value)) = pairs.get(index) {
                to.text(first, key);
                to.text(second, value);
            }
        });
    }

    /// A map of texts. An empty one is not put.
    pub fn map(&mut self, name: &str, pairs: &[(&str, &str)]) {
        if !pairs.is_empty() {
            self.structure(name, &mut |to| pairs.iter().for_each(|(key, value)| to.text(key, value)));
        }
    }
}

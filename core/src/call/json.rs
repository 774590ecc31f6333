//! Requests of the AWS JSON protocols: a document.

use crate::wire::Put;
use crate::wire::json::Writer;

use super::members::Members;

/// Writes the document of an operation's request.
///
/// ```
/// use rolecall_core::call::put_json;
/// use rolecall_core::wire::Cursor;
/// let mut buffer = [0; 32];
/// let mut out = Cursor::new(&mut buffer);
/// put_json(&mut out, &mut |to| to.texts("Names", &["a", "b"]));
/// assert_eq!(out.finish()?, br#"{"Names":["a","b"]}"#);
/// # Ok::<(), rolecall_core::wire::BufferTooSmall>(())
/// ```
pub fn put_json(out: &mut dyn Put, members: &mut dyn FnMut(&mut dyn Members)) {
    Json { out: Writer::new(out) }.object(members);
}

/// Writes the members of a structure as JSON.
struct Json<'p> {
    out: Writer<'p, dyn Put + 'p>,
}

impl Json<'_> {
    fn object(&mut self, members: &mut dyn FnMut(&mut dyn Members)) {
        self.out.begin_object();
        members(self);
        self.out.end_object();
    }
}

impl Members for Json<'_> {
    fn text(&mut self, name: &str, value: &str) {
        self.out.key(name);
        self.out.string(value);
    }

    fn number(&mut self, name: &str, value: u32) {
        self.out.key(name);
        self.out.number(value);
    }

    fn truth(&mut self, name: &str, value: bool) {
        self.out.key(name);
        self.out.bool(value);
    }

    fn texts(&mut self, name: &str, values: &[&str]) {
        if values.is_empty() {
            return;
        }
        self.out.key(name);
        self.out.begin_array();
        values.iter().for_each(|value| self.out.string(value));
        self.out.end_array();
    }

    fn structure(&mut self, name: &str, members: &mut dyn FnMut(&mut dyn Members)) {
        self.out.key(name);
        self.object(members);
    }

    fn structures(&mut self, name: &str, count: usize, members: &mut dyn FnMut(usize, &mut dyn Members)) {
        if count == 0 {
            return;
        }
        self.out.key(name);
        self.out.begin_array();
        for index in 0..count {
            self.object(&mut |to| members(index, to));
        }
        self.out.end_array();
    }
}

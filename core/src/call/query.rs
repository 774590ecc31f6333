//! Requests of the AWS Query protocol: a form.

use crate::flow::Slot;
use crate::flow::slot::Field;
use crate::wire::percent::{self, Keep};
use crate::wire::words::split;
use crate::wire::{Put, decimal};

use super::members::Members;
use super::operation::{Protocol, Shape};

/// Writes a form body.
pub struct Form<'p> {
    out: &'p mut dyn Put,
}

impl<'p> Form<'p> {
    /// Starts the form of an operation, with `Action` and `Version`.
    pub fn new(shape: &Shape, out: &'p mut dyn Put) -> Self {
        let (Protocol::Query { version } | Protocol::Ec2 { version }) = shape.api.protocol else {
            return Self { out };
        };
        out.put(b"Action=");
        out.put(shape.action.as_bytes());
        let mut form = Self { out };
        form.text("Version", version);
        form
    }

    /// Writes a parameter, percent-encoded.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.value(value);
    }

    /// Writes a parameter that is a whole number.
    pub fn number(&mut self, name: &str, value: u32) {
        self.name(name);
        self.out.put(b"=");
        decimal(value, &mut *self.out);
    }

    /// Writes a parameter if there is one.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Writes a number if there is one.
    pub fn optional_number(&mut self, name: &str, value: Option<u32>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// Writes one member of a list, or one field of it (`.Key`): `list.member.1.Key=value`.
    pub fn member(&mut self, list: &str, number: u32, field: &str, value: &str) {
        self.name(list);
        self.out.put(b".member.");
        decimal(number, &mut *self.out);
        self.out.put(field.as_bytes());
        self.value(value);
    }

    /// Writes the token that the base provided.
    pub fn token(&mut self, name: &str, held: &Slot<'_>) {
        self.optional(name, held.text(Field::SessionToken));
    }

    fn name(&mut self, name: &str) {
        self.out.put(b"&");
        self.out.put(name.as_bytes());
    }

    /// Writes a space as `+`, as forms do. Some verifiers parse a form and sign it again, and know no other encoding.
    fn value(&mut self, value: &str) {
        let mut separator = b"=";
        for word in split(value.as_bytes(), b' ') {
            self.out.put(separator);
            percent::encode(word, Keep::Unreserved, self.out);
            separator = b"+";
        }
    }
}

impl core::fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Form")
    }
}

/// The depth of nested structures, at most.
const MAX_DEPTH: usize = 4;

/// Writes the members of a structure as a form: `Tags.member.1.Key=...`, and without `member` for EC2.
/// Structures nested in more than four others are left out.
pub(super) struct Query<'p> {
    form: Form<'p>,
    flat: bool,
    /// The prefixes of members' names: those of the structures around them, outermost first, each with its
    /// number if it is in a list.
    within: [(&'p str, Option<u32>); MAX_DEPTH],
    depth: usize,
}

impl<'p> Query<'p> {
    /// Starts the form of an operation, with `Action` and `Version`.
    pub(super) fn new(shape: &Shape, out: &'p mut dyn Put) -> Self {
        let flat = matches!(shape.api.protocol, Protocol::Ec2 { .. });
        Self { form: Form::new(shape, out), flat, within: [("", None); MAX_DEPTH], depth: 0 }
    }

    /// Writes a member's name after its prefixes.
    fn name(&mut self, name: &str, number: Option<u32>) {
        let out = &mut *self.form.out;
        let mut separator: &[u8] = b"&";
        let outer = self.within.iter().take(self.depth).copied();
        for (name, number) in outer.chain([(name, number)]) {
            out.put(separator);
            out.put(name.as_bytes());
            if let Some(number) = number {
                out.put(if self.flat { b"." } else { b".member." });
                decimal(number, &mut *out);
            }
            separator = b".";
        }
    }

    fn inner(&mut self, name: &str, number: Option<u32>, members: &mut dyn FnMut(&mut dyn Members)) {
        let mut within = self.within.map(|(name, number)| (name as &str, number));
        let Some(last) = within.get_mut(self.depth) else { return };
        *last = (name, number);
        let form = Form { out: &mut *self.form.out };
        members(&mut Query { form, flat: self.flat, within, depth: self.depth.saturating_add(1) });
    }
}

impl Members for Query<'_> {
    fn text(&mut self, name: &str, value: &str) {
        self.name(name, None);
        self.form.value(value);
    }

    fn number(&mut self, name: &str, value: u32) {
        self.name(name, None);
        self.form.out.put(b"=");
        decimal(value, &mut *self.form.out);
    }

    fn truth(&mut self, name: &str, value: bool) {
        self.text(name, if value { "true" } else { "false" });
    }

    fn texts(&mut self, name: &str, values: &[&str]) {
        for (number, value) in (1..).zip(values) {
            self.name(name, Some(number));
            self.form.value(value);
        }
    }

    fn structure(&mut self, name: &str, members: &mut dyn FnMut(&mut dyn Members)) {
        self.inner(name, None, members);
    }

    fn structures(&mut self, name: &str, count: usize, members: &mut dyn FnMut(usize, &mut dyn Members)) {
        for (number, index) in (1..).zip(0..count) {
            self.inner(name, Some(number), &mut |to| members(index, to));
        }
    }
}

//! Path and query of a request to sign, as they will be sent.

use crate::wire::Put;
use crate::wire::device::ON_DEVICE;
use crate::wire::scan::split_once;

use super::path::put_path;
use super::query::{Added, put_query, sort};
use super::{Rules, SignError};

/// Path and query.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    /// The offsets of the query's parameters in their order; empty until memory is lent to sort them in.
    sorted: &'a [u16],
}

impl<'a> Target<'a> {
    pub(super) fn new(target: &'a str) -> Result<Self, SignError> {
        if target.len() > usize::from(u16::MAX) {
            return Err(SignError::TargetTooLong);
        }
        // A space cannot be sent, but it can be signed, as published test cases do. Every byte is compared
        // without a branch, so that many are at once.
        let control = |byte: u8| byte < b' ' || byte == 0x7f;
        if !target.starts_with('/') || target.bytes().fold(false, |any, byte| any | control(byte)) {
            return Err(SignError::InvalidTarget);
        }
        let (path, query) = split_once(target, b'?').unwrap_or((target, ""));
        Ok(Self { path, query, sorted: &[] })
    }

    /// `/`, without a query.
    pub(super) const ROOT: Target<'static> = Target { path: "/", query: "", sorted: &[] };

    /// As [`Target::put`] for [`Target::ROOT`].
    pub(super) fn put_root(&self, out: &mut (impl Put + ?Sized)) -> Result<(), SignError> {
        if !self.is_root() {
            return Err(SignError::NotRoot);
        }
        out.put(b"/\n\n");
        Ok(())
    }

    fn is_root(&self) -> bool {
        self.path == "/" && self.query.is_empty()
    }

    /// Sorts the query's parameters in `table`.
    pub(super) fn sort_in(&mut self, table: &'a mut [u16]) -> Result<(), SignError> {
        self.sorted = sort(self.query.as_bytes(), table)?;
        Ok(())
    }

    /// Writes path and query as they are signed, each with its end of line.
    pub(super) fn put(
        &self,
        rules: Rules,
        added: &impl Added,
        out: &mut (impl Put + ?Sized),
    ) -> Result<(), SignError> {
        // Most calls of most services.
        if !ON_DEVICE && self.is_root() && added.parameters().is_empty() {
            return self.put_root(out);
        }
        put_path(self.path.as_bytes(), rules, out)?;
        out.put(b"\n");
        put_query(self.query, self.sorted, added, out)?;
        out.put(b"\n");
        Ok(())
    }
}

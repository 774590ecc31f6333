//! Texts of JSON documents that hold secrets.

use rolecall_core::wire::json::member;

use crate::secret::Wiped;

/// The text of a member, if there is one.
pub(crate) fn text(document: &[u8], name: &str) -> Option<Wiped<String>> {
    let text = member(document, name).ok()??.as_str()?;
    let mut buffer = Wiped::new(vec![0; document.len()]);
    text.decode(&mut buffer).ok().map(|text| Wiped::new(text.to_owned()))
}

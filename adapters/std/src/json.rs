//! Texts of JSON documents that hold secrets.

use rolecall_core::wire::json::member;
use zeroize::Zeroizing;

/// The text of a member, if there is one.
pub(crate) fn text(document: &[u8], name: &str) -> Option<Zeroizing<String>> {
    let text = member(document, name).ok()??.as_str()?;
    let mut buffer = Zeroizing::new(vec![0; document.len()]);
    text.decode(&mut buffer).ok().map(|text| Zeroizing::new(text.to_owned()))
}

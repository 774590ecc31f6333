//! The XML replies of STS.

use heapless::String;

use crate::error::ErrorKind;
use crate::flow::Slot;
use crate::flow::slot::Field;
use crate::sources::document::{Member, seal_with_end};
use crate::wire::Put;
use crate::wire::xml::{Event, Reader};

/// Reads a reply `ActionResponse/ActionResult/...` and calls `element` for each element of the result, and
/// for each one directly below those: with its parent's name (empty for the first kind) and its own, and the
/// reader at its content. Everything else is skipped.
pub(super) fn read<'a>(
    body: &'a [u8],
    root: &'static str,
    element: &mut dyn FnMut(&str, &str, &mut Reader<'a>) -> Result<(), ErrorKind>,
) -> Result<(), ErrorKind> {
    let mut reader = Reader::new(body);
    let (mut in_result, mut parent) = (false, "");
    while let Some(event) = reader.next_event().map_err(ErrorKind::Malformed)? {
        let Event::Start(name) = event else { continue };
        match reader.depth() {
            1 if name != root => return Err(ErrorKind::Missing(root)),
            2 => in_result = name.strip_suffix("Result") == root.strip_suffix("Response"),
            3 if in_result => {
                parent = name;
                element("", name, &mut reader)?;
            }
            4 if in_result => element(parent, name, &mut reader)?,
            _ => {}
        }
    }
    Ok(())
}

/// Reads the credentials of a reply into `slot`. They belong to the account in the ARN of the reply, or
/// without one to `account`, if that is known.
pub(super) fn credentials(
    body: &[u8],
    root: &'static str,
    account: &str,
    slot: &mut Slot<'_>,
) -> Result<(), ErrorKind> {
    let mut found = Account::default();
    read(body, root, &mut |parent, name, reader| {
        if matches!(parent, "AssumedRoleUser" | "FederatedUser") && name == "Arn" {
            found = Account::default();
            return reader.text(&mut found).map_err(ErrorKind::Malformed);
        }
        match Member::of_sts(name).filter(|_| parent == "Credentials") {
            Some((name, member)) => member.store_element(name, slot, reader),
            None => Ok(()),
        }
    })?;
    let account = if found.digits.is_empty() { account } else { &found.digits };
    slot.write(Field::AccountId, &mut |out| out.put(account.as_bytes()));
    seal_with_end(slot)
}

/// Extracts the account from an ARN: the fifth field, if it is digits.
#[derive(Default)]
struct Account {
    colons: u8,
    digits: String<12>,
}

impl Put for Account {
    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b':' => self.colons = self.colons.saturating_add(1),
                b'0'..=b'9' if self.colons == 4 => {
                    // Longer than any account: the rest can be dropped.
                    let _ = self.digits.push(char::from(*byte));
                }
                _ => {}
            }
        }
    }
}

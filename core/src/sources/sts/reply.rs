//! The XML that STS replies with.

use heapless::String;

use crate::error::ErrorKind;
use crate::flow::slot::Field;
use crate::flow::{Lease, Slot};
use crate::sources::document::seal;
use crate::wire::time::UnixTime;
use crate::wire::xml::{Event, Reader};
use crate::wire::{Cursor, Put};

/// Goes through a reply `ActionResponse/ActionResult/...` and hands each element of the result to
/// `element`, and each one directly below those: as its parent's name (empty for the first kind) and
/// its own, with the reader at its content. Everything else is passed over.
pub(super) fn read<'a>(
    body: &'a [u8],
    root: &'static str,
    element: &mut dyn FnMut(&str, &str, &mut Reader<'a>) -> Result<(), ErrorKind>,
) -> Result<(), ErrorKind> {
    let mut reader = Reader::new(body);
    let (mut in_result, mut parent) = (false, "");
    while let Some(event) = reader.next().map_err(ErrorKind::Malformed)? {
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

/// The texts of `Credentials`, and where they go.
const TEXTS: [(&str, Field); 3] = [
    ("AccessKeyId", Field::AccessKeyId),
    ("SecretAccessKey", Field::SecretAccessKey),
    ("SessionToken", Field::SessionToken),
];

/// Reads the credentials of a reply into `slot`. They belong to the account of the ARN that comes
/// with them, or without one to `account`, where that is known.
pub(super) fn credentials(
    body: &[u8],
    root: &'static str,
    account: &str,
    slot: &mut Slot<'_>,
    lease: &dyn Fn(Option<UnixTime>) -> Option<Lease>,
) -> Result<Lease, ErrorKind> {
    let mut expiration = None;
    let mut told = Account::default();
    read(body, root, &mut |parent, name, reader| {
        if matches!(parent, "AssumedRoleUser" | "FederatedUser") && name == "Arn" {
            told = Account::default();
            return reader.text(&mut told).map_err(ErrorKind::Malformed);
        }
        if parent != "Credentials" {
            return Ok(());
        }
        if name == "Expiration" {
            return match expiration.replace(time(reader)?) {
                Some(_) => Err(ErrorKind::Unusable("Expiration")),
                None => Ok(()),
            };
        }
        match TEXTS.iter().find(|(text, _)| name == *text) {
            Some((name, field)) => store(reader, slot, *field, name),
            None => Ok(()),
        }
    })?;
    let expiration = expiration.ok_or(ErrorKind::Missing("Expiration"))?;
    let account = if told.digits.is_empty() { account } else { &told.digits };
    slot.write(Field::AccountId, |out| out.put(account.as_bytes()));
    slot.set_expiration(Some(expiration));
    seal(slot)?;
    lease(Some(expiration)).ok_or(ErrorKind::Expired)
}

/// Keeps of an ARN the account: the fifth field, where that is digits.
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
                    // Longer than any account: what is cut off is no loss.
                    let _ = self.digits.push(char::from(*byte));
                }
                _ => {}
            }
        }
    }
}

/// Writes the text of the element that was just opened into `slot`; a second one of its kind is an
/// error.
pub(super) fn store(
    reader: &mut Reader<'_>,
    slot: &mut Slot<'_>,
    field: Field,
    name: &'static str,
) -> Result<(), ErrorKind> {
    if slot.has(field) {
        return Err(ErrorKind::Unusable(name));
    }
    let mut result = Ok(());
    slot.write(field, |out| result = reader.text(out));
    result.map_err(ErrorKind::Malformed)
}

/// The text of the element that was just opened, as a time.
pub(super) fn time(reader: &mut Reader<'_>) -> Result<UnixTime, ErrorKind> {
    let mut buffer = [0; 40];
    let mut out = Cursor::new(&mut buffer);
    reader.text(&mut out).map_err(ErrorKind::Malformed)?;
    let text = out.finish().map_err(|_| ErrorKind::Unusable("Expiration"))?;
    UnixTime::from_rfc3339(text).map_err(|_| ErrorKind::Unusable("Expiration"))
}

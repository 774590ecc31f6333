//! The JSON documents of credentials: of metadata services, container endpoints, commands, and the portal of
//! IAM Identity Center.

use crate::error::ErrorKind;
use crate::flow::endpoint::account_of;
use crate::flow::slot::Field;
use crate::flow::source::NO_SLOT;
use crate::flow::{Received, Report, Slot, Workspace};
use crate::wire::json::{Reader, Str, Token};
use crate::wire::time::UnixTime;
use crate::wire::xml::Reader as XmlReader;
use crate::wire::{self, Cursor, Put};

/// The formats of credential documents. Names are compared without case, unknown members are skipped, and
/// each member may be there once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Document {
    /// The document of a metadata service or container endpoint: `AccessKeyId`, `SecretAccessKey`, `Token` or
    /// `SessionToken`, `Expiration` or `ExpiresAt` (RFC 3339), all required; `AccountId`, `RoleArn`, `Code`
    /// and `Message` are optional.
    Metadata,
    /// The document of a command: `Version` has to be 1; the token and the expiration, an ISO 8601 time with a zone, are
    /// optional, and `AccountId` may be a number.
    Process,
    /// The document of the portal of IAM Identity Center: as `Metadata`, the expiration in milliseconds.
    Portal,
}

impl Document {
    /// Reads the body of a reply into the first slot.
    ///
    /// # Errors
    /// As [`Document::read`].
    pub fn take(self, work: &mut Workspace<'_, '_>, received: &Received<'_>) -> Result<(), ErrorKind> {
        let Workspace { exchange, slots, report, .. } = work;
        let slot = slots.first_mut().ok_or(NO_SLOT)?;
        self.read(received.reply.body(exchange), slot, report)
    }

    /// Reads a document into `slot`. A missing `Code` means success; one other than `Success` goes into
    /// the report.
    ///
    /// # Errors
    /// `Malformed`, `Missing` or `Unusable`, with the member's name; `Refused` by `Code`;
    /// `BufferTooSmall`. The slot is wiped then, and no part of its content is in the report.
    pub fn read(self, document: &[u8], slot: &mut Slot<'_>, report: &mut Report) -> Result<(), ErrorKind> {
        slot.clear();
        let read = read_members(document, self, slot, report);
        if read.is_err() {
            report.redact_all(core::slice::from_ref(slot));
            slot.clear();
        }
        read
    }
}

#[cfg_attr(target_os = "none", inline(never))]
fn read_members(
    document: &[u8],
    form: Document,
    slot: &mut Slot<'_>,
    report: &mut Report,
) -> Result<(), ErrorKind> {
    let mut reader = Reader::new(document);
    let (mut failed, mut versioned) = (false, form != Document::Process);
    if !matches!(reader.next_token().map_err(ErrorKind::Malformed)?, Some(Token::ObjectStart)) {
        return Err(ErrorKind::Unusable("document"));
    }
    while let Some(token) = reader.next_token().map_err(ErrorKind::Malformed)? {
        let Token::Key(key) = token else { continue };
        let value = reader.whole_value().map_err(ErrorKind::Malformed)?;
        let Some((name, member)) = Member::of_document(key) else { continue };
        match (member, value) {
            (Member::Version, value) => {
                versioned |= matches!(value, Some(Token::Number(text)) if is_one(text))
            }
            // Other tools do not look at these, and some commands use the names for something else.
            (Member::Code | Member::Message | Member::RoleArn, _) if form == Document::Process => {}
            (Member::Text(Field::AccountId), Some(Token::Number(digits))) if form == Document::Process => {
                slot.write(Field::AccountId, &mut |out| out.put(digits.as_bytes()));
            }
            (Member::Expiration, Some(Token::Str(text))) if form == Document::Process => {
                member.set_end(slot, read_time_with(UnixTime::from_iso8601, &mut |out| text.put(out))?)?;
            }
            // It is a number in the portal's documents only.
            (Member::Expiration, Some(Token::Number(text))) if form == Document::Portal => {
                member.set_end(slot, from_millis(text)?)?;
            }
            (Member::Code, Some(Token::Str(text))) => {
                if !text.is("Success") {
                    failed = true;
                    text.put(&mut report.new_code());
                }
            }
            (Member::Message, Some(Token::Str(text))) => text.put(&mut report.new_message()),
            // The account is the fifth field of the ARN; `AccountId` takes precedence.
            (Member::RoleArn, Some(Token::Str(text))) => {
                let account = account_of(text.plain().unwrap_or_default());
                if !slot.has(Field::AccountId) {
                    slot.write(Field::AccountId, &mut |out| out.put(account.as_bytes()));
                }
            }
            (_, Some(Token::Str(text))) => member.store(name, slot, &mut |out| text.put(out))?,
            // Some emulators write null for absent members.
            (_, Some(Token::Null)) if member.is_optional(form) => {}
            _ => return Err(ErrorKind::Unusable(name)),
        }
    }
    if failed {
        return Err(ErrorKind::Refused { status: 200, recoverable: true });
    }
    if !versioned {
        return Err(ErrorKind::Unusable("Version"));
    }
    report.clear();
    if form == Document::Process { seal_keys(slot) } else { seal_with_end(slot) }
}

/// The object that is the member `name` of the object that `document` consists of.
pub(super) fn object<'a>(document: &'a [u8], name: &'static str) -> Result<&'a [u8], ErrorKind> {
    inner(document, name, 1)
}

/// The value of the one member `name` that is inside of `depth` objects and arrays.
pub(super) fn inner<'a>(document: &'a [u8], name: &'static str, depth: usize) -> Result<&'a [u8], ErrorKind> {
    let mut reader = Reader::new(document);
    let mut found = None;
    while let Some(token) = reader.next_token().map_err(ErrorKind::Malformed)? {
        let Token::Key(key) = token else { continue };
        if reader.depth() != depth || !key.is(name) {
            continue;
        }
        let start = reader.offset();
        reader.skip_value().map_err(ErrorKind::Malformed)?;
        if found.is_some() {
            return Err(ErrorKind::Unusable(name));
        }
        found = document.get(start..reader.offset());
    }
    found.ok_or(ErrorKind::Missing(name))
}

/// Checks that the slot holds usable temporary credentials with an expiration: without one they would be kept
/// for ever, and no service issues such.
pub(super) fn seal_with_end(slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
    seal(slot)?;
    slot.expiration().map(|_| ()).ok_or(ErrorKind::Missing("Expiration"))
}

/// Checks that the slot holds usable temporary credentials.
pub(super) fn seal(slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
    seal_keys(slot)?;
    slot.text(Field::SessionToken).map(|_| ()).ok_or(ErrorKind::Missing("session token"))
}

/// Checks that the slot holds usable credentials, temporary or not.
fn seal_keys(slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
    slot.seal()?;
    for (field, name) in [(Field::AccessKeyId, "AccessKeyId"), (Field::SecretAccessKey, "SecretAccessKey")] {
        if slot.text(field).is_none() {
            return Err(ErrorKind::Missing(name));
        }
    }
    match slot.credentials() {
        Some(_) => Ok(()),
        None => Err(ErrorKind::Unusable("credentials")),
    }
}

/// Whether a number is 1, with a fraction of zeroes or without.
fn is_one(number: &str) -> bool {
    let fraction = number.strip_prefix("1");
    fraction.is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(".") && rest.bytes().skip(1).all(|digit| digit == b'0')
    })
}

/// An RFC 3339 time in at most 40 bytes.
pub(super) fn read_time(text: &mut dyn FnMut(&mut Cursor<'_>)) -> Result<UnixTime, ErrorKind> {
    read_time_with(UnixTime::from_rfc3339, text)
}

fn read_time_with(
    read: fn(&[u8]) -> Result<UnixTime, wire::Error>,
    text: &mut dyn FnMut(&mut Cursor<'_>),
) -> Result<UnixTime, ErrorKind> {
    let mut buffer = [0; 40];
    let mut out = Cursor::new(&mut buffer);
    text(&mut out);
    let text = out.finish().map_err(|_| ErrorKind::Unusable("Expiration"))?;
    read(text).map_err(|_| ErrorKind::Unusable("Expiration"))
}

/// Milliseconds since 1970, in digits.
fn from_millis(text: &str) -> Result<UnixTime, ErrorKind> {
    let seconds = text.parse::<u64>().ok().and_then(|milliseconds| milliseconds.checked_div(1000));
    let seconds = seconds.filter(|seconds| *seconds <= UnixTime::MAX.as_secs());
    seconds.map(UnixTime::from_secs).ok_or(ErrorKind::Unusable("Expiration"))
}

/// A member of a credential document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    Version,
    Code,
    Message,
    Expiration,
    RoleArn,
    Text(Field),
}

impl Member {
    /// The member of that name in JSON, and its name in errors.
    fn of_document(key: Str<'_>) -> Option<(&'static str, Self)> {
        const MEMBERS: [(&str, Member); 11] = [
            ("Version", Member::Version),
            ("Code", Member::Code),
            ("Message", Member::Message),
            ("Expiration", Member::Expiration),
            ("ExpiresAt", Member::Expiration),
            ("RoleArn", Member::RoleArn),
            ("AccessKeyId", Member::Text(Field::AccessKeyId)),
            ("SecretAccessKey", Member::Text(Field::SecretAccessKey)),
            ("Token", Member::Text(Field::SessionToken)),
            ("SessionToken", Member::Text(Field::SessionToken)),
            ("AccountId", Member::Text(Field::AccountId)),
        ];
        let (name, member) = *MEMBERS.iter().find(|(name, _)| key.is_ignore_case(name))?;
        Some((if member == Self::Expiration { "Expiration" } else { name }, member))
    }

    /// The member of that name in a reply of STS.
    pub(super) fn of_sts(name: &str) -> Option<(&'static str, Self)> {
        const MEMBERS: [(&str, Member); 4] = [
            ("AccessKeyId", Member::Text(Field::AccessKeyId)),
            ("SecretAccessKey", Member::Text(Field::SecretAccessKey)),
            ("SessionToken", Member::Text(Field::SessionToken)),
            ("Expiration", Member::Expiration),
        ];
        MEMBERS.iter().find(|(member, _)| *member == name).copied()
    }

    /// Stores the text of the element that was just opened.
    pub(super) fn store_element(
        self,
        name: &'static str,
        slot: &mut Slot<'_>,
        reader: &mut XmlReader<'_>,
    ) -> Result<(), ErrorKind> {
        let mut read = Ok(());
        self.store(name, slot, &mut |out| read = reader.text(out))?;
        read.map_err(ErrorKind::Malformed)
    }

    /// Stores what `text` writes. A second member of its kind is an error, except for the account.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(super) fn store(
        self,
        name: &'static str,
        slot: &mut Slot<'_>,
        text: &mut dyn FnMut(&mut Cursor<'_>),
    ) -> Result<(), ErrorKind> {
        let Self::Text(field) = self else { return self.set_end(slot, read_time(text)?) };
        if slot.has(field) && field != Field::AccountId {
            return Err(ErrorKind::Unusable(name));
        }
        slot.write(field, text);
        Ok(())
    }

    fn set_end(self, slot: &mut Slot<'_>, end: UnixTime) -> Result<(), ErrorKind> {
        if slot.expiration().is_some() {
            return Err(ErrorKind::Unusable("Expiration"));
        }
        slot.set_expiration(Some(end));
        Ok(())
    }

    fn is_optional(self, form: Document) -> bool {
        match self {
            Self::Text(Field::AccessKeyId | Field::SecretAccessKey) => false,
            Self::Text(Field::SessionToken) => form == Document::Process,
            _ => true,
        }
    }
}

//! The JSON documents in which credentials are handed out: by metadata services, container
//! endpoints, commands, and the portal of IAM Identity Center.

use crate::error::ErrorKind;
use crate::wire::Cursor;
use crate::wire::json::{Reader, Str, Token};
use crate::wire::time::UnixTime;

use crate::flow::Report;
use crate::flow::endpoint::account_of;
use crate::flow::slot::{Field, Slot};

/// Who hands a document out, where that makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Metadata service or container endpoint: temporary credentials.
    Metadata,
    /// A command: `Version` has to be 1; neither a token nor an end is needed.
    Process,
    /// The portal: the end is a number of milliseconds.
    Portal,
}

/// Reads a document into `slot`. Names are compared without case; unknown members are passed over;
/// a missing `Code` means success, another one than `Success` goes into the report and is an error.
pub(super) fn read(
    document: &[u8],
    dialect: Dialect,
    slot: &mut Slot<'_>,
    report: &mut Report,
) -> Result<(), ErrorKind> {
    slot.clear();
    let read = read_members(document, dialect, slot, report);
    if read.is_err() {
        report.withhold(core::slice::from_ref(slot), &[]);
        slot.clear();
    }
    read
}

fn read_members(
    document: &[u8],
    dialect: Dialect,
    slot: &mut Slot<'_>,
    report: &mut Report,
) -> Result<(), ErrorKind> {
    let mut reader = Reader::new(document);
    let (mut failed, mut versioned) = (false, dialect != Dialect::Process);
    let mut expiration = None;
    if !matches!(reader.next().map_err(ErrorKind::Malformed)?, Some(Token::ObjectStart)) {
        return Err(ErrorKind::Unusable("document"));
    }
    while let Some(token) = reader.next().map_err(ErrorKind::Malformed)? {
        let Token::Key(key) = token else { continue };
        let value = reader.whole_value().map_err(ErrorKind::Malformed)?;
        let Some((name, member)) = Member::named(key) else { continue };
        let text = match (value, member) {
            // In the portal's documents alone it is a number, and in a command's a version leads.
            (Some(Token::Number(text)), Member::Expiration) if dialect == Dialect::Portal => {
                if expiration.replace(from_millis(text)?).is_some() {
                    return Err(ErrorKind::Unusable("Expiration"));
                }
                continue;
            }
            (value, Member::Version) => {
                versioned |= matches!(value, Some(Token::Number("1")));
                continue;
            }
            (Some(Token::Str(text)), _) => text,
            // Some emulators write null for what they do not have.
            (Some(Token::Null), _) if member.is_optional(dialect) => continue,
            _ => return Err(ErrorKind::Unusable(name)),
        };
        match member {
            Member::Code => {
                if !text.is("Success") {
                    failed = true;
                    text.put(&mut report.new_code());
                }
            }
            Member::Message => text.put(&mut report.new_message()),
            Member::Version => {}
            Member::Expiration => {
                if expiration.replace(read_time(text)?).is_some() {
                    return Err(ErrorKind::Unusable("Expiration"));
                }
            }
            // The account is the fifth field of the ARN; a member of its own goes before it.
            Member::RoleArn => {
                let account = account_of(text.plain().unwrap_or_default());
                if !slot.has(Field::AccountId) {
                    slot.write(Field::AccountId, |out| crate::wire::Put::put(out, account.as_bytes()));
                }
            }
            Member::Text(field) => {
                if slot.has(field) && field != Field::AccountId {
                    return Err(ErrorKind::Unusable(name));
                }
                slot.write(field, |out| text.put(out));
            }
        }
    }
    if failed {
        return Err(ErrorKind::Refused { status: 200, recoverable: true });
    }
    if !versioned {
        return Err(ErrorKind::Unusable("Version"));
    }
    report.clear();
    slot.set_expiration(expiration);
    if dialect == Dialect::Process {
        return seal_keys(slot);
    }
    seal(slot)?;
    // Without an end they would be kept for ever, and no service hands out such.
    expiration.map(|_| ()).ok_or(ErrorKind::Missing("Expiration"))
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

/// An RFC 3339 time in at most 40 bytes.
pub(super) fn read_time(text: Str<'_>) -> Result<UnixTime, ErrorKind> {
    let mut buffer = [0; 40];
    let mut out = Cursor::new(&mut buffer);
    text.put(&mut out);
    let text = out.finish().map_err(|_| ErrorKind::Unusable("Expiration"))?;
    UnixTime::from_rfc3339(text).map_err(|_| ErrorKind::Unusable("Expiration"))
}

/// Milliseconds since 1970, in digits.
fn from_millis(text: &str) -> Result<UnixTime, ErrorKind> {
    let seconds = text.parse::<u64>().ok().and_then(|milliseconds| milliseconds.checked_div(1000));
    let seconds = seconds.filter(|seconds| *seconds <= UnixTime::MAX.as_secs());
    seconds.map(UnixTime::from_secs).ok_or(ErrorKind::Unusable("Expiration"))
}

#[derive(Clone, Copy)]
enum Member {
    Version,
    Code,
    Message,
    Expiration,
    RoleArn,
    Text(Field),
}

impl Member {
    /// The member of that name, and the name to tell it by.
    fn named(key: Str<'_>) -> Option<(&'static str, Self)> {
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
        Some((if matches!(member, Self::Expiration) { "Expiration" } else { name }, member))
    }

    fn is_optional(self, dialect: Dialect) -> bool {
        match self {
            Self::Text(Field::AccessKeyId | Field::SecretAccessKey) => false,
            Self::Text(Field::SessionToken) => dialect == Dialect::Process,
            _ => true,
        }
    }
}

//! AssumeRole: temporary credentials of a role, in this account or another.

use crate::error::{ErrorKind, Origin};
use crate::sources::document::seal;
use crate::sources::endpoint::account_of;
use crate::sources::slot::Field;
use crate::sources::{Lease, Slot};
use crate::wire::Put;
use crate::wire::time::UnixTime;

use super::call::{Call, Form, Operation};
use super::reply;

/// The source: credentials of `B`, and with them AssumeRole.
pub type AssumeRole<'c, B> = Call<'c, B, AssumeRoleRequest<'c>>;

/// The parameters of AssumeRole (AWS STS API reference).
#[derive(Debug, Clone, Copy)]
pub struct AssumeRoleRequest<'c> {
    /// The role, 20 to 2,048 characters.
    pub role_arn: &'c str,
    /// Names the session in the role's ARN and in audit logs: 2 to 64 of `[\w+=,.@-]`.
    pub session_name: &'c str,
    /// Seconds of life, 900 to 43,200; without it the service gives 3,600. When a role assumes a
    /// role, the service gives 3,600 at most.
    pub duration_seconds: Option<u32>,
    /// What a third party's trust policy may ask for: 2 to 1,224 of `[\w+=,.@:/-]`.
    pub external_id: Option<&'c str>,
}

impl<'c> AssumeRoleRequest<'c> {
    /// A session of `role_arn`.
    pub fn new(role_arn: &'c str, session_name: &'c str) -> Self {
        Self { role_arn, session_name, duration_seconds: None, external_id: None }
    }
}

/// The texts of `Credentials`, and where they go.
const TEXTS: [(&str, Field); 3] = [
    ("AccessKeyId", Field::AccessKeyId),
    ("SecretAccessKey", Field::SecretAccessKey),
    ("SessionToken", Field::SessionToken),
];

impl Operation for AssumeRoleRequest<'_> {
    type Output = Lease;

    const ORIGIN: Origin = Origin::AssumeRole;
    const SERVICE: &'static str = "sts";
    const VERSION: &'static str = "2011-06-15";
    const ACTION: &'static str = "AssumeRole";

    fn check(&self) -> Result<(), ErrorKind> {
        #[allow(clippy::manual_contains, reason = "brings a search of 140 bytes to a device")]
        let of = |text: &str, marks: &[u8]| {
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.iter().any(|mark| *mark == byte))
        };
        if !(20..=2048).contains(&self.role_arn.len()) || !self.role_arn.starts_with("arn:") {
            return Err(ErrorKind::Invalid("role ARN: it starts with arn: and has 20 to 2,048 characters"));
        }
        if !(2..=64).contains(&self.session_name.len()) || !of(self.session_name, b"_+=,.@-") {
            return Err(ErrorKind::Invalid(
                "role session name: 2 to 64 letters, digits and characters of _+=,.@-",
            ));
        }
        if self.duration_seconds.is_some_and(|seconds| !(900..=43_200).contains(&seconds)) {
            return Err(ErrorKind::Invalid("duration: 900 to 43,200 seconds"));
        }
        let id = self.external_id;
        if id.is_some_and(|id| !(2..=1224).contains(&id.len()) || !of(id, b"_+=,.@:/-")) {
            return Err(ErrorKind::Invalid(
                "external id: 2 to 1,224 letters, digits and characters of _+=,.@:/-",
            ));
        }
        Ok(())
    }

    fn parameters(&self, form: &mut Form<'_>) {
        form.text("RoleArn", self.role_arn);
        form.text("RoleSessionName", self.session_name);
        if let Some(seconds) = self.duration_seconds {
            form.number("DurationSeconds", seconds);
        }
        if let Some(id) = self.external_id {
            form.text("ExternalId", id);
        }
    }

    fn read(
        &self,
        body: &[u8],
        slot: &mut Slot<'_>,
        lease: &dyn Fn(Option<UnixTime>) -> Option<Lease>,
    ) -> Result<Lease, ErrorKind> {
        let mut expiration = None;
        reply::read(body, "AssumeRoleResponse", &mut |parent, name, reader| {
            if parent != "Credentials" {
                return Ok(());
            }
            if name == "Expiration" {
                return match expiration.replace(reply::time(reader)?) {
                    Some(_) => Err(ErrorKind::Unusable("Expiration")),
                    None => Ok(()),
                };
            }
            match TEXTS.iter().find(|(text, _)| name == *text) {
                Some((name, field)) => reply::store(reader, slot, *field, name),
                None => Ok(()),
            }
        })?;
        let expiration = expiration.ok_or(ErrorKind::Missing("Expiration"))?;
        slot.write(Field::AccountId, |out| out.put(account_of(self.role_arn).as_bytes()));
        slot.set_expiration(Some(expiration));
        seal(slot)?;
        lease(Some(expiration)).ok_or(ErrorKind::Expired)
    }
}

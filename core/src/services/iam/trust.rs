//! Trust policies: who may assume a role.

use crate::wire::device::utf8;
use crate::wire::json::Writer;
use crate::wire::{BufferTooSmall, Cursor, Put};

/// Writes a policy that trusts a service of AWS: `ec2.amazonaws.com` or `ecs-tasks.amazonaws.com`.
///
/// # Errors
/// [`BufferTooSmall`]; 512 bytes suffice for every service.
pub fn service<'b>(service: &str, buffer: &'b mut [u8]) -> Result<&'b str, BufferTooSmall> {
    Statement { principal: ("Service", service), action: "sts:AssumeRole", conditions: &[] }.write(buffer)
}

/// Writes a policy that trusts a principal: an account's twelve digits, or an ARN. With an external id,
/// callers
/// have to give that.
///
/// # Errors
/// [`BufferTooSmall`].
pub fn account<'b>(
    principal: &str,
    external_id: Option<&str>,
    buffer: &'b mut [u8],
) -> Result<&'b str, BufferTooSmall> {
    let external_id = external_id.map(|id| ("StringEquals", ["sts:ExternalId", ""], id));
    Statement { principal: ("AWS", principal), action: "sts:AssumeRole", conditions: external_id.as_slice() }
        .write(buffer)
}

/// Writes a policy that trusts the identities of a Cognito identity pool: `"authenticated"` or
/// `"unauthenticated"` ones. `service` is the issuer of the pool's tokens: `cognito-identity.amazonaws.com`,
/// and another name in other partitions.
///
/// # Errors
/// [`BufferTooSmall`].
pub fn identity_pool<'b>(
    service: &str,
    pool: &str,
    identities: &str,
    buffer: &'b mut [u8],
) -> Result<&'b str, BufferTooSmall> {
    Statement {
        principal: ("Federated", service),
        action: "sts:AssumeRoleWithWebIdentity",
        conditions: &[
            ("StringEquals", [service, ":aud"], pool),
            ("ForAnyValue:StringLike", [service, ":amr"], identities),
        ],
    }
    .write(buffer)
}

/// A policy of one statement.
struct Statement<'c> {
    principal: (&'c str, &'c str),
    action: &'c str,
    /// Operator, key in two parts, and value.
    conditions: &'c [(&'c str, [&'c str; 2], &'c str)],
}

impl Statement<'_> {
    fn write<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b str, BufferTooSmall> {
        let mut out = Cursor::new(buffer);
        self.put(&mut out);
        Ok(utf8(out.finish()?).unwrap_or_default())
    }

    fn put(&self, out: &mut dyn Put) {
        let mut json = Writer::new(out);
        json.begin_object();
        json.key("Version");
        json.string("2012-10-17");
        json.key("Statement");
        json.begin_array();
        json.begin_object();
        json.key("Effect");
        json.string("Allow");
        json.key("Principal");
        member(&mut json, self.principal);
        json.key("Action");
        json.string(self.action);
        if !self.conditions.is_empty() {
            json.key("Condition");
            json.begin_object();
            for (operator, key, value) in self.conditions {
                json.key(operator);
                json.begin_object();
                json.key_of(key);
                json.string(value);
                json.end_object();
            }
            json.end_object();
        }
        json.end_object();
        json.end_array();
        json.end_object();
    }
}

/// An object of one member.
fn member(json: &mut Writer<'_, dyn Put + '_>, (key, value): (&str, &str)) {
    json.begin_object();
    json.key(key);
    json.string(value);
    json.end_object();
}

//! GetCallerIdentity: whose credentials these are.

use crate::error::{Buffer, ErrorKind, Origin};
use crate::sources::slot::Field;
use crate::sources::{Lease, Slot};
use crate::wire::time::UnixTime;

use super::call::{Call, Form, Operation};
use super::reply;

/// The call, with the credentials of `B`. The identity is in the first slot afterwards:
/// [`Slot::identity`].
pub type GetCallerIdentity<'c, B> = Call<'c, B, GetCallerIdentityRequest>;

/// GetCallerIdentity has no parameters, and needs no permission.
#[derive(Debug, Clone, Copy, Default)]
pub struct GetCallerIdentityRequest;

impl Operation for GetCallerIdentityRequest {
    type Output = ();

    const ORIGIN: Origin = Origin::CallerIdentity;
    const SERVICE: &'static str = "sts";
    const VERSION: &'static str = "2011-06-15";
    const ACTION: &'static str = "GetCallerIdentity";

    fn check(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    fn parameters(&self, _: &mut Form<'_>, _: &Slot<'_>) {}

    fn read(
        &self,
        body: &[u8],
        slot: &mut Slot<'_>,
        _: &dyn Fn(Option<UnixTime>) -> Option<Lease>,
    ) -> Result<(), ErrorKind> {
        reply::read(body, "GetCallerIdentityResponse", &mut |parent, name, reader| match (parent, name) {
            ("", "Account") => reply::store(reader, slot, Field::AccountId, "Account"),
            ("", "Arn") => reply::store(reader, slot, Field::Arn, "Arn"),
            ("", "UserId") => reply::store(reader, slot, Field::UserId, "UserId"),
            _ => Ok(()),
        })?;
        let small = |needed| ErrorKind::BufferTooSmall { buffer: Buffer::Slot, needed };
        slot.seal().map_err(|error| small(error.needed))?;
        slot.identity().map(|_| ()).ok_or(ErrorKind::Missing("Account, Arn or UserId"))
    }
}

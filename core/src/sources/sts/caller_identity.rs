//! GetCallerIdentity: the identity that credentials belong to.

use crate::call::{Call, Form, Operation, Shape};
use crate::error::{ErrorKind, Origin};
use crate::flow::Slot;
use crate::flow::slot::Field;
use crate::sources::document::Member;
use crate::wire::Put;

use super::{reply, shape};

/// The call, with the credentials of `B`. The identity is in the first slot afterwards:
/// [`Slot::identity`].
pub type GetCallerIdentity<'c, B> = Call<'c, B, GetCallerIdentityRequest>;

/// GetCallerIdentity has no parameters, and needs no permission.
#[derive(Debug, Clone, Copy, Default)]
pub struct GetCallerIdentityRequest;

impl Operation for GetCallerIdentityRequest {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = shape(Origin::CallerIdentity, "GetCallerIdentity");
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    fn body(&self, out: &mut dyn Put, _: &Slot<'_>) {
        Form::new(self.shape(), out);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        reply::read(body, "GetCallerIdentityResponse", &mut |parent, name, reader| match (parent, name) {
            ("", "Account") => Member::Text(Field::AccountId).store_element("Account", slot, reader),
            ("", "Arn") => Member::Text(Field::Arn).store_element("Arn", slot, reader),
            ("", "UserId") => Member::Text(Field::UserId).store_element("UserId", slot, reader),
            _ => Ok(()),
        })?;
        slot.seal()?;
        slot.identity().map(|_| ()).ok_or(ErrorKind::Missing("Account, Arn or UserId"))
    }
}

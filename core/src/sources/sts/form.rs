//! Parameters of several operations of STS.

use crate::call::Form;
use crate::flow::Slot;
use crate::flow::slot::Field;

use super::limits::Tag;

pub(super) fn policies(form: &mut Form<'_>, arns: &[&str]) {
    for (number, arn) in (1..).zip(arns) {
        form.member("PolicyArns", number, ".arn", arn);
    }
}

pub(super) fn tags(form: &mut Form<'_>, tags: &[Tag<'_>]) {
    for (number, (key, value)) in (1..).zip(tags) {
        form.member("Tags", number, ".Key", key);
        form.member("Tags", number, ".Value", value);
    }
}

/// Writes the serial number of a multi-factor device, and the code that was given or asked for.
pub(super) fn mfa(form: &mut Form<'_>, serial: Option<&str>, code: Option<&str>, held: &Slot<'_>) {
    if let Some(serial) = serial {
        form.text("SerialNumber", serial);
        form.optional("TokenCode", code.or(held.text(Field::TokenCode)));
    }
}

//! Operations whose reply is a few texts.

use core::fmt;

use crate::error::ErrorKind;
use crate::flow::slot::Field;
use crate::flow::{Kept, Slot};
use crate::wire::Put;

use super::extract;
use super::json::put_json;
use super::members::Members;
use super::operation::{Api, Operation, Proof, Protocol, Shape};
use super::query::Query;

/// An operation whose reply is a few texts, of any service and protocol.
///
/// ```
/// use rolecall_core::error::{ErrorKind, Origin};
/// use rolecall_core::call::{Action, Api, Members, Protocol};
/// use rolecall_core::flow::Kept;
///
/// /// IAM GetRole: the ARN of a role.
/// struct GetRole<'c> {
///     name: &'c str,
/// }
///
/// impl Action for GetRole<'_> {
///     const API: Api = Api {
///         origin: Origin::Service("IAM"),
///         service: "iam",
///         protocol: Protocol::Query { version: "2010-05-08" },
///     };
///     const NAME: &'static str = "GetRole";
///     const REPEATABLE: bool = true;
///     const KEPT: &'static [&'static str] = &["Role.Arn"];
///     type Output<'r> = &'r str;
///
///     fn members(&self, to: &mut dyn Members) {
///         to.text("RoleName", self.name);
///     }
///
///     fn output(kept: Kept<'_>) -> Result<&str, ErrorKind> {
///         kept.need("Role.Arn")
///     }
/// }
/// ```
///
/// `Call::new(base, service, AnyAction::of(&GetRole { name: "gateway" }))` is the call, and
/// `GetRole::output(slots[0].kept(GetRole::KEPT))` what came of it.
pub trait Action: Sync {
    /// The service that has the operation.
    const API: Api;
    /// The operation's name.
    const NAME: &'static str;
    /// Whether it is signed.
    const SIGNED: bool = true;
    /// Whether it has the same effect when it is sent twice.
    const REPEATABLE: bool = false;
    /// The paths of the texts to keep from the reply. `Role.Arn` is the member `Arn` of the member `Role`;
    /// lists are skipped in paths, so that `Policies.Arn` is that member of each element; `Names.*` is each
    /// element of a list of texts, and `Tags.*key` and `Tags.*value` are the names and values of a map.
    /// Numbers are kept as written.
    const KEPT: &'static [&'static str] = &[];
    /// The output, borrowed from the slot it is in.
    type Output<'r>;

    /// Checks the limits that the service documents, before anything is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`], with the allowed range.
    fn check(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    /// Writes the members of the request.
    fn members(&self, to: &mut dyn Members);

    /// Passes the secrets in the request to `each`, so that no report of an error repeats them.
    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        let _ = each;
    }

    /// Makes the output from the texts that were kept.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`], with what the reply lacks.
    fn output(kept: Kept<'_>) -> Result<Self::Output<'_>, ErrorKind>;
}

/// An action without its type, so that one [`Call`](super::Call) serves them all.
#[derive(Clone, Copy)]
pub struct AnyAction<'a> {
    request: &'a (dyn Request + Sync),
    shape: Shape,
    kept: &'static [&'static str],
    complete: fn(Kept<'_>) -> Result<(), ErrorKind>,
}

/// The part of an action that needs no type.
trait Request {
    fn check(&self) -> Result<(), ErrorKind>;
    fn members(&self, to: &mut dyn Members);
    fn secrets(&self, each: &mut dyn FnMut(&str));
}

impl<A: Action> Request for A {
    fn check(&self) -> Result<(), ErrorKind> {
        Action::check(self)
    }

    fn members(&self, to: &mut dyn Members) {
        Action::members(self, to);
    }

    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        Action::secrets(self, each);
    }
}

impl<'a> AnyAction<'a> {
    /// Erases the type of `action`.
    pub fn of<A: Action>(action: &'a A) -> Self {
        let shape = Shape::new(A::API, A::NAME);
        let proof = if A::SIGNED { Proof::Signature } else { Proof::Unsigned };
        Self {
            request: action,
            shape: Shape { proof, repeatable: A::REPEATABLE, ..shape },
            kept: A::KEPT,
            complete: |kept| A::output(kept).map(drop),
        }
    }

    /// Writes the members of its request, to show them for instance.
    pub fn members(&self, to: &mut dyn Members) {
        self.request.members(to);
    }
}

impl fmt::Debug for AnyAction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyAction({})", self.shape.action)
    }
}

impl Operation for AnyAction<'_> {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn check(&self) -> Result<(), ErrorKind> {
        self.request.check()
    }

    fn body(&self, out: &mut dyn Put, _: &Slot<'_>) {
        match self.shape.api.protocol {
            Protocol::Query { .. } | Protocol::Ec2 { .. } => {
                self.request.members(&mut Query::new(&self.shape, out));
            }
            Protocol::RestXml { .. } => {}
            Protocol::Json { .. } => put_json(out, &mut |to| self.request.members(to)),
        }
    }

    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        self.request.secrets(each);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        let mut read = Ok(());
        slot.write(Field::Kept, &mut |out| read = extract::read(body, &self.shape, self.kept, out));
        read?;
        slot.seal()?;
        (self.complete)(slot.kept(self.kept))
    }
}

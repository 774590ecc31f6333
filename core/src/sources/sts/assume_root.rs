//! AssumeRoot: a short session as root of a member account, for one of the tasks that need root.

use crate::call::{Call, Form, Operation, Shape};
use crate::error::{ErrorKind, Origin};
use crate::flow::Slot;
use crate::flow::endpoint::account_of;
use crate::wire::Put;

use super::limits;
use super::{reply, shape};

/// The source: credentials of `B`, and with them AssumeRoot.
pub type AssumeRoot<'c, B> = Call<'c, B, AssumeRootRequest<'c>>;

/// The parameters of AssumeRoot (AWS STS API reference). It has no global endpoint.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AssumeRootRequest<'c> {
    /// The member account: its twelve digits, or its ARN.
    pub target_principal: &'c str,
    /// The managed policy that names the task, `arn:aws:iam::aws:policy/root-task/...`.
    pub task_policy_arn: &'c str,
    /// The session's lifetime in seconds, up to 900, which is the service's default.
    pub duration_seconds: Option<u32>,
}

impl<'c> AssumeRootRequest<'c> {
    /// A session in the account `target_principal` for the task of `task_policy_arn`.
    pub const fn new(target_principal: &'c str, task_policy_arn: &'c str) -> Self {
        Self { target_principal, task_policy_arn, duration_seconds: None }
    }
}

impl Operation for AssumeRootRequest<'_> {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = shape(Origin::AssumeRoot, "AssumeRoot");
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        let fits = (12..=2048).contains(&self.target_principal.len());
        limits::require(
            fits,
            "target principal: an account of 12 digits, or an ARN of 2,048 characters at most",
        )?;
        limits::require(
            limits::is_arn(self.task_policy_arn),
            "task policy ARN: it starts with arn: and has 20 to 2,048 characters",
        )?;
        let fits = |seconds| seconds <= 900;
        limits::require(self.duration_seconds.is_none_or(fits), "duration: 0 to 900 seconds")
    }

    fn body(&self, out: &mut dyn Put, _: &Slot<'_>) {
        let mut form = Form::new(self.shape(), out);
        form.text("TargetPrincipal", self.target_principal);
        form.text("TaskPolicyArn.arn", self.task_policy_arn);
        form.optional_number("DurationSeconds", self.duration_seconds);
    }

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        let digits = self.target_principal.bytes().all(|byte| byte.is_ascii_digit());
        let account = if digits { self.target_principal } else { account_of(self.target_principal) };
        reply::credentials(body, "AssumeRootResponse", account, slot)
    }
}

//! Set-ups: what has to be there before a role can be used, made by a handful of calls, and removed
//! again.
//!
//! A set-up makes what is missing and leaves what is there, so that it can be run again - after an
//! error, too. What it makes carries the tag `rolecall:setup` with the set-up's name; undoing removes
//! what carries that, and nothing else. Something of the same name without the tag is somebody else's: a
//! set-up does not touch it.
//!
//! ```no_run
//! use rolecall::setup::{Ec2Role, Setup};
//! # fn run(provider: rolecall::Provider) -> Result<(), Box<dyn std::error::Error>> {
//! let gateway = Ec2Role::new("gateway")
//!     .instance("i-0123456789abcdef0")
//!     .policy_arn("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess");
//! let setup = Setup::new(&provider).telling(|call| println!("{call}"));
//! for thing in setup.up(&gateway)? {
//!     println!("{}: {}", thing.what, thing.id);
//! }
//! setup.down(&gateway)?;
//! # Ok(())
//! # }
//! ```

mod cognito;
mod cross_account;
mod ec2;
mod ecs;
mod role;
mod show;
mod thing;
mod work;

use std::fmt;

use crate::{Error, Provider};

pub use cognito::CognitoPools;
pub use cross_account::CrossAccountRole;
pub use ec2::Ec2Role;
pub use ecs::{EcsRole, Launch};
pub use thing::{Fate, TAG, Thing};
use work::Work;

/// Whoever sets up: a provider's credentials, and how to go about it.
pub struct Setup<'a> {
    provider: &'a Provider,
    tell: Box<dyn Fn(&str) + 'a>,
    dry_run: bool,
}

impl<'a> Setup<'a> {
    /// With the credentials of `provider`.
    pub fn new(provider: &'a Provider) -> Self {
        Self { provider, tell: Box::new(|_| {}), dry_run: false }
    }

    /// Tells `told` of each call before it is made: service, operation, and what is asked of it. Secrets
    /// are not shown.
    pub fn telling(mut self, told: impl Fn(&str) + 'a) -> Self {
        self.tell = Box::new(told);
        self
    }

    /// Reads what is there, tells of the calls that would change something, and makes none of them.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Makes what is missing.
    ///
    /// # Errors
    /// [`SetupError`], with what is there by then. Running the same set-up again goes on from there.
    pub fn up(&self, journey: &impl Journey) -> Result<Vec<Thing>, SetupError> {
        self.run(journey, |work| journey.up(work))
    }

    /// Removes what the set-up made, and detaches what it finds there. What is somebody else's stays
    /// and is among the things returned, as [`Fate::Kept`].
    ///
    /// # Errors
    /// [`SetupError`], with what is removed by then.
    pub fn down(&self, journey: &impl Journey) -> Result<Vec<Thing>, SetupError> {
        self.run(journey, |work| journey.down(work))
    }

    fn run(
        &self,
        journey: &impl Journey,
        go: impl FnOnce(&mut Work<'_>) -> Result<(), Error>,
    ) -> Result<Vec<Thing>, SetupError> {
        let mut work = Work::new(self.provider, &*self.tell, self.dry_run, journey.name());
        match go(&mut work) {
            Ok(()) => Ok(work.things),
            Err(error) => Err(SetupError { error, things: work.things }),
        }
    }
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("dry_run", &self.dry_run).finish_non_exhaustive()
    }
}

/// A set-up. Those of this module are all there are.
pub trait Journey: sealed::Journey {}

impl<J: sealed::Journey> Journey for J {}

mod sealed {
    use super::work::Work;
    use crate::Error;

    pub trait Journey {
        /// What the tag says: `KIND/NAME`.
        fn name(&self) -> String;
        fn up(&self, work: &mut Work<'_>) -> Result<(), Error>;
        fn down(&self, work: &mut Work<'_>) -> Result<(), Error>;
    }
}

/// A set-up that did not come to its end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SetupError {
    /// Why.
    pub error: Error,
    /// What was made, found or removed by then.
    pub things: Vec<Thing>,
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        let list = |fates: &[Fate]| -> String {
            let these = self.things.iter().filter(|thing| fates.contains(&thing.fate));
            these.map(|thing| format!("{} {}", thing.what, thing.id)).collect::<Vec<_>>().join(", ")
        };
        let (there, gone) = (list(&[Fate::Made, Fate::Found, Fate::Changed]), list(&[Fate::Removed]));
        if !there.is_empty() {
            write!(
                f,
                "; there by now: {there}; the same set-up, run again, goes on from here, and its undoing removes it"
            )?;
        }
        if !gone.is_empty() {
            write!(f, "; removed by now: {gone}; run again, it goes on from here")?;
        }
        Ok(())
    }
}

impl std::error::Error for SetupError {}

/// Adds the setters of what a role may do.
macro_rules! policies {
    ($type:ident) => {
        impl $type {
            /// What the role may do, as a policy in JSON.
            pub fn policy(mut self, policy: impl Into<String>) -> Self {
                self.policies.inline = Some(policy.into());
                self
            }

            /// What the role may do, as a managed policy; more than one may be given.
            pub fn policy_arn(mut self, arn: impl Into<String>) -> Self {
                self.policies.arns.push(arn.into());
                self
            }
        }
    };
}

use policies;

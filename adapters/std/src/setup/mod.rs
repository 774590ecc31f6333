//! Provisioning of roles: what has to exist before a role can be used, created by a few calls, and removed
//! again.
//!
//! A [`Recipe`] is checked before its first call: names, ARNs, accounts and policies. Then it reads all that exists,
//! and refuses what it must not change, before the first call that changes something. It creates what is missing and reuses what exists, so that it can be run again, also after an
//! error. Resources that it creates have the tag `rolecall:setup` with the recipe's name; undoing it removes
//! resources with that tag, and no others. A resource of the same name without the tag is left unchanged.
//!
//! ```no_run
//! use rolecall::setup::{Ec2Role, Setup};
//! # fn run(provider: rolecall::Provider) -> Result<(), Box<dyn std::error::Error>> {
//! let gateway = Ec2Role::new("gateway")
//!     .instance("i-0123456789abcdef0")
//!     .policy_arn("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess");
//! let setup = Setup::new(&provider).on_call(|call| println!("{call}"));
//! for resource in setup.apply(&gateway)? {
//!     println!("{}: {}", resource.kind, resource.id);
//! }
//! setup.undo(&gateway)?;
//! # Ok(())
//! # }
//! ```

mod check;
mod cognito;
mod cross_account;
mod ec2;
mod ecs;
mod resource;
mod role;
mod show;
mod work;

use std::fmt;

use crate::{Error, Provider};

pub use cognito::CognitoPools;
pub use cross_account::CrossAccountRole;
pub use ec2::Ec2Role;
pub use ecs::{EcsRole, Launch};
pub use resource::{Outcome, Resource, TAG};
pub use show::Call;
use work::Work;

/// Applies and undoes recipes with a provider's credentials.
pub struct Setup<'a> {
    provider: &'a Provider,
    on_call: Box<dyn Fn(Call<'_>) + 'a>,
    dry_run: bool,
}

impl<'a> Setup<'a> {
    /// Uses the credentials of `provider`.
    pub fn new(provider: &'a Provider) -> Self {
        Self { provider, on_call: Box::new(|_| {}), dry_run: false }
    }

    /// Calls `on_call` before each API call, in a dry run before those that it does not make, too.
    pub fn on_call(mut self, on_call: impl Fn(Call<'_>) + 'a) -> Self {
        self.on_call = Box::new(on_call);
        self
    }

    /// Reads what exists, and reports the calls that would change something without making them.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Checks what the recipe was given, without a call: names, ARNs, accounts, policies and their lengths.
    ///
    /// # Errors
    /// [`SetupError`], of which [`SetupError::is_refusal`] is true.
    pub fn check(&self, recipe: &impl Recipe) -> Result<(), SetupError> {
        recipe.check_names(self.provider.settings()).and_then(|()| recipe.check()).map_err(refusal)
    }

    /// Creates what is missing, and returns every resource of the recipe, which is checked first.
    ///
    /// # Errors
    /// [`SetupError`], with the resources so far. Applying the same recipe again resumes there.
    pub fn apply(&self, recipe: &impl Recipe) -> Result<Vec<Resource>, SetupError> {
        self.check(recipe)?;
        self.run(recipe, |work| recipe.apply(work))
    }

    /// Removes the resources that the recipe created. Resources without its tag are left unchanged and
    /// returned as
    /// [`Outcome::Kept`].
    ///
    /// # Errors
    /// [`SetupError`], with the resources removed so far.
    pub fn undo(&self, recipe: &impl Recipe) -> Result<Vec<Resource>, SetupError> {
        recipe.check_names(self.provider.settings()).map_err(refusal)?;
        self.run(recipe, |work| recipe.undo(work))
    }

    fn run(
        &self,
        recipe: &impl Recipe,
        go: impl FnOnce(&mut Work<'_>) -> Result<(), Error>,
    ) -> Result<Vec<Resource>, SetupError> {
        let mut work = Work::new(self.provider, &*self.on_call, self.dry_run, &recipe.name());
        match go(&mut work) {
            Ok(()) => Ok(work.resources),
            Err(error) => Err(SetupError { error, resources: work.resources, refusal: false }),
        }
    }
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("dry_run", &self.dry_run).finish_non_exhaustive()
    }
}

/// A kind of role and what belongs to it: one of the types of this module.
pub trait Recipe: sealed::Recipe {}

impl<J: sealed::Recipe> Recipe for J {}

mod sealed {
    use super::work::Work;
    use crate::{Error, Settings};

    pub trait Recipe {
        /// The value of the tag: `KIND/NAME`.
        fn name(&self) -> String;
        /// Checks the names by which an undo finds resources.
        fn check_names(&self, settings: &Settings) -> Result<(), Error>;
        /// Checks the rest of what the recipe was given.
        fn check(&self) -> Result<(), Error>;
        /// Reads what exists, and then creates what is missing.
        fn apply(&self, work: &mut Work<'_>) -> Result<(), Error>;
        fn undo(&self, work: &mut Work<'_>) -> Result<(), Error>;
    }
}

/// A recipe that failed on the way.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SetupError {
    /// The error of the call that failed.
    pub error: Error,
    /// What was created, found or removed before the error.
    pub resources: Vec<Resource>,
    refusal: bool,
}

impl SetupError {
    /// Whether the recipe was refused without a call, for a name, an ARN or another value that cannot be used.
    pub fn is_refusal(&self) -> bool {
        self.refusal
    }
}

fn refusal(error: Error) -> SetupError {
    SetupError { error, resources: Vec::new(), refusal: true }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        let list = |outcomes: &[Outcome]| -> String {
            let these = self.resources.iter().filter(|resource| outcomes.contains(&resource.outcome));
            these.map(|resource| format!("{} {}", resource.kind, resource.id)).collect::<Vec<_>>().join(", ")
        };
        let (there, gone) =
            (list(&[Outcome::Created, Outcome::Found, Outcome::Changed]), list(&[Outcome::Removed]));
        if !there.is_empty() {
            write!(f, "; created or found so far: {there}; rerun to resume, or undo to remove it")?;
        }
        if !gone.is_empty() {
            write!(f, "; removed so far: {gone}; rerun to resume")?;
        }
        Ok(())
    }
}

impl std::error::Error for SetupError {}

/// Adds the setters of a role's properties.
macro_rules! properties {
    ($type:ident) => {
        impl $type {
            /// Sets what the role may do, as a policy in JSON.
            pub fn policy(mut self, policy: impl Into<String>) -> Self {
                self.properties.inline = Some(policy.into());
                self
            }

            /// Adds what the role may do, as a managed policy; there may be several.
            pub fn policy_arn(mut self, arn: impl Into<String>) -> Self {
                self.properties.arns.push(arn.into());
                self
            }

            /// Sets the role's description, of up to 1,000 characters.
            pub fn description(mut self, description: impl Into<String>) -> Self {
                self.properties.description = Some(description.into());
                self
            }
        }
    };
}

use properties;

//! Credentials of a profile, by its plan.

use rolecall_core::error::Origin;
use rolecall_core::sources::Fixed;

use super::chain::Link;
use super::{Fetched, Fetcher, absent};
use crate::Error;
use crate::sessions::{Mfa, Role};
use crate::settings::profiles::{Base, Named, Plan, RoleStep};

impl Fetcher<'_> {
    pub(super) fn profile(&self) -> Result<Fetched, Error> {
        match &self.settings.profile {
            Ok(None) => absent(Origin::Static),
            Ok(Some(plan)) => self.plan(plan).map_err(|error| Error::Profile {
                name: self.settings.profile_name.clone(),
                error: Box::new(error),
            }),
            Err(error) => Err(error.clone()),
        }
    }

    fn plan(&self, plan: &Plan) -> Result<Fetched, Error> {
        for step in &plan.roles {
            self.check_role(&of_step(step))?;
        }
        let mut fetched = match &plan.base {
            Base::Keys(keys) => self.credentials(&mut Fixed::new(Some(keys.borrow())))?,
            Base::Named(named) => self.fetch(named.place()).map_err(|error| named.in_profile(error))?,
            Base::WebIdentity(step) => self.web_identity_step(step)?,
            Base::Process { profile, command, account_id } => {
                let (credentials, lease) = self.process(profile, command)?;
                let account = credentials.account_id().map(str::to_owned).or_else(|| account_id.clone());
                (credentials.with_account_id(account), lease)
            }
            Base::Sso(session) => self.sso(session)?,
            Base::Login(session) => self.login(session)?,
            #[cfg(feature = "iot")]
            Base::Iot(role) => self.iot(role)?,
            #[cfg(feature = "roles-anywhere")]
            Base::RolesAnywhere(role) => self.anywhere(role)?,
        };
        for step in &plan.roles {
            fetched = self.role(&of_step(step), &fetched.0)?;
        }
        Ok(fetched)
    }

    #[cfg(not(feature = "sso"))]
    fn sso(&self, _: &crate::settings::profiles::SsoSession) -> Result<Fetched, Error> {
        Err(Error::Configuration(
            "this program was built without IAM Identity Center (feature sso)".to_owned(),
        ))
    }

    #[cfg(not(feature = "login"))]
    fn login(&self, _: &crate::settings::profiles::LoginSession) -> Result<Fetched, Error> {
        Err(Error::Configuration(
            "it has a login_session, and this program was built without aws login (feature login)".to_owned(),
        ))
    }
}

impl Named {
    fn place(self) -> Link {
        match self {
            Self::Environment => Link::Environment,
            Self::Ec2InstanceMetadata => Link::Imds,
            Self::EcsContainer => Link::Container,
        }
    }

    /// A source that is not configured has an error that does not say what needs it.
    fn in_profile(self, error: Error) -> Error {
        if !error.is_not_configured() {
            return error;
        }
        let unset = self.place().unset();
        Error::Configuration(format!("credential_source is {}, but {unset}", self.as_str()))
    }
}

/// The role of one step.
fn of_step(step: &RoleStep) -> Role {
    Role {
        session_name: step.session_name.clone(),
        duration_seconds: step.duration_seconds,
        external_id: step.external_id.clone(),
        mfa: step.mfa_serial.clone().map(|serial| Mfa { serial, code: None }),
        ..Role::unnamed(&step.role_arn)
    }
}

//! The sources of a host, each made into a flow and carried to its end.

pub(crate) mod cognito;
#[cfg(feature = "sso")]
pub(crate) mod sso;

use std::sync::Mutex;

use rolecall_core::call::{Call, Operation, Service};
use rolecall_core::error::{Error as SourceError, ErrorKind, Failure, FailureKind, Origin};
use rolecall_core::flow::{Endpoint, Flow, Lease, Report, Slot};
use rolecall_core::skew::Clock;
use rolecall_core::sources::sts::Mfa;
use rolecall_core::sources::sts::{
    AssumeRoleRequest, AssumeRoleWithSamlRequest, AssumeRoleWithWebIdentityRequest, AssumeRootRequest,
    GetCallerIdentity, GetCallerIdentityRequest, GetFederationTokenRequest, GetSessionTokenRequest,
    SessionParameters,
};
use rolecall_core::sources::{Fixed, IdentityToken, Process};
use zeroize::Zeroizing;

use crate::driver::{Driver, EXCHANGE, Tracer};
use crate::host::Host;
use crate::sessions::{FederatedUser, RootTask, Saml, Session, TokenPlace, UserSession, WebIdentity};
use crate::settings::profiles::{Base, Named, Plan, RoleStep, WebIdentityStep};
use crate::settings::{Settings, invalid};
use crate::{Credentials, Error, Identity, Role};

/// Memory of one slot: room for any session token that fits a reply.
const SLOT: usize = 64 * 1024;

/// The places where the default chain looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Environment,
    Profile,
    WebIdentity,
    Container,
    Imds,
}

/// The default chain. A profile that somebody asked for by name goes before what the environment
/// happens to hold.
pub(crate) fn chain(settings: &Settings) -> [Place; 5] {
    let [first, second] = if settings.prefers_profile {
        [Place::Profile, Place::Environment]
    } else {
        [Place::Environment, Place::Profile]
    };
    [first, second, Place::WebIdentity, Place::Container, Place::Imds]
}

/// Credentials, and how long they were good for when they were fetched.
pub(crate) type Fetched = (Credentials, Lease);

/// Whoever fetches: what is set, and the world outside.
#[derive(Clone, Copy)]
pub(crate) struct Fetcher<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) host: &'a dyn Host,
    pub(crate) clock: &'a Mutex<Clock>,
    pub(crate) tracer: Option<&'a Tracer>,
}

impl<'a> Fetcher<'a> {
    /// The credentials of one place.
    pub(crate) fn fetch(&self, place: Place) -> Result<Fetched, Error> {
        match place {
            Place::Environment => self.environment(),
            Place::Profile => self.profile(),
            Place::WebIdentity => match &self.settings.web_identity {
                Ok(Some(step)) => self.web_identity_step(step),
                Ok(None) => absent(Origin::Static),
                Err(error) => Err(error.clone()),
            },
            Place::Container if !self.settings.has_container() => absent(Origin::Container),
            Place::Container => self.credentials(&mut self.settings.container()?),
            Place::Imds => self.credentials(&mut self.settings.imds()?),
        }
    }

    /// The credentials of a session, asked for with those of `base` where it takes some.
    pub(crate) fn session(&self, session: &Session, base: &Credentials) -> Result<Fetched, Error> {
        let keys = keys(base);
        match session {
            Session::Role(role) => self.role(role, base),
            Session::WebIdentity(web) => self.web_identity(web),
            Session::Saml(saml) => self.saml(saml),
            Session::User(user) => self.user(user, base),
            Session::Federated(user) => self.federated(user, keys),
            Session::Root(task) => self.root(task, keys),
            Session::Identity(identity) => self.pool_identity(identity),
        }
    }

    /// Checks the limits that STS documents, before anybody is asked.
    pub(crate) fn check(&self, session: &Session) -> Result<(), Error> {
        match session {
            Session::Role(role) => self.check_role(role),
            _ => Ok(()),
        }
    }

    fn check_role(&self, role: &Role) -> Result<(), Error> {
        let name = self.named(role);
        with_request(role, &name, |request| request.check()).map_err(|kind| {
            let error = SourceError { origin: Origin::AssumeRole, step: "", kind };
            Error::Source { error, report: Box::new(Report::new()) }
        })
    }

    /// The credentials of a session that takes none.
    pub(crate) fn unsigned(&self, session: &Session) -> Result<Fetched, Error> {
        match session {
            Session::WebIdentity(web) => self.web_identity(web),
            Session::Saml(saml) => self.saml(saml),
            Session::Identity(identity) => self.pool_identity(identity),
            other => Err(Error::Configuration(format!("{}: it takes credentials", other.name()))),
        }
    }

    /// Whose credentials they are.
    pub(crate) fn identity(&self, credentials: &Credentials) -> Result<Identity, Error> {
        let base = keys(credentials);
        let url = self.settings.sts_url()?;
        let mut call = GetCallerIdentity::new(base, self.sts(&url)?, GetCallerIdentityRequest);
        self.run(&mut call, |(), slot| {
            slot.identity().map(|identity| Identity {
                account: identity.account.to_owned(),
                arn: identity.arn.to_owned(),
                user_id: identity.user_id.to_owned(),
            })
        })
    }

    fn environment(&self) -> Result<Fetched, Error> {
        match &self.settings.credentials {
            Ok(Some(given)) => self.credentials(&mut Fixed::new(Some(given.borrow()))),
            Ok(None) => absent(Origin::Static),
            Err(error) => Err(error.clone()),
        }
    }

    fn profile(&self) -> Result<Fetched, Error> {
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
            Base::Named(named) => self.fetch(named.place()).map_err(|error| named.told(error))?,
            Base::WebIdentity(step) => self.web_identity_step(step)?,
            Base::Process(command) => self.credentials(&mut Process::new(command))?,
            Base::Sso(session) => self.sso(session)?,
        };
        for step in &plan.roles {
            fetched = self.role(&of_step(step), &fetched.0)?;
        }
        Ok(fetched)
    }

    #[cfg(feature = "sso")]
    fn sso(&self, session: &crate::settings::profiles::SsoSession) -> Result<Fetched, Error> {
        crate::fetch::sso::fetch(self, session)
    }

    #[cfg(not(feature = "sso"))]
    fn sso(&self, _: &crate::settings::profiles::SsoSession) -> Result<Fetched, Error> {
        Err(Error::Configuration(
            "this program was built without IAM Identity Center (feature sso)".to_owned(),
        ))
    }

    fn role(&self, role: &Role, base: &Credentials) -> Result<Fetched, Error> {
        let name = self.named(role);
        with_request(role, &name, |request| self.with_mfa(role.mfa.as_ref(), base, request))
    }

    /// The session's name.
    fn named(&self, role: &Role) -> String {
        role.session_name.clone().unwrap_or_else(|| self.session_name())
    }

    fn user(&self, user: &UserSession, base: &Credentials) -> Result<Fetched, Error> {
        let request = GetSessionTokenRequest {
            duration_seconds: user.duration_seconds,
            mfa_serial: user.mfa.as_ref().map(|mfa| mfa.serial.as_str()),
            token_code: user.mfa.as_ref().and_then(|mfa| mfa.code.as_deref()),
        };
        self.with_mfa(user.mfa.as_ref(), base, request)
    }

    /// A call that may take a code, which is asked for where it is not known.
    fn with_mfa<O: Operation<Output = Lease>>(
        &self,
        mfa: Option<&crate::sessions::Mfa>,
        base: &Credentials,
        request: O,
    ) -> Result<Fetched, Error> {
        let url = self.settings.sts_url()?;
        let keys = keys(base);
        match mfa.filter(|mfa| mfa.code.is_none()).map(crate::sessions::Mfa::question) {
            Some(question) => self.call(&url, Mfa::new(keys, &question), request),
            None => self.call(&url, keys, request),
        }
    }

    fn federated(&self, user: &FederatedUser, keys: Fixed<'_>) -> Result<Fetched, Error> {
        let policy_arns = texts(&user.policy_arns);
        let (tags, url) = (pairs(&user.tags), self.settings.sts_url()?);
        self.call(
            &url,
            keys,
            GetFederationTokenRequest {
                name: &user.name,
                duration_seconds: user.duration_seconds,
                policy: user.policy.as_deref(),
                policy_arns: &policy_arns,
                tags: &tags,
            },
        )
    }

    fn root(&self, task: &RootTask, keys: Fixed<'_>) -> Result<Fetched, Error> {
        let request = AssumeRootRequest {
            duration_seconds: task.duration_seconds,
            ..AssumeRootRequest::new(&task.target_principal, &task.task_policy_arn)
        };
        self.call(&self.settings.sts_url()?, keys, request)
    }

    fn web_identity_step(&self, step: &WebIdentityStep) -> Result<Fetched, Error> {
        let name = step.session_name.clone().unwrap_or_else(|| self.session_name());
        let web = WebIdentity::file(&step.role_arn, name, &step.token_file);
        self.web_identity(&WebIdentity { duration_seconds: step.duration_seconds, ..web })
    }

    fn web_identity(&self, web: &WebIdentity) -> Result<Fetched, Error> {
        let policy_arns = texts(&web.policy_arns);
        self.call(
            &self.settings.sts_url()?,
            identity_token(&web.token),
            AssumeRoleWithWebIdentityRequest {
                role_arn: &web.role_arn,
                session_name: &web.session_name,
                duration_seconds: web.duration_seconds,
                provider_id: web.provider_id.as_deref(),
                policy: web.policy.as_deref(),
                policy_arns: &policy_arns,
            },
        )
    }

    fn saml(&self, saml: &Saml) -> Result<Fetched, Error> {
        let policy_arns = texts(&saml.policy_arns);
        self.call(
            &self.settings.sts_url()?,
            identity_token(&saml.assertion),
            AssumeRoleWithSamlRequest {
                role_arn: &saml.role_arn,
                principal_arn: &saml.principal_arn,
                duration_seconds: saml.duration_seconds,
                policy: saml.policy.as_deref(),
                policy_arns: &policy_arns,
            },
        )
    }

    /// The call of `operation` at `url`.
    fn call<'c, O: Operation<Output = Lease>>(
        &self,
        url: &'c str,
        base: impl Flow<'c, Output = Lease>,
        operation: O,
    ) -> Result<Fetched, Error>
    where
        'a: 'c,
    {
        self.credentials(&mut Call::new(base, self.sts(url)?, operation))
    }

    /// Runs a flow that ends with credentials.
    pub(crate) fn credentials<'c>(&self, flow: &mut dyn Flow<'c, Output = Lease>) -> Result<Fetched, Error> {
        self.run(flow, |lease, slot| {
            slot.credentials().map(|credentials| (Credentials::copy(&credentials), lease))
        })
    }

    /// The session's name where none is set.
    fn session_name(&self) -> String {
        self.settings.role_session_name.clone().unwrap_or_else(|| {
            let now = crate::lock(self.clock).time(self.host.now());
            format!("rolecall-{}", now.map_or(0, |now| now.as_secs()))
        })
    }

    /// STS at `url`, signed for the region that is set, or for the one a global endpoint means.
    pub(crate) fn sts<'c>(&self, url: &'c str) -> Result<Service<'c>, Error>
    where
        'a: 'c,
    {
        let endpoint =
            Endpoint::parse(url).map_err(|error| invalid("AWS_ENDPOINT_URL_STS", &error.to_string()))?;
        Ok(Service::new(endpoint, self.settings.sts_region()))
    }

    pub(crate) fn run<'c, O, T>(
        &self,
        flow: &mut dyn Flow<'c, Output = O>,
        take: impl FnOnce(O, &Slot<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        self.run_in(EXCHANGE, flow, take)
    }

    /// Runs a flow whose requests have at most `room` bytes.
    pub(crate) fn run_in<'c, O, T>(
        &self,
        room: usize,
        flow: &mut dyn Flow<'c, Output = O>,
        take: impl FnOnce(O, &Slot<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        let count = flow.slots();
        let mut memory = Zeroizing::new(vec![0; SLOT * count]);
        let mut slots: Vec<Slot<'_>> = memory.chunks_mut(SLOT).map(Slot::new).collect();
        let mut report = Report::new();
        let driver = Driver { host: self.host, clock: self.clock, tracer: self.tracer, room };
        match driver.drive(flow, &mut slots, &mut report) {
            Ok(output) => {
                let taken = slots.first().and_then(|slot| take(output, slot));
                taken.ok_or_else(|| Error::Configuration("a source ended without a result".to_owned()))
            }
            Err(error) => {
                Err(self.trouble(&error).unwrap_or(Error::Source { error, report: Box::new(report) }))
            }
        }
    }
}

impl Fetcher<'_> {
    /// The setting that is to blame for an exchange that failed as untrusted.
    fn trouble(&self, error: &SourceError) -> Option<Error> {
        let ErrorKind::Transport(Failure { kind: FailureKind::Untrusted | FailureKind::Unsupported, .. }) =
            error.kind
        else {
            return None;
        };
        self.host.trouble().map(Error::Configuration)
    }
}

/// A service at `url`.
pub(crate) fn service<'c>(url: &'c str, region: &'c str) -> Result<Service<'c>, Error> {
    let endpoint = Endpoint::parse(url).map_err(|error| invalid("endpoint", &format!("{url}: {error}")))?;
    Ok(Service::new(endpoint, region))
}

/// As a flow would tell it, which would be lent memory first.
fn absent(origin: Origin) -> Result<Fetched, Error> {
    let error = SourceError { origin, step: "", kind: ErrorKind::NotConfigured };
    Err(Error::Source { error, report: Box::new(Report::new()) })
}

impl Named {
    fn place(self) -> Place {
        match self {
            Self::Environment => Place::Environment,
            Self::Ec2InstanceMetadata => Place::Imds,
            Self::EcsContainer => Place::Container,
        }
    }

    /// What is not set up says nothing of who wants it.
    fn told(self, error: Error) -> Error {
        if !error.is_not_configured() {
            return error;
        }
        let unset = self.place().unset();
        Error::Configuration(format!("credential_source is {}, but {unset}", self.as_str()))
    }
}

/// The role that a profile describes.
fn of_step(step: &RoleStep) -> Role {
    Role {
        session_name: step.session_name.clone(),
        duration_seconds: step.duration_seconds,
        external_id: step.external_id.clone(),
        mfa: step.mfa_serial.clone().map(|serial| crate::sessions::Mfa { serial, code: None }),
        ..Role::unnamed(&step.role_arn)
    }
}

/// What `with` makes of the parameters of AssumeRole.
fn with_request<T>(role: &Role, name: &str, with: impl FnOnce(AssumeRoleRequest<'_>) -> T) -> T {
    let policy_arns = texts(&role.policy_arns);
    let transitive = texts(&role.transitive_tag_keys);
    let contexts: Vec<(&str, &str)> = role
        .provided_contexts
        .iter()
        .map(|(provider, assertion)| (provider.as_str(), assertion.expose()))
        .collect();
    let more = SessionParameters {
        policy: role.policy.as_deref(),
        policy_arns: &policy_arns,
        tags: &pairs(&role.tags),
        transitive_tag_keys: &transitive,
        mfa_serial: role.mfa.as_ref().map(|mfa| mfa.serial.as_str()),
        token_code: role.mfa.as_ref().and_then(|mfa| mfa.code.as_deref()),
        source_identity: role.source_identity.as_deref(),
        provided_contexts: &contexts,
    };
    with(AssumeRoleRequest {
        duration_seconds: role.duration_seconds,
        external_id: role.external_id.as_deref(),
        more: Some(&more),
        ..AssumeRoleRequest::new(&role.arn, name)
    })
}

/// Credentials to make a call with. Their end is for whoever holds them to mind, by a clock that may be
/// better than this one: a service will say if it has come.
pub(crate) fn keys(held: &Credentials) -> Fixed<'_> {
    Fixed::new(Some(held.borrow().with_expiration(None)))
}

pub(crate) fn pairs(owned: &[(String, String)]) -> Vec<(&str, &str)> {
    owned.iter().map(|(first, second)| (first.as_str(), second.as_str())).collect()
}

pub(crate) fn texts(owned: &[String]) -> Vec<&str> {
    owned.iter().map(String::as_str).collect()
}

fn identity_token(place: &TokenPlace) -> IdentityToken<'_> {
    match place {
        TokenPlace::File(path) => IdentityToken::file(path),
        TokenPlace::Given(token) => IdentityToken::given(token.expose()),
    }
}

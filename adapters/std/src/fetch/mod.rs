//! The sources of a host, each run as a flow.

pub(crate) mod chain;
mod cognito;
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
mod device;
#[cfg(feature = "login")]
mod login;
#[cfg(feature = "login")]
mod login_file;
mod process;
mod profile;
mod region;
mod s3_session;
#[cfg(any(feature = "sso", feature = "login"))]
mod sign_in;
#[cfg(feature = "sso")]
pub(crate) mod sso;
#[cfg(feature = "sso")]
mod sso_login;
#[cfg(feature = "sso")]
mod sso_token;
mod sts;

use std::cell::{Cell, RefCell};
use std::sync::Mutex;

use rolecall_core::call::Service;
use rolecall_core::error::{Error as SourceError, ErrorKind, Failure, FailureKind, Origin, Phase};
use rolecall_core::flow::{Flow, Lease, Report, Slot};
use rolecall_core::skew::Clock;
use rolecall_core::sources::Fixed;
use rolecall_core::wire::time::UnixTime;

use crate::driver::{Driver, EXCHANGE};
use crate::files::MAX_CONTENT;
use crate::host::Host;
use crate::secret::Wiped;
use crate::sessions::Session;
use crate::trace::{Trace, Tracer};
use crate::wait::Wait;
use crate::{Credentials, Detail, Error, Settings};
use chain::Link;

/// Memory of one slot: room for any session token that fits a reply.
pub(crate) const SLOT: usize = 64 * 1024;

/// Credentials, and how long they were valid when they were fetched.
pub(crate) type Fetched = (Credentials, Lease);

/// Fetches credentials with some settings and a host.
#[derive(Clone, Copy)]
pub(crate) struct Fetcher<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) host: &'a dyn Host,
    pub(crate) clock: &'a Mutex<Clock>,
    pub(crate) tracer: Option<&'a Tracer>,
    /// Variables for commands, beside those of this process.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    pub(crate) wait: Option<&'a Wait>,
    /// The certificate of the flow that is run, if it has one.
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    pub(crate) identity: Option<&'a crate::Identity>,
    /// The key of the flow that is run, if it has one.
    #[cfg(any(feature = "iot", feature = "roles-anywhere", feature = "login"))]
    pub(crate) key: Option<&'a dyn crate::certificate::Key>,
}

impl<'a> Fetcher<'a> {
    /// The service that signs with this name, at `url`.
    pub(crate) fn service<'c>(
        &self,
        name: &str,
        url: &'c str,
        region: &'c str,
    ) -> Result<Service<'c>, Error> {
        Ok(Service::new(self.settings.parsed(name, url)?, region))
    }

    /// The credentials of one place.
    pub(crate) fn fetch(&self, place: Link) -> Result<Fetched, Error> {
        match place {
            Link::Environment => self.environment(),
            Link::Profile => self.profile(),
            Link::WebIdentity => match &self.settings.web_identity {
                Ok(Some(step)) => self.web_identity_step(step),
                Ok(None) => absent(Origin::Static),
                Err(error) => Err(error.clone()),
            },
            Link::Container if !self.settings.has_container() => absent(Origin::Container),
            Link::Container => self.credentials(&mut self.settings.container()?),
            Link::Imds => self.credentials(&mut self.settings.imds()?),
        }
    }

    /// The credentials of a session, requested with those of `base` if it needs some.
    pub(crate) fn session(&self, session: &Session, base: &Credentials) -> Result<Fetched, Error> {
        let keys = keys(base);
        match session {
            Session::Role(role) => self.role(role, base),
            Session::WebIdentity(web) => self.web_identity(web),
            Session::Saml(saml) => self.saml(saml),
            Session::User(user) => self.user(user, base),
            Session::Federated(user) => self.federated(user, keys),
            Session::Root(task) => self.root(task, keys),
            Session::S3(session) => self.s3_session(session, keys),
            Session::Identity(identity) => self.pool_identity(identity),
            #[cfg(feature = "iot")]
            Session::Iot(role) => self.iot(role),
            #[cfg(feature = "roles-anywhere")]
            Session::RolesAnywhere(role) => self.anywhere(role),
        }
    }

    /// The credentials of a session that needs none.
    pub(crate) fn unsigned(&self, session: &Session) -> Result<Fetched, Error> {
        // Its credentials are not needed; but a profile that was named and does not exist is a mistake.
        if let (true, false, Err(error)) =
            (self.settings.names_profile, self.settings.has_profile, &self.settings.profile)
        {
            return Err(error.clone());
        }
        match session {
            Session::WebIdentity(web) => self.web_identity(web),
            Session::Saml(saml) => self.saml(saml),
            Session::Identity(identity) => self.pool_identity(identity),
            #[cfg(feature = "iot")]
            Session::Iot(role) => self.iot(role),
            #[cfg(feature = "roles-anywhere")]
            Session::RolesAnywhere(role) => self.anywhere(role),
            other => Err(Error::Configuration(format!("{}: it takes credentials", other.name()))),
        }
    }

    fn environment(&self) -> Result<Fetched, Error> {
        match &self.settings.credentials {
            Ok(Some(given)) => {
                let fetched = self.credentials(&mut Fixed::new(Some(given.borrow())));
                fetched.map_err(|error| {
                    error.of_expired(|| {
                        let end = given.expiration().unwrap_or(UnixTime::EPOCH).rfc3339();
                        format!(
                            "AWS_CREDENTIAL_EXPIRATION is {}; set credentials that have not ended",
                            end.as_str()
                        )
                    })
                })
            }
            Ok(None) => absent(Origin::Static),
            Err(error) => Err(error.clone()),
        }
    }

    /// Runs a flow that ends with credentials.
    pub(crate) fn credentials<'c>(&self, flow: &mut dyn Flow<'c, Output = Lease>) -> Result<Fetched, Error> {
        let fetched = self.run(flow, taken)?;
        if let (Some(tracer), true) = (self.tracer, fetched.1.stale) {
            tracer(Trace::Stale);
        }
        Ok(fetched)
    }

    pub(crate) fn run<'c, O, T>(
        &self,
        flow: &mut dyn Flow<'c, Output = O>,
        take: impl FnOnce(O, &Slot<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        self.run_in(EXCHANGE, SLOT, flow, take)
    }

    /// Runs a flow whose requests have at most `room` bytes, with `slot` bytes for each slot.
    pub(crate) fn run_in<'c, O, T>(
        &self,
        room: usize,
        slot: usize,
        flow: &mut dyn Flow<'c, Output = O>,
        take: impl FnOnce(O, &Slot<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        let count = flow.slots();
        let mut memory = Wiped::new(vec![0; slot * count]);
        let mut slots: Vec<Slot<'_>> = memory.chunks_mut(slot).map(Slot::new).collect();
        let mut report = Report::new();
        let driver = self.driver(room);
        match driver.drive(flow, &mut slots, &mut report) {
            Ok(output) => {
                let taken = slots.first().and_then(|slot| take(output, slot));
                taken.ok_or_else(|| Error::Configuration("a source ended without a result".to_owned()))
            }
            Err(error) => Err(self.failed(&driver, error, report)),
        }
    }
}

impl<'a> Fetcher<'a> {
    /// A driver for requests of at most `room` bytes.
    pub(crate) fn driver(&self, room: usize) -> Driver<'a> {
        Driver {
            host: self.host,
            clock: self.clock,
            tracer: self.tracer,
            room,
            variables: self.variables,
            wait: self.wait,
            #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
            identity: self.identity,
            #[cfg(any(feature = "iot", feature = "roles-anywhere", feature = "login"))]
            key: self.key,
            about: RefCell::default(),
            limit: Cell::default(),
            end: RefCell::default(),
        }
    }

    /// The error of a flow: that of a setting, if a setting caused it.
    pub(crate) fn failed(&self, driver: &Driver<'_>, error: SourceError, report: Report) -> Error {
        self.trouble(&error).unwrap_or_else(|| Error::Source {
            detail: Box::new(self.detail(driver, &error)),
            error,
            report: Box::new(report),
        })
    }

    /// What the error of a flow is about.
    pub(crate) fn detail(&self, driver: &Driver<'_>, error: &SourceError) -> Detail {
        let about = match error.kind {
            ErrorKind::Transport(_)
            | ErrorKind::Status(_)
            | ErrorKind::Malformed(_)
            | ErrorKind::Missing(_)
            | ErrorKind::Unusable(_)
            | ErrorKind::OutOfTime
            | ErrorKind::Refused { status: 500.., .. } => driver.about.take(),
            ErrorKind::Expired if error.step == "access token" => driver.about.take(),
            ErrorKind::Expired if error.origin == Origin::Process => {
                format!("{} printed Expiration {}", driver.about.take(), driver.end.take())
            }
            // Its file, or the name of its host.
            ErrorKind::Invalid(_) if error.origin == Origin::Container => driver.about.take(),
            ErrorKind::Invalid(_) | ErrorKind::BufferTooSmall { .. } if error.step == "token" => {
                driver.about.take()
            }
            _ => String::new(),
        };
        let hint = matches!(error.kind, ErrorKind::Transport(_)).then(|| self.host.hint()).flatten();
        let at_proxy = || {
            let (_, proxy) = about.split_once(" through the proxy ")?;
            let ErrorKind::Transport(failure) = error.kind else { return None };
            let before_reply = matches!(failure.phase, Phase::Resolve | Phase::Connect | Phase::FirstByte);
            let unreached = matches!(failure.kind, FailureKind::NotFound | FailureKind::Protocol);
            (before_reply && unreached)
                .then(|| format!("check that a proxy for this scheme listens at {proxy}"))
        };
        let advice = hint.or_else(at_proxy).or_else(|| too_long(driver, error)).unwrap_or_default();
        Detail { about, advice }
    }

    /// The setting that made an exchange fail as untrusted, unsupported or denied.
    pub(crate) fn trouble(&self, error: &SourceError) -> Option<Error> {
        use FailureKind::{Denied, Unsupported, Untrusted};
        match error.kind {
            ErrorKind::Transport(Failure { kind: Untrusted | Unsupported | Denied, .. }) => {
                self.host.trouble().map(Error::Configuration)
            }
            _ => None,
        }
    }
}

/// What to do about something that is longer than it may be: memory is not the caller's to lend here.
fn too_long(driver: &Driver<'_>, error: &SourceError) -> Option<String> {
    let ErrorKind::Transport(Failure { phase, kind: FailureKind::TooLarge }) = error.kind else {
        return None;
    };
    Some(match phase {
        Phase::File => {
            format!("at most {MAX_CONTENT} bytes of a file are read; check that it is the right one")
        }
        Phase::Process => {
            format!("at most {MAX_CONTENT} bytes of what a command prints are read; run it by hand")
        }
        Phase::Prompt => "type less in one line".to_owned(),
        Phase::Body => {
            format!("at most {} bytes of this reply are read; check the endpoint", driver.limit.get())
        }
        _ => "no service sends that many headers; check the endpoint".to_owned(),
    })
}

/// The credentials that a flow has left in its slot.
fn taken(lease: Lease, slot: &Slot<'_>) -> Option<Fetched> {
    let credentials = slot.credentials()?;
    Some((Credentials::copy(&credentials).with_stale(lease.stale), lease))
}

/// As a flow would report it, without lending it memory first.
fn absent(origin: Origin) -> Result<Fetched, Error> {
    let error = SourceError::new(origin, "", ErrorKind::NotConfigured);
    Err(error.into())
}

/// Credentials for a call. Their expiration is left to their holder, by a clock that may be better than this
/// one: a service reports it if they have expired.
pub(crate) fn keys(held: &Credentials) -> Fixed<'_> {
    Fixed::new(Some(held.borrow().with_expiration(None)))
}

pub(crate) fn pairs(owned: &[(String, String)]) -> Vec<(&str, &str)> {
    owned.iter().map(|(first, second)| (first.as_str(), second.as_str())).collect()
}

pub(crate) fn texts(owned: &[String]) -> Vec<&str> {
    owned.iter().map(String::as_str).collect()
}

//! Credentials that stay fresh, and calls made with them.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rolecall_core::error::{Error as SourceError, ErrorKind, Failure, FailureKind, Origin};
use rolecall_core::refresh::{Decision, Refresh};
use rolecall_core::skew::{Authority, Clock};
use rolecall_core::sources::sts::{
    AssumeRole, AssumeRoleRequest, GetCallerIdentity, GetCallerIdentityRequest, Service, read_error,
};
use rolecall_core::sources::{Chain, Endpoint, Fixed, Flow, Lease, Report, Slot};
use rolecall_core::wire::time::UnixTime;
use zeroize::Zeroizing;

use crate::driver::{Trace, Tracer, drive};
use crate::settings::invalid;
use crate::transport::{Outgoing, Transport, read_body};
use crate::{Credentials, Environment, Error, Presigned, Reply, Request, Settings, Signed, system};

/// Memory of one slot: room for any session token that fits a reply.
const SLOT: usize = 64 * 1024;

/// Finds credentials, keeps them fresh, assumes roles, signs and sends. A clone is another handle
/// to the same credentials; any number of threads may share them.
///
/// Credentials are fetched when first asked for, and again when they are due
/// ([`rolecall_core::refresh`] tells when).
#[derive(Clone)]
pub struct Provider {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Arc<Settings>,
    transport: Arc<Transport>,
    clock: Arc<Mutex<Clock>>,
    tracer: Option<Arc<Tracer>>,
    origin: From,
    held: Mutex<Held>,
}

/// Where the credentials come from.
enum From {
    /// Environment, container, instance metadata.
    Chain,
    Role(Provider, Role),
}

#[derive(Default)]
struct Held {
    refresh: Refresh,
    credentials: Option<Arc<Credentials>>,
    error: Option<Error>,
}

/// A role to assume.
#[derive(Debug, Clone)]
pub struct Role {
    arn: String,
    session_name: String,
    duration_seconds: Option<u32>,
    external_id: Option<String>,
}

impl Role {
    /// The role `arn`, in a session of that name (2 to 64 of `[\w+=,.@-]`).
    pub fn new(arn: impl Into<String>, session_name: impl Into<String>) -> Self {
        Self { arn: arn.into(), session_name: session_name.into(), duration_seconds: None, external_id: None }
    }

    /// Seconds of life, 900 to 43,200; 3,600 if it is not said.
    pub fn duration_seconds(mut self, seconds: u32) -> Self {
        self.duration_seconds = Some(seconds);
        self
    }

    /// What the role's trust policy may ask of a third party.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }
}

/// Whose credentials they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The twelve digits of the account.
    pub account: String,
    /// The principal's ARN.
    pub arn: String,
    /// The principal's unique id.
    pub user_id: String,
}

impl Provider {
    /// What the standard variables say.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a variable that cannot be used.
    pub fn from_environment(environment: &Environment) -> Result<Self, Error> {
        Ok(Self::new(Settings::from_environment(environment)?))
    }

    /// The default chain of `settings`.
    pub fn new(settings: Settings) -> Self {
        let clock = if settings.corrects_clock { Clock::new() } else { Clock::uncorrected() };
        let shared = Shared {
            transport: Arc::new(Transport::new(&settings)),
            settings: Arc::new(settings),
            clock: Arc::new(Mutex::new(clock)),
            tracer: None,
            origin: From::Chain,
            held: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Tells `tracer` of every exchange and wait. For a provider that has no other handles yet.
    pub fn with_trace(mut self, tracer: impl Fn(Trace<'_>) + Send + Sync + 'static) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.tracer = Some(Arc::new(tracer));
        }
        self
    }

    /// The credentials of `role`, assumed with those of this provider.
    ///
    /// # Errors
    /// [`Error::Configuration`] if there is neither a region nor an endpoint for STS.
    pub fn assume_role(&self, role: Role) -> Result<Self, Error> {
        self.shared.settings.sts_url()?;
        let shared = Shared {
            settings: self.shared.settings.clone(),
            transport: self.shared.transport.clone(),
            clock: self.shared.clock.clone(),
            tracer: self.shared.tracer.clone(),
            origin: From::Role(self.clone(), role),
            held: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The time to sign with: the system's, corrected by what services have told.
    pub fn time(&self) -> UnixTime {
        lock(&self.shared.clock).time(system::now()).unwrap_or(UnixTime::EPOCH)
    }

    /// Seconds by which this machine's clock is behind (negative: ahead), as services have told.
    pub fn clock_skew(&self) -> i64 {
        lock(&self.shared.clock).skew()
    }

    /// Credentials that are good now.
    ///
    /// # Errors
    /// [`Error::NoCredentials`] if no source is set up; else the source's own.
    pub fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        let mut held = lock(&self.shared.held);
        match (held.refresh.decide(system::now().monotonic), &held.credentials, &held.error) {
            (Decision::Use | Decision::UseLimited, Some(credentials), _) => return Ok(credentials.clone()),
            (Decision::RepeatError, _, Some(error)) => return Err(error.clone()),
            _ => {}
        }
        let fetched = self.fetch();
        let now = system::now().monotonic;
        match fetched {
            Ok((credentials, lease)) => {
                if held.refresh.succeeded(now, lease.lifetime, system::entropy())
                    || held.credentials.is_none()
                {
                    held.credentials = Some(Arc::new(credentials));
                }
                held.error = None;
            }
            Err(error) => {
                let recoverable = match &error {
                    Error::Source { error, .. } => error.is_recoverable(),
                    // A metadata service that cannot be reached now may be there again later.
                    Error::NoCredentials { tried } => tried.iter().any(SourceError::is_recoverable),
                    _ => false,
                };
                held.refresh.failed(now, recoverable, system::entropy());
                held.error = Some(error.clone());
                if !recoverable || held.credentials.is_none() {
                    return Err(error);
                }
            }
        }
        let missing = Error::NoCredentials { tried: Vec::new() };
        held.credentials.clone().ok_or(missing)
    }

    /// A service refused the credentials with this access key id as expired or unknown. If they are
    /// the ones held, they are fetched anew when next asked for.
    pub fn invalidate(&self, access_key_id: &str) {
        let mut held = lock(&self.shared.held);
        if held.credentials.as_ref().is_some_and(|held| held.access_key_id() == access_key_id) {
            held.refresh.invalidate();
        }
    }

    /// Whose credentials these are (STS GetCallerIdentity).
    ///
    /// # Errors
    /// Those of [`Provider::credentials`], and of the call.
    pub fn caller_identity(&self) -> Result<Identity, Error> {
        let credentials = self.credentials()?;
        let base = Fixed::new(Some(credentials.borrow()));
        let url = self.shared.settings.sts_url()?;
        let mut call = GetCallerIdentity::new(base, self.sts(&url)?, GetCallerIdentityRequest);
        self.run(&mut call, |(), slot| {
            slot.identity().map(|identity| Identity {
                account: identity.account.to_owned(),
                arn: identity.arn.to_owned(),
                user_id: identity.user_id.to_owned(),
            })
        })
    }

    /// Signs `request` with the credentials, now.
    ///
    /// # Errors
    /// Those of [`Provider::credentials`] and [`Request::sign`].
    pub fn sign(&self, request: &Request) -> Result<Signed, Error> {
        let request = request.completed(self.settings())?;
        request.sign(&*self.credentials()?, self.time())
    }

    /// Presigns `request` with the credentials, from now on for `lifetime` seconds.
    ///
    /// # Errors
    /// Those of [`Provider::credentials`] and [`Request::presign`].
    pub fn presign(&self, request: &Request, lifetime: u32) -> Result<Presigned, Error> {
        let request = request.completed(self.settings())?;
        request.presign(&*self.credentials()?, self.time(), lifetime)
    }

    /// Signs and sends `request`; any status is a reply. It is sent once, and once more if the
    /// service says that this machine's clock is wrong.
    ///
    /// # Errors
    /// Those of [`Provider::sign`]; [`Error::Send`] if there is no reply.
    pub fn send(&self, request: &Request) -> Result<Reply, Error> {
        self.send_and_read(request, None)
    }

    /// As [`Provider::send`], for a body of any length: one that is longer than the request's limit
    /// goes to `out` as it comes, and what came before an error has been written by then. A shorter
    /// one is in the reply as usual.
    ///
    /// # Errors
    /// As [`Provider::send`].
    pub fn send_to(&self, request: &Request, out: &mut dyn Write) -> Result<Reply, Error> {
        self.send_and_read(request, Some(out))
    }

    fn send_and_read(&self, request: &Request, mut out: Option<&mut dyn Write>) -> Result<Reply, Error> {
        let request = request.completed(self.settings())?.canonical_path();
        let credentials = self.credentials()?;
        let first: Option<&mut dyn Write> = if let Some(out) = &mut out { Some(&mut **out) } else { None };
        let (mut reply, skew) = self.send_once(&request, &credentials, first)?;
        if reply.status >= 400 {
            let mut report = Report::new();
            let known = read_error(&reply.body, &mut report).is_ok();
            if known && lock(&self.shared.clock).explains(report.code(), skew) {
                reply = self.send_once(&request, &credentials, out)?.0;
            } else if matches!(report.code(), "ExpiredToken" | "ExpiredTokenException" | "InvalidToken") {
                self.invalidate(credentials.access_key_id());
            }
        }
        Ok(reply)
    }

    fn send_once(
        &self,
        request: &Request,
        credentials: &Credentials,
        out: Option<&mut dyn Write>,
    ) -> Result<(Reply, Option<i64>), Error> {
        let signed = request.sign(credentials, self.time())?;
        let limits = request.limits();
        let (start, sent) = (Instant::now(), system::now());
        let headers = signed.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let outgoing = Outgoing {
            method: request.method(),
            url: request.url(),
            headers: headers.collect(),
            body: request.content(),
            limits,
            metadata: false,
        };
        let mut response = self.shared.transport.send(outgoing).map_err(|failure| self.unsent(failure))?;
        if let Some(tracer) = &self.shared.tracer {
            let asked = format!("{} {}", request.method(), request.origin());
            let outcome = Ok(response.status().as_u16());
            tracer(Trace::Exchange { asked: &asked, outcome, took: start.elapsed() });
        }
        let (headers, received) = (response.headers(), system::now());
        let date = headers.get("date").map(|value| value.as_bytes());
        let has_age = headers.contains_key("age");
        let skew = lock(&self.shared.clock).observe(date, has_age, sent, received, Authority::Service);
        let headers = headers.iter().filter_map(|(name, value)| {
            value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
        });
        let (status, headers) = (response.status().as_u16(), headers.collect());
        let mut body = Zeroizing::new(Vec::new());
        let deadline = start + Duration::from_millis(limits.total.into());
        read_body(response.body_mut(), limits.body as usize, deadline, &mut body, out)
            .map_err(Error::Send)?;
        Ok((Reply { status, headers, body: std::mem::take(&mut *body) }, skew))
    }

    /// The error of an exchange that came to no reply: that of a setting, if it is one's fault.
    fn unsent(&self, failure: Failure) -> Error {
        self.misconfigured(failure).map_or(Error::Send(failure), Error::Configuration)
    }

    fn misconfigured(&self, failure: Failure) -> Option<String> {
        self.shared.transport.misconfigured().filter(|_| failure.kind == FailureKind::Untrusted)
    }

    fn fetch(&self) -> Result<(Credentials, Lease), Error> {
        let copy = |lease: Lease, slot: &Slot<'_>| {
            slot.credentials().map(|credentials| (Credentials::copy(&credentials), lease))
        };
        let settings = &*self.shared.settings;
        match &self.shared.origin {
            From::Chain => {
                let given = settings.credentials.as_ref().map(Credentials::borrow);
                let (mut fixed, mut container, mut imds) =
                    (Fixed::new(given), settings.container()?, settings.imds()?);
                let sources: [&mut dyn Flow<'_, Output = Lease>; 3] = [&mut fixed, &mut container, &mut imds];
                let mut chain = Chain::new(sources);
                let fetched = self.run(&mut chain, copy);
                match fetched {
                    Err(Error::Source { error: SourceError { origin: Origin::Chain, .. }, .. }) => {
                        Err(Error::NoCredentials { tried: chain.tried().to_vec() })
                    }
                    fetched => fetched,
                }
            }
            From::Role(base, role) => {
                let credentials = base.credentials()?;
                let url = settings.sts_url()?;
                let request = AssumeRoleRequest {
                    role_arn: &role.arn,
                    session_name: &role.session_name,
                    duration_seconds: role.duration_seconds,
                    external_id: role.external_id.as_deref(),
                };
                let base = Fixed::new(Some(credentials.borrow()));
                self.run(&mut AssumeRole::new(base, self.sts(&url)?, request), copy)
            }
        }
    }

    /// STS at `url`, signed for the region that is set, or for the one a global endpoint means.
    fn sts<'c>(&'c self, url: &'c str) -> Result<Service<'c>, Error> {
        let endpoint =
            Endpoint::parse(url).map_err(|error| invalid("AWS_ENDPOINT_URL_STS", &error.to_string()))?;
        let region = self.shared.settings.region.as_deref().unwrap_or("us-east-1");
        Ok(Service::new(endpoint, region))
    }

    fn run<'c, F: Flow<'c>, T>(
        &self,
        flow: &mut F,
        take: impl FnOnce(F::Output, &Slot<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        let count = flow.slots();
        let mut memory = Zeroizing::new(vec![0; SLOT * count]);
        let mut slots: Vec<Slot<'_>> = memory.chunks_mut(SLOT).map(Slot::new).collect();
        let mut report = Report::new();
        // A copy: the clock is not to be locked while a socket is waited for.
        let mut clock = lock(&self.shared.clock).clone();
        let result = drive(
            flow,
            &mut slots,
            &mut clock,
            &mut report,
            &self.shared.transport,
            self.shared.tracer.as_deref(),
        );
        *lock(&self.shared.clock) = clock;
        let taken = result.map(|output| slots.first().and_then(|slot| take(output, slot)));
        match taken {
            Ok(Some(taken)) => Ok(taken),
            Ok(None) => Err(Error::NoCredentials { tried: Vec::new() }),
            Err(SourceError { kind: ErrorKind::Transport(failure), .. })
                if self.misconfigured(failure).is_some() =>
            {
                Err(self.unsent(failure))
            }
            Err(error) => Err(Error::Source { error, report: Box::new(report) }),
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shared.origin {
            From::Chain => f.write_str("Provider(default chain)"),
            From::Role(_, role) => write!(f, "Provider({})", role.arn),
        }
    }
}

/// Nothing here leaves its data half-changed when it panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

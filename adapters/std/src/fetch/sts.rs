//! Calls of STS.

use std::sync::atomic::Ordering;

use rolecall_core::call::{Call, Operation, Proof, Service};
use rolecall_core::error::{Buffer as Memory, Error as SourceError, ErrorKind, Origin};
use rolecall_core::flow::{Flow, Lease, Slot};
use rolecall_core::sources::sts::Mfa;
use rolecall_core::sources::sts::{
    AssumeRoleRequest, AssumeRoleWithSamlRequest, AssumeRoleWithWebIdentityRequest, AssumeRootRequest,
    GetCallerIdentity, GetCallerIdentityRequest, GetFederationTokenRequest, GetSessionTokenRequest,
    SessionParameters,
};
use rolecall_core::sources::{Fixed, IdentityToken};
use rolecall_core::wire::Count;

use super::{Fetched, Fetcher, SLOT, keys, pairs, taken, texts};
use crate::credentials::{CallerIdentity, is_account};
use crate::driver::EXCHANGE;
use crate::sessions::{
    self, FederatedUser, Role, RootTask, Saml, Session, TokenPlace, UserSession, WebIdentity,
};
use crate::settings::profiles::WebIdentityStep;
use crate::trace::Trace;
use crate::{Credentials, Error};

impl<'a> Fetcher<'a> {
    /// Checks the limits that STS documents, before anything is sent.
    pub(crate) fn check(&self, session: &Session) -> Result<(), Error> {
        match session {
            Session::Role(role) => self.check_role(role),
            _ => Ok(()),
        }
    }

    pub(super) fn check_role(&self, role: &Role) -> Result<(), Error> {
        let name = self.named(role);
        with_request(role, &name, |request| request.check())
            .map_err(|kind| SourceError::new(Origin::AssumeRole, "", kind).into())
    }

    pub(super) fn role(&self, role: &Role, base: &Credentials) -> Result<Fetched, Error> {
        let name = self.named(role);
        with_request(role, &name, |request| self.with_mfa(role.mfa.as_ref(), base, request))
    }

    /// The session's name.
    fn named(&self, role: &Role) -> String {
        role.session_name.clone().unwrap_or_else(|| self.session_name())
    }

    /// The URL of STS, for the region of the instance if no setting names one.
    fn sts_url(&self) -> Result<String, Error> {
        self.find_region();
        self.settings.sts_url()
    }

    /// The session's name if none is set.
    fn session_name(&self) -> String {
        self.settings.role_session_name.clone().unwrap_or_else(|| {
            let now = crate::lock(self.clock).time(self.host.now());
            format!("rolecall-{}", now.map_or(0, |now| now.as_secs()))
        })
    }

    pub(super) fn user(&self, user: &UserSession, base: &Credentials) -> Result<Fetched, Error> {
        let mut request = GetSessionTokenRequest::default();
        request.duration_seconds = user.duration_seconds;
        request.mfa_serial = user.mfa.as_ref().map(|mfa| mfa.serial.as_str());
        request.token_code = user.mfa.as_ref().and_then(|mfa| mfa.code.as_deref());
        self.with_mfa(user.mfa.as_ref(), base, request)
    }

    /// A call that may need a code, which is asked for if it is not known.
    fn with_mfa<O: Operation>(
        &self,
        mfa: Option<&sessions::Mfa>,
        base: &Credentials,
        request: O,
    ) -> Result<Fetched, Error> {
        let url = self.sts_url()?;
        let keys = keys(base);
        match mfa.filter(|mfa| mfa.code.is_none()).map(sessions::Mfa::question) {
            Some(question) => self.call(&url, Mfa::new(keys, &question), request),
            None => self.call(&url, keys, request),
        }
    }

    pub(super) fn federated(&self, user: &FederatedUser, keys: Fixed<'_>) -> Result<Fetched, Error> {
        let policy_arns = texts(&user.policy_arns);
        let (tags, url) = (pairs(&user.tags), self.sts_url()?);
        let mut request = GetFederationTokenRequest::new(&user.name);
        request.duration_seconds = user.duration_seconds;
        request.policy = user.policy.as_deref();
        request.policy_arns = &policy_arns;
        request.tags = &tags;
        self.call(&url, keys, request)
    }

    pub(super) fn root(&self, task: &RootTask, keys: Fixed<'_>) -> Result<Fetched, Error> {
        let mut request = AssumeRootRequest::new(&task.target_principal, &task.task_policy_arn);
        request.duration_seconds = task.duration_seconds;
        self.call(&self.sts_url()?, keys, request)
    }

    pub(super) fn web_identity_step(&self, step: &WebIdentityStep) -> Result<Fetched, Error> {
        let name = step.session_name.clone().unwrap_or_else(|| self.session_name());
        let web = WebIdentity::file(&step.role_arn, name, &step.token_file);
        self.web_identity(&WebIdentity { duration_seconds: step.duration_seconds, ..web })
    }

    pub(super) fn web_identity(&self, web: &WebIdentity) -> Result<Fetched, Error> {
        let policy_arns = texts(&web.policy_arns);
        let mut request = AssumeRoleWithWebIdentityRequest::new(&web.role_arn, &web.session_name);
        request.duration_seconds = web.duration_seconds;
        request.provider_id = web.provider_id.as_deref();
        request.policy = web.policy.as_deref();
        request.policy_arns = &policy_arns;
        self.call_with_token(&self.sts_url()?, &web.token, request)
    }

    pub(super) fn saml(&self, saml: &Saml) -> Result<Fetched, Error> {
        let policy_arns = texts(&saml.policy_arns);
        let mut request = AssumeRoleWithSamlRequest::new(&saml.role_arn, &saml.principal_arn);
        request.duration_seconds = saml.duration_seconds;
        request.policy = saml.policy.as_deref();
        request.policy_arns = &policy_arns;
        self.call_with_token(&self.sts_url()?, &saml.assertion, request)
    }

    /// The identity that credentials belong to, in printable ASCII as everything that a service says.
    pub(crate) fn identity(&self, credentials: &Credentials) -> Result<CallerIdentity, Error> {
        let base = keys(credentials);
        let url = self.sts_url()?;
        let mut call = GetCallerIdentity::new(base, self.signed_sts(&url)?, GetCallerIdentityRequest);
        let identity = self.run(&mut call, |_, slot| {
            slot.identity().map(|identity| CallerIdentity {
                account: identity.account.to_owned(),
                arn: printable(identity.arn),
                user_id: printable(identity.user_id),
            })
        })?;
        if is_account(&identity.account) {
            return Ok(identity);
        }
        let kind = ErrorKind::Unusable("Account, which has to be twelve digits,");
        let error = SourceError::new(Origin::CallerIdentity, "", kind);
        Err(Error::from(error))
    }

    /// The call of `operation` at `url`.
    fn call<'c, O: Operation>(
        &self,
        url: &'c str,
        base: impl Flow<'c, Output = Lease>,
        operation: O,
    ) -> Result<Fetched, Error>
    where
        'a: 'c,
    {
        self.credentials(&mut Call::new(base, self.signed_sts(url)?, operation))
    }

    /// The call of `operation`, which a token of up to the service's own limit proves, with room for that.
    fn call_with_token<'c, O: Operation>(
        &self,
        url: &'c str,
        token: &'c TokenPlace,
        operation: O,
    ) -> Result<Fetched, Error>
    where
        'a: 'c,
    {
        let Proof::Token { longest, limits } = operation.shape().proof else {
            return Err(Error::Configuration("the operation takes no token".to_owned()));
        };
        let mut parameters = Count::default();
        operation.body(&mut parameters, &Slot::new(&mut []));
        // Each character of the token may be encoded as three.
        let room = EXCHANGE + parameters.0 + 3 * longest;
        let slot = SLOT.max(longest);
        let mut call = Call::new(identity_token(token), self.sts(url)?, operation);
        self.run_in(room, slot, &mut call, taken).map_err(|error| match error {
            // The slot has room for any token within the limits.
            Error::Source { error, report, detail } if is_too_long(&error) => {
                let error = SourceError::new(error.origin, error.step, ErrorKind::Invalid(limits));
                Error::Source { error, report, detail }
            }
            error => error,
        })
    }

    /// STS at `url`, signed for the region in the settings, or for the one a global endpoint implies.
    pub(crate) fn sts<'c>(&self, url: &'c str) -> Result<Service<'c>, Error>
    where
        'a: 'c,
    {
        self.service("sts", url, self.settings.sts_region()?)
    }

    /// STS at `url`, for a call that is signed: reports once that it has an endpoint and no region.
    fn signed_sts<'c>(&self, url: &'c str) -> Result<Service<'c>, Error>
    where
        'a: 'c,
    {
        let service = self.sts(url)?;
        self.note_supposed(service.region);
        Ok(service)
    }

    fn note_supposed(&self, region: &str) {
        let settings = self.settings;
        let Some(setting) = settings.endpoint_setting("sts").filter(|_| settings.known_region().is_none())
        else {
            return;
        };
        if let (Some(tracer), false) = (self.tracer, settings.supposed_region.swap(true, Ordering::Relaxed)) {
            let problem = format!(
                "no region is set: requests to the endpoint of {setting} are signed for {region}; set AWS_REGION if it \
                 is in another"
            );
            tracer(Trace::Warning { problem: &problem });
        }
    }
}

/// Whether a token did not fit into its slot.
fn is_too_long(error: &SourceError) -> bool {
    let small = matches!(error.kind, ErrorKind::BufferTooSmall { buffer: Memory::Slot, .. });
    small && error.step == "token"
}

/// Passes the parameters of AssumeRole to `with`.
fn with_request<T>(role: &Role, name: &str, with: impl FnOnce(AssumeRoleRequest<'_>) -> T) -> T {
    let policy_arns = texts(&role.policy_arns);
    let transitive = texts(&role.transitive_tag_keys);
    let contexts: Vec<(&str, &str)> = role
        .provided_contexts
        .iter()
        .map(|(provider, assertion)| (provider.as_str(), assertion.expose()))
        .collect();
    let tags = pairs(&role.tags);
    let mut more = SessionParameters::default();
    more.policy = role.policy.as_deref();
    more.policy_arns = &policy_arns;
    more.tags = &tags;
    more.transitive_tag_keys = &transitive;
    more.mfa_serial = role.mfa.as_ref().map(|mfa| mfa.serial.as_str());
    more.token_code = role.mfa.as_ref().and_then(|mfa| mfa.code.as_deref());
    more.source_identity = role.source_identity.as_deref();
    more.provided_contexts = &contexts;
    let mut request = AssumeRoleRequest::new(&role.arn, name);
    request.duration_seconds = role.duration_seconds;
    request.external_id = role.external_id.as_deref();
    request.more = Some(&more);
    with(request)
}

/// Replaces everything but printable ASCII by spaces, as a report does: a line break would make a line of its own,
/// other controls and changes of direction would reach the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_ascii_graphic() { char } else { ' ' }).collect()
}

fn identity_token(place: &TokenPlace) -> IdentityToken<'_> {
    match place {
        TokenPlace::File(path) => IdentityToken::file(path),
        TokenPlace::Given(token) => IdentityToken::given(token.expose()),
    }
}

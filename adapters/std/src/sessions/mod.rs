//! Sessions: temporary credentials that STS and Cognito issue.

pub(crate) mod cognito;
#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
pub(crate) mod device;
#[cfg(any(feature = "sso", feature = "login"))]
pub(crate) mod sso;

use std::fmt;

use crate::Secret;
use cognito::PoolIdentity;

/// A role to assume, with every parameter of AssumeRole (AWS STS API Reference).
#[derive(Debug, Clone)]
pub struct Role {
    pub(crate) arn: String,
    /// `None`: the name in the settings, else one with the time in it.
    pub(crate) session_name: Option<String>,
    pub(crate) duration_seconds: Option<u32>,
    pub(crate) external_id: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) transitive_tag_keys: Vec<String>,
    pub(crate) mfa: Option<Mfa>,
    pub(crate) source_identity: Option<String>,
    pub(crate) provided_contexts: Vec<(String, std::sync::Arc<Secret>)>,
}

/// A multi-factor device, and its code if it is known. `Debug` does not show the code.
#[derive(Clone)]
pub(crate) struct Mfa {
    pub(crate) serial: String,
    pub(crate) code: Option<String>,
}

impl fmt::Debug for Mfa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mfa({})", self.serial)
    }
}

impl Mfa {
    /// The text of the prompt.
    pub(crate) fn question(&self) -> String {
        format!("MFA code of {}: ", self.serial)
    }
}

impl Role {
    /// The role `arn`, in a session of that name (2 to 64 of `[\w+=,.@-]`).
    pub fn new(arn: impl Into<String>, session_name: impl Into<String>) -> Self {
        Self { session_name: Some(session_name.into()), ..Self::unnamed(arn) }
    }

    /// The role `arn`, in a session with the name that is set (`AWS_ROLE_SESSION_NAME`), else `rolecall-<unix
    /// time>`.
    pub fn unnamed(arn: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            session_name: None,
            duration_seconds: None,
            external_id: None,
            policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            mfa: None,
            source_identity: None,
            provided_contexts: Vec::new(),
        }
    }

    /// Sets the external id that the role's trust policy requires of a third party: 2 to 1,224 of
    /// `[\w+=,.@:/-]`.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Passes the session tag `key` on to the sessions of further roles.
    pub fn transitive_tag_key(mut self, key: impl Into<String>) -> Self {
        self.transitive_tag_keys.push(key.into());
        self
    }

    /// Sets the source identity for audit logs: 2 to 64 of `[\w+=,.@-]`.
    pub fn source_identity(mut self, name: impl Into<String>) -> Self {
        self.source_identity = Some(name.into());
        self
    }

    /// Adds a context assertion of a trusted provider, by the provider's ARN: 5 at most.
    pub fn provided_context(mut self, provider: impl Into<String>, assertion: Secret) -> Self {
        self.provided_contexts.push((provider.into(), assertion.into()));
        self
    }
}

/// A session of an IAM user, with or without a multi-factor device (GetSessionToken).
#[derive(Debug, Clone, Default)]
pub struct UserSession {
    pub(crate) duration_seconds: Option<u32>,
    pub(crate) mfa: Option<Mfa>,
}

impl UserSession {
    /// A session of 43,200 seconds.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A session of a federated user, for whom an IAM user vouches (GetFederationToken).
#[derive(Debug, Clone)]
pub struct FederatedUser {
    pub(crate) name: String,
    pub(crate) duration_seconds: Option<u32>,
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<String>,
    pub(crate) tags: Vec<(String, String)>,
}

impl FederatedUser {
    /// A session for `name`, 2 to 32 of `[\w+=,.@-]`.
    pub fn new(name: impl Into<String>) -> Self {
        let (policy_arns, tags) = (Vec::new(), Vec::new());
        Self { name: name.into(), duration_seconds: None, policy: None, policy_arns, tags }
    }
}

/// A short session as root of a member account (AssumeRoot).
#[derive(Debug, Clone)]
pub struct RootTask {
    pub(crate) target_principal: String,
    pub(crate) task_policy_arn: String,
    pub(crate) duration_seconds: Option<u32>,
}

impl RootTask {
    /// A session in the account `target_principal`, for the task of `task_policy_arn`
    /// (`arn:aws:iam::aws:policy/root-task/...`).
    pub fn new(target_principal: impl Into<String>, task_policy_arn: impl Into<String>) -> Self {
        Self {
            target_principal: target_principal.into(),
            task_policy_arn: task_policy_arn.into(),
            duration_seconds: None,
        }
    }
}

/// A session at a directory bucket of S3 Express One Zone (CreateSession), with the credentials of a provider.
///
/// A provider of it signs and sends requests to that bucket, and no others. The session lives for five minutes, and is
/// renewed when it is due. Without one, each request to such a bucket is authorized by itself, which takes the service
/// longer.
///
/// ```no_run
/// # fn get(provider: &rolecall::Provider) -> Result<(), rolecall::Error> {
/// use rolecall::{Request, S3Session};
/// let bucket = "https://logs--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com";
/// let session = provider.session(S3Session::new(bucket));
/// let reply = session.send(&Request::new("GET", &format!("{bucket}/11.csv"))?)?;
/// # let _ = reply;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct S3Session {
    pub(crate) url: String,
    pub(crate) read_only: bool,
}

impl S3Session {
    /// A session at the bucket with this URL, of which scheme, host and port count.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), read_only: false }
    }

    /// Limits the session to reading, which is all that a caller with permission to read can ask for.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

/// Where the token of an identity provider is.
#[derive(Clone)]
pub(crate) enum TokenPlace {
    File(String),
    Given(std::sync::Arc<Secret>),
}

impl fmt::Debug for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({path})"),
            Self::Given(token) => token.fmt(f),
        }
    }
}

/// A role for the bearer of an OpenID Connect token (AssumeRoleWithWebIdentity).
#[derive(Debug, Clone)]
pub struct WebIdentity {
    pub(crate) role_arn: String,
    pub(crate) session_name: String,
    pub(crate) token: TokenPlace,
    pub(crate) duration_seconds: Option<u32>,
    pub(crate) provider_id: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<String>,
}

impl WebIdentity {
    /// The role `role_arn` for the token in the file at `path`, which is read again at each attempt.
    pub fn file(
        role_arn: impl Into<String>,
        session_name: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        Self::new(role_arn.into(), session_name.into(), TokenPlace::File(path.into()))
    }

    /// The role `role_arn` for this token.
    pub fn token(role_arn: impl Into<String>, session_name: impl Into<String>, token: Secret) -> Self {
        Self::new(role_arn.into(), session_name.into(), TokenPlace::Given(token.into()))
    }

    fn new(role_arn: String, session_name: String, token: TokenPlace) -> Self {
        Self {
            role_arn,
            session_name,
            token,
            duration_seconds: None,
            provider_id: None,
            policy: None,
            policy_arns: Vec::new(),
        }
    }

    /// Sets the host name of an OAuth 2.0 provider; OpenID Connect has none.
    pub fn provider_id(mut self, id: impl Into<String>) -> Self {
        self.provider_id = Some(id.into());
        self
    }
}

/// A role for the bearer of a SAML assertion (AssumeRoleWithSAML).
#[derive(Debug, Clone)]
pub struct Saml {
    pub(crate) role_arn: String,
    pub(crate) principal_arn: String,
    pub(crate) assertion: TokenPlace,
    pub(crate) duration_seconds: Option<u32>,
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<String>,
}

impl Saml {
    /// The role `role_arn`; `assertion` is that of the provider `principal_arn`, in base64.
    pub fn new(role_arn: impl Into<String>, principal_arn: impl Into<String>, assertion: Secret) -> Self {
        Self {
            role_arn: role_arn.into(),
            principal_arn: principal_arn.into(),
            assertion: TokenPlace::Given(assertion.into()),
            duration_seconds: None,
            policy: None,
            policy_arns: Vec::new(),
        }
    }
}

/// Adds the setters that several sessions have, each with the limits that the service documents.
macro_rules! setters {
    ($type:ident lasts $range:literal $($more:tt)*) => {
        impl $type {
            #[doc = concat!("Seconds of life: ", $range, ".")]
            pub fn duration_seconds(mut self, seconds: u32) -> Self {
                self.duration_seconds = Some(seconds);
                self
            }
        }
        setters!($type $($more)*);
    };
    ($type:ident limited $($more:tt)*) => {
        impl $type {
            /// Sets a policy in JSON that limits the session: up to 2,048 characters.
            pub fn policy(mut self, policy: impl Into<String>) -> Self {
                self.policy = Some(policy.into());
                self
            }

            /// Adds a managed policy that limits the session: 10 at most.
            pub fn policy_arn(mut self, arn: impl Into<String>) -> Self {
                self.policy_arns.push(arn.into());
                self
            }
        }
        setters!($type $($more)*);
    };
    ($type:ident tagged $($more:tt)*) => {
        impl $type {
            /// Adds a session tag: 50 at most, keys of 1 to 128 characters, values of up to 256.
            pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.tags.push((key.into(), value.into()));
                self
            }
        }
        setters!($type $($more)*);
    };
    ($type:ident guarded $($more:tt)*) => {
        impl $type {
            /// Sets the multi-factor device of the calling user, whose code is asked for at each fetch.
            pub fn mfa(mut self, serial: impl Into<String>) -> Self {
                self.mfa = Some(Mfa { serial: serial.into(), code: None });
                self
            }

            /// Sets the same with its code, which is good for one fetch.
            pub fn mfa_code(mut self, serial: impl Into<String>, code: impl Into<String>) -> Self {
                self.mfa = Some(Mfa { serial: serial.into(), code: Some(code.into()) });
                self
            }
        }
        setters!($type $($more)*);
    };
    ($type:ident) => {};
}

setters!(Role lasts "900 to 43,200, and 3,600 if it is not said" limited tagged guarded);
setters!(UserSession lasts "900 to 129,600, and 43,200 if it is not said" guarded);
setters!(FederatedUser lasts "900 to 129,600, and 43,200 if it is not said" limited tagged);
setters!(RootTask lasts "up to 900, which it is if it is not said");
setters!(WebIdentity lasts "900 to 43,200, and 3,600 if it is not said" limited);
setters!(Saml lasts "900 to 43,200, and 3,600 if it is not said" limited);

/// Any session that a provider can get credentials of ([`Provider::session`](crate::Provider::session)).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Session {
    /// AssumeRole, with the credentials of a provider.
    Role(Role),
    /// AssumeRoleWithWebIdentity.
    WebIdentity(WebIdentity),
    /// AssumeRoleWithSAML.
    Saml(Saml),
    /// GetSessionToken, with the credentials of an IAM user.
    User(UserSession),
    /// GetFederationToken, with the credentials of an IAM user.
    Federated(FederatedUser),
    /// AssumeRoot, with the credentials of the organization's management account.
    Root(RootTask),
    /// S3 CreateSession, with the credentials of a provider.
    S3(S3Session),
    /// An identity in a Cognito identity pool.
    Identity(PoolIdentity),
    /// A role alias of AWS IoT, by a certificate.
    #[cfg(feature = "iot")]
    Iot(device::IotRole),
    /// A role by a certificate and IAM Roles Anywhere.
    #[cfg(feature = "roles-anywhere")]
    RolesAnywhere(device::AnywhereRole),
}

impl Session {
    /// Its name, for people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Role(role) => format!("role {}", role.arn),
            Self::WebIdentity(web) => format!("role {} by web identity", web.role_arn),
            Self::Saml(saml) => format!("role {} by SAML", saml.role_arn),
            Self::User(_) => "session of the user".to_owned(),
            Self::Federated(user) => format!("federated user {}", user.name),
            Self::Root(task) => format!("root of {}", task.target_principal),
            Self::S3(session) => format!("session at the bucket of {}", session.url),
            Self::Identity(identity) => identity.name(),
            #[cfg(feature = "iot")]
            Self::Iot(role) => format!("role alias {} of AWS IoT", role.role_alias),
            #[cfg(feature = "roles-anywhere")]
            Self::RolesAnywhere(role) => format!("role {} by IAM Roles Anywhere", role.role_arn),
        }
    }

    /// Whether it is requested without credentials.
    pub(crate) fn is_unsigned(&self) -> bool {
        match self {
            Self::WebIdentity(_) | Self::Saml(_) | Self::Identity(_) => true,
            #[cfg(feature = "iot")]
            Self::Iot(_) => true,
            #[cfg(feature = "roles-anywhere")]
            Self::RolesAnywhere(_) => true,
            _ => false,
        }
    }
}

macro_rules! session {
    ($($variant:ident($type:ty)),*) => {$(
        impl From<$type> for Session {
            fn from(session: $type) -> Self {
                Self::$variant(session)
            }
        }
    )*};
}

session!(
    Role(Role),
    WebIdentity(WebIdentity),
    Saml(Saml),
    User(UserSession),
    Federated(FederatedUser),
    Root(RootTask),
    S3(S3Session),
    Identity(PoolIdentity)
);

#[cfg(feature = "iot")]
session!(Iot(device::IotRole));

#[cfg(feature = "roles-anywhere")]
session!(RolesAnywhere(device::AnywhereRole));

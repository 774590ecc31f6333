//! Who asks Amazon Cognito for credentials: a person who signs in at a user pool, a guest, or a caller that
//! another provider vouches for.

use std::fmt;
use std::sync::{Arc, Mutex};

use rolecall_core::call::Partition;

use crate::{Error, Secret, lock};

/// Somebody who signs in at a user pool.
#[derive(Clone)]
pub struct User {
    pub(crate) pool: String,
    pub(crate) client: String,
    pub(crate) client_secret: Option<Arc<Secret>>,
    pub(crate) username: String,
    pub(crate) password: Option<Arc<Secret>>,
    pub(crate) sends_password: bool,
    /// Of the last sign-in: with it, nobody is asked again for a while.
    pub(crate) refresh_token: Arc<Mutex<Option<Kept>>>,
}

/// A refresh token, and what the pool calls the user whose it is.
pub(crate) struct Kept {
    pub(crate) token: Secret,
    pub(crate) user_id: Option<String>,
}

impl User {
    /// `username` at the pool of that id (`REGION_...`), with one of its clients. The password is asked
    /// for, and proved without being sent.
    pub fn new(pool: impl Into<String>, client: impl Into<String>, username: impl Into<String>) -> Self {
        Self {
            pool: pool.into(),
            client: client.into(),
            client_secret: None,
            username: username.into(),
            password: None,
            sends_password: false,
            refresh_token: Arc::default(),
        }
    }

    /// The client's secret, if it has one.
    pub fn client_secret(mut self, secret: Secret) -> Self {
        self.client_secret = Some(secret.into());
        self.nobody_yet()
    }

    /// The password, so that nobody is asked. A cache of credentials knows a person by name and pool: what
    /// is in it is handed out whatever the password.
    pub fn password(mut self, password: Secret) -> Self {
        self.password = Some(password.into());
        self.nobody_yet()
    }

    /// Without the sign-ins of another, who may have had another password.
    fn nobody_yet(mut self) -> Self {
        self.refresh_token = Arc::default();
        self
    }

    /// Sends the password, for clients that allow nothing else (`USER_PASSWORD_AUTH`).
    pub fn sending_password(mut self) -> Self {
        self.sends_password = true;
        self
    }

    /// The region that the pool is in.
    pub(crate) fn region(&self) -> Result<&str, Error> {
        let region = self.pool.split_once('_').map(|(region, _)| region);
        region.ok_or_else(|| Error::Configuration(format!("user pool {}: REGION_NAME is wanted", self.pool)))
    }

    /// What an identity pool knows the user pool by.
    pub(crate) fn provider(&self) -> Result<String, Error> {
        let region = self.region()?;
        let suffix = Partition::of(region).dns_suffix;
        Ok(format!("cognito-idp.{region}.{suffix}/{}", self.pool))
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({} at {} with {})", self.username, self.pool, self.client)
    }
}

/// An identity in an identity pool, and the role that it gets there.
#[derive(Clone)]
pub struct PoolIdentity {
    pub(crate) place: PoolOrIdentity,
    pub(crate) user: Option<User>,
    pub(crate) logins: Vec<(String, Arc<Secret>)>,
    pub(crate) custom_role_arn: Option<String>,
    /// A role to assume with the identity's token in place of the pool's own choice.
    pub(crate) assumed: Option<(String, String)>,
    /// A guest's id, once it was told: a guest who asked again would be somebody else.
    pub(crate) known: Arc<Mutex<Option<String>>>,
}

#[derive(Debug, Clone)]
pub(crate) enum PoolOrIdentity {
    Pool(String),
    Identity(String),
}

impl PoolOrIdentity {
    fn id(&self) -> &str {
        match self {
            Self::Pool(id) | Self::Identity(id) => id,
        }
    }
}

impl PoolIdentity {
    /// Whoever the caller is in the pool of that id, `REGION:...`: a guest, unless somebody vouches.
    pub fn in_pool(pool: impl Into<String>) -> Self {
        Self::new(PoolOrIdentity::Pool(pool.into()))
    }

    /// The identity of that id, `REGION:...`, which was learned before.
    pub fn of_id(identity: impl Into<String>) -> Self {
        Self::new(PoolOrIdentity::Identity(identity.into()))
    }

    fn new(place: PoolOrIdentity) -> Self {
        Self {
            place,
            user: None,
            logins: Vec::new(),
            custom_role_arn: None,
            assumed: None,
            known: Arc::default(),
        }
    }

    /// Somebody who signs in.
    pub fn user(mut self, user: User) -> Self {
        self.user = Some(user);
        self.nobody_yet()
    }

    /// The token of any provider that the pool knows: `accounts.google.com`, or the host of an OpenID
    /// Connect provider. More than one may vouch for the same caller.
    pub fn login(mut self, provider: impl Into<String>, token: Secret) -> Self {
        self.logins.push((provider.into(), token.into()));
        self.nobody_yet()
    }

    /// Without the id that was learned for whoever else it was.
    fn nobody_yet(mut self) -> Self {
        self.known = Arc::default();
        self
    }

    /// One of several roles that the token allows.
    pub fn custom_role_arn(mut self, arn: impl Into<String>) -> Self {
        self.custom_role_arn = Some(arn.into());
        self
    }

    /// A role that the identity's own token lets assume (GetOpenIdToken, AssumeRoleWithWebIdentity), in
    /// place of the one that the pool would choose. The pool has to allow the classic flow.
    pub fn assuming(mut self, role_arn: impl Into<String>, session_name: impl Into<String>) -> Self {
        self.assumed = Some((role_arn.into(), session_name.into()));
        self
    }

    /// A guest's id once it is known, or the one that was given.
    pub fn id(&self) -> Option<String> {
        lock(&self.known).clone()
    }

    /// Pools and identities are named `REGION:...`.
    pub(crate) fn region(&self) -> Result<&str, Error> {
        let id = self.place.id();
        let region = id.split_once(':').map(|(region, _)| region);
        region.ok_or_else(|| Error::Configuration(format!("identity pool {id}: REGION:ID is wanted")))
    }

    /// What it is, for people.
    pub(crate) fn name(&self) -> String {
        format!("identity at {}", self.place.id())
    }

    /// The tokens, for whoever tells identities apart.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &Secret> {
        self.logins.iter().map(|(_, token)| &**token)
    }
}

impl fmt::Debug for PoolIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let providers: Vec<&str> = self.logins.iter().map(|(provider, _)| provider.as_str()).collect();
        f.debug_struct("PoolIdentity")
            .field("place", &self.place)
            .field("user", &self.user)
            .field("logins", &providers)
            .field("custom_role_arn", &self.custom_role_arn)
            .field("assumed", &self.assumed)
            .finish()
    }
}

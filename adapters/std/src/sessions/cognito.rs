//! Identities in Amazon Cognito: a user who signs in at a user pool, an unauthenticated identity, or a token
//! of another provider.

use std::fmt;
use std::sync::{Arc, Mutex};

use rolecall_core::call::Partition;

use crate::settings::checked_region;
use crate::{Error, Secret, lock};

/// A user who signs in at a user pool.
#[derive(Clone)]
pub struct User {
    pub(crate) pool: String,
    pub(crate) client: String,
    pub(crate) client_secret: Option<Arc<Secret>>,
    pub(crate) username: String,
    pub(crate) password: Option<Arc<Secret>>,
    pub(crate) sends_password: bool,
    /// The refresh token of the last sign-in: with it, the user need not sign in again for a while.
    pub(crate) refresh_token: Arc<Mutex<Option<Kept>>>,
}

/// A refresh token, and the pool's own name of its user.
pub(crate) struct Kept {
    pub(crate) token: Secret,
    pub(crate) user_id: Option<String>,
}

impl User {
    /// The user `username` of the pool `REGION_...`, through one of its clients. The user is asked for the
    /// password, which is proved without being sent.
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
        self.signed_out()
    }

    /// Sets the password, so that there is no prompt. A cache identifies a user by name and pool: credentials
    /// in it are returned whatever the password.
    pub fn password(mut self, password: Secret) -> Self {
        self.password = Some(password.into());
        self.signed_out()
    }

    /// Drops the sign-ins of another user or password.
    fn signed_out(mut self) -> Self {
        self.refresh_token = Arc::default();
        self
    }

    /// Sends the password to the pool, for clients that allow nothing else (`USER_PASSWORD_AUTH`).
    pub fn sending_password(mut self) -> Self {
        self.sends_password = true;
        self
    }

    /// The region of the pool.
    pub(crate) fn region(&self) -> Result<&str, Error> {
        let region = self.pool.split_once('_').map(|(region, _)| region);
        let setting = format!("user pool {}", self.pool);
        checked_region(&setting, region.ok_or_else(|| Error::invalid(&setting, "expected REGION_NAME"))?)
    }

    /// The provider name by which an identity pool knows the user pool.
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

/// An identity in an identity pool, and the role it gets there.
#[derive(Clone)]
pub struct PoolIdentity {
    pub(crate) place: PoolOrIdentity,
    pub(crate) user: Option<User>,
    pub(crate) logins: Vec<(String, Arc<Secret>)>,
    pub(crate) custom_role_arn: Option<String>,
    /// A role to assume with the identity's token in place of the pool's choice.
    pub(crate) assumed: Option<(String, String)>,
    /// The id of an unauthenticated identity, once it is known: another GetId would create another identity.
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
    /// An identity in the pool `REGION:...`: unauthenticated, unless a user or a token is added.
    pub fn in_pool(pool: impl Into<String>) -> Self {
        Self::new(PoolOrIdentity::Pool(pool.into()))
    }

    /// The identity `REGION:...`, whose id is known from before.
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

    /// Adds a user who signs in.
    pub fn user(mut self, user: User) -> Self {
        self.user = Some(user);
        self.signed_out()
    }

    /// Adds a token of a provider that the pool trusts: `accounts.google.com`, or the host of an OpenID
    /// Connect provider. There may be several for one identity.
    pub fn login(mut self, provider: impl Into<String>, token: Secret) -> Self {
        self.logins.push((provider.into(), token.into()));
        self.signed_out()
    }

    /// Drops the id that was learned for another identity.
    fn signed_out(mut self) -> Self {
        self.known = Arc::default();
        self
    }

    /// Chooses one of several roles that the token allows.
    pub fn custom_role_arn(mut self, arn: impl Into<String>) -> Self {
        self.custom_role_arn = Some(arn.into());
        self
    }

    /// Assumes a role with the identity's own token (GetOpenIdToken, AssumeRoleWithWebIdentity), in place of
    /// the one that the pool would choose. The pool has to allow the classic flow.
    pub fn assuming(mut self, role_arn: impl Into<String>, session_name: impl Into<String>) -> Self {
        self.assumed = Some((role_arn.into(), session_name.into()));
        self
    }

    /// The id of the identity, if it was given or is known by now.
    pub fn id(&self) -> Option<String> {
        lock(&self.known).clone()
    }

    /// The region in `REGION:...`.
    pub(crate) fn region(&self) -> Result<&str, Error> {
        let id = self.place.id();
        let region = id.split_once(':').map(|(region, _)| region);
        let setting = format!("identity pool {id}");
        checked_region(&setting, region.ok_or_else(|| Error::invalid(&setting, "expected REGION:ID"))?)
    }

    /// Its name, for people.
    pub(crate) fn name(&self) -> String {
        format!("identity at {}", self.place.id())
    }

    /// The tokens, which distinguish identities.
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

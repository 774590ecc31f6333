//! Credentials from Amazon Cognito: a person signs in at a user pool, or somebody else vouches for the
//! caller, and an identity pool gives credentials for that.

use std::fmt;
use std::sync::{Arc, Mutex};

use rolecall_core::call::Partition;
use rolecall_core::call::{Call, Service};
use rolecall_core::flow::{Flow, Lease};
use rolecall_core::sources::Unsigned;
use rolecall_core::sources::cognito::{
    Client, GetCredentialsForIdentityRequest, Identity, Logins, Password, SignIn,
};
use rolecall_core::sources::sts::AssumeRoleWithWebIdentityRequest;
use zeroize::Zeroizing;

use crate::fetch::{Fetched, Fetcher, service};
use crate::{Error, Secret, lock};

/// Somebody who signs in at a user pool.
#[derive(Clone)]
pub struct User {
    pool: String,
    client: String,
    client_secret: Option<Arc<Secret>>,
    username: String,
    password: Option<Arc<Secret>>,
    sends_password: bool,
    /// Of the last sign-in: with it, nobody is asked again for a while.
    refresh_token: Arc<Mutex<Option<Kept>>>,
}

/// A refresh token, and what the pool calls the user whose it is.
struct Kept {
    token: Secret,
    user_id: Option<String>,
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
    fn region(&self) -> Result<&str, Error> {
        let region = self.pool.split_once('_').map(|(region, _)| region);
        region.ok_or_else(|| Error::Configuration(format!("user pool {}: REGION_NAME is wanted", self.pool)))
    }

    /// What an identity pool knows the user pool by.
    fn provider(&self) -> Result<String, Error> {
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
    place: Place,
    user: Option<User>,
    logins: Vec<(String, Arc<Secret>)>,
    custom_role_arn: Option<String>,
    /// A role to assume with the identity's token in place of the pool's own choice.
    assumed: Option<(String, String)>,
    /// A guest's id, once it was told: a guest who asked again would be somebody else.
    known: Arc<Mutex<Option<String>>>,
}

#[derive(Debug, Clone)]
enum Place {
    Pool(String),
    Identity(String),
}

impl Place {
    fn id(&self) -> &str {
        match self {
            Self::Pool(id) | Self::Identity(id) => id,
        }
    }
}

impl PoolIdentity {
    /// Whoever the caller is in the pool of that id, `REGION:...`: a guest, unless somebody vouches.
    pub fn in_pool(pool: impl Into<String>) -> Self {
        Self::new(Place::Pool(pool.into()))
    }

    /// The identity of that id, `REGION:...`, which was learned before.
    pub fn of_id(identity: impl Into<String>) -> Self {
        Self::new(Place::Identity(identity.into()))
    }

    fn new(place: Place) -> Self {
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
    fn region(&self) -> Result<&str, Error> {
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

/// Room for a refresh token.
const REFRESH_TOKEN: usize = 8 * 1024;

/// What is asked of an identity pool.
struct Ask<'c> {
    service: Service<'c>,
    place: &'c Place,
    known: Option<&'c str>,
    logins: Logins<'c>,
    custom_role_arn: Option<&'c str>,
    /// A role to assume at STS, and the session's name.
    assumed: Option<(Service<'c>, &'c str, &'c str)>,
}

impl Fetcher<'_> {
    /// The credentials of an identity.
    pub(crate) fn pool_identity(&self, identity: &PoolIdentity) -> Result<Fetched, Error> {
        let region = identity.region()?;
        let url = self.settings.service_in("cognito-identity", region)?;
        let provider = identity.user.as_ref().map_or(Ok(String::new()), User::provider)?;
        let others: Vec<(&str, &str)> =
            identity.logins.iter().map(|(provider, token)| (provider.as_str(), token.expose())).collect();
        let (known, sts) = (identity.id(), self.settings.sts_url());
        let assumed = match &identity.assumed {
            Some((role, session)) => {
                Some((self.sts(sts.as_ref().map_err(Clone::clone)?)?, role.as_str(), session.as_str()))
            }
            None => None,
        };
        let ask = Ask {
            service: service(&url, region)?,
            place: &identity.place,
            known: known.as_deref(),
            logins: Logins { provider: &provider, others: &others },
            custom_role_arn: identity.custom_role_arn.as_deref(),
            assumed,
        };
        let (fetched, id) = match &identity.user {
            Some(user) => self.signed_in(user, &ask)?,
            None => self.ask(&ask, Unsigned)?,
        };
        // A guest that the pool has forgotten becomes another.
        let gone = fetched.as_ref().is_err_and(Error::is_refusal);
        *lock(&identity.known) = id.filter(|_| !gone);
        fetched
    }

    /// The credentials of an identity that `user` has.
    fn signed_in(&self, user: &User, ask: &Ask<'_>) -> Result<Asked, Error> {
        let url = self.settings.service_in("cognito-idp", user.region()?)?;
        let client = Client {
            id: &user.client,
            secret: user.client_secret.as_ref().map(|secret| secret.expose()),
            username: &user.username,
        };
        let question = format!("Password of {}: ", user.username);
        let password = match &user.password {
            Some(password) => Password::Given(password.expose()),
            None => Password::Asked(&question),
        };
        let mut random = Zeroizing::new([0; 32]);
        let mut memory = Zeroizing::new(vec![0; REFRESH_TOKEN]);
        let sign_in = self.sign_in(user, service(&url, user.region()?)?, client, password, &mut random)?;
        let mut sign_in = sign_in.keeping(&mut memory);
        if let Some(Kept { token, user_id }) = &*lock(&user.refresh_token) {
            sign_in.keep(token.expose(), user_id.as_deref());
        }
        let asked = self.ask(ask, &mut sign_in);
        *lock(&user.refresh_token) = sign_in.refresh_token().map(|token| Kept {
            token: Secret::new(token.to_owned()),
            user_id: sign_in.user_id().map(str::to_owned),
        });
        asked
    }

    #[cfg_attr(not(feature = "srp"), allow(unused_variables, reason = "what it takes to prove a password"))]
    fn sign_in<'c>(
        &self,
        user: &'c User,
        service: Service<'c>,
        client: Client<'c>,
        password: Password<'c>,
        random: &'c mut [u8; 32],
    ) -> Result<SignIn<'c>, Error> {
        if user.sends_password {
            return Ok(SignIn::sending(service, client, password));
        }
        #[cfg(not(feature = "srp"))]
        let cannot = "this program was built without signing in by SRP (feature srp)";
        #[cfg(feature = "srp")]
        let cannot = "this system gives no random numbers to sign in with";
        #[cfg(feature = "srp")]
        if self.host.random(random).is_ok() {
            return Ok(SignIn::proving(service, client, password, &user.pool, random));
        }
        Err(Error::Configuration(cannot.to_owned()))
    }

    /// The credentials of the identity that the token of `base` belongs to, and the identity's id.
    fn ask<'c>(&self, ask: &Ask<'c>, base: impl Flow<'c, Output = Lease>) -> Result<Asked, Error> {
        let mut who = match (ask.place, ask.known) {
            (Place::Identity(id), _) => Identity::known(base, ask.service, id, ask.logins),
            (_, Some(id)) => Identity::known(base, ask.service, id, ask.logins),
            (Place::Pool(id), None) => Ok(Identity::in_pool(base, ask.service, id, ask.logins)),
        }
        .map_err(|error| Error::Configuration(error.to_string()))?;
        let fetched = match ask.assumed {
            None => {
                let request = GetCredentialsForIdentityRequest {
                    logins: ask.logins,
                    custom_role_arn: ask.custom_role_arn,
                };
                self.credentials(&mut Call::new(&mut who, ask.service, request))
            }
            Some((sts, role, session)) => {
                let token = Call::new(&mut who, ask.service, ask.logins.open_id_token());
                let request = AssumeRoleWithWebIdentityRequest::new(role, session);
                self.credentials(&mut Call::new(token, sts, request))
            }
        };
        Ok((fetched, who.id().map(str::to_owned)))
    }
}

/// Credentials or why there are none, and the id of the identity if it is known by now.
type Asked = (Result<Fetched, Error>, Option<String>);

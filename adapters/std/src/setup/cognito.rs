//! A user pool, an identity pool that trusts it, and the roles of its identities.

use std::sync::Arc;

use rolecall_core::call::Partition;
use rolecall_core::services::Page as Listed;
use rolecall_core::services::iam::{
    CreateOpenIDConnectProvider, DeleteOpenIDConnectProvider, GetOpenIDConnectProvider, trust,
};
use rolecall_core::services::identity_pool::{
    CreateIdentityPool, DeleteIdentityPool, DescribeIdentityPool, ListIdentityPools, Logins,
    SetIdentityPoolRoles, UpdateIdentityPool, UserPoolLogin,
};
use rolecall_core::services::user_pool::{
    AdminCreateUser, AdminSetUserPassword, CreateUserPool, CreateUserPoolClient, DeleteUserPool,
    DescribeUserPool, DescribeUserPoolClient, ListUserPoolClients, ListUserPools,
};

use super::resource::{Outcome, Resource, TAG};
use super::role::{self, Properties};
use super::work::{Page, Work, code, pages};
use super::{check, properties, sealed};
use crate::fetch::{pairs, texts};
use crate::{Error, Secret, Settings};

/// Cognito pools: a user pool with a client, an identity pool, a role for authenticated identities, and, if
/// they are allowed, one for unauthenticated identities.
#[derive(Debug)]
pub struct CognitoPools {
    name: String,
    with_secret: bool,
    classic: bool,
    unauthenticated: Option<Properties>,
    user: Option<(String, Option<Secret>)>,
    providers: Vec<(String, String)>,
    open_id: Option<OpenId>,
    properties: Properties,
}

#[derive(Debug)]
struct OpenId {
    url: String,
    client_ids: Vec<String>,
    thumbprints: Vec<String>,
}

/// A client that exists.
struct Client {
    id: String,
    secret: Option<Secret>,
}

/// Whether the OpenID Connect provider is registered, and its ARN.
struct Registered {
    arn: String,
    is_there: bool,
}

/// The roles that exist.
struct Roles {
    authenticated: Option<role::Existing>,
    unauthenticated: Option<role::Existing>,
}

/// The name and id of a resource, and whether it has the tag of this recipe.
struct Found {
    id: String,
    own: bool,
}

impl CognitoPools {
    /// Pools and a client of this name, and the roles `NAME-REGION-authenticated` and
    /// `NAME-REGION-unauthenticated`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            with_secret: false,
            classic: false,
            unauthenticated: None,
            user: None,
            providers: Vec::new(),
            open_id: None,
            properties: Properties::default(),
        }
    }

    /// Gives the client a secret.
    pub fn client_secret(mut self) -> Self {
        self.with_secret = true;
        self
    }

    /// Allows the classic flow: identities get a token and assume other roles with it.
    pub fn classic(mut self) -> Self {
        self.classic = true;
        self
    }

    /// Allows unauthenticated identities.
    pub fn unauthenticated(mut self) -> Self {
        self.unauthenticated.get_or_insert_default();
        self
    }

    /// Allows unauthenticated identities, with a policy in JSON for their role.
    pub fn unauthenticated_policy(mut self, policy: impl Into<String>) -> Self {
        self.unauthenticated.get_or_insert_default().inline = Some(policy.into());
        self
    }

    /// Allows unauthenticated identities, with a managed policy for their role.
    pub fn unauthenticated_policy_arn(mut self, arn: impl Into<String>) -> Self {
        self.unauthenticated.get_or_insert_default().arns.push(arn.into());
        self
    }

    /// Adds a user to the pool, with a permanent password; without one the user has none yet.
    pub fn user(mut self, username: impl Into<String>, password: Option<Secret>) -> Self {
        self.user = Some((username.into(), password));
        self
    }

    /// Trusts the tokens of another provider, by its name and the application's id there:
    /// `("graph.facebook.com", "7346241598935552")`.
    pub fn login_provider(mut self, provider: impl Into<String>, application: impl Into<String>) -> Self {
        self.providers.push((provider.into(), application.into()));
        self
    }

    /// Trusts the tokens of an OpenID Connect provider, `https://...`, for these audiences, and registers it
    /// with IAM. Thumbprints are those of its certificate authority: 40 hexadecimal digits each.
    pub fn open_id(
        mut self,
        url: impl Into<String>,
        client_ids: Vec<String>,
        thumbprints: Vec<String>,
    ) -> Self {
        self.open_id = Some(OpenId { url: url.into(), client_ids, thumbprints });
        self
    }

    /// Sets how long the longest session of either role may last: 3,600 to 43,200 seconds. It counts in the classic
    /// flow.
    pub fn max_session_duration(mut self, seconds: u32) -> Self {
        self.properties.max_session_duration = Some(seconds);
        self
    }

    /// The name of the role of `identities`. Roles are global, and pools belong to one region.
    fn role(&self, work: &Work<'_>, identities: &str) -> Result<String, Error> {
        Ok(self.role_in(work.provider().region()?, identities))
    }

    fn role_in(&self, region: &str, identities: &str) -> String {
        format!("{}-{region}-{identities}", self.name)
    }

    /// Checks the names of the roles, of which this is the longest.
    fn check_roles(&self, region: &str) -> Result<(), Error> {
        check::role_name("role", &self.role_in(region, "unauthenticated"))
    }

    /// The ids of the resources on a page that have this name.
    fn of_name(&self, page: Listed<'_>) -> Page {
        let named = page.each.filter(|each| each.name == self.name).map(|each| each.id.to_owned());
        (named.collect(), page.next.map(str::to_owned))
    }

    /// The user pools of this name.
    fn user_pools(&self, work: &Work<'_>) -> Result<Vec<Found>, Error> {
        let ids = pages(&mut |next| work.read(&ListUserPools { next }, |page| self.of_name(page)))?;
        let found = |id: String| {
            let tag = work.find(&DescribeUserPool { id: &id }, |pool| pool.tag(TAG).map(str::to_owned))?;
            Ok(Found { own: work.owns(tag.flatten().as_deref()), id })
        };
        ids.into_iter().map(found).collect()
    }

    /// The identity pools of this name.
    fn identity_pools(&self, work: &Work<'_>) -> Result<Vec<Found>, Error> {
        let ids = pages(&mut |next| work.read(&ListIdentityPools { next }, |page| self.of_name(page)))?;
        let found = |id: String| {
            let tag =
                work.find(&DescribeIdentityPool { id: &id }, |pool| pool.tag(TAG).map(str::to_owned))?;
            Ok(Found { own: work.owns(tag.flatten().as_deref()), id })
        };
        ids.into_iter().map(found).collect()
    }

    /// Creates the user pool if none was found, and returns its id.
    fn ensure_user_pool(&self, work: &mut Work<'_>, found: Option<Found>) -> Result<String, Error> {
        if let Some(found) = found {
            work.note("user pool", &found.id, Outcome::Found);
            return Ok(found.id);
        }
        let create = CreateUserPool { name: &self.name, verified: &[], tags: &[work.tag()] };
        let id = work.make(&create, "REGION_NAME".to_owned(), |pool| pool.id.to_owned())?;
        work.made("user pool", &id, &id);
        Ok(id)
    }

    /// Reads the client of the pool, and refuses one that has no secret and should, or the other way round.
    fn client(&self, work: &Work<'_>, pool: &str) -> Result<Option<Client>, Error> {
        let named =
            pages(&mut |next| work.read(&ListUserPoolClients { pool, next }, |page| self.of_name(page)))?;
        let Some(client) = named.first() else { return Ok(None) };
        let found = work.read(&DescribeUserPoolClient { pool, client }, kept)?;
        if found.secret.is_some() == self.with_secret {
            return Ok(Some(found));
        }
        let has = if found.secret.is_some() { "a" } else { "no" };
        Err(Error::Configuration(format!(
            "client {} has {has} secret, and that cannot be changed: say the same, undo first, or choose another name",
            found.id
        )))
    }

    /// Creates the client if none was found, and returns its id.
    fn ensure_client(&self, work: &mut Work<'_>, pool: &str, found: Option<Client>) -> Result<String, Error> {
        let (Client { id, secret }, outcome) = match found {
            Some(found) => (found, Outcome::Found),
            None => {
                let create = CreateUserPoolClient {
                    pool,
                    name: &self.name,
                    with_secret: self.with_secret,
                    flows: &["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
                };
                let planned = Client { id: "CLIENT".to_owned(), secret: None };
                (work.make(&create, planned, kept)?, Outcome::Created)
            }
        };
        let secret = secret.map(Arc::new);
        work.resources.push(Resource { kind: "client", id: id.clone(), outcome, secret });
        Ok(id)
    }

    /// Creates the user if it does not exist, and sets the password.
    fn ensure_user(&self, work: &mut Work<'_>, pool: &str) -> Result<(), Error> {
        let Some((username, password)) = &self.user else { return Ok(()) };
        let outcome = match work.make(&AdminCreateUser { pool, username, attributes: &[] }, (), |()| ()) {
            Ok(()) => Outcome::Created,
            Err(error) if code(&error) == "UsernameExistsException" => Outcome::Found,
            Err(error) => return Err(error),
        };
        work.note("user", username, outcome);
        if let Some(password) = password {
            let password = password.expose();
            let set = AdminSetUserPassword { pool, username, password, permanent: true };
            work.make(&set, (), |()| ())?;
        }
        Ok(())
    }

    /// Reads the OpenID Connect provider, and refuses one of another owner.
    fn registered(&self, work: &Work<'_>, open_id: &OpenId) -> Result<Registered, Error> {
        let arn = self.open_id_arn(work, open_id)?;
        let tag = work.find(&GetOpenIDConnectProvider { arn: &arn }, |it| it.tag(TAG).map(str::to_owned))?;
        match tag {
            Some(tag) if !work.owns(tag.as_deref()) => {
                Err(work.foreign("OpenID Connect provider", &open_id.url))
            }
            tag => Ok(Registered { arn, is_there: tag.is_some() }),
        }
    }

    /// Registers the OpenID Connect provider with IAM if it is not, and returns its ARN.
    fn ensure_open_id(
        &self,
        work: &mut Work<'_>,
        open_id: &OpenId,
        found: Registered,
    ) -> Result<String, Error> {
        if found.is_there {
            work.note("OpenID Connect provider", &found.arn, Outcome::Found);
            return Ok(found.arn);
        }
        let create = CreateOpenIDConnectProvider {
            url: &open_id.url,
            client_ids: &texts(&open_id.client_ids),
            thumbprints: &texts(&open_id.thumbprints),
            tags: &[work.tag()],
        };
        let arn = work.make(&create, found.arn, str::to_owned)?;
        work.made("OpenID Connect provider", &arn, &arn);
        Ok(arn)
    }

    /// The ARN that IAM gives a provider of that URL.
    fn open_id_arn(&self, work: &Work<'_>, open_id: &OpenId) -> Result<String, Error> {
        let account = work.account()?;
        let place = open_id.url.strip_prefix("https://").unwrap_or(&open_id.url);
        Ok(format!("arn:{}:iam::{account}:oidc-provider/{place}", role::partition(work).name))
    }

    /// Creates or updates the identity pool, and returns its id.
    fn ensure_identity_pool(
        &self,
        work: &mut Work<'_>,
        found: Option<Found>,
        logins: Logins<'_>,
    ) -> Result<String, Error> {
        if let Some(found) = found {
            let update = UpdateIdentityPool { id: &found.id, name: &self.name, logins, tags: &[work.tag()] };
            work.make(&update, (), |_| ())?;
            work.note("identity pool", &found.id, Outcome::Found);
            return Ok(found.id);
        }
        let create = CreateIdentityPool { name: &self.name, logins, tags: &[work.tag()] };
        let id = work.make(&create, "REGION:ID".to_owned(), |pool| pool.id.to_owned())?;
        work.made("identity pool", &id, &id);
        Ok(id)
    }

    /// Reads the roles, and refuses those of another owner.
    fn roles(&self, work: &Work<'_>) -> Result<Roles, Error> {
        let authenticated = role::find(work, &self.role(work, "authenticated")?, false)?;
        let unauthenticated = match &self.unauthenticated {
            Some(_) => role::find(work, &self.role(work, "unauthenticated")?, false)?,
            None => None,
        };
        Ok(Roles { authenticated, unauthenticated })
    }

    /// Creates the roles that were not found, and assigns them to the identity pool.
    fn ensure_roles(&self, work: &mut Work<'_>, found: Roles, pool: &str) -> Result<(), Error> {
        let mut buffer = [0; 1024];
        let name = self.role(work, "authenticated")?;
        let service = token_service(work.provider().region()?)?;
        let trusted = trust::identity_pool(&service, pool, "authenticated", &mut buffer);
        let trusted = trusted.map_err(role::too_long)?;
        let authenticated = role::ensure(work, &name, found.authenticated, trusted, &self.properties)?;
        let unauthenticated = match &self.unauthenticated {
            Some(own) => {
                let Properties { description, max_session_duration, .. } = self.properties.clone();
                let properties = Properties { description, max_session_duration, ..own.clone() };
                let name = self.role(work, "unauthenticated")?;
                let trusted = trust::identity_pool(&service, pool, "unauthenticated", &mut buffer);
                let trusted = trusted.map_err(role::too_long)?;
                Some(role::ensure(work, &name, found.unauthenticated, trusted, &properties)?)
            }
            None => None,
        };
        let set = SetIdentityPoolRoles {
            pool,
            authenticated: &authenticated,
            unauthenticated: unauthenticated.as_deref(),
        };
        work.make(&set, (), |()| ())
    }
}

properties!(CognitoPools);

impl sealed::Recipe for CognitoPools {
    fn name(&self) -> String {
        format!("cognito/{}", self.name)
    }

    fn check_names(&self, settings: &Settings) -> Result<(), Error> {
        // A region that is missing or wrong has its own error.
        self.check_roles(settings.region().unwrap_or_default())
    }

    fn check(&self) -> Result<(), Error> {
        self.user.as_ref().map_or(Ok(()), |(username, _)| check::username(username))?;
        let providers = self.providers.iter();
        providers
            .clone()
            .try_for_each(|(provider, application)| check::login_provider(provider, application))?;
        check::at_most(
            10,
            "login providers",
            &providers.map(|(provider, _)| provider.clone()).collect::<Vec<_>>(),
        )?;
        if let Some(open_id) = &self.open_id {
            check::open_id_url(&open_id.url)?;
            open_id.client_ids.iter().try_for_each(|id| check::client_id(id))?;
            open_id.thumbprints.iter().try_for_each(|text| check::thumbprint(text))?;
            check::at_most(5, "thumbprints", &open_id.thumbprints)?;
        }
        self.unauthenticated.as_ref().map_or(Ok(()), Properties::check)?;
        self.properties.check()
    }

    fn apply(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let region = work.provider().region()?.to_owned();
        // Instance metadata may have named the region just now.
        self.check_roles(&region)?;
        let own = |pools: Vec<Found>| pools.into_iter().find(|found| found.own);
        let user_pool = own(self.user_pools(work)?);
        let client = match &user_pool {
            Some(pool) => self.client(work, &pool.id)?,
            None => None,
        };
        let open_id = match &self.open_id {
            Some(open_id) => Some((open_id, self.registered(work, open_id)?)),
            None => None,
        };
        let identity_pool = own(self.identity_pools(work)?);
        let roles = self.roles(work)?;

        let user_pool = self.ensure_user_pool(work, user_pool)?;
        let client = self.ensure_client(work, &user_pool, client)?;
        self.ensure_user(work, &user_pool)?;
        let open_id = match open_id {
            Some((open_id, found)) => vec![self.ensure_open_id(work, open_id, found)?],
            None => Vec::new(),
        };
        let provider = format!("cognito-idp.{region}.{}/{user_pool}", role::partition(work).dns_suffix);
        let logins = Logins {
            unauthenticated: self.unauthenticated.is_some(),
            classic: self.classic,
            user_pools: &[UserPoolLogin { provider: &provider, client: &client }],
            providers: &pairs(&self.providers),
            open_id: &texts(&open_id),
        };
        let pool = self.ensure_identity_pool(work, identity_pool, logins)?;
        self.ensure_roles(work, roles, &pool)
    }

    fn undo(&self, work: &mut Work<'_>) -> Result<(), Error> {
        // Those that the pool trusts, and the one that is named here.
        let mut open_id = match &self.open_id {
            Some(open_id) => vec![self.open_id_arn(work, open_id)?],
            None => Vec::new(),
        };
        for Found { id, own } in self.identity_pools(work)? {
            if own {
                let arns = work.find(&DescribeIdentityPool { id: &id }, |pool| {
                    pool.open_id().map(str::to_owned).collect::<Vec<_>>()
                })?;
                open_id.extend(arns.unwrap_or_default());
                work.remove(&DeleteIdentityPool { id: &id })?;
            }
            work.note("identity pool", &id, if own { Outcome::Removed } else { Outcome::Kept });
        }
        for Found { id, own } in self.user_pools(work)? {
            if own {
                work.remove(&DeleteUserPool { id: &id })?;
            }
            work.note("user pool", &id, if own { Outcome::Removed } else { Outcome::Kept });
        }
        open_id.sort();
        open_id.dedup();
        for arn in &open_id {
            let found = work.find(&GetOpenIDConnectProvider { arn }, |it| it.tag(TAG).map(str::to_owned))?;
            match found {
                Some(tag) if work.owns(tag.as_deref()) => {
                    work.remove(&DeleteOpenIDConnectProvider { arn })?;
                    work.note("OpenID Connect provider", arn, Outcome::Removed);
                }
                // One that existed before was not created by this recipe.
                Some(_) if self.open_id.is_some() => {
                    work.note("OpenID Connect provider", arn, Outcome::Kept);
                }
                _ => {}
            }
        }
        for identities in ["authenticated", "unauthenticated"] {
            role::remove(work, &self.role(work, identities)?)?;
        }
        Ok(())
    }
}

fn kept(client: rolecall_core::services::user_pool::Client<'_>) -> Client {
    Client { id: client.id.to_owned(), secret: client.secret.map(|secret| Secret::new(secret.to_owned())) }
}

/// The service that issues the tokens of identity pools, by the region's partition (AWS GovCloud User Guide
/// and AWS China guide, *Amazon Cognito*).
fn token_service(region: &str) -> Result<String, Error> {
    match (Partition::of(region).name, region) {
        ("aws", _) => Ok("cognito-identity.amazonaws.com".to_owned()),
        ("aws-us-gov", "us-gov-west-1") => Ok("cognito-identity-us-gov.amazonaws.com".to_owned()),
        ("aws-us-gov", _) => Ok(format!("cognito-identity.{region}.amazonaws.com")),
        ("aws-cn", _) => Ok(format!("cognito-identity.{region}.amazonaws.com.cn")),
        (partition, _) => Err(Error::Configuration(format!(
            "{region}: the principal of identity pools in the partition {partition} is not known; create the \
             roles by hand"
        ))),
    }
}

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
use super::role::{self, Policies};
use super::work::{Page, Work, code, pages};
use super::{policies, sealed};
use crate::fetch::{pairs, texts};
use crate::{Error, Secret};

/// Cognito pools: a user pool with a client, an identity pool, a role for authenticated identities, and, if
/// they are allowed, one for unauthenticated identities.
#[derive(Debug)]
pub struct CognitoPools {
    name: String,
    with_secret: bool,
    classic: bool,
    unauthenticated: Option<Policies>,
    user: Option<(String, Option<Secret>)>,
    providers: Vec<(String, String)>,
    open_id: Option<OpenId>,
    policies: Policies,
}

#[derive(Debug)]
struct OpenId {
    url: String,
    client_ids: Vec<String>,
    thumbprints: Vec<String>,
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
            policies: Policies::default(),
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

    /// The name of the role of `identities`. Roles are global, and pools belong to one region.
    fn role(&self, work: &Work<'_>, identities: &str) -> Result<String, Error> {
        Ok(format!("{}-{}-{identities}", self.name, work.provider().settings().region()?))
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

    /// Creates the user pool if it does not exist, and returns its id.
    fn user_pool(&self, work: &mut Work<'_>) -> Result<String, Error> {
        if let Some(found) = self.user_pools(work)?.into_iter().find(|found| found.own) {
            work.note("user pool", &found.id, Outcome::Found);
            return Ok(found.id);
        }
        let create = CreateUserPool { name: &self.name, verified: &[], tags: &[work.tag()] };
        let id = work.make(&create, "REGION_NAME".to_owned(), |pool| pool.id.to_owned())?;
        work.made("user pool", &id, &id);
        Ok(id)
    }

    /// Creates the client if it does not exist, and returns its id.
    fn client(&self, work: &mut Work<'_>, pool: &str) -> Result<String, Error> {
        // A pool that a dry run would create cannot be read.
        let is_there =
            work.resources.iter().any(|resource| resource.id == pool && resource.outcome == Outcome::Found);
        let named = if is_there {
            pages(&mut |next| work.read(&ListUserPoolClients { pool, next }, |page| self.of_name(page)))?
        } else {
            Vec::new()
        };
        let found = named.first();
        let keep = |client: rolecall_core::services::user_pool::Client<'_>| {
            (client.id.to_owned(), client.secret.map(str::to_owned))
        };
        let (id, secret, outcome) = match found {
            Some(client) => {
                let (id, secret) = work.read(&DescribeUserPoolClient { pool, client }, keep)?;
                if secret.is_some() != self.with_secret {
                    let has = if secret.is_some() { "a" } else { "no" };
                    return Err(Error::Configuration(format!(
                        "client {id} has {has} secret, and that cannot be changed: say the same, undo first, \
                         or choose another name"
                    )));
                }
                (id, secret, Outcome::Found)
            }
            None => {
                let create = CreateUserPoolClient {
                    pool,
                    name: &self.name,
                    with_secret: self.with_secret,
                    flows: &["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
                };
                let (id, secret) = work.make(&create, ("CLIENT".to_owned(), None), keep)?;
                (id, secret, Outcome::Created)
            }
        };
        let secret = secret.map(|secret| Arc::new(Secret::new(secret)));
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

    /// Registers the OpenID Connect provider with IAM if it is not, and returns its ARN.
    fn ensure_open_id(&self, work: &mut Work<'_>, open_id: &OpenId) -> Result<String, Error> {
        let arn = self.open_id_arn(work, open_id)?;
        match work.find(&GetOpenIDConnectProvider { arn: &arn }, |it| it.tag(TAG).map(str::to_owned))? {
            Some(tag) if work.owns(tag.as_deref()) => {
                work.note("OpenID Connect provider", &arn, Outcome::Found);
                Ok(arn)
            }
            Some(_) => Err(work.foreign("OpenID Connect provider", &open_id.url)),
            None => {
                let create = CreateOpenIDConnectProvider {
                    url: &open_id.url,
                    client_ids: &texts(&open_id.client_ids),
                    thumbprints: &texts(&open_id.thumbprints),
                    tags: &[work.tag()],
                };
                let arn = work.make(&create, arn, str::to_owned)?;
                work.made("OpenID Connect provider", &arn, &arn);
                Ok(arn)
            }
        }
    }

    /// The ARN that IAM gives a provider of that URL.
    fn open_id_arn(&self, work: &Work<'_>, open_id: &OpenId) -> Result<String, Error> {
        let account = work.provider().caller_identity()?.account;
        let place = open_id.url.strip_prefix("https://").unwrap_or(&open_id.url);
        Ok(format!("arn:{}:iam::{account}:oidc-provider/{place}", role::partition(work).name))
    }

    /// Creates or updates the identity pool, and returns its id.
    fn identity_pool(&self, work: &mut Work<'_>, logins: Logins<'_>) -> Result<String, Error> {
        if let Some(found) = self.identity_pools(work)?.into_iter().find(|found| found.own) {
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

    /// Creates the roles if they do not exist, and assigns them to the identity pool.
    fn roles(&self, work: &mut Work<'_>, pool: &str) -> Result<(), Error> {
        let mut buffer = [0; 1024];
        let name = self.role(work, "authenticated")?;
        let service = token_service(work.provider().settings().region()?)?;
        let trusted = trust::identity_pool(&service, pool, "authenticated", &mut buffer);
        let trusted = trusted.map_err(role::too_long)?;
        let authenticated = role::ensure(work, &name, trusted, &self.policies)?;
        let unauthenticated = match &self.unauthenticated {
            Some(policies) => {
                let name = self.role(work, "unauthenticated")?;
                let trusted = trust::identity_pool(&service, pool, "unauthenticated", &mut buffer);
                Some(role::ensure(work, &name, trusted.map_err(role::too_long)?, policies)?)
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

policies!(CognitoPools);

impl sealed::Recipe for CognitoPools {
    fn name(&self) -> String {
        format!("cognito/{}", self.name)
    }

    fn apply(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let region = work.provider().settings().region()?.to_owned();
        let user_pool = self.user_pool(work)?;
        let client = self.client(work, &user_pool)?;
        self.ensure_user(work, &user_pool)?;
        let open_id = match &self.open_id {
            Some(open_id) => vec![self.ensure_open_id(work, open_id)?],
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
        let pool = self.identity_pool(work, logins)?;
        self.roles(work, &pool)
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

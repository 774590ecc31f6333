//! Amazon Cognito identity pools: AWS credentials for authenticated and unauthenticated identities (Amazon
//! Cognito federated identities API reference).

use crate::call::{Action, Api, Members};
use crate::error::ErrorKind;
use crate::flow::{Each, Kept};

use super::{Named, Page, Tag, texts_only};

pub use crate::sources::cognito::IDENTITY_POOL;

/// A user pool that an identity pool trusts.
#[derive(Debug, Clone, Copy)]
pub struct UserPoolLogin<'c> {
    /// The provider's name: `cognito-idp.REGION.amazonaws.com/POOL-ID`.
    pub provider: &'c str,
    /// The id of the client that users sign in with.
    pub client: &'c str,
}

/// The identities that an identity pool accepts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Logins<'c> {
    /// Whether unauthenticated identities get credentials too.
    pub unauthenticated: bool,
    /// Whether identities may get a token and assume roles with it (GetOpenIdToken, the classic flow).
    pub classic: bool,
    /// Trusted user pools.
    pub user_pools: &'c [UserPoolLogin<'c>],
    /// Other providers, with the application's id there: `("graph.facebook.com", "7346241598935552")`.
    pub providers: &'c [(&'c str, &'c str)],
    /// OpenID Connect providers, by their ARNs in IAM.
    pub open_id: &'c [&'c str],
}

impl Logins<'_> {
    fn members(&self, to: &mut dyn Members) {
        to.truth("AllowUnauthenticatedIdentities", self.unauthenticated);
        to.truth("AllowClassicFlow", self.classic);
        to.structures("CognitoIdentityProviders", self.user_pools.len(), &mut |index, to| {
            if let Some(login) = self.user_pools.get(index) {
                to.text("ProviderName", login.provider);
                to.text("ClientId", login.client);
                to.truth("ServerSideTokenCheck", true);
            }
        });
        to.map("SupportedLoginProviders", self.providers);
        to.texts("OpenIdConnectProviderARNs", self.open_id);
    }
}

/// Creates an identity pool in the region of the call.
#[derive(Debug, Clone, Copy)]
pub struct CreateIdentityPool<'c> {
    /// Its name, which need not be unique: 1 to 128 of `[\w\s+=,.@-]`.
    pub name: &'c str,
    /// The identities that it accepts.
    pub logins: Logins<'c>,
    /// Tags: 50 at most.
    pub tags: &'c [Tag<'c>],
}

impl Action for CreateIdentityPool<'_> {
    const API: Api = IDENTITY_POOL;
    const NAME: &'static str = "CreateIdentityPool";
    const KEPT: &'static [&'static str] = DescribeIdentityPool::KEPT;
    type Output<'r> = IdentityPool<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("IdentityPoolName", self.name);
        self.logins.members(to);
        to.map("IdentityPoolTags", self.tags);
    }

    fn output(kept: Kept<'_>) -> Result<IdentityPool<'_>, ErrorKind> {
        DescribeIdentityPool::output(kept)
    }
}

/// An identity pool, as CreateIdentityPool and DescribeIdentityPool return it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct IdentityPool<'r> {
    /// Its id, `REGION:...`.
    pub id: &'r str,
    kept: Kept<'r>,
}

impl<'r> IdentityPool<'r> {
    /// The value of the tag `key`.
    pub fn tag(&self, key: &str) -> Option<&'r str> {
        self.kept.value_of(["IdentityPoolTags.*key", "IdentityPoolTags.*value"], key)
    }

    /// The ARNs of the OpenID Connect providers that it trusts.
    pub fn open_id(&self) -> Each<'r, &'r str> {
        self.kept.each(|item| item.get("OpenIdConnectProviderARNs.*"))
    }
}

/// Reads an identity pool: its id, tags and providers.
#[derive(Debug, Clone, Copy)]
pub struct DescribeIdentityPool<'c> {
    /// Its id, `REGION:...`.
    pub id: &'c str,
}

impl Action for DescribeIdentityPool<'_> {
    const API: Api = IDENTITY_POOL;
    const NAME: &'static str = "DescribeIdentityPool";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &[
        "IdentityPoolId",
        "IdentityPoolTags.*key",
        "IdentityPoolTags.*value",
        "OpenIdConnectProviderARNs.*",
    ];
    type Output<'r> = IdentityPool<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("IdentityPoolId", self.id);
    }

    fn output(kept: Kept<'_>) -> Result<IdentityPool<'_>, ErrorKind> {
        Ok(IdentityPool { id: kept.need("IdentityPoolId")?, kept })
    }
}

/// Updates an identity pool; absent members are reset.
#[derive(Debug, Clone, Copy)]
pub struct UpdateIdentityPool<'c> {
    /// Its id, `REGION:...`.
    pub id: &'c str,
    /// Its name: 1 to 128 of `[\w\s+=,.@-]`.
    pub name: &'c str,
    /// The identities that it accepts from now on.
    pub logins: Logins<'c>,
    /// Its tags: 50 at most.
    pub tags: &'c [Tag<'c>],
}

impl Action for UpdateIdentityPool<'_> {
    const API: Api = IDENTITY_POOL;
    const NAME: &'static str = "UpdateIdentityPool";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = DescribeIdentityPool::KEPT;
    type Output<'r> = IdentityPool<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("IdentityPoolId", self.id);
        to.text("IdentityPoolName", self.name);
        self.logins.members(to);
        to.map("IdentityPoolTags", self.tags);
    }

    fn output(kept: Kept<'_>) -> Result<IdentityPool<'_>, ErrorKind> {
        DescribeIdentityPool::output(kept)
    }
}

/// Lists the identity pools of the region, sixty at a time.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListIdentityPools<'c> {
    /// The token of the page, from the page before; `None` for the first.
    pub next: Option<&'c str>,
}

impl Action for ListIdentityPools<'_> {
    const API: Api = IDENTITY_POOL;
    const NAME: &'static str = "ListIdentityPools";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] =
        &["IdentityPools.IdentityPoolId", "IdentityPools.IdentityPoolName", "NextToken"];
    type Output<'r> = Page<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.number("MaxResults", 60);
        to.optional("NextToken", self.next);
    }

    fn output(kept: Kept<'_>) -> Result<Page<'_>, ErrorKind> {
        let each = kept.each(|item| {
            let id = item.get("IdentityPools.IdentityPoolId")?;
            Some(Named { id, name: item.get("IdentityPools.IdentityPoolName")? })
        });
        Ok(Page { each, next: kept.get("NextToken") })
    }
}

/// Assigns roles to the identities of a pool.
#[derive(Debug, Clone, Copy)]
pub struct SetIdentityPoolRoles<'c> {
    /// The pool's id, `REGION:...`.
    pub pool: &'c str,
    /// The role of authenticated identities, an ARN.
    pub authenticated: &'c str,
    /// The role of unauthenticated identities, an ARN.
    pub unauthenticated: Option<&'c str>,
}

impl Action for SetIdentityPoolRoles<'_> {
    const API: Api = IDENTITY_POOL;
    const NAME: &'static str = "SetIdentityPoolRoles";
    const REPEATABLE: bool = true;
    type Output<'r> = ();

    fn members(&self, to: &mut dyn Members) {
        to.text("IdentityPoolId", self.pool);
        to.structure("Roles", &mut |to| {
            to.text("authenticated", self.authenticated);
            to.optional("unauthenticated", self.unauthenticated);
        });
    }

    fn output(_: Kept<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }
}

texts_only! {
    /// Deletes an identity pool, with its identities.
    #[derive(Debug)]
    DeleteIdentityPool of IDENTITY_POOL repeatable = true {
        /// Its id, `REGION:...`.
        id: "IdentityPoolId",
    }
}

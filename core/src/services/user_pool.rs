//! Amazon Cognito user pools: users who sign in (Amazon Cognito user pools API reference).

use crate::call::{Action, Api, Members};
use crate::error::ErrorKind;
use crate::flow::Kept;

use super::{Named, Page, Tag, texts_only};

pub use crate::sources::cognito::{USER_POOL, secret_hash};

/// Creates a user pool in the region of the call.
#[derive(Debug, Clone, Copy)]
pub struct CreateUserPool<'c> {
    /// Its name, which need not be unique: 1 to 128 characters.
    pub name: &'c str,
    /// The attributes that it verifies by a message when a user signs up: `email`, `phone_number`.
    pub verified: &'c [&'c str],
    /// Tags: 50 at most.
    pub tags: &'c [Tag<'c>],
}

impl Action for CreateUserPool<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "CreateUserPool";
    const KEPT: &'static [&'static str] = DescribeUserPool::KEPT;
    type Output<'r> = UserPool<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("PoolName", self.name);
        to.texts("AutoVerifiedAttributes", self.verified);
        to.map("UserPoolTags", self.tags);
    }

    fn output(kept: Kept<'_>) -> Result<UserPool<'_>, ErrorKind> {
        DescribeUserPool::output(kept)
    }
}

/// A user pool, as DescribeUserPool and CreateUserPool return it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct UserPool<'r> {
    /// Its id, `REGION_...`.
    pub id: &'r str,
    kept: Kept<'r>,
}

impl<'r> UserPool<'r> {
    /// The value of the tag `key`.
    pub fn tag(&self, key: &str) -> Option<&'r str> {
        self.kept.value_of(["UserPool.UserPoolTags.*key", "UserPool.UserPoolTags.*value"], key)
    }
}

/// Reads a user pool: its id and tags.
#[derive(Debug, Clone, Copy)]
pub struct DescribeUserPool<'c> {
    /// Its id, `REGION_...`.
    pub id: &'c str,
}

impl Action for DescribeUserPool<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "DescribeUserPool";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] =
        &["UserPool.Id", "UserPool.UserPoolTags.*key", "UserPool.UserPoolTags.*value"];
    type Output<'r> = UserPool<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("UserPoolId", self.id);
    }

    fn output(kept: Kept<'_>) -> Result<UserPool<'_>, ErrorKind> {
        Ok(UserPool { id: kept.need("UserPool.Id")?, kept })
    }
}

/// Lists the user pools of the region, sixty at a time.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListUserPools<'c> {
    /// The token of the page, from the page before; `None` for the first.
    pub next: Option<&'c str>,
}

impl Action for ListUserPools<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "ListUserPools";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["UserPools.Id", "UserPools.Name", "NextToken"];
    type Output<'r> = Page<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.number("MaxResults", 60);
        to.optional("NextToken", self.next);
    }

    fn output(kept: Kept<'_>) -> Result<Page<'_>, ErrorKind> {
        let each = kept
            .each(|item| Some(Named { id: item.get("UserPools.Id")?, name: item.get("UserPools.Name")? }));
        Ok(Page { each, next: kept.get("NextToken") })
    }
}

/// Creates a client: an application through which users sign in.
#[derive(Debug, Clone, Copy)]
pub struct CreateUserPoolClient<'c> {
    /// The pool's id, `REGION_...`.
    pub pool: &'c str,
    /// The client's name: 1 to 128 of `[\w\s+=,.@-]`.
    pub name: &'c str,
    /// Whether it gets a secret, which its requests then have to prove ([`secret_hash`]).
    pub with_secret: bool,
    /// The flows by which users may sign in: `ALLOW_USER_SRP_AUTH`, `ALLOW_USER_PASSWORD_AUTH`,
    /// `ALLOW_REFRESH_TOKEN_AUTH` and others.
    pub flows: &'c [&'c str],
}

impl Action for CreateUserPoolClient<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "CreateUserPoolClient";
    const KEPT: &'static [&'static str] = DescribeUserPoolClient::KEPT;
    type Output<'r> = Client<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("UserPoolId", self.pool);
        to.text("ClientName", self.name);
        to.truth("GenerateSecret", self.with_secret);
        to.texts("ExplicitAuthFlows", self.flows);
    }

    fn output(kept: Kept<'_>) -> Result<Client<'_>, ErrorKind> {
        DescribeUserPoolClient::output(kept)
    }
}

/// A client of a user pool. `Debug` does not show its secret.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Client<'r> {
    /// Its id, 1 to 128 letters, digits, underscores and plus signs.
    pub id: &'r str,
    /// Its secret, if it has one: up to 64 characters.
    pub secret: Option<&'r str>,
}

impl core::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Client({})", self.id)
    }
}

/// Reads a client of a user pool.
#[derive(Debug, Clone, Copy)]
pub struct DescribeUserPoolClient<'c> {
    /// The pool's id, `REGION_...`.
    pub pool: &'c str,
    /// The client's id, 1 to 128 letters, digits, underscores and plus signs.
    pub client: &'c str,
}

impl Action for DescribeUserPoolClient<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "DescribeUserPoolClient";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["UserPoolClient.ClientId", "UserPoolClient.ClientSecret"];
    type Output<'r> = Client<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("UserPoolId", self.pool);
        to.text("ClientId", self.client);
    }

    fn output(kept: Kept<'_>) -> Result<Client<'_>, ErrorKind> {
        let secret = kept.get("UserPoolClient.ClientSecret");
        Ok(Client { id: kept.need("UserPoolClient.ClientId")?, secret })
    }
}

/// Lists the clients of a user pool, sixty at a time.
#[derive(Debug, Clone, Copy)]
pub struct ListUserPoolClients<'c> {
    /// The pool's id, `REGION_...`.
    pub pool: &'c str,
    /// The token of the page, from the page before; `None` for the first.
    pub next: Option<&'c str>,
}

impl Action for ListUserPoolClients<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "ListUserPoolClients";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] =
        &["UserPoolClients.ClientId", "UserPoolClients.ClientName", "NextToken"];
    type Output<'r> = Page<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("UserPoolId", self.pool);
        to.number("MaxResults", 60);
        to.optional("NextToken", self.next);
    }

    fn output(kept: Kept<'_>) -> Result<Page<'_>, ErrorKind> {
        let each = kept.each(|item| {
            let id = item.get("UserPoolClients.ClientId")?;
            Some(Named { id, name: item.get("UserPoolClients.ClientName")? })
        });
        Ok(Page { each, next: kept.get("NextToken") })
    }
}

/// Creates a user, without a message to the user.
#[derive(Debug, Clone, Copy)]
pub struct AdminCreateUser<'c> {
    /// The pool's id, `REGION_...`.
    pub pool: &'c str,
    /// The user's name: 1 to 128 characters.
    pub username: &'c str,
    /// The user's attributes: `email`, `phone_number` and others.
    pub attributes: &'c [(&'c str, &'c str)],
}

impl Action for AdminCreateUser<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "AdminCreateUser";
    type Output<'r> = ();

    fn members(&self, to: &mut dyn Members) {
        to.text("UserPoolId", self.pool);
        to.text("Username", self.username);
        to.pairs("UserAttributes", ["Name", "Value"], self.attributes);
        to.text("MessageAction", "SUPPRESS");
    }

    fn output(_: Kept<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Sets the password of a user. `Debug` does not show it.
#[derive(Clone, Copy)]
pub struct AdminSetUserPassword<'c> {
    /// The pool's id, `REGION_...`.
    pub pool: &'c str,
    /// The user's name: 1 to 128 characters.
    pub username: &'c str,
    /// The password, by the pool's rules.
    pub password: &'c str,
    /// Whether it is permanent; otherwise the user has to replace it at the next sign-in.
    pub permanent: bool,
}

impl core::fmt::Debug for AdminSetUserPassword<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "AdminSetUserPassword({})", self.username)
    }
}

impl Action for AdminSetUserPassword<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "AdminSetUserPassword";
    const REPEATABLE: bool = true;
    type Output<'r> = ();

    fn members(&self, to: &mut dyn Members) {
        to.text("UserPoolId", self.pool);
        to.text("Username", self.username);
        to.text("Password", self.password);
        to.truth("Permanent", self.permanent);
    }

    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        each(self.password);
    }

    fn output(_: Kept<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Signs a user up. Nothing is signed. `Debug` shows no secret.
#[derive(Clone, Copy)]
pub struct SignUp<'c> {
    /// The client's id, 1 to 128 letters, digits, underscores and plus signs.
    pub client: &'c str,
    /// The proof of its secret, if it has one ([`secret_hash`]).
    pub secret_hash: Option<&'c str>,
    /// The name to sign in with: 1 to 128 characters.
    pub username: &'c str,
    /// The password, by the pool's rules.
    pub password: &'c str,
    /// The user's attributes: `email`, `phone_number` and others.
    pub attributes: &'c [(&'c str, &'c str)],
}

impl core::fmt::Debug for SignUp<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SignUp({})", self.username)
    }
}

impl Action for SignUp<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "SignUp";
    const SIGNED: bool = false;
    const KEPT: &'static [&'static str] = &["UserConfirmed"];
    /// Whether the user may sign in without a confirmation.
    type Output<'r> = bool;

    fn members(&self, to: &mut dyn Members) {
        to.text("ClientId", self.client);
        to.optional("SecretHash", self.secret_hash);
        to.text("Username", self.username);
        to.text("Password", self.password);
        to.pairs("UserAttributes", ["Name", "Value"], self.attributes);
    }

    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        each(self.password);
    }

    fn output(kept: Kept<'_>) -> Result<bool, ErrorKind> {
        Ok(kept.get("UserConfirmed") == Some("true"))
    }
}

/// Confirms a sign-up by the code from a message. Nothing is signed.
#[derive(Clone, Copy)]
pub struct ConfirmSignUp<'c> {
    /// The client's id, 1 to 128 letters, digits, underscores and plus signs.
    pub client: &'c str,
    /// The proof of its secret, if it has one ([`secret_hash`]).
    pub secret_hash: Option<&'c str>,
    /// The user's name, as signed up.
    pub username: &'c str,
    /// The code: 1 to 2,048 characters.
    pub code: &'c str,
}

impl core::fmt::Debug for ConfirmSignUp<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ConfirmSignUp({})", self.username)
    }
}

impl Action for ConfirmSignUp<'_> {
    const API: Api = USER_POOL;
    const NAME: &'static str = "ConfirmSignUp";
    const SIGNED: bool = false;
    type Output<'r> = ();

    fn members(&self, to: &mut dyn Members) {
        to.text("ClientId", self.client);
        to.optional("SecretHash", self.secret_hash);
        to.text("Username", self.username);
        to.text("ConfirmationCode", self.code);
    }

    fn output(_: Kept<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }
}

texts_only! {
    /// Deletes a user pool, with its clients and users.
    #[derive(Debug)]
    DeleteUserPool of USER_POOL repeatable = true {
        /// Its id, `REGION_...`.
        id: "UserPoolId",
    }
}

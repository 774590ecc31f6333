//! Credentials from Amazon Cognito: a user signs in at a user pool, or another provider vouches for the
//! identity, and an identity pool issues credentials.

use rolecall_core::call::{Call, Service};
use rolecall_core::flow::{Flow, Lease};
use rolecall_core::sources::Unsigned;
use rolecall_core::sources::cognito::{Client, Identity, Logins, Password, SignIn};
use rolecall_core::sources::sts::AssumeRoleWithWebIdentityRequest;

use super::{Fetched, Fetcher};
use crate::secret::Wiped;
use crate::sessions::cognito::{Kept, PoolIdentity, PoolOrIdentity, User};
use crate::{Error, Secret, lock};

/// Room for a refresh token.
const REFRESH_TOKEN: usize = 8 * 1024;

/// What an identity pool is asked for.
struct Ask<'c> {
    service: Service<'c>,
    place: &'c PoolOrIdentity,
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
            service: self.service("cognito-identity", &url, region)?,
            place: &identity.place,
            known: known.as_deref(),
            logins: Logins::of(&provider).and(&others),
            custom_role_arn: identity.custom_role_arn.as_deref(),
            assumed,
        };
        let (fetched, id) = match &identity.user {
            Some(user) => self.signed_in(user, &ask)?,
            None => self.ask(&ask, Unsigned)?,
        };
        // An unauthenticated identity that the pool has deleted is replaced.
        let gone = fetched.as_ref().is_err_and(Error::is_refusal);
        *lock(&identity.known) = id.filter(|_| !gone);
        fetched
    }

    /// The credentials of the identity of `user`.
    fn signed_in(&self, user: &User, ask: &Ask<'_>) -> Result<Asked, Error> {
        let url = self.settings.service_in("cognito-idp", user.region()?)?;
        let client = Client::new(&user.client, &user.username)
            .with_secret(user.client_secret.as_ref().map(|secret| secret.expose()));
        let question = format!("Password of {}: ", user.username);
        let password = match &user.password {
            Some(password) => Password::Given(password.expose()),
            None => Password::Asked(&question),
        };
        let mut random = Wiped::new([0; 32]);
        let mut memory = Wiped::new(vec![0; REFRESH_TOKEN]);
        let pool = self.service("cognito-idp", &url, user.region()?)?;
        let sign_in = self.sign_in(user, pool, client, password, &mut random)?;
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
            return Ok(SignIn::sending(service, client, password).of_pool(&user.pool));
        }
        #[cfg(not(feature = "srp"))]
        let cannot = "this program was built without signing in by SRP (feature srp)";
        #[cfg(feature = "srp")]
        let cannot = "this system has no random number generator, which signing in needs";
        #[cfg(feature = "srp")]
        if self.host.random(random).is_ok() {
            return Ok(SignIn::proving(service, client, password, &user.pool, random));
        }
        Err(Error::Configuration(cannot.to_owned()))
    }

    /// The credentials of the identity that the token of `base` belongs to, and the identity's id.
    fn ask<'c>(&self, ask: &Ask<'c>, base: impl Flow<'c, Output = Lease>) -> Result<Asked, Error> {
        let mut who = match (ask.place, ask.known) {
            (PoolOrIdentity::Identity(id), _) => Identity::known(base, ask.service, id, ask.logins),
            (_, Some(id)) => Identity::known(base, ask.service, id, ask.logins),
            (PoolOrIdentity::Pool(id), None) => Ok(Identity::in_pool(base, ask.service, id, ask.logins)),
        }
        .map_err(|error| Error::Configuration(error.to_string()))?;
        let fetched = match ask.assumed {
            None => {
                let mut request = ask.logins.credentials();
                request.custom_role_arn = ask.custom_role_arn;
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

/// Credentials or an error, and the id of the identity if it is known by now.
type Asked = (Result<Fetched, Error>, Option<String>);

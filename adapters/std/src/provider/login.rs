//! Signing in at IAM Identity Center, and signing out.

use super::Provider;
use crate::SignInState;
#[cfg(feature = "sso")]
use crate::{DeviceCode, Error, SignedIn, SignedOut};

impl Provider {
    /// Returns when the sign-in of the profile ends, with IAM Identity Center or to the console, as its file says. No service is
    /// asked.
    pub fn sign_in_state(&self) -> SignInState {
        self.fetcher().sign_in_state()
    }
}

#[cfg(feature = "sso")]
impl Provider {
    /// Signs in at the IAM Identity Center of the profile, and keeps the token in the file where the AWS CLI and the AWS SDKs
    /// look for it. `show` gets the code that the user has to confirm in a browser; the call returns when that is done,
    /// or the code has ended.
    ///
    /// ```no_run
    /// # fn login(provider: &rolecall::Provider) -> Result<(), rolecall::Error> {
    /// let signed_in = provider.sso_sign_in(&mut |code| {
    ///     eprintln!("Open {} and enter {}", code.verification_url, code.user_code);
    /// })?;
    /// eprintln!("signed in until {}", signed_in.expiration.rfc3339());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] for a profile without such a sign-in, a code that was refused or has ended;
    /// [`Error::Source`] for errors of the service, and where the file cannot be written: on Windows, always.
    pub fn sso_sign_in(&self, show: &mut dyn FnMut(&DeviceCode)) -> Result<SignedIn, Error> {
        let signed_in = self.fetcher().sso_sign_in(show)?;
        // Those of the session before, or the error that there are none.
        self.forget();
        Ok(signed_in)
    }

    /// Ends the session of the profile at IAM Identity Center, and removes its token. Credentials of roles that were fetched
    /// with it live on until they end.
    ///
    /// # Errors
    /// As [`Provider::sso_sign_in`]. If the service cannot be reached, the token is removed nevertheless.
    pub fn sso_sign_out(&self) -> Result<SignedOut, Error> {
        let signed_out = self.fetcher().sso_sign_out();
        self.forget();
        signed_out
    }
}

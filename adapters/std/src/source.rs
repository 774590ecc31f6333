//! Credential sources of the caller's.

use rolecall_core::flow::{Flow, Lease};

/// Makes the flow that a provider runs in place of the default chain
/// ([`ProviderBuilder::source`](crate::ProviderBuilder::source)).
///
/// ```
/// use rolecall::core::credentials::Credentials;
/// use rolecall::core::flow::{Flow, Lease};
/// use rolecall::core::sources::Fixed;
/// use rolecall::{CredentialSource, Environment, Provider, Settings};
///
/// /// Keys that a program was built with.
/// struct BuiltIn;
///
/// impl CredentialSource for BuiltIn {
///     fn name(&self) -> &str {
///         "built-in keys"
///     }
///
///     fn flow(&self) -> Box<dyn Flow<'_, Output = Lease> + '_> {
///         Box::new(Fixed::new(Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfi", None).ok()))
///     }
/// }
///
/// let settings = Settings::from_environment(&Environment::from_iter([("AWS_REGION", "eu-west-1")]))?;
/// let provider = Provider::builder(settings).source(BuiltIn).build();
/// assert_eq!(provider.credentials()?.access_key_id(), "AKIDEXAMPLE");
/// # Ok::<(), rolecall::Error>(())
/// ```
///
/// A source with requests is a list of steps: [`flow::Source`](rolecall_core::flow::Source).
pub trait CredentialSource: Send + Sync {
    /// Its name for error messages and `explain`: a few words.
    fn name(&self) -> &str;

    /// Makes one run of it, which ends with credentials in the first slot.
    fn flow(&self) -> Box<dyn Flow<'_, Output = Lease> + '_>;
}

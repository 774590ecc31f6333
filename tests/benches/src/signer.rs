//! What a signer of another crate does, so that it can be measured and its signatures compared.

use rolecall_core::wire::time::UnixTime;

use crate::Operation;

/// A signer, prepared with all that does not depend on the request, or that its crate leaves to the caller.
pub trait Signer: Sized {
    /// The name of its crate.
    const NAME: &'static str;
    /// What a signature consumes: the request as a type of the crate.
    type Request;
    /// What it returns.
    type Signed;

    /// Prepares to sign `operation`; `None` if the crate cannot sign that, or not with these headers.
    fn new(operation: &Operation) -> Option<Self>;

    /// A request, which is made before the clock starts.
    fn request(&self) -> Self::Request;

    /// Signs: from the request and the secret to what is sent.
    fn sign(&self, request: Self::Request) -> Self::Signed;

    /// The signature in what is sent.
    fn signature(&self, signed: &Self::Signed) -> Signature;
}

/// A signature, and what it depends on that the signer chose.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// In hexadecimal.
    pub hex: String,
    /// The time, as sent, if the crate signs at no other than the current one.
    pub date: Option<String>,
    /// Whether the crate signs the header `x-amz-content-sha256` for every service: one line more than
    /// `rolecall-core` signs for STS.
    pub sha256_header: bool,
}

impl Signature {
    /// The signature in an `Authorization` header or at the end of a presigned URL.
    pub fn at_end_of(text: &str) -> String {
        text.rsplit_once("Signature=").map(|(_, hex)| hex.to_owned()).expect("a signature at the end")
    }

    /// Asserts that `rolecall-core` computes the same for `operation`.
    pub fn check(&self, operation: &Operation) {
        let mut operation = operation.clone();
        if let Some(date) = &self.date {
            operation.time = UnixTime::from_compact(date.as_bytes()).expect("a time").as_secs();
        }
        operation.sha256_header = self.sha256_header;
        let signature = operation.sign_cold(&operation.credentials());
        assert_eq!(signature.as_str(), self.hex, "{}", operation.name);
    }
}

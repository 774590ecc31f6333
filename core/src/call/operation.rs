//! Operations of services.

use crate::error::{ErrorKind, Origin};
use crate::flow::{Reply, Report, Slot};
use crate::wire::Put;

use super::error_document;

/// The properties that all operations of a service share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Api {
    /// The origin in errors.
    pub origin: Origin,
    /// The name that the service is signed for.
    pub service: &'static str,
    /// The protocol of its requests and replies.
    pub protocol: Protocol,
}

/// The protocols of services (Smithy, *AWS Protocols*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// AWS Query: a form, answered in XML with a `...Result` element. IAM, STS.
    Query {
        /// The version of the API.
        version: &'static str,
    },
    /// As Query, but lists are flat and replies have no wrapper. EC2.
    Ec2 {
        /// The version of the API.
        version: &'static str,
    },
    /// AWS JSON 1.0 and 1.1, answered in JSON. Cognito, ECS.
    Json {
        /// The content type: `application/x-amz-json-1.1`.
        content_type: &'static str,
        /// The prefix of `X-Amz-Target`.
        target: &'static str,
    },
    /// REST with XML: a GET of an endpoint without a path, signed by the rules of S3, answered in XML. S3.
    RestXml {
        /// Path and query: `/?session`.
        target: &'static str,
        /// Headers of the operation, two at most.
        headers: &'static [(&'static str, &'static [u8])],
    },
}

/// The properties that all requests of one operation share.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The service that has the operation.
    pub api: Api,
    /// The operation's name in the API reference: `AssumeRole`.
    pub action: &'static str,
    /// The step in errors; empty if the origin says enough.
    pub step: &'static str,
    /// What the base provides.
    pub proof: Proof,
    /// Whether sending it twice has the same effect as sending it once: then an exchange that broke off is
    /// retried.
    pub repeatable: bool,
    /// Error codes after which the same call may succeed a little later.
    pub retried: &'static [&'static str],
    /// Whether the result goes into the slot of the base, beside its content.
    pub adds: bool,
}

impl Shape {
    /// An operation that is signed, and repeated only if the service did not receive it.
    pub const fn new(api: Api, action: &'static str) -> Self {
        let proof = Proof::Signature;
        Self { api, action, step: action, proof, repeatable: false, retried: &[], adds: false }
    }
}

/// How a request proves its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The base provides credentials, and the request is signed with them.
    Signature,
    /// The base provides a token, which is a parameter of the request; nothing is signed. Each attempt asks
    /// the base again.
    Token {
        /// The longest token, in characters; the shortest has four.
        longest: usize,
        /// The limits in words, for the error.
        limits: &'static str,
    },
    /// Nothing is signed, and the base provides what the operation makes of it.
    Unsigned,
}

/// An operation of a service.
pub trait Operation {
    /// The properties that all its requests share.
    fn shape(&self) -> &Shape;

    /// Checks the limits that the service documents, before anything is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`], with the allowed range.
    fn check(&self) -> Result<(), ErrorKind>;

    /// Writes the request's body. `held` has what the base provided.
    fn body(&self, out: &mut dyn Put, held: &Slot<'_>);

    /// Passes the secrets in the request, besides those of the slots, to `each`, so that no report of an
    /// error repeats them.
    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        let _ = each;
    }

    /// Reads the body of a reply of status 200 into `slot`: credentials with their expiration, or what else
    /// the operation returns.
    ///
    /// # Errors
    /// Those of a reply that cannot be used.
    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind>;

    /// Reads the error of a reply of a status other than 2xx into `report`, and returns whether it names a
    /// code.
    fn read_error(&self, reply: &Reply, exchange: &[u8], report: &mut Report) -> bool {
        // Decided for each operation at compile time, so that the other protocol is not linked.
        let xml = !matches!(self.shape().api.protocol, Protocol::Json { .. });
        error_document::read_reply(reply, exchange, xml, report)
    }

    /// Writes the value of `X-Amz-Target`, if the protocol has that header, and returns the content type; empty for a
    /// request without a body.
    fn content_type(&self, target: &mut dyn Put) -> &'static str {
        match self.shape().api.protocol {
            Protocol::Query { .. } | Protocol::Ec2 { .. } => {
                "application/x-www-form-urlencoded; charset=utf-8"
            }
            Protocol::RestXml { .. } => "",
            Protocol::Json { content_type, target: prefix } => {
                [prefix, ".", self.shape().action].iter().for_each(|part| target.put(part.as_bytes()));
                content_type
            }
        }
    }
}

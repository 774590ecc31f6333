//! What an operation is.

use crate::error::{ErrorKind, Origin};
use crate::flow::{Reply, Report, Slot};
use crate::wire::Put;

use super::error_document;

/// A service, as far as all its operations have it in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Api {
    /// Who an error is told of.
    pub origin: Origin,
    /// The name that the service is signed for.
    pub service: &'static str,
    /// How it is spoken to.
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
        /// `application/x-amz-json-1.1`, say.
        content_type: &'static str,
        /// The prefix of `X-Amz-Target`.
        target: &'static str,
    },
}

/// What all requests of one operation have in common.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Of which service it is.
    pub api: Api,
    /// The operation's name.
    pub action: &'static str,
    /// Which step an error names; empty where the origin says it.
    pub step: &'static str,
    /// What the base brings.
    pub proof: Proof,
    /// It has the same effect when it is sent twice: an exchange that broke off is tried again.
    pub repeatable: bool,
    /// Codes of errors that the same call may not meet a little later.
    pub retried: &'static [&'static str],
    /// The result goes into the slot of the base, beside what is there.
    pub adds: bool,
}

impl Shape {
    /// An operation that is signed, and sent again only if it was not received.
    pub const fn new(api: Api, action: &'static str) -> Self {
        let proof = Proof::Signature;
        Self { api, action, step: action, proof, repeatable: false, retried: &[], adds: false }
    }
}

/// How a request shows who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The base brings credentials, and the request is signed with them.
    Signature,
    /// The base brings a token, which is a parameter of the request; nothing is signed. The base is
    /// asked anew for every attempt.
    Token {
        /// Characters that the token may have at most; at least it has four.
        longest: usize,
        /// The same in words, for the error.
        limits: &'static str,
    },
    /// Nothing is signed, and the base brings what the operation makes of it.
    Unsigned,
}

/// One operation of a service.
pub trait Operation {
    /// What all its requests have in common.
    fn shape(&self) -> &Shape;

    /// Checks the limits that the service documents, before anything is sent.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`], with the allowed range.
    fn check(&self) -> Result<(), ErrorKind>;

    /// Puts the request's body. `held` is what the base brought.
    fn body(&self, out: &mut dyn Put, held: &Slot<'_>);

    /// Shows `each` the secrets that the request tells beside those of the slots, so that no report of an
    /// error repeats them.
    fn secrets(&self, each: &mut dyn FnMut(&str)) {
        let _ = each;
    }

    /// Reads the body of a reply of status 200 into `slot`: credentials with their end, or what else
    /// the operation brings.
    ///
    /// # Errors
    /// Those of a reply that cannot be used.
    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind>;

    /// Reads what a reply of another status says into `report`; whether it names a code.
    fn read_error(&self, reply: &Reply, exchange: &[u8], report: &mut Report) -> bool {
        // Decided for each operation when it is compiled, so that the other protocol is not linked.
        let xml = !matches!(self.shape().api.protocol, Protocol::Json { .. });
        error_document::read_reply(reply, exchange, xml, report)
    }

    /// Puts the value of `X-Amz-Target`, where the protocol has that header, and returns the type of
    /// the content.
    fn content_type(&self, target: &mut dyn Put) -> &'static str {
        match self.shape().api.protocol {
            Protocol::Query { .. } | Protocol::Ec2 { .. } => {
                "application/x-www-form-urlencoded; charset=utf-8"
            }
            Protocol::Json { content_type, target: prefix } => {
                [prefix, ".", self.shape().action].iter().for_each(|part| target.put(part.as_bytes()));
                content_type
            }
        }
    }
}

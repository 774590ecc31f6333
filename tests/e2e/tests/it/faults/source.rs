//! The sources, and servers for them that respond correctly except in one step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::peer::{Act, Peer, Request};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Imds,
    Container,
    Sts,
    Cognito,
}

/// A set of credentials as strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    /// RFC 3339.
    pub(crate) expiration: Option<String>,
}

pub(crate) const ID: &str = "ASIAEXAMPLE";
pub(crate) const SECRET: &str = "c2VjcmV0/c2VjcmV0+c2Vj";
pub(crate) const TOKEN: &str = "dG9rZW4tb2YtdGhlLXJvbGU=";
pub(crate) const END: &str = "2099-01-01T00:00:00Z";
/// [`END`] in seconds.
pub(crate) const END_SECONDS: &str = "4070908800";

/// The pool's response before the credentials.
const IDENTITY: &str = r#"{"IdentityId":"us-east-1:d68b413e-0000-4000-8000-0123456789ab"}"#;

impl Source {
    pub(crate) const ALL: [Self; 4] = [Self::Imds, Self::Container, Self::Sts, Self::Cognito];
    pub(crate) const JSON: [Self; 3] = [Self::Imds, Self::Container, Self::Cognito];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Imds => "imds",
            Self::Container => "container",
            Self::Sts => "sts",
            Self::Cognito => "cognito",
        }
    }

    /// The prefixes of errors in its steps.
    pub(crate) fn steps(self) -> &'static [&'static str] {
        match self {
            Self::Imds => &[
                "instance metadata: token: ",
                "instance metadata: role name: ",
                "instance metadata: role credentials: ",
            ],
            Self::Container => &["container endpoint: "],
            Self::Sts => &["AssumeRole: "],
            Self::Cognito => {
                &["Cognito identity pool: GetId: ", "Cognito identity pool: GetCredentialsForIdentity: "]
            }
        }
    }

    /// The response in the last step.
    pub(crate) fn document(self) -> String {
        match self {
            Self::Imds => format!(
                r#"{{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"{ID}","SecretAccessKey":"{SECRET}","Token":"{TOKEN}","Expiration":"{END}"}}"#
            ),
            Self::Container => format!(
                r#"{{"RoleArn":"arn:aws:iam::1:role/x","AccessKeyId":"{ID}","SecretAccessKey":"{SECRET}","Token":"{TOKEN}","Expiration":"{END}"}}"#
            ),
            Self::Sts => format!(
                "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                 <AccessKeyId>{ID}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
                 <SessionToken>{TOKEN}</SessionToken><Expiration>{END}</Expiration></Credentials>\
                 </AssumeRoleResult></AssumeRoleResponse>"
            ),
            Self::Cognito => format!(
                r#"{{"IdentityId":"us-east-1:x","Credentials":{{"AccessKeyId":"{ID}","SecretKey":"{SECRET}","SessionToken":"{TOKEN}","Expiration":{END_SECONDS}.0}}}}"#
            ),
        }
    }

    /// The member names of secret key and session token.
    pub(crate) fn members(self) -> [&'static str; 2] {
        match self {
            Self::Imds | Self::Container => ["SecretAccessKey", "Token"],
            Self::Sts => ["SecretAccessKey", "SessionToken"],
            Self::Cognito => ["SecretKey", "SessionToken"],
        }
    }

    /// The credentials in [`Source::document`].
    pub(crate) fn keys(self) -> Keys {
        Keys {
            id: ID.to_owned(),
            secret: SECRET.to_owned(),
            token: Some(TOKEN.to_owned()),
            expiration: Some(END.to_owned()),
        }
    }

    /// A correct response in a step.
    pub(crate) fn answer(self, step: usize) -> Act {
        match (self, step) {
            (Self::Imds, 0) => Act::Reply(
                200,
                "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n".to_owned(),
                b"TOKEN-OF-THE-TEST==".to_vec(),
            ),
            (Self::Imds, 1) => Act::ok("a-role"),
            (Self::Cognito, 0) => Act::ok(IDENTITY),
            _ => Act::ok(self.document()),
        }
    }

    /// The step that a request belongs to.
    fn step(self, request: &Request) -> usize {
        match self {
            Self::Imds if request.method == "PUT" => 0,
            Self::Imds if request.target.ends_with('/') => 1,
            Self::Imds => 2,
            Self::Cognito => {
                let operation = request.header("x-amz-target").unwrap_or_default();
                usize::from(operation.ends_with(".GetCredentialsForIdentity"))
            }
            _ => 0,
        }
    }

    /// Starts a server that responds to one step with `acts` in order, repeating the last one, and to the
    /// others correctly. Returns it with the number of requests for that step.
    pub(crate) fn serve(self, step: usize, acts: Vec<Act>) -> (Peer, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let peer = Peer::start(move |request| match self.step(request) {
            of if of == step => {
                let before = counted.fetch_add(1, Ordering::Relaxed);
                acts[before.min(acts.len() - 1)].clone()
            }
            other => self.answer(other),
        });
        (peer, count)
    }
}

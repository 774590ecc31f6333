//! The sources, and the peers that serve them: well, but for the last step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use e2e::peer::{Act, Asked, Peer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Imds,
    Container,
    Sts,
    Cognito,
}

/// A set of credentials, as texts.
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

/// The pool's answer that comes before the credentials.
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

    /// Its steps, by how their errors begin.
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

    /// The last step's answer.
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

    /// The names of secret key and token.
    pub(crate) fn members(self) -> [&'static str; 2] {
        match self {
            Self::Imds | Self::Container => ["SecretAccessKey", "Token"],
            Self::Sts => ["SecretAccessKey", "SessionToken"],
            Self::Cognito => ["SecretKey", "SessionToken"],
        }
    }

    /// What [`Source::document`] holds.
    pub(crate) fn keys(self) -> Keys {
        Keys {
            id: ID.to_owned(),
            secret: SECRET.to_owned(),
            token: Some(TOKEN.to_owned()),
            expiration: Some(END.to_owned()),
        }
    }

    /// A good answer to a step.
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

    /// Which step it is that is asked for.
    fn step(self, asked: &Asked) -> usize {
        match self {
            Self::Imds if asked.method == "PUT" => 0,
            Self::Imds if asked.target.ends_with('/') => 1,
            Self::Imds => 2,
            Self::Cognito => {
                let operation = asked.header("x-amz-target").unwrap_or_default();
                usize::from(operation.ends_with(".GetCredentialsForIdentity"))
            }
            _ => 0,
        }
    }

    /// A peer that answers a step by one act after another, the last one again and again, and the others well.
    /// It counts how often it is asked for that step.
    pub(crate) fn serve(self, step: usize, acts: Vec<Act>) -> (Peer, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let peer = Peer::start(move |asked| match self.step(asked) {
            of if of == step => {
                let before = counted.fetch_add(1, Ordering::Relaxed);
                acts[before.min(acts.len() - 1)].clone()
            }
            other => self.answer(other),
        });
        (peer, count)
    }
}

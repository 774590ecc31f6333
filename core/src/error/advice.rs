//! What to do about an error: the texts that name settings, services and commands.

use super::{Error, ErrorKind, Failure, FailureKind, Origin, Phase};

impl Error {
    /// What to do next, in a sentence; empty if the error itself says it.
    pub fn advice(&self) -> &'static str {
        use FailureKind::{Denied, NotFound, Protocol, Timeout, TooLarge, Unsupported, Untrusted};
        use Phase::{Body, Connect, File, FirstByte, Process, Prompt, Resolve};
        match (self.origin, self.kind) {
            (Origin::Chain, _) => {
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
            }
            (Origin::Imds, ErrorKind::NoRole) => "attach an instance profile with a role to the instance",
            (Origin::Imds, ErrorKind::Transport(Failure { phase: FirstByte, kind: Timeout })) => {
                "the service takes connections but does not answer: from a container, raise the \
                 instance's metadata hop limit to 2"
            }
            (Origin::Imds, ErrorKind::Transport(Failure { phase: Connect | Resolve, .. })) => {
                "not on EC2, or the route to the metadata service is blocked"
            }
            (Origin::Imds, ErrorKind::Status(403)) => "the instance's metadata service is switched off",
            (Origin::Imds, ErrorKind::Refused { .. }) => {
                "look at the role's trust policy: it has to let ec2.amazonaws.com assume the role"
            }
            (Origin::Container, ErrorKind::Status(400 | 401 | 403)) => {
                "check AWS_CONTAINER_AUTHORIZATION_TOKEN or the file it is read from"
            }
            (_, ErrorKind::Transport(Failure { phase: Prompt, .. })) => {
                "run it at a terminal, or pass the code as an option"
            }
            (Origin::Static, ErrorKind::Expired) => {
                "provide unexpired credentials; or set this machine's clock, if it is ahead"
            }
            (Origin::AssumeRole, ErrorKind::Refused { status: 403, recoverable: false }) => {
                "check that the caller may call sts:AssumeRole on this role, that the role's trust policy \
                 names the caller, and that the external id is right"
            }
            (Origin::WebIdentity | Origin::Saml, ErrorKind::Refused { recoverable: false, .. }) => {
                "check that the role's trust policy names the provider and this audience, and that the \
                 token is still valid"
            }
            (Origin::WebIdentity, ErrorKind::Transport(Failure { phase: File, .. })) => {
                "check AWS_WEB_IDENTITY_TOKEN_FILE, or the profile's web_identity_token_file"
            }
            (Origin::Sso, ErrorKind::Transport(Failure { phase: File, .. }) | ErrorKind::Expired)
            | (Origin::Sso, ErrorKind::Status(401)) => "sign in again: aws sso login",
            (Origin::Sso, ErrorKind::Status(403)) => {
                "check sso_account_id and sso_role_name: this user has no such role there"
            }
            (Origin::Process, ErrorKind::Transport(Failure { phase: Process, .. })) => {
                "run the profile's credential_process by hand and see what it says"
            }
            (Origin::Process, ErrorKind::Malformed(_) | ErrorKind::Missing(_) | ErrorKind::Unusable(_)) => {
                "it has to print one JSON document with Version 1, AccessKeyId and SecretAccessKey"
            }
            (_, ErrorKind::Status(300..=399)) => "redirects are not followed; correct the endpoint",
            (_, ErrorKind::Transport(Failure { kind: Untrusted, .. })) => {
                "the server's certificate is from an unknown issuer, for another name, or out of date"
            }
            (_, ErrorKind::Transport(Failure { kind: NotFound, phase: Resolve })) => {
                "check the endpoint's host name"
            }
            (_, ErrorKind::Transport(Failure { kind: NotFound, phase: Connect })) => {
                "nothing listens there; check the endpoint"
            }
            (_, ErrorKind::Transport(Failure { kind: Protocol, phase: Connect | FirstByte | Body })) => {
                "something else listens there; check scheme, host and port of the endpoint"
            }
            (_, ErrorKind::Transport(Failure { kind: TooLarge, .. })) => {
                "no reply of the service is that long; check the endpoint, or lend a larger exchange buffer"
            }
            (_, ErrorKind::Transport(Failure { kind: Denied, .. })) => {
                "check the permissions of this process"
            }
            (_, ErrorKind::Transport(Failure { kind: Unsupported, .. })) => {
                "https needs a transport with TLS; files and prompts need an operating system"
            }
            (_, ErrorKind::Malformed(_) | ErrorKind::Missing(_)) => {
                "the endpoint does not speak this protocol; check its address"
            }
            (_, ErrorKind::ClockUnknown) => "set the clock, or let it be learned from a reply",
            (_, ErrorKind::Expired) => "the source lags behind; it should recover by itself",
            _ => "",
        }
    }
}

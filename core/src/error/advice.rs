//! What to do about an error: the texts that name settings, services and commands.

use crate::flow::Report;

use super::{CodeClass, Error, ErrorKind, Failure, FailureKind, Origin, Phase};

const SIGN_IN: &str = "sign in again: aws sso login";
const LOG_IN: &str = "sign in again: aws login";
const NO_SUCH_ROLE: &str = "check sso_account_id and sso_role_name: this user has no such role there";

impl Error {
    /// What to do next, in a sentence, by the service's code; without one, as [`Error::advice`].
    ///
    /// ```
    /// use rolecall_core::call::read_json_error;
    /// use rolecall_core::error::{Error, ErrorKind, Origin};
    /// use rolecall_core::flow::Report;
    ///
    /// let refused = ErrorKind::Refused { status: 403, recoverable: false };
    /// let (error, mut report) = (Error::new(Origin::AssumeRole, "AssumeRole", refused), Report::new());
    /// read_json_error(br#"{"code":"AccessDenied"}"#, "", &mut report)?;
    /// assert!(error.advice_on(&report).contains("trust policy"));
    /// report.clear();
    /// read_json_error(br#"{"code":"SignatureDoesNotMatch"}"#, "", &mut report)?;
    /// assert!(error.advice_on(&report).contains("secret access key"));
    /// # Ok::<(), rolecall_core::wire::Error>(())
    /// ```
    pub fn advice_on(&self, report: &Report) -> &'static str {
        match self.of_code(report.code(), report.message()) {
            "" => self.advice(),
            advice => advice,
        }
    }

    /// What to do next, in a sentence; empty if the error itself says it. For an error code of a service, see
    /// [`Error::advice_on`].
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
            (Origin::Imds, ErrorKind::Status(403)) if self.step == "token" => {
                "the instance's metadata service is switched off, or something in front of it refuses the request"
            }
            (Origin::Imds, ErrorKind::Status(403)) => {
                "something in front of the metadata service, such as kube2iam or kiam, grants no role to this caller"
            }
            (Origin::Imds, ErrorKind::Status(404 | 405)) if self.step == "token" => {
                "something in front of the metadata service, such as kube2iam, or an emulator, does not speak version 2"
            }
            (Origin::Sso, ErrorKind::Refused { recoverable: false, .. }) => SIGN_IN,
            (Origin::Login, ErrorKind::Refused { recoverable: false, .. }) => LOG_IN,
            (Origin::Sso | Origin::Login, ErrorKind::Refused { .. } | ErrorKind::Status(429 | 500..)) => {
                "the service is not available now; try again later"
            }
            (Origin::Container, ErrorKind::Status(404)) => {
                "check the path of AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI"
            }
            (Origin::Container, ErrorKind::Invalid(what)) if what.starts_with("token file") => {
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE has to name a readable file with one line of ASCII"
            }
            (Origin::Container, ErrorKind::Invalid(what)) if what.starts_with("full URI") => {
                "plain http goes to loopback, 169.254.170.2, 169.254.170.23 and fd00:ec2::23 alone, and to a name all of \
                 whose addresses are among them; elsewhere AWS_CONTAINER_CREDENTIALS_FULL_URI has to be https"
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
            (Origin::WebIdentity, ErrorKind::Transport(Failure { phase: File, .. })) => {
                "check AWS_WEB_IDENTITY_TOKEN_FILE, or the profile's web_identity_token_file"
            }
            (Origin::Sso, ErrorKind::Status(401)) => SIGN_IN,
            (
                Origin::Sso,
                ErrorKind::Transport(Failure { phase: File, .. })
                | ErrorKind::Expired
                | ErrorKind::Malformed(_)
                | ErrorKind::Missing(_)
                | ErrorKind::Unusable(_),
            ) if self.step == "access token" => SIGN_IN,
            (Origin::Sso, ErrorKind::Status(403)) => NO_SUCH_ROLE,
            (Origin::Process, ErrorKind::Transport(Failure { phase: Process, .. })) => {
                "run the profile's credential_process by hand and see what it says"
            }
            (Origin::Process, ErrorKind::Malformed(_) | ErrorKind::Missing(_) | ErrorKind::Unusable(_)) => {
                "it has to print one JSON document with Version 1, AccessKeyId and SecretAccessKey"
            }
            (
                Origin::Iot,
                ErrorKind::Transport(Failure { phase: Connect | Phase::Send | FirstByte, kind: Denied }),
            ) => IOT_CERTIFICATE,
            (Origin::Iot, ErrorKind::Transport(Failure { phase: Connect, kind: Unsupported })) => {
                "provide the certificate and its key to a transport with TLS"
            }
            (Origin::Iot, ErrorKind::Status(403) | ErrorKind::Refused { status: 403, .. }) => IOT_POLICY,
            (Origin::Iot, ErrorKind::Status(404) | ErrorKind::Refused { status: 404, .. }) => IOT_ALIAS,
            (_, ErrorKind::Transport(Failure { phase: Phase::Sign, kind })) => match kind {
                Unsupported | NotFound => "provide the private key that belongs to the certificate",
                Denied => "unlock the key, or check the permissions of this process",
                TooLarge => "lend a larger exchange buffer",
                _ => "",
            },
            (_, ErrorKind::Status(300..=399)) => "redirects are not followed; correct the endpoint",
            (_, ErrorKind::Transport(Failure { kind: Untrusted, .. })) => {
                "the server's certificate is from an unknown issuer, for another name, or out of date"
            }
            (_, ErrorKind::Transport(Failure { kind: NotFound, phase: Resolve })) => {
                "check the endpoint's host name"
            }
            (_, ErrorKind::Transport(Failure { kind: Timeout, phase: Resolve })) => {
                "check the network, and the name servers of /etc/resolv.conf"
            }
            (_, ErrorKind::Transport(Failure { kind: Unsupported, phase: Resolve })) => {
                "add /etc/resolv.conf to the image, or name the endpoint by its address"
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

    /// What to do about an error code of a service; empty where its message says all there is.
    fn of_code(&self, code: &str, message: &str) -> &'static str {
        let of_role = matches!(self.origin, Origin::AssumeRole | Origin::AssumeRoot);
        let of_token = matches!(self.origin, Origin::WebIdentity | Origin::Saml);
        if self.origin == Origin::Iot && CodeClass::of(code) != CodeClass::Throttled {
            return of_iot(message);
        }
        match code {
            _ if self.origin == Origin::Login => of_login(code),
            "AccessDenied" | "AccessDeniedException" if self.origin == Origin::RolesAnywhere => {
                "check that the trust anchor has the certificate's issuer (certificates between them go into --chain or \
                 certificate_chain), that anchor and profile are enabled, that the \
                 profile has this role, and that the role's trust policy names rolesanywhere.amazonaws.com"
            }
            "SignatureDoesNotMatch" | "InvalidSignatureException" if self.origin == Origin::RolesAnywhere => {
                "check that the key belongs to the certificate, and this machine's clock"
            }
            "ResourceNotFoundException" if self.origin == Origin::RolesAnywhere => {
                "check the ARNs of trust anchor and profile, and that the endpoint is of their region"
            }
            // A refresh token that is refused is of no use, whatever the code.
            _ if self.origin == Origin::Sso && self.step == "CreateToken" => "",
            // Before the policies: STS has the same code for both.
            "AccessDenied" if message.contains("must provide both MFA serial number") => {
                "the role asks for a code: name the MFA device (--mfa-serial, or the profile's mfa_serial)"
            }
            "AccessDenied" if message.contains("MultiFactorAuthentication") => {
                "type the newest code of the MFA device, each of them once; check the device's ARN"
            }
            "AccessDenied" | "AccessDeniedException" if of_role => {
                "check that the caller may call sts:AssumeRole on this role, that the role's trust policy names the \
                 caller, and that the external id is right"
            }
            "AccessDenied" | "AccessDeniedException" if of_token => {
                "check that the role's trust policy names the provider and this audience"
            }
            // It is the token that is refused.
            "AccessDenied" | "AccessDeniedException" if self.origin == Origin::Container => "",
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError" => {
                "the caller may not do this: give it the permission that the message names"
            }
            "AssumeRoleUnauthorizedAccess" | "Failed" if self.origin == Origin::Imds => {
                "look at the role's trust policy: it has to let ec2.amazonaws.com assume the role"
            }
            "IDPRejectedClaim" | "InvalidIdentityToken" if of_token => {
                "the provider's token is not accepted: check its issuer and audience, and that IAM has this provider"
            }
            "IDPCommunicationError" => {
                "STS does not reach the identity provider: its keys have to be at a public address"
            }
            "ExpiredToken" | "ExpiredTokenException" if of_token => {
                "the provider's token has expired: provide one that is still valid, or set this machine's clock"
            }
            "ResourceNotFoundException" | "ForbiddenException" if self.origin == Origin::Sso => NO_SUCH_ROLE,
            "ExpiredToken" | "ExpiredTokenException" | "UnauthorizedException"
                if self.origin == Origin::Sso =>
            {
                SIGN_IN
            }
            "RequestExpired" | "RequestTimeTooSkewed" => "set this machine's clock (NTP)",
            "RegionDisabledException" => {
                "STS is not activated in this region: activate it in the account settings of IAM, or use the endpoint of \
                 another region"
            }
            "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => {
                "session policies and session tags together are too large: shorten them"
            }
            "InvalidClientTokenId" | "InvalidAccessKeyId" | "UnrecognizedClientException" | "AuthFailure" => {
                "the service does not know the access key: check it, and that it is of this account and partition"
            }
            "SignatureDoesNotMatch" | "InvalidSignatureException" => {
                "check the secret access key, the region, and this machine's clock"
            }
            "IncompleteSignature" | "MissingAuthenticationToken" | "MissingAuthenticationTokenException" => {
                "a proxy or gateway in between removed or changed headers; look at its configuration"
            }
            "AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException" => {
                "the bucket is in another region: the message names it"
            }
            "NoSuchBucket" => "check the bucket's name, and the region",
            "OptInRequired" | "NotSignedUp" | "SubscriptionRequiredException" => {
                "the account has no access to this service or region: enable it in the account's settings"
            }
            "InvalidAction" | "UnknownOperationException" => {
                "another service answers at this endpoint: check its URL"
            }
            "CodeMismatchException" | "ExpiredCodeException" => "type the newest code",
            "EntityAlreadyExists" | "UsernameExistsException" => {
                "something has that name already: choose another, or remove it"
            }
            "ClusterNotFoundException" => "check the cluster's name, and the region",
            "InvalidInstanceID.NotFound" | "InvalidInstanceID.Malformed" => {
                "check the instance's id, and the region: an instance is known in its own alone"
            }
            "IncorrectState" => "look at what the message says it is, and try again when that has changed",
            "InvalidPasswordException" => "the pool's rules want another password",
            "InvalidParameterException" => {
                "check what the message names; a client may not allow this way of signing in"
            }
            "ClientException" => "check the names that the message names, and the region",
            "LimitExceeded" | "LimitExceededException" => "a quota of the account is used up",
            "MalformedPolicyDocument" => "check the policy: IAM expects JSON with Version and Statement",
            "NoSuchEntity" => "check names and ARNs: the account has nothing of that name",
            "NotAuthorizedException" | "UserNotFoundException" => {
                "check user name and password, the client's secret if it has one, and that the token is for this pool \
                 and still valid"
            }
            "ResourceNotFoundException" => "check the id, and the region that it begins with",
            "UserNotConfirmedException" => "confirm the sign-up first",
            "ValidationError" | "ValidationException" | "InvalidInput" | "InvalidParameterValue" => {
                "check the value that the message names"
            }
            code => match CodeClass::of(code) {
                CodeClass::Throttled => "too many requests: wait a little, and make fewer of them",
                CodeClass::CredentialsEnded => "the session of these credentials has ended: get others",
                CodeClass::Passing | CodeClass::Other => "",
            },
        }
    }
}

/// What to do about an error of the console's sign-in service; all others mean signing in again.
fn of_login(code: &str) -> &'static str {
    match code {
        "TOKEN_EXPIRED" | "AUTHCODE_EXPIRED" => "the session has ended; sign in again: aws login",
        "USER_CREDENTIALS_CHANGED" => {
            "the user's password or permissions to sign in have changed; sign in again: aws login"
        }
        "INSUFFICIENT_PERMISSIONS" => {
            "the identity has to be allowed signin:CreateOAuth2Token; then sign in again: aws login"
        }
        _ => "",
    }
}

const IOT_POLICY: &str =
    "the policy of the certificate has to allow iot:AssumeRoleWithCertificate on the ARN of the role alias";
const IOT_CERTIFICATE: &str =
    "register the certificate in the account and region of this endpoint, and activate it";
const IOT_ALIAS: &str = "check the role alias, and that the endpoint is of its account and region";

/// What to do about a message of the credential provider of AWS IoT, which has one code for several causes.
fn of_iot(message: &str) -> &'static str {
    const CAUSES: [(&str, &str); 6] = [
        (
            "thing name",
            "attach the thing to this certificate (aws iot attach-thing-principal), or correct the thing's name",
        ),
        ("ertificate is invalid", IOT_CERTIFICATE),
        ("lias does not exist", IOT_ALIAS),
        (
            "assume the role",
            "the role of the alias has to exist, and its trust policy has to name credentials.iot.amazonaws.com",
        ),
        (
            "MaxSessionDuration",
            "lower credentialDurationSeconds of the role alias, or raise MaxSessionDuration of the role",
        ),
        ("ccess Denied", IOT_POLICY),
    ];
    // The standard library's search for a text that is not known to the compiler keeps a panic path.
    let has =
        |cause: &str| message.as_bytes().windows(cause.len().max(1)).any(|part| part == cause.as_bytes());
    CAUSES.iter().find(|(cause, _)| has(cause)).map_or("", |(_, advice)| advice)
}

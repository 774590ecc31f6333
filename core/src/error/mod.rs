//! What went wrong, who can fix it, and what to do next.

mod advice;
mod codes;

use core::fmt;

use crate::sigv4::SignError;
use crate::wire;

pub use codes::CodeClass;

/// An error of a source, without any text of a peer's and without any secret. The peer's words are in the
/// [`Report`](crate::flow::Report).
///
/// Its text includes what is below it, so that `source()` is `None` and nothing is said twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Error {
    /// The source or call that failed.
    pub origin: Origin,
    /// The step that failed: `token`, `credentials`, or the name of an operation.
    pub step: &'static str,
    /// What went wrong.
    pub kind: ErrorKind,
}

/// The sources and calls of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Origin {
    /// Credentials of the caller's, from the environment for instance.
    Static,
    /// The container endpoint of ECS or EKS.
    Container,
    /// EC2 instance metadata.
    Imds,
    /// STS AssumeRole.
    AssumeRole,
    /// STS AssumeRoleWithWebIdentity.
    WebIdentity,
    /// STS AssumeRoleWithSAML.
    Saml,
    /// STS GetSessionToken.
    SessionToken,
    /// STS GetFederationToken.
    FederationToken,
    /// STS AssumeRoot.
    AssumeRoot,
    /// A command that prints credentials (`credential_process`).
    Process,
    /// The portal of IAM Identity Center.
    Sso,
    /// The sign-in service of the console (`aws login`).
    Login,
    /// The credential provider of AWS IoT.
    Iot,
    /// IAM Roles Anywhere CreateSession.
    RolesAnywhere,
    /// S3 CreateSession, at a bucket of S3 Express One Zone.
    S3Session,
    /// STS GetCallerIdentity.
    CallerIdentity,
    /// A Cognito user pool.
    UserPool,
    /// A Cognito identity pool.
    IdentityPool,
    /// A request of the caller's, signed and sent.
    Request,
    /// Another service, by its name.
    Service(&'static str),
    /// A chain whose every source was absent.
    Chain,
    /// A source of the caller's, by its name.
    Custom(&'static str),
    /// A flow of the caller's.
    Other,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Aligned to a word, so that it is copied by words.
#[repr(u32)]
pub enum ErrorKind {
    /// The source is not configured; a chain goes on to the next.
    NotConfigured,
    /// The source is switched off; a chain goes on to the next.
    Disabled,
    /// The instance has no role; a chain goes on to the next.
    NoRole,
    /// A setting cannot be used; the text names it.
    Invalid(&'static str),
    /// The request cannot be signed.
    Sign(SignError),
    /// A buffer is too small; `needed` bytes suffice for this step.
    BufferTooSmall {
        /// The buffer.
        buffer: Buffer,
        /// Bytes that suffice.
        needed: usize,
    },
    /// The time is unknown, and nothing can be signed without it.
    ClockUnknown,
    /// An HTTP status that the step does not allow.
    Status(u16),
    /// The reply is not well-formed.
    Malformed(wire::Error),
    /// The reply lacks a member.
    Missing(&'static str),
    /// A member of the reply is empty, of the wrong type, repeated, or has a control character.
    Unusable(&'static str),
    /// The credentials of the reply have expired.
    Expired,
    /// The service refused; its code and message are in the report.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Whether a later attempt may succeed.
        recoverable: bool,
    },
    /// The exchange failed.
    Transport(Failure),
    /// The source took longer than its limit.
    OutOfTime,
    /// The driver's answer does not match the need.
    Misuse,
}

/// The kinds of memory that the caller provides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Buffer {
    /// The exchange buffer: a request, then its reply.
    Exchange,
    /// A slot: one set of credentials.
    Slot,
    /// The number of slots.
    Slots,
}

/// An exchange, a file, or a process's output that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Failure {
    /// The phase in which it failed.
    pub phase: Phase,
    /// What stopped it.
    pub kind: FailureKind,
}

/// The phases of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Phase {
    /// Looking the host's name up.
    Resolve,
    /// Connecting, the TLS handshake included.
    Connect,
    /// Sending the request.
    Send,
    /// Waiting for the first byte of the reply, and reading its head.
    FirstByte,
    /// Reading the reply's body.
    Body,
    /// Reading a file.
    File,
    /// Running a command.
    Process,
    /// Prompting the user.
    Prompt,
    /// Signing with the private key of a certificate.
    Sign,
}

/// What stops an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum FailureKind {
    /// The operation took longer than its limit.
    Timeout,
    /// Connection refused or unreachable, or no such name, file or route.
    NotFound,
    /// The peer closed or reset the connection.
    Closed,
    /// The peer's certificate is not trusted.
    Untrusted,
    /// The peer does not follow the protocol; in [`Phase::Send`] and before, the request, the file or the command
    /// is not what it has to be.
    Protocol,
    /// More bytes than the limit or the buffer allows.
    TooLarge,
    /// The system does not permit it.
    Denied,
    /// This program has no means for it: no TLS, no files, no prompt, no resolver.
    Unsupported,
    /// The command exited with an error.
    Unsuccessful,
    /// Anything else.
    Other,
}

/// Who can fix an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Fault {
    /// The configuration of this side.
    Configuration,
    /// The operator of the service.
    Peer,
    /// The caller, who provides memory and clocks.
    Resource,
    /// The operator of the network between.
    Transport,
}

impl Error {
    /// An error of a flow: its source, its step, and what went wrong.
    pub const fn new(origin: Origin, step: &'static str, kind: ErrorKind) -> Self {
        Self { origin, step, kind }
    }

    /// Who can fix the error: [`Fault`].
    pub fn fault(&self) -> Fault {
        match self.kind {
            ErrorKind::NotConfigured
            | ErrorKind::Disabled
            | ErrorKind::NoRole
            | ErrorKind::Invalid(_)
            | ErrorKind::Sign(_)
            | ErrorKind::Transport(Failure { phase: Phase::Send, kind: FailureKind::Protocol })
            | ErrorKind::Misuse => Fault::Configuration,
            ErrorKind::BufferTooSmall { .. } | ErrorKind::ClockUnknown => Fault::Resource,
            ErrorKind::Transport(_) | ErrorKind::OutOfTime => Fault::Transport,
            ErrorKind::Status(_)
            | ErrorKind::Malformed(_)
            | ErrorKind::Missing(_)
            | ErrorKind::Unusable(_)
            | ErrorKind::Expired
            | ErrorKind::Refused { .. } => Fault::Peer,
        }
    }

    /// Whether the source is not there, so that a chain goes on to the next: not configured, no role on the
    /// instance, or no metadata service that can be reached.
    pub fn is_absent(&self) -> bool {
        match self.kind {
            ErrorKind::NotConfigured | ErrorKind::Disabled | ErrorKind::NoRole => true,
            ErrorKind::Transport(failure) => {
                let unreached = matches!(failure.phase, Phase::Resolve | Phase::Connect);
                matches!(self.origin, Origin::Imds | Origin::Chain) && unreached
            }
            _ => false,
        }
    }

    /// Whether a later attempt may succeed without a change of configuration.
    pub fn is_recoverable(&self) -> bool {
        match self.kind {
            ErrorKind::Refused { recoverable, .. } => recoverable,
            _ => !matches!(self.fault(), Fault::Configuration),
        }
    }
}

impl ErrorKind {
    /// Whether it is what a machine sees that is still booting: no role yet, a document that is not complete, or a role
    /// that the service cannot assume yet.
    pub(crate) fn is_not_yet(&self) -> bool {
        match self {
            Self::NoRole
            | Self::Malformed(_)
            | Self::Missing(_)
            | Self::Unusable("token")
            | Self::Status(404) => true,
            Self::Refused { recoverable, .. } => *recoverable,
            _ => false,
        }
    }
}

impl Failure {
    /// Whether the same exchange may succeed when it is repeated.
    pub fn is_passing(&self) -> bool {
        matches!(
            self.kind,
            FailureKind::Timeout | FailureKind::NotFound | FailureKind::Closed | FailureKind::Other
        )
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Static => "given credentials",
            Self::Container => "container endpoint",
            Self::Imds => "instance metadata",
            Self::AssumeRole => "AssumeRole",
            Self::WebIdentity => "AssumeRoleWithWebIdentity",
            Self::Saml => "AssumeRoleWithSAML",
            Self::SessionToken => "GetSessionToken",
            Self::FederationToken => "GetFederationToken",
            Self::AssumeRoot => "AssumeRoot",
            Self::Process => "credential process",
            Self::Sso => "IAM Identity Center",
            Self::Login => "console sign-in",
            Self::Iot => "AWS IoT",
            Self::RolesAnywhere => "IAM Roles Anywhere",
            Self::S3Session => "S3 CreateSession",
            Self::CallerIdentity => "GetCallerIdentity",
            Self::UserPool => "Cognito user pool",
            Self::IdentityPool => "Cognito identity pool",
            Self::Service(name) | Self::Custom(name) => name,
            Self::Request => "request",
            Self::Chain => "credential chain",
            Self::Other => "source",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.phase {
            Phase::Resolve => "resolving the host name",
            Phase::Connect => "connecting",
            Phase::Send => "sending the request",
            Phase::FirstByte => "waiting for the reply",
            Phase::Body => "reading the reply",
            Phase::File => "reading the file",
            Phase::Process => "running the command",
            Phase::Prompt => "prompting",
            Phase::Sign => "signing with the private key",
        };
        let kind = match self.kind {
            FailureKind::Timeout if self.phase == Phase::Resolve => "no name server answered",
            FailureKind::Timeout => "timed out",
            FailureKind::NotFound => match self.phase {
                Phase::File => "no such file",
                Phase::Process => "no such command",
                Phase::Sign => "there is no key",
                Phase::Resolve => "no such host",
                _ => "connection refused or unreachable",
            },
            FailureKind::Closed => "the peer closed the connection",
            FailureKind::Untrusted => "certificate not trusted",
            FailureKind::Protocol => match self.phase {
                Phase::File => "a directory, not a file",
                Phase::Process => "a quote is not closed, or nothing follows the last backslash",
                Phase::Send => "the method, the target or a header has a character that cannot be sent",
                _ => "not an HTTP reply",
            },
            FailureKind::TooLarge => "too long",
            FailureKind::Denied => "not permitted",
            FailureKind::Unsupported if self.phase == Phase::Resolve => "this system has no resolver",
            FailureKind::Unsupported if self.phase == Phase::Prompt => "there is no terminal to ask at",
            FailureKind::Unsupported if self.phase == Phase::Sign => "there is no key for such a signature",
            FailureKind::Unsupported => "not supported by this program",
            FailureKind::Unsuccessful => "the command failed",
            FailureKind::Other => "failed",
        };
        write!(f, "{phase}: {kind}")
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str("not configured"),
            Self::Disabled => f.write_str("switched off"),
            Self::NoRole => f.write_str("no role attached"),
            Self::Invalid(what) => write!(f, "invalid {what}"),
            Self::Sign(error) => write!(f, "cannot sign: {error}"),
            Self::BufferTooSmall { buffer, needed } => match buffer {
                Buffer::Exchange => write!(f, "the exchange buffer is too small: {needed} bytes needed"),
                Buffer::Slot => write!(f, "the credential slot is too small: {needed} bytes needed"),
                Buffer::Slots => write!(f, "too few credential slots: {needed} needed"),
            },
            Self::ClockUnknown => f.write_str("the time is not known"),
            Self::Status(status) => write!(f, "unexpected HTTP status {status}"),
            Self::Malformed(error) => write!(f, "malformed reply: {error}"),
            Self::Missing(member) => write!(f, "the reply has no {member}"),
            Self::Unusable(member) => write!(f, "the reply's {member} is unusable"),
            Self::Expired => f.write_str("the credentials it returned have expired"),
            Self::Refused { status, .. } => write!(f, "refused (HTTP status {status})"),
            Self::Transport(failure) => failure.fmt(f),
            Self::OutOfTime => f.write_str("gave up: the time limit has passed"),
            Self::Misuse => f.write_str("the driver returned the wrong kind of answer"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.step.is_empty() {
            write!(f, "{}: ", self.step)?;
        }
        self.kind.fmt(f)?;
        match self.advice() {
            "" => Ok(()),
            advice => write!(f, " ({advice})"),
        }
    }
}

impl core::error::Error for Error {}

impl core::error::Error for ErrorKind {}

impl core::error::Error for Failure {}

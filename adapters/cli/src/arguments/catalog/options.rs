//! The options, and the groups of those that commands have in common.

#[cfg(feature = "setup")]
use super::topic::always;
use super::topic::{Group, Opt, often, once};

/// The groups of commands that request something.
pub(super) static REQUESTING: &[&Group] = &[
    &GENERAL,
    &COMMON,
    &ROLE,
    &SESSION,
    #[cfg(feature = "sessions")]
    &CALL,
    &IDENTITY,
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    &CERTIFICATE,
];

/// The groups of a recipe: a policy and an external id are those of the role that it creates.
#[cfg(feature = "setup")]
pub(super) static RECIPE: &[&Group] = &[
    &SETUP,
    &GENERAL,
    &COMMON,
    &ROLE,
    &IDENTITY,
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    &CERTIFICATE,
];

/// The groups whose options the overview has.
pub(in crate::arguments) static OVERVIEW: &[&Group] = &[&GENERAL, &COMMON, &ROLE, &SESSION];

/// Every group; those that the overview lacks are named there.
pub(in crate::arguments) static SHARED: &[&Group] = &[
    &GENERAL,
    &COMMON,
    &ROLE,
    &SESSION,
    #[cfg(feature = "sessions")]
    &CALL,
    &IDENTITY,
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    &CERTIFICATE,
    #[cfg(feature = "setup")]
    &SETUP,
];

pub(super) const PROFILE: Opt = once(
    "--profile NAME",
    "use this profile, and no keys of the environment; else AWS_PROFILE, else default",
);
pub(super) const JSON: Opt = once("--json", "print one JSON document");
pub(super) const VERBOSE: Opt = once("-v, --verbose", "print every exchange on standard error");
pub(super) const QUIET: Opt =
    once("-q, --quiet", "print no progress and no notes, but warnings of the result and errors");
#[cfg(feature = "sso")]
pub(super) const SIGN_IN: &[Opt] = &[PROFILE, JSON, VERBOSE, QUIET];
pub(super) const HEADER: Opt = often("-H, --header NAME:VALUE", "a header to send, which is signed");
pub(super) const BODY: Opt = once("-d, --data BODY|@FILE", "the body, or the file that holds it");
#[cfg(feature = "upload")]
pub(super) const UPLOAD: Opt =
    once("-T, --upload-file FILE", "the body, read while it is sent; - is standard input");
#[cfg(feature = "upload")]
pub(super) const LENGTH: Opt = once("--length BYTES", "the length of what a pipe gives; with -T, for S3");
#[cfg(feature = "upload")]
pub(super) const OUTPUT: Opt =
    once("-o, --output FILE", "write the body of a success there, whole or not at all");
#[cfg(feature = "upload")]
pub(super) const INCLUDE: Opt =
    once("-i, --include", "print status and headers before the body, as with HEAD");
#[cfg(feature = "upload")]
pub(super) const RETRY: Opt =
    once("--retry NUMBER", "try that many times more after a failure that may pass, 429 or 5xx; up to 20");
#[cfg(feature = "upload")]
pub(super) const TIMEOUT: Opt =
    once("--timeout SECONDS", "how long the request and its retries may take, else 3600");
#[cfg(feature = "sigv4a")]
pub(super) const REGION_SET: Opt =
    once("--region-set REGIONS", "sign for these regions with SigV4a: * or a list with commas");
#[cfg(feature = "sessions")]
pub(super) const S3_SESSION: Opt = once(
    "--s3-session",
    "sign with a session at the URL's directory bucket (S3 Express One Zone, CreateSession)",
);
#[cfg(feature = "verify")]
pub(super) const SERVICE_OF_SCOPE: Opt =
    once("--service SERVICE", "the name that it has to be signed for, else that of the request");
#[cfg(feature = "verify")]
pub(super) const DATE_OF_CHECK: Opt =
    once("--date TIME", "check it at this time, such as 20150830T123600Z, else now");
pub(super) const SERVICE: Opt = once(
    "--service SERVICE",
    "the name to sign for (s3, sts, execute-api...), else the one in the URL's host",
);
pub(super) const DATE: Opt = once("--date TIME", "the time to sign with, such as 20150830T123600Z, else now");
pub(super) const CANONICAL: Opt = once("--canonical", "print what is signed in place of the result");
#[cfg(feature = "setup")]
pub(super) const UNDONE: Option<&str> = Some("no resource left unchanged by --undo");
#[cfg(feature = "setup")]
pub(super) const ROLE_NAME: Opt = always("--role NAME", "the role's name");
#[cfg(feature = "setup")]
pub(super) const DESCRIPTION: Opt =
    once("--description TEXT", "what the role is for, up to 1,000 characters");
#[cfg(feature = "setup")]
pub(super) const MAX_SESSION_DURATION: Opt =
    once("--max-session-duration SECONDS", "how long its longest session may last, 3600 to 43200");
#[cfg(feature = "setup")]
pub(super) const PROVISIONING: &[Opt] = &[
    once("--dry-run", "read what exists, print the calls that would change something, and make none of them"),
    once("--undo", "remove what the recipe created; resources without its tag are left unchanged"),
    once("--policy JSON|FILE", "what the role may do"),
    often("--policy-arn ARN", "the same, as a managed policy"),
    JSON,
];

pub(super) static GENERAL: Group = Group {
    title: "with every command",
    options: &[
        once("-h, --help", "print what the command takes; without a command, this overview"),
        once("-V, --version", "print the version"),
    ],
};

pub(super) static COMMON: Group = Group {
    title: "with every command that needs credentials",
    options: &[
        PROFILE,
        once(
            "--region REGION",
            "else the region in the URL's host, AWS_REGION, AWS_DEFAULT_REGION or the profile's",
        ),
        once(
            "--cache FOLDER",
            "share credentials with other processes there; else ROLECALL_CACHE, else no cache",
        ),
        once(
            "--wait SECONDS",
            "keep trying for credentials that long, until there is a network, or an instance's role",
        ),
        VERBOSE,
        QUIET,
    ],
};

pub(super) static ROLE: Group = Group {
    title: "a role to assume first",
    options: &[
        once("--role-arn ARN", "the role"),
        once(
            "--role-session-name NAME",
            "else AWS_ROLE_SESSION_NAME, else rolecall-<unix time>; with a trust anchor, nothing",
        ),
        once("--duration-seconds SECONDS", "900 to 43200"),
        often("--tag KEY=VALUE", "a session tag; up to 50 times"),
        often("--transitive-tag KEY", "pass this tag on when roles are chained"),
        once(
            "--mfa-serial SERIAL",
            "the user's multi-factor device; its code is prompted for, without --mfa-code",
        ),
        once("--mfa-code CODE", "the code that the device shows"),
        once("--source-identity NAME", "the source identity, for audit logs"),
    ],
};

pub(super) static SESSION: Group = Group {
    title: SESSION_TITLE,
    options: &[
        once("--external-id ID", "the external id that the role asks for"),
        once("--policy JSON|@FILE", "limit the session to this policy"),
        often("--policy-arn ARN", "limit it to a managed policy; up to 10 times"),
    ],
};

#[cfg(feature = "sessions")]
pub(super) static CALL: Group = Group {
    title: "another session by STS, in place of a role",
    options: &[
        once(
            "--saml-provider-arn ARN",
            "the provider of a SAML assertion, which leads to the role; with --saml-assertion",
        ),
        once("--saml-assertion TEXT|@FILE", "the assertion, in base64; with --role-arn"),
        once("--user-session", "a session of the user itself (GetSessionToken), with or without a code"),
        once(
            "--federated-user NAME",
            "a session of this user, for whom the user vouches (GetFederationToken)",
        ),
        once("--root-of ACCOUNT", "a task as root of this member account (AssumeRoot); with --root-task"),
        once("--root-task ARN", "the task, arn:aws:iam::aws:policy/root-task/..."),
    ],
};

pub(super) static IDENTITY: Group = Group {
    title: "credentials of an identity in an Amazon Cognito identity pool",
    options: &[
        once(
            "--cognito-identity-pool ID",
            "an identity of this pool: unauthenticated, without --login or --user-pool",
        ),
        once("--cognito-identity-id ID", "the identity of that id, in place of a pool"),
        often(
            "--login PROVIDER=TOKEN|@FILE",
            "a token of a provider that the pool trusts; several for one identity",
        ),
        once("--user-pool ID", "sign in at this user pool; with --client-id and --username"),
        once("--client-id ID", "the pool's client; its secret is read from AWS_COGNITO_CLIENT_SECRET"),
        once(
            "--username NAME",
            "the user; the password is prompted for, or read from AWS_COGNITO_PASSWORD or --password-stdin",
        ),
        once("--password-stdin", "read the password from standard input, up to the end of the line"),
        once("--send-password", SEND_PASSWORD),
        once("--custom-role-arn ARN", "choose one of several roles that the token allows"),
        once(
            "--identity-role-arn ARN",
            "assume a role with the identity's own token (the pool's classic flow)",
        ),
    ],
};

#[cfg(any(feature = "iot", feature = "roles-anywhere"))]
pub(super) static CERTIFICATE: Group = Group {
    title: "credentials of a device by its certificate",
    options: &[
        #[cfg(feature = "iot")]
        once("--iot-endpoint HOST[:PORT]", "the credential provider of AWS IoT; with --role-alias"),
        #[cfg(feature = "iot")]
        once("--role-alias NAME", "the role alias, which leads to a role"),
        #[cfg(feature = "iot")]
        once("--thing-name NAME", "the thing that the certificate is attached to"),
        #[cfg(feature = "roles-anywhere")]
        once(
            "--trust-anchor-arn ARN",
            "the trust anchor of IAM Roles Anywhere; with --profile-arn and --role-arn",
        ),
        #[cfg(feature = "roles-anywhere")]
        once("--profile-arn ARN", "the profile of IAM Roles Anywhere"),
        once("--cert FILE", "the certificate, in PEM; more may follow it there, up to its root"),
        once("--key FILE", "its private key, in PEM: PKCS#8, PKCS#1 or SEC1"),
        once("--chain FILE", "the certificates between it and its root, if --cert has it alone"),
        once("--key-passphrase-file FILE", "the passphrase of an encrypted key; else it is prompted for"),
        once("--allow-shared-key", "use the key although other users may read its file"),
        #[cfg(feature = "iot")]
        once("--ca FILE", "the roots of the server's certificate; else AWS_CA_BUNDLE, else those of Mozilla"),
    ],
};

pub(super) const SESSION_TITLE: &str = if cfg!(feature = "setup") {
    "what that role asks for, and limits of the session (with setup, these are of the role that it creates)"
} else {
    "what that role asks for, and limits of the session"
};

pub(super) const SEND_PASSWORD: &str = if cfg!(feature = "srp") {
    "send the password; without this, it is proved and not sent (SRP)"
} else {
    "send the password; this build cannot sign in otherwise"
};

#[cfg(feature = "setup")]
pub(super) static SETUP: Group = Group { title: "with every recipe of setup", options: PROVISIONING };

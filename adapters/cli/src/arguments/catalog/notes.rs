//! What a help says beside its options.

/// The formats of `credentials`, and how each is used.
pub(super) const FORMATS: &[&str] = &[
    "  process           a document for credential_process",
    "  json              the same without Version",
    "  env               eval \"$(rolecall credentials --format env)\", in sh and bash",
    "  env-no-export     the variables that have a value, without export; for docker run --env-file, too",
    "  fish              rolecall credentials --format fish | source",
    "  powershell        rolecall credentials --format powershell | Out-String | Invoke-Expression",
    "  windows-cmd       rolecall credentials --format windows-cmd > FILE.cmd, call FILE.cmd, and delete it",
    "  aws-credentials   a section of a credentials file, named after the profile",
    "",
    "Values are quoted for what reads them, or refused with exit code 2 where that cannot be done. Variables that have no",
    "value with these credentials, such as AWS_SESSION_TOKEN, are removed, but for env-no-export.",
];

/// How `exec` is used.
pub(super) const EXEC: &[&str] = &[
    "COMMAND gets AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION, AWS_ACCOUNT_ID,",
    "AWS_REGION and AWS_DEFAULT_REGION; variables that would lead to other credentials, such as AWS_PROFILE, are removed.",
    "On Unix it takes the place of this process: signals reach it, and its exit code is the one that is seen. That is 127",
    "if COMMAND is not found, and 126 if it cannot be run; without credentials it is not run. ROLECALL_EXEC=1 marks its",
    "environment: in there, exec wants another identity to be named, such as --profile or --role-arn, and the region is",
    "that of the outer one unless --region is given. The files stay COMMAND's: what prefers their [default] profile to its",
    "environment, as the AWS SDK for .NET did before version 4, uses that one.",
    "Every process of the same user, and root, can read the keys there (/proc/PID/environ), and COMMAND hands them on to",
    "what it starts. A program that can use credential_process needs none in its environment.",
    #[cfg(feature = "serve")]
    "With --refresh it gets an endpoint in place of keys, as from rolecall serve -- COMMAND, and runs below this process.",
];

/// How `login` is used.
#[cfg(feature = "sso")]
pub(super) const LOGIN: &[&str] = &[
    "The page and the code are printed on standard error; the browser may be on another machine. The token is kept where",
    "the AWS CLI and the AWS SDKs keep it, ~/.aws/sso/cache, for this user alone, and is renewed as long as the session",
    "lasts. Confirm only a code that you asked for: it lets the program that shows it act as you.",
];

/// How `request` is used.
#[cfg(not(feature = "upload"))]
pub(super) const REQUEST: &[&str] = &[];

/// How `request` is used.
#[cfg(feature = "upload")]
pub(super) const REQUEST: &[&str] = &[
    "  rolecall request GET https://reports.s3.eu-west-1.amazonaws.com/11.csv -o 11.csv",
    "  rolecall request PUT https://reports.s3.eu-west-1.amazonaws.com/11.csv -T 11.csv --retry 3",
    "",
    "No file is held whole. One that is uploaded to S3 by -T is signed in chunks while it is sent; for other services, and",
    "by -d @FILE, it is hashed first, and one that changes meanwhile is an error. Of a pipe, -T - or -T FIFO, S3 takes as",
    "many bytes as --length says; without it, and by -d @-, it is read into memory, up to 8 MiB. An error goes to standard",
    "output and leaves the file of -o as it was, and so does Ctrl-C; on Windows, that leaves a file beside it whose name",
    "ends with .part. A terminal shows how far it is.",
];

/// How `generate` is used.
#[cfg(feature = "generate")]
pub(super) const GENERATE: &[&str] = &[
    "  source <(rolecall generate bash)                                in ~/.bashrc",
    "  rolecall generate zsh > ~/.zsh/_rolecall                        a folder of fpath",
    "  rolecall generate fish > ~/.config/fish/completions/rolecall.fish",
    "  rolecall generate powershell | Out-String | Invoke-Expression   in $PROFILE",
    "  rolecall generate man > /usr/local/share/man/man1/rolecall.1",
    "",
    "They have what this build has.",
];

/// How `verify` is used.
#[cfg(feature = "verify")]
pub(super) const VERIFY: &[&str] = &[
    "The request is as it is sent: a line such as GET /key?a=1 HTTP/1.1, the header lines, an empty line, and the body. If",
    "only the signature differs, the canonical request and the string to sign are printed as they have to be, or, with",
    "--service-reply, the first line that the service has otherwise: an error of S3 or STS with the code",
    "SignatureDoesNotMatch has both. Region and service are those of the request unless they are given.",
];

/// How `token` is used.
#[cfg(feature = "tokens")]
pub(super) const TOKEN: &[&str] = &[
    "  rolecall token rds HOST:PORT USER           the password of a database user, for 15 minutes",
    "  rolecall token dsql HOST                    the password of a database role",
    "  rolecall token elasticache NAME USER        the password of a user of a cache, for 15 minutes",
    "  rolecall token memorydb NAME USER           the same at a cluster of MemoryDB",
    "  rolecall token msk                          the token of SASL/OAUTHBEARER, for 15 minutes",
    "  rolecall token eks CLUSTER                  a document for kubectl (ExecCredential), for 14 minutes",
    "  rolecall token web-identity AUDIENCE...     a JSON Web Token about the caller, for services outside of AWS",
    "",
    "No service is asked, but STS for web-identity (GetWebIdentityToken). The region is that in the host's name, unless",
    "--region is given. A token that is made here ends with the credentials, if that is sooner.",
];

/// How `serve` is used.
#[cfg(feature = "serve")]
pub(super) const SERVE: &[&str] = &[
    "The first runs COMMAND with AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN and the region in",
    "its environment, and without variables that SDKs would prefer; where the profile default has credentials, which",
    "they prefer, too, COMMAND gets empty files in place of AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE. It passes",
    "signals on, ends with COMMAND, and has its exit code, or 128 and the number of the signal that ended it. The second",
    "prints these variables for a shell when there are credentials, and serves until SIGTERM, SIGINT or SIGHUP. An SDK",
    "asks again before the credentials end; however many ask, one fetch at a time is made, and its error is what they",
    "get: HTTP status 500. Credentials without an end are said to have one in an hour, and without a token to have an",
    "empty one, which not every SDK takes.",
    "",
    "Who has the token gets the credentials: every process that can read COMMAND's environment, or the file. With --mode",
    "imds every process of this machine does; the variable is AWS_EC2_METADATA_SERVICE_ENDPOINT. Web pages and proxies",
    "get nothing: the header Host has to be the address, and Origin is refused. Of more than 1,024 connections an idle",
    "or a slow one is closed, or the newest waits. systemd may hand over the socket (LISTEN_FDS) and is notified",
    "(NOTIFY_SOCKET).",
];

/// Where credentials come from.
pub(in crate::arguments) const SOURCES: &[&str] = &[
    "Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else the profile (keys, roles, web identity,",
    #[cfg(feature = "sso")]
    "IAM Identity Center,",
    #[cfg(feature = "iot")]
    "AWS IoT,",
    #[cfg(feature = "roles-anywhere")]
    "IAM Roles Anywhere,",
    "credential_process), else AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, else the container endpoint",
    "(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, ..._FULL_URI), else EC2 instance metadata.",
];

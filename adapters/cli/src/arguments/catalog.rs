//! What the command line has: commands, recipes and options, each described once. The help, the overview and the check
//! that a command has an option are made from this.

/// An option.
pub(super) struct Opt {
    /// As it is written: `-H, --header NAME:VALUE`.
    pub(super) spelled: &'static str,
    pub(super) given: Given,
    pub(super) about: &'static str,
}

/// How often an option is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    Once,
    Often,
    /// Once, and not left out.
    Always,
}

/// Options with a title.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) options: &'static [Opt],
}

/// A command, or a recipe of `setup`.
pub(super) struct Topic {
    /// `sign`, `setup ec2-role`.
    pub(super) name: &'static str,
    /// The words that follow: `METHOD URL`.
    pub(super) words: &'static str,
    pub(super) about: &'static str,
    /// How it is used, as in a shell.
    pub(super) examples: [&'static str; 2],
    /// Its own options.
    pub(super) options: &'static [Opt],
    /// Those that it has in common with others.
    pub(super) groups: &'static [&'static Group],
    /// What its help says beside its options, in lines.
    pub(super) more: &'static [&'static str],
    /// When the exit code is 0, if that is not all there is to say.
    pub(super) success: Option<&'static str>,
}

impl Opt {
    /// The long name, without hyphens.
    pub(super) fn long(&self) -> &'static str {
        let long = self.spelled.split_once("--").map_or("", |(_, long)| long);
        long.split(' ').next().unwrap_or_default()
    }

    /// Whether it is given with a value.
    pub(super) fn has_value(&self) -> bool {
        self.spelled.split_once("--").is_some_and(|(_, long)| long.contains(' '))
    }

    /// The letter of the short name, if there is one.
    pub(super) fn short(&self) -> Option<char> {
        self.spelled.split_once(", ")?.0.strip_prefix('-')?.chars().next()
    }
}

impl Topic {
    /// Every option, its own first.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static Opt> {
        self.options.iter().chain(self.groups.iter().flat_map(|group| group.options))
    }

    /// Whether it has the option of that long name.
    pub(super) fn has(&self, long: &str) -> bool {
        self.all().any(|option| option.long() == long)
    }
}

const fn once(spelled: &'static str, about: &'static str) -> Opt {
    Opt { spelled, given: Given::Once, about }
}

const fn often(spelled: &'static str, about: &'static str) -> Opt {
    Opt { spelled, given: Given::Often, about }
}

#[cfg(feature = "setup")]
const fn always(spelled: &'static str, about: &'static str) -> Opt {
    Opt { spelled, given: Given::Always, about }
}

/// The commands, in the order of the overview.
pub(super) static COMMANDS: &[Topic] = &[
    Topic {
        name: "credentials",
        words: "",
        about: "print credentials for credential_process, a shell or a credentials file",
        examples: [
            "rolecall credentials --profile build",
            "eval \"$(rolecall credentials --role-arn arn:aws:iam::444455556666:role/reports --format env)\"",
        ],
        options: &[once("--format FORMAT", "one of those above, else process")],
        groups: REQUESTING,
        more: FORMATS,
        success: None,
    },
    Topic {
        name: "exec",
        words: "-- COMMAND [ARGUMENT]...",
        about: "run a command with credentials and region in its environment",
        examples: [
            "rolecall exec --profile build -- aws s3 ls",
            "rolecall exec --role-arn arn:aws:iam::444455556666:role/reports -- sh -c 'env | grep ^AWS_'",
        ],
        options: &[
            #[cfg(feature = "serve")]
            once("--refresh", "an endpoint in place of keys: its credentials stay fresh while COMMAND runs"),
        ],
        groups: REQUESTING,
        more: EXEC,
        success: Some("that of COMMAND"),
    },
    #[cfg(feature = "serve")]
    Topic {
        name: "serve",
        words: "[-- COMMAND [ARGUMENT]...]",
        about: "serve credentials that stay fresh to SDKs on this machine",
        examples: [
            "rolecall serve --profile build -- python3 report.py",
            "eval \"$(rolecall serve --profile build & echo SERVER=$!)\"; aws s3 ls; kill $SERVER",
        ],
        options: &[
            once("--listen ADDRESS:PORT", "where, else 127.0.0.1:0, a free port of loopback"),
            once("--listen-on-network", "allow an address that other machines can reach, over plain http"),
            once(
                "--mode MODE",
                "container, as ECS serves them, or imds, as EC2 does: to every process of this machine",
            ),
            once("--token-file FILE", "write the token there, for this user alone, in place of printing it"),
        ],
        groups: REQUESTING,
        more: SERVE,
        success: Some("stopped by a signal, or that of COMMAND"),
    },
    Topic {
        name: "whoami",
        words: "",
        about: "print account, ARN and user id (STS GetCallerIdentity)",
        examples: [
            "rolecall whoami --profile build",
            "rolecall whoami --role-arn arn:aws:iam::444455556666:role/reports --json",
        ],
        options: &[JSON],
        groups: REQUESTING,
        more: &[],
        success: None,
    },
    #[cfg(feature = "sso")]
    Topic {
        name: "login",
        words: "",
        about: "sign in at IAM Identity Center, by a code that you confirm in a browser",
        examples: [
            "rolecall login --profile build",
            "rolecall login --profile build && rolecall whoami --profile build",
        ],
        options: SIGN_IN,
        groups: &[&GENERAL],
        more: LOGIN,
        success: None,
    },
    #[cfg(feature = "sso")]
    Topic {
        name: "logout",
        words: "",
        about: "sign out of IAM Identity Center, and remove its token",
        examples: ["rolecall logout --profile build", "rolecall logout --profile build --json"],
        options: SIGN_IN,
        groups: &[&GENERAL],
        more: &["Credentials of roles that were fetched before are good until they end."],
        success: None,
    },
    #[cfg(feature = "profiles")]
    Topic {
        name: "profiles",
        words: "",
        about: "list the profiles of the shared files, with kind, account, role, region and end of the sign-in",
        examples: ["rolecall profiles", "rolecall profiles --json"],
        options: &[JSON],
        groups: &[&GENERAL],
        more: &[
            "No service is asked. A profile that cannot be used is explained by rolecall explain --profile NAME.",
        ],
        success: None,
    },
    Topic {
        name: "explain",
        words: "",
        about: "ask every source, and print why it has credentials or not",
        examples: ["rolecall explain", "rolecall explain --profile build --json"],
        options: &[JSON],
        groups: REQUESTING,
        more: &[],
        success: Some("STS names the identity"),
    },
    Topic {
        name: "request",
        words: "METHOD URL",
        about: "sign and send a request; print the body of the reply",
        examples: [
            "rolecall request GET https://reports.s3.eu-west-1.amazonaws.com/11.csv",
            "rolecall request POST https://sts.eu-west-1.amazonaws.com/ -d 'Action=GetCallerIdentity&Version=2011-06-15'",
        ],
        options: &[
            HEADER,
            BODY,
            #[cfg(feature = "upload")]
            UPLOAD,
            #[cfg(feature = "upload")]
            LENGTH,
            #[cfg(feature = "upload")]
            OUTPUT,
            #[cfg(feature = "upload")]
            INCLUDE,
            #[cfg(feature = "upload")]
            RETRY,
            #[cfg(feature = "upload")]
            TIMEOUT,
            SERVICE,
            #[cfg(feature = "sigv4a")]
            REGION_SET,
            #[cfg(feature = "sessions")]
            S3_SESSION,
        ],
        groups: REQUESTING,
        more: REQUEST,
        success: Some("a status of 2xx"),
    },
    Topic {
        name: "sign",
        words: "METHOD URL",
        about: "print the headers to send",
        examples: [
            "rolecall sign GET https://reports.s3.eu-west-1.amazonaws.com/11.csv",
            "rolecall sign POST https://sts.eu-west-1.amazonaws.com/ -d 'Action=GetCallerIdentity&Version=2011-06-15' --canonical",
        ],
        options: &[
            HEADER,
            BODY,
            SERVICE,
            #[cfg(feature = "sigv4a")]
            REGION_SET,
            #[cfg(feature = "sessions")]
            S3_SESSION,
            DATE,
            CANONICAL,
        ],
        groups: REQUESTING,
        more: &[],
        success: None,
    },
    #[cfg(feature = "verify")]
    Topic {
        name: "verify",
        words: "",
        about: "check the signature of a captured request, and print what it covers",
        examples: [
            "rolecall verify < request.http",
            "rolecall verify --secret-from THEIR_SECRET --service-reply reply.xml < request.http",
        ],
        options: &[
            once(
                "--secret-from NAME|@FILE",
                "the variable or the file with the secret, else that of the credentials",
            ),
            once("--service-reply FILE", "the error of the service: print where what it signs differs"),
            SERVICE_OF_SCOPE,
            DATE_OF_CHECK,
            JSON,
        ],
        groups: REQUESTING,
        more: VERIFY,
        success: Some("it is right"),
    },
    Topic {
        name: "presign",
        words: "URL",
        about: "print a URL with a signature in its query",
        examples: [
            "rolecall presign https://reports.s3.eu-west-1.amazonaws.com/11.csv --expires 300",
            "rolecall presign https://reports.s3.eu-west-1.amazonaws.com/12.csv --method PUT -H content-type:text/csv",
        ],
        options: &[
            #[cfg(feature = "iot")]
            once(
                "--mqtt HOST",
                "a URL for MQTT over WebSocket at this data endpoint of AWS IoT, in place of URL; with --expires, --date",
            ),
            once("--method METHOD", "the method to use it with, else GET"),
            HEADER,
            once(
                "--expires SECONDS",
                "how long it may be used, 1 to 604800, else 3600; it ends with the credentials if that is sooner",
            ),
            SERVICE,
            #[cfg(feature = "sigv4a")]
            REGION_SET,
            #[cfg(feature = "sessions")]
            S3_SESSION,
            DATE,
            CANONICAL,
        ],
        groups: REQUESTING,
        more: &["Its user has to send the headers that are given here, and no other credentials."],
        success: None,
    },
    #[cfg(feature = "tokens")]
    Topic {
        name: "token",
        words: "KIND [ARGUMENT]...",
        about: "print a password or token for a database, a cache, MSK, EKS or others",
        examples: [
            "rolecall token eks build --region eu-west-1",
            "PGPASSWORD=\"$(rolecall token rds orders.abc.eu-west-1.rds.amazonaws.com:5432 me)\" psql ...",
        ],
        options: &[
            once("--admin", "the token of the role admin; with dsql"),
            once("--serverless", "a serverless cache; with elasticache"),
            once(
                "--expires SECONDS",
                "how long it may be used: with dsql up to 604800, else 900; with web-identity 60 to 3600, else 300",
            ),
            once(
                "--signing-algorithm ALGORITHM",
                "RS256, which it is without this, or ES384; with web-identity",
            ),
        ],
        groups: REQUESTING,
        more: TOKEN,
        success: None,
    },
    #[cfg(feature = "setup")]
    Topic {
        name: "setup",
        words: "RECIPE",
        about: "provision a role and what belongs to it, or remove it",
        examples: [
            "rolecall setup ec2-role --role gateway --policy policy.json --dry-run",
            "rolecall setup ec2-role --role gateway --undo",
        ],
        options: PROVISIONING,
        groups: &[
            &GENERAL,
            &COMMON,
            &ROLE,
            &IDENTITY,
            #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
            &CERTIFICATE,
        ],
        more: &[],
        success: UNDONE,
    },
    #[cfg(feature = "demo")]
    Topic {
        name: "demo",
        words: "",
        about: "start EC2 metadata, STS and S3 on loopback, and run the whole flow",
        examples: ["rolecall demo", "rolecall demo --tamper"],
        options: &[once(
            "--tamper",
            "verify with another secret than the one issued: every signed step has to fail",
        )],
        groups: &[&GENERAL],
        more: &[],
        success: None,
    },
    #[cfg(feature = "generate")]
    Topic {
        name: "generate",
        words: "KIND",
        about: "print completions for bash, zsh, fish or powershell, or the page for man",
        examples: [
            "source <(rolecall generate bash)",
            "rolecall generate man > /usr/local/share/man/man1/rolecall.1",
        ],
        options: &[],
        groups: &[&GENERAL],
        more: GENERATE,
        success: None,
    },
    Topic {
        name: "help",
        words: "[COMMAND]",
        about: "print this overview, or what a command takes",
        examples: ["rolecall help credentials", "rolecall help setup cognito"],
        options: &[],
        groups: &[&GENERAL],
        more: &[],
        success: None,
    },
];

/// The recipes of `setup`.
#[cfg(feature = "setup")]
pub(super) static RECIPES: &[Topic] = &[
    Topic {
        name: "setup ec2-role",
        words: "",
        about: "a role, an instance profile with it, on an instance",
        examples: [
            "rolecall setup ec2-role --role gateway --policy policy.json --instance-id i-0123456789abcdef0",
            "rolecall setup ec2-role --role gateway --undo",
        ],
        options: &[
            ROLE_NAME,
            DESCRIPTION,
            once("--instance-id ID", "the instance that gets the role"),
            once("--replace", "take the place of another instance profile that the instance has"),
        ],
        groups: RECIPE,
        more: &[],
        success: UNDONE,
    },
    Topic {
        name: "setup ecs-role",
        words: "",
        about: "a role for tasks, a task definition with it, and a task",
        examples: [
            "rolecall setup ecs-role --role reports --image public.ecr.aws/docker/library/busybox:stable",
            "rolecall setup ecs-role --role reports --undo",
        ],
        options: &[
            ROLE_NAME,
            DESCRIPTION,
            once("--image IMAGE", "the image of a task definition"),
            once("--family NAME", "the task definition's name, else the role's; with --image"),
            once(
                "--execution-role NAME|ARN",
                "the role that may pull a private image and write logs: created, or of that ARN; with --image",
            ),
            once("--run", "run a task of it; with --image"),
            once("--cluster NAME", "the cluster that it runs in, else the default one; with --run"),
            often("--subnet ID", "run it on Fargate, in this subnet; with --run"),
            often("--security-group ID", "a security group of the task; with --subnet"),
            once("--public-ip", "a public address for the task; with --subnet"),
        ],
        groups: RECIPE,
        more: &[],
        success: UNDONE,
    },
    Topic {
        name: "setup cross-account",
        words: "",
        about: "a role that another account may assume",
        examples: [
            "rolecall setup cross-account --role reports --trust 444455556666 --external-id of-the-contract",
            "rolecall setup cross-account --role reports --undo",
        ],
        options: &[
            ROLE_NAME,
            always("--trust ACCOUNT|ARN", "the account or principal that may assume it"),
            once("--external-id ID", "the external id that it has to pass"),
            DESCRIPTION,
            MAX_SESSION_DURATION,
        ],
        groups: RECIPE,
        more: &[],
        success: UNDONE,
    },
    Topic {
        name: "setup cognito",
        words: "",
        about: "a user pool with a client and a user, an identity pool and its roles",
        examples: [
            "rolecall setup cognito --name app --username alice",
            "rolecall setup cognito --name app --undo",
        ],
        options: &[
            always("--name NAME", "the name of all of them"),
            DESCRIPTION,
            MAX_SESSION_DURATION,
            once("--username NAME", "a user; the password is prompted for, or read as below"),
            once("--client-secret", "a client with a secret, which is printed"),
            often("--login-provider PROVIDER=APP", "another provider whose tokens the identity pool trusts"),
            once("--classic", "allow the pool's classic flow"),
            once("--allow-unauthenticated", "identities without a token, too, and a role for them"),
            once("--unauthenticated-policy JSON|FILE", "what the role of those may do"),
            often("--unauthenticated-policy-arn ARN", "the same, as a managed policy"),
            once("--oidc-url URL", "a provider of OpenID Connect whose tokens the identity pool trusts"),
            often("--oidc-client-id ID", "an application of it; with --oidc-url"),
            often("--thumbprint HEX", "of its certificate; with --oidc-url"),
        ],
        groups: RECIPE,
        more: &[],
        success: UNDONE,
    },
];

/// `setup` without a feature has no recipes.
#[cfg(not(feature = "setup"))]
pub(super) static RECIPES: &[Topic] = &[];

/// The formats of `credentials`, and how each is used.
const FORMATS: &[&str] = &[
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
const EXEC: &[&str] = &[
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
const LOGIN: &[&str] = &[
    "The page and the code are printed on standard error; the browser may be on another machine. The token is kept where",
    "the AWS CLI and the AWS SDKs keep it, ~/.aws/sso/cache, for this user alone, and is renewed as long as the session",
    "lasts. Confirm only a code that you asked for: it lets the program that shows it act as you.",
];

/// How `request` is used.
#[cfg(not(feature = "upload"))]
const REQUEST: &[&str] = &[];

/// How `request` is used.
#[cfg(feature = "upload")]
const REQUEST: &[&str] = &[
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
const GENERATE: &[&str] = &[
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
const VERIFY: &[&str] = &[
    "The request is as it is sent: a line such as GET /key?a=1 HTTP/1.1, the header lines, an empty line, and the body. If",
    "only the signature differs, the canonical request and the string to sign are printed as they have to be, or, with",
    "--service-reply, the first line that the service has otherwise: an error of S3 or STS with the code",
    "SignatureDoesNotMatch has both. Region and service are those of the request unless they are given.",
];

/// How `token` is used.
#[cfg(feature = "tokens")]
const TOKEN: &[&str] = &[
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
const SERVE: &[&str] = &[
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

/// The groups of commands that request something.
static REQUESTING: &[&Group] = &[
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
static RECIPE: &[&Group] = &[
    &SETUP,
    &GENERAL,
    &COMMON,
    &ROLE,
    &IDENTITY,
    #[cfg(any(feature = "iot", feature = "roles-anywhere"))]
    &CERTIFICATE,
];

/// The groups whose options the overview has.
pub(super) static OVERVIEW: &[&Group] = &[&GENERAL, &COMMON, &ROLE, &SESSION];

/// Every group; those that the overview lacks are named there.
pub(super) static SHARED: &[&Group] = &[
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

const PROFILE: Opt = once(
    "--profile NAME",
    "use this profile, and no keys of the environment; else AWS_PROFILE, else default",
);
const JSON: Opt = once("--json", "print one JSON document");
const VERBOSE: Opt = once("-v, --verbose", "print every exchange on standard error");
const QUIET: Opt =
    once("-q, --quiet", "print no progress and no notes, but warnings of the result and errors");
#[cfg(feature = "sso")]
const SIGN_IN: &[Opt] = &[PROFILE, JSON, VERBOSE, QUIET];
const HEADER: Opt = often("-H, --header NAME:VALUE", "a header to send, which is signed");
const BODY: Opt = once("-d, --data BODY|@FILE", "the body, or the file that holds it");
#[cfg(feature = "upload")]
const UPLOAD: Opt = once("-T, --upload-file FILE", "the body, read while it is sent; - is standard input");
#[cfg(feature = "upload")]
const LENGTH: Opt = once("--length BYTES", "the length of what a pipe gives; with -T, for S3");
#[cfg(feature = "upload")]
const OUTPUT: Opt = once("-o, --output FILE", "write the body of a success there, whole or not at all");
#[cfg(feature = "upload")]
const INCLUDE: Opt = once("-i, --include", "print status and headers before the body, as with HEAD");
#[cfg(feature = "upload")]
const RETRY: Opt =
    once("--retry NUMBER", "try that many times more after a failure that may pass, 429 or 5xx; up to 20");
#[cfg(feature = "upload")]
const TIMEOUT: Opt = once("--timeout SECONDS", "how long the request and its retries may take, else 3600");
#[cfg(feature = "sigv4a")]
const REGION_SET: Opt =
    once("--region-set REGIONS", "sign for these regions with SigV4a: * or a list with commas");
#[cfg(feature = "sessions")]
const S3_SESSION: Opt = once(
    "--s3-session",
    "sign with a session at the URL's directory bucket (S3 Express One Zone, CreateSession)",
);
#[cfg(feature = "verify")]
const SERVICE_OF_SCOPE: Opt =
    once("--service SERVICE", "the name that it has to be signed for, else that of the request");
#[cfg(feature = "verify")]
const DATE_OF_CHECK: Opt = once("--date TIME", "check it at this time, such as 20150830T123600Z, else now");
const SERVICE: Opt = once(
    "--service SERVICE",
    "the name to sign for (s3, sts, execute-api...), else the one in the URL's host",
);
const DATE: Opt = once("--date TIME", "the time to sign with, such as 20150830T123600Z, else now");
const CANONICAL: Opt = once("--canonical", "print what is signed in place of the result");
#[cfg(feature = "setup")]
const UNDONE: Option<&str> = Some("no resource left unchanged by --undo");
#[cfg(feature = "setup")]
const ROLE_NAME: Opt = always("--role NAME", "the role's name");
#[cfg(feature = "setup")]
const DESCRIPTION: Opt = once("--description TEXT", "what the role is for, up to 1,000 characters");
#[cfg(feature = "setup")]
const MAX_SESSION_DURATION: Opt =
    once("--max-session-duration SECONDS", "how long its longest session may last, 3600 to 43200");
#[cfg(feature = "setup")]
const PROVISIONING: &[Opt] = &[
    once("--dry-run", "read what exists, print the calls that would change something, and make none of them"),
    once("--undo", "remove what the recipe created; resources without its tag are left unchanged"),
    once("--policy JSON|FILE", "what the role may do"),
    often("--policy-arn ARN", "the same, as a managed policy"),
    JSON,
];

static GENERAL: Group = Group {
    title: "with every command",
    options: &[
        once("-h, --help", "print what the command takes; without a command, this overview"),
        once("-V, --version", "print the version"),
    ],
};

static COMMON: Group = Group {
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

static ROLE: Group = Group {
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

static SESSION: Group = Group {
    title: SESSION_TITLE,
    options: &[
        once("--external-id ID", "the external id that the role asks for"),
        once("--policy JSON|@FILE", "limit the session to this policy"),
        often("--policy-arn ARN", "limit it to a managed policy; up to 10 times"),
    ],
};

#[cfg(feature = "sessions")]
static CALL: Group = Group {
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

static IDENTITY: Group = Group {
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
static CERTIFICATE: Group = Group {
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

const SESSION_TITLE: &str = if cfg!(feature = "setup") {
    "what that role asks for, and limits of the session (with setup, these are of the role that it creates)"
} else {
    "what that role asks for, and limits of the session"
};

const SEND_PASSWORD: &str = if cfg!(feature = "srp") {
    "send the password; without this, it is proved and not sent (SRP)"
} else {
    "send the password; this build cannot sign in otherwise"
};

#[cfg(feature = "setup")]
static SETUP: Group = Group { title: "with every recipe of setup", options: PROVISIONING };

/// Where credentials come from.
pub(super) const SOURCES: &[&str] = &[
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

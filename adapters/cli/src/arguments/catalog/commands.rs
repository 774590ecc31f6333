//! The commands.

use super::notes::*;
use super::options::*;
use super::topic::{Topic, once};

/// The commands, in the order of the overview.
pub(in crate::arguments) static COMMANDS: &[Topic] = &[
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

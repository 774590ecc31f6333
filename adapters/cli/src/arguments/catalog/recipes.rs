//! The recipes of `setup`.

#[cfg(feature = "setup")]
use super::options::*;
use super::topic::Topic;
#[cfg(feature = "setup")]
use super::topic::{always, often, once};

/// The recipes of `setup`.
#[cfg(feature = "setup")]
pub(in crate::arguments) static RECIPES: &[Topic] = &[
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
pub(in crate::arguments) static RECIPES: &[Topic] = &[];

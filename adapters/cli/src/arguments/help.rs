//! What `--help` prints.

pub(crate) const HELP: &str = "\
AWS credentials and signed requests, without an SDK.

usage: rolecall COMMAND [OPTIONS]

  credentials [--format process|json|env]     print credentials (process: what credential_process wants)
  whoami                                      print account, ARN and user id (STS GetCallerIdentity)
  explain [--json]                            go through every source, and tell why it gives credentials or not
  request METHOD URL [-H NAME:VALUE]... [-d BODY|@FILE]
                                              sign and send; the body of the reply goes to standard output
  sign METHOD URL [-H ...] [-d ...] [--canonical] [--date TIME]
                                              print the headers to send, or what is signed
  presign URL [--method METHOD] [--expires SECONDS] [--canonical] [--date TIME]
                                              print a URL that carries its own signature
  setup JOURNEY [--undo] [--dry-run]          make a role and what belongs to it; --undo removes it (below)
  demo [--tamper]                             EC2, STS and S3 on loopback, and the whole way through them

with every command:
  --profile NAME                this profile, before keys in the environment; else AWS_PROFILE, else default
  --region REGION               else AWS_REGION, AWS_DEFAULT_REGION, the profile's, or what the URL's host tells
  --cache FOLDER                share credentials with other processes there; else ROLECALL_CACHE, else no cache
  -v, --verbose                 tell every exchange on standard error
  --help, --version

a role to assume first, with every command:
  --role-arn ARN
  --role-session-name NAME      else AWS_ROLE_SESSION_NAME, else rolecall-<unix time>
  --duration-seconds SECONDS    900 to 43200
  --external-id ID
  --policy JSON|@FILE           what the session is limited to
  --policy-arn ARN              the same as a managed policy; up to 10 times
  --tag KEY=VALUE               a session tag; up to 50 times
  --transitive-tag KEY          goes on to the sessions of further roles
  --mfa-serial SERIAL           the caller's multi-factor device; its code is asked for, or --mfa-code CODE
  --source-identity NAME        who is behind the session

credentials of an identity in an Amazon Cognito identity pool, with every command:
  --cognito-identity-pool ID    whoever this is there: a guest, unless somebody vouches
  --cognito-identity-id ID      the identity of that id, in place of the pool's
  --login PROVIDER=TOKEN|@FILE  a token of any provider that the pool knows; more than one for one caller
  --user-pool ID --client-id ID --username NAME
                                somebody who signs in at a user pool; the password is asked for, or comes from
                                AWS_COGNITO_PASSWORD or --password-stdin; it is proved, not sent (SRP), unless
                                --send-password; a client's secret comes from AWS_COGNITO_CLIENT_SECRET
  --custom-role-arn ARN         one of several roles that the token allows
  --identity-role-arn ARN       a role to assume with the identity's own token (the pool's classic flow)

setup ec2-role --role NAME [--instance-id ID] [--replace]
                                a role, an instance profile with it, and the instance that has the profile
setup ecs-role --role NAME [--image IMAGE [--family NAME] [--run] [--cluster NAME]
               [--subnet ID]... [--security-group ID]...]
                                a role for tasks, a task definition that has it, and a task (Fargate: subnets)
setup cross-account --role NAME --trust ACCOUNT|ARN [--external-id ID]
                                a role that another account may assume
setup cognito --name NAME [--username NAME] [--client-secret] [--guests] [--guest-policy ...]
              [--guest-policy-arn ARN] [--login-provider PROVIDER=APP]... [--classic]
              [--oidc-url URL --oidc-client-id ID... [--thumbprint HEX]...]
                                a user pool with a client and a user, an identity pool, roles for its identities
  --policy JSON|FILE, --policy-arn ARN
                                with each: what the role may do
  --dry-run                     tell what would be called, and change nothing
  --undo                        remove what the same set-up made, by its tag; what is somebody else's stays

with request, sign and presign:
  --service SERVICE             the name to sign for (s3, sts, execute-api...), else what the URL tells
  --date 20150830T123600Z       sign and presign: the time to sign with

Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else the profile (keys, roles, web identity,
IAM Identity Center, credential_process), else AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, else the container
endpoint (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, ..._FULL_URI), else EC2 instance metadata.
Exit code: 0 success (request: a status of 2xx; explain: credentials that STS does not refuse; setup --undo:
nothing of somebody else's in the way), 1 failure, 2 wrong usage.
";

//! The text of `--help`.

pub(crate) const HELP: &str = "\
AWS credentials and signed requests, without an SDK.

usage: rolecall COMMAND [OPTIONS]

  credentials [--format process|json|env]     print credentials (process: what credential_process wants)
  whoami                                      print account, ARN and user id (STS GetCallerIdentity)
  explain [--json]                            ask every source, and print why it has credentials or not
  request METHOD URL [-H NAME:VALUE]... [-d BODY|@FILE]
                                              sign and send a request; print the body of the reply
  sign METHOD URL [-H ...] [-d ...] [--canonical] [--date TIME]
                                              print the headers to send; --canonical: print what is signed
  presign URL [--method METHOD] [--expires SECONDS] [--canonical] [--date TIME]
                                              print a URL with a signature in its query
  setup RECIPE [--undo] [--dry-run]           provision a role and what belongs to it, or remove it (see below)
  demo [--tamper]                             start EC2 metadata, STS and S3 on loopback, and run the whole flow

with every command:
  --profile NAME                use this profile, and no keys of the environment; else AWS_PROFILE, else default
  --region REGION               else AWS_REGION, AWS_DEFAULT_REGION, the profile's, or the region in the URL's host
  --cache FOLDER                share credentials with other processes there; else ROLECALL_CACHE, else no cache
  -v, --verbose                 print every exchange on standard error
  --help, --version

a role to assume first, with every command:
  --role-arn ARN
  --role-session-name NAME      else AWS_ROLE_SESSION_NAME, else rolecall-<unix time>
  --duration-seconds SECONDS    900 to 43200
  --external-id ID
  --policy JSON|@FILE           limit the session to this policy
  --policy-arn ARN              limit it to a managed policy; up to 10 times
  --tag KEY=VALUE               a session tag; up to 50 times
  --transitive-tag KEY          pass this tag on when roles are chained
  --mfa-serial SERIAL           the user's multi-factor device; its code is prompted for, unless --mfa-code CODE
  --source-identity NAME        the source identity, for audit logs

credentials of an identity in an Amazon Cognito identity pool, with every command:
  --cognito-identity-pool ID    an identity of this pool: unauthenticated, without --login or --user-pool
  --cognito-identity-id ID      the identity of that id, in place of a pool
  --login PROVIDER=TOKEN|@FILE  a token of a provider that the pool trusts; several for one identity
  --user-pool ID --client-id ID --username NAME
                                sign in at a user pool; the password is prompted for, or read from
                                AWS_COGNITO_PASSWORD or --password-stdin; it is proved, not sent (SRP), unless
                                --send-password; a client's secret is read from AWS_COGNITO_CLIENT_SECRET
  --custom-role-arn ARN         choose one of several roles that the token allows
  --identity-role-arn ARN       assume a role with the identity's own token (the pool's classic flow)

setup ec2-role --role NAME [--instance-id ID] [--replace]
                                a role, an instance profile with it, and its association with the instance
setup ecs-role --role NAME [--image IMAGE [--family NAME] [--run] [--cluster NAME]
               [--subnet ID]... [--security-group ID]...]
                                a role for tasks, a task definition with it, and a task (on Fargate with --subnet)
setup cross-account --role NAME --trust ACCOUNT|ARN [--external-id ID]
                                a role that another account may assume
setup cognito --name NAME [--username NAME] [--client-secret] [--login-provider PROVIDER=APP]... [--classic]
              [--allow-unauthenticated] [--unauthenticated-policy ...] [--unauthenticated-policy-arn ARN]
              [--oidc-url URL --oidc-client-id ID... [--thumbprint HEX]...]
                                a user pool with a client and a user, an identity pool, roles for its identities
  --policy JSON|FILE, --policy-arn ARN
                                for each recipe: what the role may do
  --dry-run                     print the calls that would change something, and make none of them
  --undo                        remove what the recipe created; resources without its tag are left unchanged

with request, sign and presign:
  --service SERVICE             the name to sign for (s3, sts, execute-api...), else the one in the URL's host
  --date 20150830T123600Z       sign and presign: the time to sign with

Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else the profile (keys, roles, web identity,
IAM Identity Center, credential_process), else AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, else the container
endpoint (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, ..._FULL_URI), else EC2 instance metadata.
Exit code: 0 success (request: a status of 2xx; explain: STS names the identity; setup --undo:
no resource left unchanged), 1 failure, 2 wrong usage.
";

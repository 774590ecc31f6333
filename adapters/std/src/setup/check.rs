//! What a recipe is given, checked before its first call against what the services' API references permit.

use rolecall_core::wire::json::{Token, member};

use crate::Error;
use crate::credentials::is_account;

/// The longest part of a value that an error shows, in characters.
const SHOWN: usize = 80;
/// The longest inline policy of a role, in characters that are no white space (IAM User Guide, *IAM quotas*).
const LONGEST_POLICY: usize = 10_240;

/// The error of a value: what it is, what was expected, and what to do next.
fn refused(what: &str, value: &str, expected: &str, remedy: &str) -> Error {
    let shown: String = value.chars().take(SHOWN).collect();
    let more = if shown.len() < value.len() { "..." } else { "" };
    Error::Configuration(format!("{what} {shown:?}{more}: expected {expected}; {remedy}"))
}

fn check(holds: bool, what: &str, value: &str, expected: &str, remedy: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(refused(what, value, expected, remedy)) }
}

/// Whether a text has up to `most` characters, each of them allowed, and at least one.
fn is_name(text: &str, most: usize, allowed: impl Fn(char) -> bool) -> bool {
    (1..=most).contains(&text.chars().count()) && text.chars().all(allowed)
}

/// IAM's `[\w+=,.@-]`.
fn in_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || "_+=,.@-".contains(char)
}

/// ECS's letters, digits, hyphens and underscores.
fn in_ecs_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || "_-".contains(char)
}

/// The name of a role, which an instance profile has, too.
pub(super) fn role_name(what: &str, name: &str) -> Result<(), Error> {
    const EXPECTED: &str = "1 to 64 ASCII letters, digits and _+=,.@-";
    check(is_name(name, 64, in_name), what, name, EXPECTED, "choose another name")
}

/// The description of a role.
pub(super) fn description(text: &str) -> Result<(), Error> {
    let printable = |char| matches!(char, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    const EXPECTED: &str = "at most 1,000 characters of Latin-1";
    let holds = text.is_empty() || is_name(text, 1_000, printable);
    check(holds, "role description", text, EXPECTED, "shorten it, or leave out other characters")
}

/// The longest session of a role.
pub(super) fn max_session_duration(seconds: u32) -> Result<(), Error> {
    const EXPECTED: &str = "3600 to 43200 seconds, an hour to twelve";
    let holds = (3_600..=43_200).contains(&seconds);
    check(holds, "maximum session duration", &seconds.to_string(), EXPECTED, "choose one of these")
}

/// An inline policy of a role: a JSON object with `Statement`.
pub(super) fn policy(text: &str) -> Result<(), Error> {
    const WHAT: &str = "policy";
    const EXPECTED: &str = "a JSON object with \"Statement\", an object or an array of them";
    let statement = member(text.as_bytes(), "Statement").map_err(|error| {
        let problem = format!("mend it: not JSON, {error}");
        refused(WHAT, text, EXPECTED, &problem)
    })?;
    let holds = matches!(statement, Some(Token::ObjectStart | Token::ArrayStart));
    check(holds, WHAT, text, EXPECTED, "add what it allows as \"Statement\"")?;
    let counted = text.chars().filter(|char| !char.is_whitespace()).count();
    if counted > LONGEST_POLICY {
        let expected =
            format!("at most {LONGEST_POLICY} characters that are no white space, and it has {counted}");
        return Err(refused(WHAT, text, &expected, "shorten it, or use managed policies"));
    }
    let Some(other) = text.chars().find(|char| *char > '\u{ff}') else { return Ok(()) };
    let remedy = format!("write {other:?} as an escape, \\u and four hexadecimal digits");
    Err(refused(WHAT, text, "characters of Latin-1", &remedy))
}

/// The parts of `arn:partition:service:region:account:resource`.
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts, each of characters that it can have.
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (scheme, partition) = (parts.next()?, parts.next()?);
        let (service, region, account, resource) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let in_part = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
        // aws, aws-cn, aws-us-gov, and those of isolated regions.
        let partitioned = partition == "aws" || partition.starts_with("aws-");
        let well_formed = [partition, service, region].iter().all(|part| part.chars().all(in_part));
        let graphic = resource.chars().all(|char| char.is_ascii_graphic());
        let complete = scheme == "arn" && partitioned && !service.is_empty() && !resource.is_empty();
        let fits = text.len() <= 2_048;
        (complete && well_formed && graphic && fits).then_some(Self { service, region, account, resource })
    }

    /// Whether it is one of IAM, which has no regions.
    fn is_iam(&self) -> bool {
        self.service == "iam" && self.region.is_empty()
    }

    /// Whether the resource is one of this kind, `role/`, with a name.
    fn is(&self, kind: &str) -> bool {
        self.resource.strip_prefix(kind).is_some_and(|name| !name.is_empty() && !name.contains('*'))
    }
}

/// The ARN of a managed policy, of AWS or of an account.
pub(super) fn policy_arn(text: &str) -> Result<(), Error> {
    const EXPECTED: &str = "arn:PARTITION:iam::ACCOUNT:policy/NAME, such as \
                            arn:aws:iam::aws:policy/ReadOnlyAccess";
    let of_account = |arn: &Arn<'_>| arn.account == "aws" || is_account(arn.account);
    let holds = Arn::of(text).is_some_and(|arn| arn.is_iam() && of_account(&arn) && arn.is("policy/"));
    check(holds, "policy ARN", text, EXPECTED, "copy it from the policy's page in the IAM console")
}

/// The ARN of a role.
pub(super) fn role_arn(what: &str, text: &str) -> Result<(), Error> {
    const EXPECTED: &str = "a role's name, or its ARN, arn:PARTITION:iam::ACCOUNT:role/NAME";
    let holds = Arn::of(text).is_some_and(|arn| arn.is_iam() && is_account(arn.account) && arn.is("role/"));
    check(holds, what, text, EXPECTED, "copy it from the role's page in the IAM console")
}

/// What a role trusts: an account, or a principal of one (IAM User Guide, *AWS JSON policy elements: Principal*).
pub(super) fn principal(text: &str) -> Result<(), Error> {
    const EXPECTED: &str = "an account, which has twelve digits, or the ARN of an account's root, a user, a role or \
                            a session, such as arn:aws:iam::111122223333:role/reports";
    let is_principal = |arn: Arn<'_>| {
        let of_iam = arn.is_iam() && (arn.resource == "root" || arn.is("user/") || arn.is("role/"));
        let of_sts = arn.service == "sts" && (arn.is("assumed-role/") || arn.is("federated-user/"));
        is_account(arn.account) && (of_iam || of_sts)
    };
    let holds = is_account(text) || Arn::of(text).is_some_and(is_principal);
    check(holds, "trusted principal", text, EXPECTED, "`rolecall whoami` prints both, run there")
}

/// The external id of a role.
pub(super) fn external_id(id: &str) -> Result<(), Error> {
    const EXPECTED: &str = "2 to 1,224 ASCII letters, digits and _+=,.@:/-";
    let holds = id.len() >= 2 && is_name(id, 1_224, |char| in_name(char) || ":/".contains(char));
    check(holds, "external id", id, EXPECTED, "agree on another one with the other account")
}

/// Whether a text is `prefix` and hexadecimal digits.
fn is_id(text: &str, prefix: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix(prefix).is_some_and(|id| !id.is_empty() && id.len() <= 17 && id.bytes().all(digit))
}

/// The id of a resource of EC2, `i-...`.
pub(super) fn ec2_id(what: &str, prefix: &str, id: &str) -> Result<(), Error> {
    let expected = format!("{prefix} and up to 17 hexadecimal digits, in lower case");
    check(is_id(id, prefix), what, id, &expected, "copy it from the EC2 console")
}

/// How many there may be of something.
pub(super) fn at_most(most: usize, what: &str, values: &[String]) -> Result<(), Error> {
    let expected = format!("at most {most} of these, and there are {}", values.len());
    check(values.len() <= most, what, &values.join(","), &expected, "leave out the others")
}

/// The name of a task definition's family.
pub(super) fn family(name: &str) -> Result<(), Error> {
    const EXPECTED: &str = "1 to 255 ASCII letters, digits, hyphens and underscores";
    let remedy = "name the family (`--family`), which is that of the role otherwise";
    check(is_family(name), "task definition", name, EXPECTED, remedy)
}

/// Whether a family of task definitions can have this name.
pub(super) fn is_family(name: &str) -> bool {
    is_name(name, 255, in_ecs_name)
}

/// The name or ARN of a cluster.
pub(super) fn cluster(text: &str) -> Result<(), Error> {
    const EXPECTED: &str = "1 to 255 ASCII letters, digits, hyphens and underscores, or an ARN, \
                            arn:PARTITION:ecs:REGION:ACCOUNT:cluster/NAME";
    let is_cluster = |arn: Arn<'_>| {
        let name = arn.resource.strip_prefix("cluster/").unwrap_or_default();
        arn.service == "ecs" && !arn.region.is_empty() && is_account(arn.account) && is_family(name)
    };
    let holds = is_family(text) || Arn::of(text).is_some_and(is_cluster);
    check(holds, "cluster", text, EXPECTED, "copy it from the ECS console")
}

/// The image of a container.
pub(super) fn image(text: &str) -> Result<(), Error> {
    const EXPECTED: &str =
        "REPOSITORY:TAG or REPOSITORY@sha256:DIGEST, up to 255 characters before the digest";
    let before_digest = text.split('@').next().unwrap_or_default();
    let holds = is_name(before_digest, 255, |char| char.is_ascii_alphanumeric() || "-_:./#".contains(char))
        && text.chars().all(|char| char.is_ascii_graphic());
    check(holds, "image", text, EXPECTED, "name it as `docker pull` does")
}

/// The name of a user.
pub(super) fn username(name: &str) -> Result<(), Error> {
    const EXPECTED: &str = "1 to 128 characters, none of them white space";
    let holds = is_name(name, 128, |char| !char.is_whitespace() && !char.is_control());
    check(holds, "user name", name, EXPECTED, "choose another name")
}

/// A provider whose tokens an identity pool trusts, and the application's id there.
pub(super) fn login_provider(provider: &str, application: &str) -> Result<(), Error> {
    let named = is_name(provider, 128, |char| char.is_ascii_graphic());
    const NAME: &str = "1 to 128 characters, such as graph.facebook.com";
    check(named, "login provider", provider, NAME, "take the name from the guide of Amazon Cognito")?;
    let known = is_name(application, 128, |char| char.is_ascii_alphanumeric() || "_.;/-".contains(char));
    const ID: &str = "1 to 128 ASCII letters, digits and _.;/-";
    check(known, "application", application, ID, "copy its id from the provider's console")
}

/// The URL of an OpenID Connect provider.
pub(super) fn open_id_url(url: &str) -> Result<(), Error> {
    const EXPECTED: &str = "https:// and a host, with a path if it has one, up to 255 characters";
    let place = url.strip_prefix("https://").unwrap_or_default();
    let holds = url.len() <= 255
        && !place.starts_with('/')
        && is_name(place, 255, |char| char.is_ascii_graphic() && !"?#@\\".contains(char));
    check(holds, "OpenID Connect provider", url, EXPECTED, "give the issuer that its tokens name")
}

/// The audience of a provider's tokens.
pub(super) fn client_id(id: &str) -> Result<(), Error> {
    let holds = is_name(id, 255, |char| !char.is_control());
    check(holds, "client id", id, "1 to 255 characters", "copy it from the provider's console")
}

/// The thumbprint of a certificate authority.
pub(super) fn thumbprint(text: &str) -> Result<(), Error> {
    let holds = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    const EXPECTED: &str = "40 hexadecimal digits";
    check(holds, "thumbprint", text, EXPECTED, "give the SHA-1 fingerprint, without colons")
}

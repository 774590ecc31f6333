//! The configuration of a simulator.

use crate::keys;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// The account of the default role and of the bucket; not the host's account.
const OTHER_ACCOUNT: &str = "444455556666";

/// Accounts, roles, lifetimes and options. Start from `Config::default()`.
#[derive(Clone)]
pub struct Config {
    /// The region every request must be signed for.
    pub region: String,
    /// The account (12 digits) of the host's instance role and container role.
    pub host_account: String,
    /// The name of the instance profile's role, as IMDS lists it.
    pub instance_role: String,
    /// The lifetime of credentials from IMDS. They are rotated when 5 minutes, or half of a shorter
    /// lifetime, are left.
    pub instance_lifetime: Duration,
    /// Whether the credentials document of IMDS contains `AccountId`.
    pub instance_account_id: bool,
    /// The name of the container's role.
    pub container_role: String,
    /// The lifetime of credentials from the container endpoint, rotated like those of IMDS.
    pub container_lifetime: Duration,
    /// The value the container endpoint requires as `Authorization`; `None` requires no token. The
    /// default is a new random token.
    pub container_token: Option<String>,
    /// The roles that can be assumed, at least one. The default is
    /// `rolecall-cross-account` of another account, 444455556666.
    pub roles: Vec<Role>,
    /// IAM users, whose access keys do not expire.
    pub users: Vec<User>,
    /// The name of the bucket.
    pub bucket: String,
    /// The accounts whose principals may use the bucket; by default only 444455556666.
    pub bucket_accounts: Vec<String>,
    /// The length of each session token in bytes, 64 to 16,384.
    pub session_token_length: usize,
    /// How many seconds the simulator's clock is ahead of this machine's; negative is behind. At
    /// most 100 years.
    pub clock_offset: i64,
    /// Makes the verifier use a different secret from the one issued, so that it rejects every
    /// signature. A test uses this to show that signatures are really checked.
    pub verify_with_wrong_secret: bool,
    /// Keys that IMDS and the container endpoint serve in turn in place of generated ones, such as
    /// keys of another service that the test uses afterwards.
    pub host_keys: Vec<HostKey>,
    /// Faults that IMDS injects into the first requests, one per request, in order.
    pub imds_faults: Vec<Fault>,
    /// The addresses to listen on; the default, for tests on one machine, is 127.0.0.1.
    pub addresses: Addresses,
    /// The ports to listen on.
    pub ports: Ports,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            region: "eu-central-1".to_owned(),
            host_account: "111122223333".to_owned(),
            instance_role: "rolecall-instance".to_owned(),
            instance_lifetime: Duration::from_secs(6 * 3600),
            instance_account_id: true,
            container_role: "rolecall-task".to_owned(),
            container_lifetime: Duration::from_secs(6 * 3600),
            container_token: Some(keys::container_token()),
            roles: vec![Role::new(OTHER_ACCOUNT, "rolecall-cross-account")],
            users: Vec::new(),
            bucket: "rolecall-bucket".to_owned(),
            bucket_accounts: vec![OTHER_ACCOUNT.to_owned()],
            session_token_length: 800,
            clock_offset: 0,
            verify_with_wrong_secret: false,
            host_keys: Vec::new(),
            imds_faults: Vec::new(),
            addresses: Addresses::default(),
            ports: Ports::default(),
        }
    }
}

/// A role that can be assumed.
#[derive(Clone, Debug)]
pub struct Role {
    /// `arn:aws:iam::ACCOUNT:role/NAME`
    pub arn: String,
    /// The principals that may assume it.
    pub trusts: Vec<Principal>,
    /// The external id that the trust policy requires.
    pub external_id: Option<String>,
    /// The role's maximum session duration in seconds, 3,600 to 43,200.
    pub max_session_duration: u32,
}

impl Role {
    /// Creates a role that the host's roles may assume, for up to twelve hours (one when chained).
    pub fn new(account: &str, name: &str) -> Self {
        Self {
            arn: format!("arn:aws:iam::{account}:role/{name}"),
            trusts: vec![Principal::Host],
            external_id: None,
            max_session_duration: 43_200,
        }
    }
}

/// An entry of a trust policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The instance role and the container role.
    Host,
    /// Every principal of an account.
    Account(String),
    /// One role or user, by its IAM ARN.
    Arn(String),
}

/// An IAM user with an access key.
#[derive(Clone)]
pub struct User {
    /// `arn:aws:iam::ACCOUNT:user/NAME`
    pub arn: String,
    /// 16 to 128 letters and digits.
    pub access_key_id: String,
    /// Up to 256 printable characters.
    pub secret_access_key: String,
}

/// A temporary access key that was generated elsewhere.
#[derive(Clone)]
pub struct HostKey {
    /// 16 to 128 letters and digits.
    pub access_key_id: String,
    /// Up to 256 printable characters.
    pub secret_access_key: String,
    /// Up to 16,384 printable characters.
    pub session_token: String,
}

/// A fault that a server can inject into a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Resets the connection.
    Reset,
    /// Never answers, until the client disconnects.
    Stall,
    /// Answers correctly, but one byte every 5 ms.
    Drip,
    /// Answers 500.
    InternalError,
    /// Answers 200 with a body of 1 MiB.
    Megabyte,
}

/// Addresses to listen on. Addresses other than 127.0.0.1 expose the simulator to other machines: use
/// them only in an isolated test network.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// EC2 metadata.
    pub imds: IpAddr,
    /// The container endpoint.
    pub container: IpAddr,
    /// STS.
    pub sts: IpAddr,
    /// S3.
    pub s3: IpAddr,
}

impl Default for Addresses {
    fn default() -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self { imds: loopback, container: loopback, sts: loopback, s3: loopback }
    }
}

/// Ports; 0, the default, selects a free one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// EC2 metadata.
    pub imds: u16,
    /// The container endpoint.
    pub container: u16,
    /// STS.
    pub sts: u16,
    /// S3.
    pub s3: u16,
}

impl Config {
    pub(crate) fn check(&self) -> io::Result<()> {
        let longest = Duration::from_secs(10 * 365 * 86_400);
        let lives = |time: Duration| time >= Duration::from_secs(1) && time <= longest;
        require(is_name(&self.region, 1, 64), "region")?;
        require(is_account(&self.host_account), "host_account")?;
        require(is_name(&self.instance_role, 1, 64), "instance_role")?;
        require(is_name(&self.container_role, 1, 64), "container_role")?;
        require(lives(self.instance_lifetime), "instance_lifetime")?;
        require(lives(self.container_lifetime), "container_lifetime")?;
        require(
            self.container_token.as_ref().is_none_or(|token| is_graphic(token, 4096)),
            "container_token",
        )?;
        require(!self.roles.is_empty(), "roles")?;
        for role in &self.roles {
            require(account_and_name(&role.arn, "role").is_some(), "roles: an arn")?;
            require((3600..=43_200).contains(&role.max_session_duration), "roles: a max_session_duration")?;
        }
        for user in &self.users {
            require(account_and_name(&user.arn, "user").is_some(), "users: an arn")?;
            require(keys::is_access_key_id(&user.access_key_id), "users: an access_key_id")?;
            require(is_graphic(&user.secret_access_key, 256), "users: a secret_access_key")?;
        }
        for key in &self.host_keys {
            require(keys::is_access_key_id(&key.access_key_id), "host_keys: an access_key_id")?;
            require(is_graphic(&key.secret_access_key, 256), "host_keys: a secret_access_key")?;
            require(is_graphic(&key.session_token, 16_384), "host_keys: a session_token")?;
        }
        require(is_name(&self.bucket, 3, 63), "bucket")?;
        require((64..=16_384).contains(&self.session_token_length), "session_token_length")?;
        require(self.clock_offset.unsigned_abs() <= 100 * 366 * 86_400, "clock_offset")
    }
}

fn require(holds: bool, field: &str) -> io::Result<()> {
    if holds {
        return Ok(());
    }
    let message = format!("simulator configuration: {field} is out of range or malformed");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// The account and the name in an IAM ARN of this kind (`role` or `user`); a path is allowed.
pub(crate) fn account_and_name<'a>(arn: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    let (account, resource) = arn.strip_prefix("arn:aws:iam::")?.split_once(':')?;
    let path = resource.strip_prefix(kind)?.strip_prefix('/')?;
    let name = path.rsplit('/').next()?;
    let whole = is_account(account) && path.split('/').all(|part| is_name(part, 1, 64));
    whole.then_some((account, name))
}

/// Whether a text is `[\w+=,.@-]`, the characters that IAM allows in names.
pub(crate) fn is_name(text: &str, least: usize, most: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (least..=most).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_graphic(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

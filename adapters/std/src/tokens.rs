//! Tokens that prove who a client is to a database, a cache, a broker or a cluster: presigned URLs that are never requested.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use rolecall_core::call::{Variant, regional_url};
use rolecall_core::flow::Endpoint;
use rolecall_core::wire::percent::{self, Keep};
use rolecall_core::wire::time::UnixTime;

use crate::request::named_by;
use crate::sink::Sink;
use crate::{Credentials, Error, Provider, Request, Secret};

/// The client, as MSK reports it in its logs.
const USER_AGENT: &str = concat!("&User-Agent=rolecall%2F", env!("CARGO_PKG_VERSION"));

/// What a token is for. [`Provider::token`] makes it.
///
/// | service | the token is | it is accepted for |
/// |---|---|---|
/// | RDS, Aurora | the password of a database user | 15 minutes |
/// | DSQL | the password of a database role | [`TokenFor::lifetime_seconds`], at first 15 minutes |
/// | ElastiCache, MemoryDB | the password of a user | 15 minutes |
/// | MSK | the token of SASL/OAUTHBEARER | 15 minutes |
/// | EKS | the bearer token of the Kubernetes API | 14 minutes |
///
/// A token is a secret, and ends with the credentials if they end before.
#[derive(Debug, Clone)]
pub struct TokenFor {
    kind: Kind,
    region: Option<String>,
    lifetime: Option<u32>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Authority and user.
    Rds(String, String),
    /// Host, and the action.
    Dsql(String, &'static str),
    /// Service, name and user, and whether it is serverless.
    Cache(&'static str, String, String, bool),
    Msk,
    /// The cluster's name.
    Eks(String),
}

/// A token, and when it ends.
pub struct AuthToken {
    text: Secret,
    expiration: UnixTime,
}

impl AuthToken {
    /// The token. The caller is responsible for where it goes.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// When it ends; a connection that was opened with it may last longer.
    pub fn expiration(&self) -> UnixTime {
        self.expiration
    }
}

impl fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthToken({:?}, until {})", self.text, self.expiration.rfc3339())
    }
}

impl TokenFor {
    const fn new(kind: Kind) -> Self {
        Self { kind, region: None, lifetime: None }
    }

    /// The password of `user` at a database of RDS or Aurora, at the endpoint that the client connects to.
    ///
    /// ```no_run
    /// # fn connect(provider: &rolecall::Provider) -> Result<(), rolecall::Error> {
    /// use rolecall::TokenFor;
    /// let host = "orders.abc123.eu-west-1.rds.amazonaws.com";
    /// let token = provider.token(&TokenFor::rds(host, 5432, "reports")?)?;
    /// // Connect with the password `token.expose()`, over TLS.
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Configuration`] for a host or a user that cannot be one.
    pub fn rds(host: &str, port: u16, user: &str) -> Result<Self, Error> {
        Ok(Self::new(Kind::Rds(authority(host, Some(port))?, filled("user", user)?)))
    }

    /// The password of a database role at a cluster of Aurora DSQL.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a host that cannot be one.
    pub fn dsql(host: &str) -> Result<Self, Error> {
        Ok(Self::new(Kind::Dsql(authority(host, None)?, "DbConnect")))
    }

    /// The password of the role `admin` at a cluster of Aurora DSQL.
    ///
    /// # Errors
    /// As [`TokenFor::dsql`].
    pub fn dsql_admin(host: &str) -> Result<Self, Error> {
        Ok(Self::new(Kind::Dsql(authority(host, None)?, "DbConnectAdmin")))
    }

    /// The password of `user` at a replication group of ElastiCache, by its name in lower case.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a name or a user that cannot be one.
    pub fn elasticache(group: &str, user: &str) -> Result<Self, Error> {
        Ok(Self::new(Kind::Cache("elasticache", name(group)?, filled("user", user)?, false)))
    }

    /// The same at a serverless cache.
    ///
    /// # Errors
    /// As [`TokenFor::elasticache`].
    pub fn elasticache_serverless(cache: &str, user: &str) -> Result<Self, Error> {
        Ok(Self::new(Kind::Cache("elasticache", name(cache)?, filled("user", user)?, true)))
    }

    /// The password of `user` at a cluster of MemoryDB, by its name in lower case.
    ///
    /// # Errors
    /// As [`TokenFor::elasticache`].
    pub fn memorydb(cluster: &str, user: &str) -> Result<Self, Error> {
        Ok(Self::new(Kind::Cache("memorydb", name(cluster)?, filled("user", user)?, false)))
    }

    /// The token of SASL/OAUTHBEARER for any cluster of MSK in the region.
    pub const fn msk() -> Self {
        Self::new(Kind::Msk)
    }

    /// The bearer token for the cluster of EKS with this name.
    ///
    /// # Errors
    /// [`Error::Configuration`] for a name that cannot be one.
    pub fn eks(cluster: &str) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if cluster.is_empty() || cluster.len() > 100 || !cluster.bytes().all(plain) {
            let expected = "expected 1 to 100 letters, digits, hyphens and underscores";
            return Err(Error::invalid(&format!("cluster {cluster:?}"), expected));
        }
        Ok(Self::new(Kind::Eks(cluster.to_owned())))
    }

    /// Sets the region. Without it, it is that of an AWS host's name, or that of the provider.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets for how long a token for DSQL is accepted, 1 to 604,800 seconds. Other services decide themselves.
    pub fn lifetime_seconds(mut self, seconds: u32) -> Self {
        self.lifetime = Some(seconds);
        self
    }

    /// Makes the token with `credentials` at `time`; [`Provider::token`] has both.
    ///
    /// # Errors
    /// [`Error::Configuration`] without a region, or for one that cannot be one.
    pub fn sign(&self, credentials: &Credentials, time: UnixTime) -> Result<AuthToken, Error> {
        let of_host = self.region_of_host();
        let missing = || Error::Configuration("no region: the host has none in its name; set one".to_owned());
        let region = self.region.as_ref().or(of_host.as_ref()).ok_or_else(missing)?;
        self.made(region, Variant::default(), credentials, time)
    }

    fn made(
        &self,
        region: &str,
        variant: Variant,
        credentials: &Credentials,
        time: UnixTime,
    ) -> Result<AuthToken, Error> {
        let (lifetime, accepted) = self.lifetimes()?;
        let url = self.request(region, variant)?.presign(credentials, time, lifetime)?;
        let end = time.saturating_add(i64::from(accepted));
        let expiration = credentials.expiration().map_or(end, |expiration| expiration.min(end));
        Ok(AuthToken { text: self.text(url.url()), expiration })
    }

    /// The host's region, if its name has one.
    fn region_of_host(&self) -> Option<String> {
        match &self.kind {
            Kind::Rds(host, _) | Kind::Dsql(host, _) => {
                let host = host.split(':').next().unwrap_or_default();
                // A cluster of DSQL is at ID.dsql.REGION.on.aws, which botocore has no service for.
                let dsql = || {
                    host.strip_suffix(".on.aws")?.rsplit_once(".dsql.").map(|(_, region)| region.to_owned())
                };
                let rds = || {
                    let name =
                        host.strip_suffix(".amazonaws.com.cn").or(host.strip_suffix(".amazonaws.com"))?;
                    name.strip_suffix(".rds")?.rsplit_once('.').map(|(_, region)| region.to_owned())
                };
                dsql().or_else(rds).or_else(|| named_by(host).region)
            }
            Kind::Cache(..) | Kind::Msk | Kind::Eks(_) => None,
        }
    }

    /// Seconds in the URL, and those for which the token is accepted.
    fn lifetimes(&self) -> Result<(u32, u32), Error> {
        match (&self.kind, self.lifetime) {
            (Kind::Dsql(..), Some(seconds)) => Ok((seconds, seconds)),
            (_, Some(_)) => Err(Error::invalid("lifetime", "only tokens for DSQL have one of the caller's")),
            // As the AWS CLI: the service counts fifteen minutes from the signature on.
            (Kind::Eks(_), None) => Ok((60, 14 * 60)),
            (_, None) => Ok((900, 900)),
        }
    }

    /// The request to presign.
    fn request(&self, region: &str, variant: Variant) -> Result<Request, Error> {
        let (service, url) = match &self.kind {
            Kind::Rds(authority, user) => {
                ("rds-db", format!("https://{authority}/?Action=connect&DBUser={}", encoded(user)))
            }
            Kind::Dsql(host, action) => ("dsql", format!("https://{host}/?Action={action}")),
            Kind::Cache(service, name, user, serverless) => {
                let kind = if *serverless { "&ResourceType=ServerlessCache" } else { "" };
                (*service, format!("http://{name}/?Action=connect&User={}{kind}", encoded(user)))
            }
            Kind::Msk => (
                "kafka-cluster",
                format!("{}/?Action=kafka-cluster%3AConnect", endpoint("kafka", region, Variant::default())?),
            ),
            Kind::Eks(_) => (
                "sts",
                format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", endpoint("sts", region, variant)?),
            ),
        };
        let request = Request::new("GET", &url)?.service(service).region(region);
        match &self.kind {
            Kind::Eks(cluster) => request.header("x-k8s-aws-id", cluster),
            _ => Ok(request),
        }
    }

    /// The token, as the service wants it, of its URL.
    fn text(&self, url: &str) -> Secret {
        let wanted = |prefix: &str, url: &str| {
            let mut encoded = Secret::new(Base64UrlUnpadded::encode_string(url.as_bytes()));
            if !prefix.is_empty() {
                encoded = Secret::new([prefix, encoded.expose()].concat());
            }
            encoded
        };
        match &self.kind {
            Kind::Rds(..) | Kind::Dsql(..) | Kind::Cache(..) => {
                Secret::new(url.split_once("://").map_or(url, |(_, rest)| rest).to_owned())
            }
            Kind::Msk => wanted("", Secret::new([url, USER_AGENT].concat()).expose()),
            Kind::Eks(_) => wanted("k8s-aws-v1.", url),
        }
    }
}

impl Provider {
    /// Makes a token with the credentials, without a request but those for the credentials.
    ///
    /// # Errors
    /// Those of [`Provider::credentials`]; [`Error::Configuration`] without a region, or for one that cannot be one.
    pub fn token(&self, wanted: &TokenFor) -> Result<AuthToken, Error> {
        let of_host = wanted.region_of_host();
        let region = match wanted.region.as_ref().or(of_host.as_ref()) {
            Some(region) => region,
            None => self.region()?,
        };
        wanted.made(region, self.settings().variant, &*self.credentials()?, self.time())
    }
}

/// The origin of a service in a region.
fn endpoint(service: &str, region: &str, variant: Variant) -> Result<String, Error> {
    let mut buffer = [0; 128];
    let url = regional_url(service, region, variant, &mut buffer);
    url.map(str::to_owned).map_err(|_| Error::invalid(&format!("region {region:?}"), "expected one of AWS's"))
}

/// A host, and a port if there is one, as they are in a URL.
fn authority(host: &str, port: Option<u16>) -> Result<String, Error> {
    let host = host.to_ascii_lowercase();
    let authority = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let url = format!("https://{authority}");
    if Endpoint::parse(&url).is_ok_and(|endpoint| endpoint.authority() == authority && port != Some(0)) {
        return Ok(authority);
    }
    let expected =
        "expected a host's name alone, such as orders.abc123.eu-west-1.rds.amazonaws.com, and a port above 0";
    Err(Error::invalid(&format!("host {host:?}"), expected))
}

/// The name of a cache or cluster.
fn name(name: &str) -> Result<String, Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.is_empty() && name.len() <= 63 && name.bytes().all(plain) {
        return Ok(name.to_owned());
    }
    let expected = "expected its name, 1 to 63 lower-case letters, digits and hyphens, and not its endpoint";
    Err(Error::invalid(&format!("cache {name:?}"), expected))
}

fn filled(what: &str, text: &str) -> Result<String, Error> {
    if text.is_empty() {
        return Err(Error::invalid(what, "it is empty; name one"));
    }
    Ok(text.to_owned())
}

fn encoded(text: &str) -> String {
    let mut encoded = Vec::new();
    percent::encode(text.as_bytes(), Keep::Unreserved, &mut Sink(&mut encoded));
    String::from_utf8_lossy(&encoded).into_owned()
}

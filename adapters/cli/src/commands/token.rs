//! `rolecall token`: passwords and tokens for databases, caches, brokers and clusters.

use std::process::ExitCode;

use rolecall::core::services::sts::GetWebIdentityToken;
use rolecall::core::wire::json::Writer;
use rolecall::{AuthToken, Provider, TokenFor};
use zeroize::Zeroizing;

use crate::arguments::TokenKind;
use crate::failure::Failure;
use crate::output::{joined, note, print};
use crate::sink::Sink;

pub(super) fn run(kind: &TokenKind, region: Option<&str>, provider: &Provider) -> Result<ExitCode, Failure> {
    let wanted = match kind {
        TokenKind::WebIdentity { audiences, algorithm, expires } => {
            return web_identity(audiences, algorithm.as_deref(), *expires, provider);
        }
        TokenKind::Rds { host, port, user } => TokenFor::rds(host, *port, user),
        TokenKind::Dsql { host, admin, expires } => {
            let wanted = if *admin { TokenFor::dsql_admin(host) } else { TokenFor::dsql(host) };
            wanted.map(|wanted| {
                expires.iter().fold(wanted, |wanted, seconds| wanted.lifetime_seconds(*seconds))
            })
        }
        TokenKind::ElastiCache { cache, user, serverless: true } => {
            TokenFor::elasticache_serverless(cache, user)
        }
        TokenKind::ElastiCache { cache, user, .. } => TokenFor::elasticache(cache, user),
        TokenKind::MemoryDb { cluster, user } => TokenFor::memorydb(cluster, user),
        TokenKind::Msk => Ok(TokenFor::msk()),
        TokenKind::Eks { cluster } => TokenFor::eks(cluster),
    };
    let wanted = wanted.map_err(|error| Failure::Usage(format!("token: {error}")))?;
    let wanted = region.map_or_else(|| wanted.clone(), |region| wanted.clone().region(region));
    let token = provider.token(&wanted)?;
    let end = token.expiration();
    if provider.credentials()?.expiration() == Some(end) {
        note(format_args!(
            "warning: the token ends at {}, with the credentials that it is made with",
            end.rfc3339()
        ));
    }
    match kind {
        TokenKind::Eks { .. } => print(exec_credential(&token)),
        _ => print(&**joined([token.expose(), "\n"].into_iter())),
    }
}

/// Prints a token that STS issues.
fn web_identity(
    audiences: &[String],
    algorithm: Option<&str>,
    expires: Option<u32>,
    provider: &Provider,
) -> Result<ExitCode, Failure> {
    let audiences: Vec<&str> = audiences.iter().map(String::as_str).collect();
    let mut action = GetWebIdentityToken::new(&audiences);
    action.signing_algorithm = algorithm.unwrap_or(action.signing_algorithm);
    action.duration_seconds = expires;
    let text = provider.call(&action, |issued| joined([issued.token, "\n"].into_iter()))?;
    print(&**text)
}

/// The document that kubectl reads (client.authentication.k8s.io), in memory that does not grow.
fn exec_credential(token: &AuthToken) -> Zeroizing<Vec<u8>> {
    let expiration = token.expiration().rfc3339();
    let mut text = Sink(Zeroizing::new(Vec::with_capacity(token.expose().len() + 256)));
    let mut out = Writer::new(&mut text);
    out.begin_object();
    for (name, value) in [("apiVersion", "client.authentication.k8s.io/v1beta1"), ("kind", "ExecCredential")]
    {
        out.key(name);
        out.string(value);
    }
    out.key("spec");
    out.begin_object();
    out.end_object();
    out.key("status");
    out.begin_object();
    for (name, value) in [("expirationTimestamp", expiration.as_str()), ("token", token.expose())] {
        out.key(name);
        out.string(value);
    }
    out.end_object();
    out.end_object();
    text.0.push(b'\n');
    text.0
}

//! What `rolecall token` makes a token for.

use crate::output::shown;

/// The service, and who asks for what.
#[derive(Debug)]
pub(crate) enum TokenKind {
    Rds { host: String, port: u16, user: String },
    Dsql { host: String, admin: bool, expires: Option<u32> },
    ElastiCache { cache: String, user: String, serverless: bool },
    MemoryDb { cluster: String, user: String },
    Msk,
    Eks { cluster: String },
    WebIdentity { audiences: Vec<String>, algorithm: Option<String>, expires: Option<u32> },
}

/// The kinds, as they are written.
const KINDS: &str = "rds HOST:PORT USER, dsql HOST, elasticache NAME USER, memorydb NAME USER, msk, eks CLUSTER or web-identity AUDIENCE...";

/// Options that some of them have.
#[derive(Debug, Default, Clone)]
pub(super) struct Flags {
    pub(super) admin: bool,
    pub(super) serverless: bool,
    pub(super) expires: Option<u32>,
    pub(super) algorithm: Option<String>,
}

/// The token that `words` ask for: the kind, and what it is followed by.
pub(super) fn kind(mut words: impl Iterator<Item = String>, flags: Flags) -> Result<TokenKind, String> {
    let kind = words.next().ok_or_else(|| format!("token: no kind given; expected {KINDS}"))?;
    let mut word =
        |what: &str| words.next().ok_or_else(|| format!("token {kind}: no {what} given; expected {KINDS}"));
    let made = match kind.as_str() {
        "rds" => {
            let (host, port) = host_and_port(&word("HOST:PORT")?)?;
            TokenKind::Rds { host, port, user: word("USER")? }
        }
        "dsql" => TokenKind::Dsql { host: word("HOST")?, admin: flags.admin, expires: flags.expires },
        "elasticache" => {
            TokenKind::ElastiCache { cache: word("NAME")?, user: word("USER")?, serverless: flags.serverless }
        }
        "memorydb" => TokenKind::MemoryDb { cluster: word("NAME")?, user: word("USER")? },
        "msk" => TokenKind::Msk,
        "eks" => TokenKind::Eks { cluster: word("CLUSTER")? },
        "web-identity" => {
            let mut audiences = vec![word("AUDIENCE")?];
            audiences.extend(words.by_ref());
            TokenKind::WebIdentity { audiences, algorithm: flags.algorithm.clone(), expires: flags.expires }
        }
        _ => return Err(format!("token: there is none for {}; expected {KINDS}", shown(&kind))),
    };
    let beside = |given, option: &str, of: &[&str]| match given && !of.contains(&kind.as_str()) {
        true => Err(format!("--{option} goes with token {}, not with token {kind}", of.join(" and token "))),
        false => Ok(()),
    };
    beside(flags.admin, "admin", &["dsql"])?;
    beside(flags.expires.is_some(), "expires", &["dsql", "web-identity"])?;
    beside(flags.serverless, "serverless", &["elasticache"])?;
    beside(flags.algorithm.is_some(), "signing-algorithm", &["web-identity"])?;
    match words.next() {
        Some(word) => Err(format!("token {kind}: unexpected argument {word:?}; expected {KINDS}")),
        None => Ok(made),
    }
}

fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    parsed.ok_or_else(|| {
        format!(
            "token rds: expected HOST:PORT, as the client connects to it, such as \
             orders.abc123.eu-west-1.rds.amazonaws.com:5432, found {}",
            shown(text)
        )
    })
}

//! Chains of certificates, each with its opposites, before the board and before rustls on a host: with and without a clock on
//! the board, both come to the same verdict for the same reason.
//!
//! `tests/lib/chains.py` makes them into the folder in `ROLECALL_CHAINS`.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rolecall_core::wire::time::UnixTime;
use rolecall_tls::{Config, Fault, NoPath};
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::{self, CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, RootCertStore, ServerConfig, ServerConnection,
    crypto,
};

use crate::board::{Build, Loop, random};
use crate::server::{Pair, Server, Ways, issuer, serve};

/// One who verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// rustls with ring.
    Host,
    /// The board, with a clock.
    Clock,
    /// The board, which takes the date of the reply.
    NoClock,
}

/// Where one comes to another verdict than the list has, and why.
struct Difference {
    /// The chain: its pair, and its place in it.
    chain: &'static str,
    who: Who,
    verdict: &'static str,
    why: &'static str,
}

const fn host_accepts(chain: &'static str, why: &'static str) -> Difference {
    Difference { chain, who: Who::Host, verdict: "ok", why }
}

const KEY_USAGE: &str =
    "webpki does not read key usages (RFC 5280, section 4.2.1.3; RFC 8446, section 4.4.2.2)";
const ALGORITHM: &str = "ring has P-384 and Ed25519, for which the board has no code";
const SIZE: &str =
    "ring counts the bits of a key in whole bytes, and takes up to 8,192: the board 2,048 to 4,096";
const PARAMETERS: &str =
    "ring takes algorithms of RSA without parameters, which RFC 4055 lets no issuer write";
const SERIAL: &str =
    "a board reads the dates by the parser of the core, which takes the serial numbers of RFC 5280 alone";

const fn undated(chain: &'static str) -> Difference {
    Difference { chain, who: Who::NoClock, verdict: "BadEncoding", why: SERIAL }
}

const fn too_many(chain: &'static str, who: Who) -> Difference {
    let why =
        "the paths of more than four certificates are too many to try before the server has shown a key";
    Difference { chain, who, verdict: "TooMany", why }
}

const DIFFERENCES: &[Difference] = &[
    too_many("unneeded-certificates/1", Who::Clock),
    too_many("unneeded-certificates/1", Who::NoClock),
    too_many("six-intermediates/1", Who::Clock),
    too_many("six-intermediates/1", Who::NoClock),
    too_many("six-intermediates/2", Who::Clock),
    too_many("six-intermediates/2", Who::NoClock),
    host_accepts("issuer-key-usage/2", KEY_USAGE),
    host_accepts("issuer-key-usage/3", KEY_USAGE),
    host_accepts("issuer-key-usage-absent/2", KEY_USAGE),
    host_accepts("server-key-usage/2", KEY_USAGE),
    host_accepts("server-key-usage-absent/2", KEY_USAGE),
    host_accepts("rsa-of-2048-bits/2", SIZE),
    host_accepts("rsa-of-4096-bits/2", SIZE),
    host_accepts("rsa-parameters/2", PARAMETERS),
    host_accepts("p384-root/2", ALGORITHM),
    host_accepts("p384-root-sha256/2", ALGORITHM),
    host_accepts("p384-issuer/2", ALGORITHM),
    host_accepts("p384-server/2", ALGORITHM),
    host_accepts("ed25519-root/2", ALGORITHM),
    host_accepts("ed25519-server/2", ALGORITHM),
    undated("serial-zero/1"),
    undated("serial-negative/1"),
    undated("serial-of-21-bytes/1"),
];

/// A line of the list.
struct Case {
    name: String,
    expected: String,
    host: String,
    date: UnixTime,
    key: Vec<u8>,
    roots: Vec<CertificateDer<'static>>,
    chain: Vec<CertificateDer<'static>>,
}

impl Case {
    fn all(folder: &Path) -> Vec<Self> {
        let read =
            |file: &str| std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let list = String::from_utf8(read("chains")).unwrap();
        let mut places = BTreeMap::new();
        list.lines()
            .map(|line| {
                let fields: Vec<&str> = line.split(' ').collect();
                let [pair, expected, host, date, key, roots, chain] = fields[..] else { panic!("{line}") };
                let place = places.entry(pair).or_insert(0);
                *place += 1;
                let ders =
                    |files: &str| files.split(',').map(|file| CertificateDer::from(read(file))).collect();
                Self {
                    name: format!("{pair}/{place}"),
                    expected: expected.to_owned(),
                    host: host.to_owned(),
                    date: UnixTime::from_secs(date.parse().unwrap()),
                    key: read(key),
                    roots: ders(roots),
                    chain: ders(chain),
                }
            })
            .collect()
    }

    /// The verdict that this one has to come to.
    fn expected(&self, who: Who) -> &str {
        let differs = DIFFERENCES.iter().find(|one| one.chain == self.name && one.who == who);
        differs.map_or(&self.expected, |one| one.verdict)
    }

    /// What all of them say.
    fn verdicts(&self, board: &Pair) -> [(Who, String); 3] {
        let server = self.server();
        [
            (Who::Host, self.host(&server)),
            (Who::Clock, self.board(&server, board, true)),
            (Who::NoClock, self.board(&server, board, false)),
        ]
    }

    /// A server that presents the chain, whatever is in it.
    fn server(&self) -> Server {
        let provider = Arc::new(crypto::ring::default_provider());
        let key = PrivatePkcs8KeyDer::from(self.key.clone()).into();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let presented = Presented(Arc::new(CertifiedKey::new(self.chain.clone(), key)));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(presented));
        let config = Arc::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let ways = Ways { date: Some(self.date), ..Ways::default() };
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten().take(3) {
                serve(ServerConnection::new(config.clone()).unwrap(), socket, &ways, &Default::default());
            }
        });
        Server::of_port(port, Vec::new())
    }

    fn host(&self, server: &Server) -> String {
        let provider = Arc::new(crypto::ring::default_provider());
        let handshake = || {
            let mut roots = RootCertStore::empty();
            for root in &self.roots {
                roots.add(root.clone())?;
            }
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            let config = ClientConfig::builder_with_details(provider, Arc::new(At(self.date)))
                .with_protocol_versions(&[&rustls::version::TLS13])?
                .with_webpki_verifier(verifier.build().unwrap())
                .with_no_client_auth();
            let name = ServerName::try_from(self.host.clone()).unwrap();
            let mut session = ClientConnection::new(Arc::new(config), name)?;
            let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            match session.complete_io(&mut socket) {
                Ok(_) => Ok(()),
                Err(error) => {
                    let inner = error.into_inner().expect("an error of rustls");
                    Err(*inner.downcast::<Error>().expect("an error of rustls"))
                }
            }
        };
        handshake().map_or_else(|error| reason(&error), |()| "ok".to_owned())
    }

    fn board(&self, server: &Server, identity: &Pair, has_clock: bool) -> String {
        let built = self.date.saturating_add(-86_400);
        let with = |config: Config, root: &CertificateDer<'_>| config.root(root);
        if let Err(error) = self.roots.iter().try_fold(Config::new(random, built), with) {
            return reason(&error);
        }
        let mut rig = Build {
            roots: self.roots.iter().map(|root| root.to_vec()).collect(),
            wall: has_clock.then_some(self.date),
            built,
            ..Build::new(server, identity)
        }
        .on(Loop::Blocking);
        let done = rig.iot_at(&format!("https://{}:{}", self.host, server.port));
        match (done, rig.fault()) {
            (Ok(_), None) => "ok".to_owned(),
            (Err(_), Some(Fault::Tls(error))) => reason(&error),
            // Without std the board has a few names for what webpki has many.
            (Err(_), Some(Fault::NoPath(path))) => {
                let expected = self.expected(if has_clock { Who::Clock } else { Who::NoClock });
                if path == no_path(expected) { expected.to_owned() } else { format!("{path:?}") }
            }
            other => format!("{other:?}"),
        }
    }
}

/// What the board calls an error of webpki.
fn no_path(name: &str) -> NoPath {
    match name {
        "CaUsedAsEndEntity" | "EndEntityUsedAsCa" => NoPath::NotAnAuthority,
        "NameConstraintViolation" => NoPath::NameConstraint,
        "PathLenConstraintViolated" => NoPath::TooLong,
        "UnsupportedCriticalExtension" => NoPath::CriticalExtension,
        _ => NoPath::Other,
    }
}

/// The name of an error, of the innermost that has one.
fn reason(error: &Error) -> String {
    let text = match error {
        Error::InvalidCertificate(CertificateError::Other(inner)) => format!("{:?}", inner.0),
        Error::InvalidCertificate(inner) => format!("{inner:?}"),
        other => return format!("{other:?}"),
    };
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

/// Presents a chain to every client.
#[derive(Debug)]
struct Presented(Arc<CertifiedKey>);

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A clock that stands.
#[derive(Debug)]
struct At(UnixTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<pki_types::UnixTime> {
        Some(pki_types::UnixTime::since_unix_epoch(Duration::from_secs(self.0.as_secs())))
    }
}

const NOTICE: &[u8] =
    b"NOTICE: ROLECALL_CHAINS is not set, and its chains are not verified: `tests/run unit` sets it\n";

/// The folder of chains; a notice says so if it is missing, and with `CI` it is a failure.
pub(crate) fn folder() -> Option<PathBuf> {
    let Some(found) = std::env::var_os("ROLECALL_CHAINS") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI is set, and ROLECALL_CHAINS is not: `tests/run unit` sets it"
        );
        // The harness would capture `eprintln!`.
        let _ = std::io::stderr().write_all(NOTICE);
        return None;
    };
    Some(PathBuf::from(found))
}

#[test]
fn the_board_and_a_host_come_to_the_same_verdicts() {
    let Some(folder) = folder() else { return };
    let cases = Case::all(&folder);
    let board = Pair::of(&issuer("root"), "gateway-7");
    let next = AtomicUsize::new(0);
    let found: BTreeMap<usize, _> = std::thread::scope(|scope| {
        let work = || {
            let mut found = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = cases.get(at) else { return found };
                found.push((at, case.verdicts(&board)));
            }
        };
        // They wait for each other's threads most of the time.
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });

    let mut wrong = Vec::new();
    for (case, verdicts) in cases.iter().zip(found.values()) {
        for (who, verdict) in verdicts {
            if verdict != case.expected(*who) {
                wrong.push(format!("{} {who:?}: {verdict}, and not {}", case.name, case.expected(*who)));
            }
        }
    }
    // One that is none any more shows as a wrong verdict above; this finds one that never was.
    for Difference { chain, verdict, why, .. } in DIFFERENCES {
        let case = cases.iter().find(|case| case.name == *chain);
        if case.is_none_or(|case| case.expected == *verdict) {
            wrong.push(format!("{chain}: no difference, but in the list of them: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert_pairs(&cases);
}

/// Each pair has one chain that is accepted and, behind it, some that are not; there are enough of them.
fn assert_pairs(cases: &[Case]) {
    let mut pairs: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for case in cases {
        let pair = case.name.split('/').next().unwrap();
        pairs.entry(pair).or_default().push(case.expected == "ok");
    }
    for (pair, accepted) in &pairs {
        let is_pair = accepted.len() > 1 && accepted[0] && !accepted[1..].contains(&true);
        assert!(is_pair, "{pair}: {accepted:?}");
    }
    assert!(pairs.len() >= 60, "{}", pairs.len());
}

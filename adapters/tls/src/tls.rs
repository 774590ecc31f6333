//! A network with TLS over it.

use alloc::vec;

use rolecall_core::error::FailureKind;
use rolecall_core::skew::Now;
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::uri::Scheme;
use rolecall_nal::Remote;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::SingleCertAndKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, Error, InconsistentKeys, RootCertStore};

use crate::Arc;
use crate::fault::Fault;
use crate::identity::Identity;
use crate::lent::Records;
use crate::over::Over;
use crate::provider::{Random, provider};
use crate::session::Session;
use crate::state::State;
use crate::trust::{RustlsClock, Today, Trust};

/// What sessions are opened with.
#[derive(Debug)]
pub struct Config {
    random: Random,
    built: UnixTime,
    roots: RootCertStore,
    identity: Option<Identity>,
}

impl Config {
    /// Without roots, which trusts no server. `random` has to be a generator for keys, not a seed and a counter; `built` is the
    /// date of the firmware, and the first that a board without a clock takes for possible.
    pub fn new(random: Random, built: UnixTime) -> Self {
        Self { random, built, roots: RootCertStore { roots: vec![] }, identity: None }
    }

    /// Trusts what this certificate, in DER, has issued. AWS has its own at <https://www.amazontrust.com/repository/>.
    ///
    /// # Errors
    /// [`Error::InvalidCertificate`] for what is no certificate.
    pub fn root(mut self, der: &[u8]) -> Result<Self, Error> {
        self.roots.add(CertificateDer::from(der))?;
        Ok(self)
    }

    /// Presents this certificate where [`Remote::presents_certificate`] says so, and to no other service.
    pub fn identity(self, identity: Identity) -> Self {
        Self { identity: Some(identity), ..self }
    }
}

/// A network with TLS over it: plain streams to `http` endpoints, sessions to `https` ones.
///
/// `N` is any network of `rolecall_nal`, blocking or async.
#[derive(Debug)]
pub struct Tls<'b, N> {
    pub(crate) network: N,
    pub(crate) records: Records<'b>,
    pub(crate) state: State,
    with: Option<Arc<ClientConfig>>,
    without: Arc<ClientConfig>,
}

impl<'b, N> Tls<'b, N> {
    /// Puts TLS over a network.
    ///
    /// # Errors
    /// Those of rustls for a configuration that cannot be: no roots, or a key that is not the certificate's.
    pub fn new(network: N, config: Config, records: Records<'b>) -> Result<Self, Error> {
        let Config { random, built, roots, identity } = config;
        let (provider, today) = (Arc::new(provider(random)), Arc::new(Today::default()));
        let trust = Arc::new(Trust::new(roots, provider.clone(), built, today.clone())?);
        let builder = || {
            let clock = Arc::new(RustlsClock(today.clone()));
            let builder = ClientConfig::builder_with_details(provider.clone(), clock);
            let builder = builder.with_protocol_versions(&[&TLS13])?;
            Ok::<_, Error>(builder.dangerous().with_custom_certificate_verifier(trust.clone()))
        };
        // A session that goes on with the keys of another would not be verified at the date of today.
        let alone = |mut config: ClientConfig| {
            config.resumption = Resumption::disabled();
            Arc::new(config)
        };
        let with = match identity {
            Some(Identity(key)) => {
                match key.keys_match() {
                    // A secure element does not say what its public key is.
                    Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
                    Err(error) => return Err(error),
                }
                let resolver = Arc::new(SingleCertAndKey::from(key));
                Some(alone(builder()?.with_client_cert_resolver(resolver)))
            }
            None => None,
        };
        let without = alone(builder()?.with_no_client_auth());
        let state = State { trust, today, built, learned: None, fault: None, handshakes: 0 };
        Ok(Self { network, records, state, with, without })
    }

    /// Borrows the network.
    pub fn network(&mut self) -> &mut N {
        &mut self.network
    }

    /// Why the last session that failed did so.
    pub fn fault(&self) -> Option<&Fault> {
        self.state.fault.as_ref()
    }

    /// Forgets the date that was learned of a server, so that it is learned of the next one: for a board whose servers are all
    /// said to be out of date, because the first one said a wrong date. The window of the crate's documentation is open again.
    pub fn forget_date(&mut self) {
        self.state.learned = None;
    }

    /// How many handshakes have been begun.
    pub fn handshakes(&self) -> u32 {
        self.state.handshakes
    }

    /// Begins a session, to be put over a stream of the network; with it, what it is checked by.
    pub(crate) fn begin(&mut self, now: Now, remote: &Remote<'_>) -> Result<(Over<'_>, &mut N), FailureKind> {
        let Self { network, records, state, with, without } = self;
        let records = Records { incoming: &mut *records.incoming, outgoing: &mut *records.outgoing };
        let begun = move || {
            let config = if remote.presents_certificate { with.as_ref() } else { Some(&*without) };
            let config = config.ok_or(Fault::NoIdentity)?.clone();
            let name = ServerName::try_from(remote.endpoint.host()).map_err(|_| Fault::NotAName)?.to_owned();
            Ok::<_, Fault>((Session::new(config, name.clone(), records).map_err(Fault::Tls)?, name))
        };
        state.today.set(state.date(now));
        let date = state.today.get();
        state.fault = None;
        state.handshakes = state.handshakes.wrapping_add(1);
        match begun() {
            Ok((session, name)) => Ok((Over::new(session, state, name, date), network)),
            Err(fault) => Err(state.refuse(fault)),
        }
    }

    /// Whether a connection is plain.
    pub(crate) fn is_plain(&mut self, remote: &Remote<'_>) -> Result<bool, FailureKind> {
        let is_plain = remote.endpoint.scheme() != Scheme::Https;
        if is_plain && remote.presents_certificate {
            return Err(self.state.refuse(Fault::Plain));
        }
        Ok(is_plain)
    }
}

//! https over rustls. Certificates are read when the first https connection is made, and not before.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, OnceLock};

use rolecall_core::error::FailureKind;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::tcp::left;
use super::trouble::Trouble;
use crate::files::read_up_to;
use crate::host::Buffer;

/// The trusted certificates, and sessions made with them. A clone is another handle to the same.
#[derive(Clone)]
pub(crate) struct Tls {
    shared: Arc<Shared>,
}

struct Shared {
    bundle: Option<String>,
    /// Set by the first https connection that succeeds in reading them.
    config: OnceLock<Arc<ClientConfig>>,
    /// Why the last one could not.
    trouble: Trouble,
}

impl Tls {
    /// Trusts the certificates in the PEM file `bundle`, else the roots of webpki-roots.
    /// Reports in `trouble` what is wrong with the file.
    pub(crate) fn new(bundle: Option<String>, trouble: Trouble) -> Self {
        Self { shared: Arc::new(Shared { bundle, config: OnceLock::new(), trouble }) }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(config) = self.shared.config.get() {
            return Ok(config.clone());
        }
        let roots = match &self.shared.bundle {
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
            Some(path) => read_bundle(path).map_err(|problem| {
                self.shared.trouble.set(format!("AWS_CA_BUNDLE: {path}: {problem}"));
                Error::Tls("no certificate to trust")
            })?,
        };
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(self.shared.config.get_or_init(|| Arc::new(config)).clone())
    }
}

/// The longest file of certificates, in bytes: those of systems have a quarter of a million.
const MAX_BUNDLE: usize = 4 * 1024 * 1024;

fn read_bundle(path: &str) -> Result<RootCertStore, String> {
    let mut text = Buffer::new();
    read_up_to(MAX_BUNDLE, path, &mut text).map_err(|failure| failure.to_string())?;
    let mut roots = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(text.bytes()).enumerate() {
        let broken = |problem: &dyn fmt::Display| format!("certificate {}: {problem}", index + 1);
        let certificate = certificate.map_err(|error| broken(&error))?;
        roots.add(certificate).map_err(|error| broken(&error))?;
    }
    if roots.is_empty() { Err("there is no certificate in it".to_owned()) } else { Ok(roots) }
}

/// Maps the error of a session.
pub(crate) fn kind_of(error: &io::Error) -> Option<FailureKind> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            FailureKind::Untrusted
        }
        rustls::Error::General(_) | rustls::Error::FailedToGetRandomBytes => FailureKind::Other,
        _ => FailureKind::Protocol,
    })
}

impl<In: Transport> Connector<In> for Tls {
    // Boxed: a session is large, and a plain connection would be as large.
    type Out = Either<In, Box<dyn Transport>>;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host).map_err(|_| Error::BadUri(host.to_owned()))?.to_owned();
        let mut session = ClientConnection::new(self.config()?, name).map_err(io::Error::other)?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        socket.set_timeout(left(details));
        if let Err(error) = session.complete_io(&mut socket) {
            // Sends the alert, from which the server learns the reason.
            while session.wants_write() && session.write_tls(&mut socket).is_ok_and(|sent| sent > 0) {}
            return Err(error.into());
        }
        let buffers =
            LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        let session = TlsStream { buffers, stream: StreamOwned::new(session, socket) };
        Ok(Some(Either::B(session.boxed())))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("loaded", &self.shared.config.get().is_some()).finish_non_exhaustive()
    }
}

/// A TLS session over a connection.
struct TlsStream {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for TlsStream {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsStream")
    }
}

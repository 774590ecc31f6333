//! Requests over plain http through a proxy: the request line has the whole URL (RFC 9112, section 3.2.2). Proxies as
//! they are installed refuse tunnels to other ports than 443.

use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::{Error, Proxy, http};

/// The URL by which ureq is asked: that of the proxy, with the whole URL as its path. The connection drops the slash
/// in front of it, which a URL cannot be without.
pub(super) fn uri(proxy: &Proxy, authority: &str, target: &str) -> Result<http::Uri, http::Error> {
    let scheme = proxy.uri().scheme_str().unwrap_or("http");
    let whole = proxy.uri().authority().map_or("", http::uri::Authority::as_str);
    let host = whole.rsplit('@').next().unwrap_or_default();
    http::Uri::builder()
        .scheme(scheme)
        .authority(host)
        .path_and_query(format!("/http://{authority}{target}"))
        .build()
}

/// Makes connections to proxies.
#[derive(Debug)]
pub(super) struct Absolute;

impl<In: Transport> Connector<In> for Absolute {
    type Out = ToProxy<In>;

    fn connect(&self, _: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(chained.map(|inner| ToProxy { inner, begins: true }))
    }
}

/// A connection to a proxy.
#[derive(Debug)]
pub(super) struct ToProxy<T> {
    inner: T,
    /// Whether the next output begins a request: the first one, and the first after a reply.
    begins: bool,
}

impl<T: Transport> Transport for ToProxy<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let mut amount = amount;
        if std::mem::replace(&mut self.begins, false) {
            let output = self.inner.buffers().output().get_mut(..amount).unwrap_or_default();
            // `GET /http://host/path`: the slash after the first space.
            let slash = output.iter().position(|byte| *byte == b' ').map(|space| space + 1);
            if let Some(slash) = slash.filter(|slash| output.get(*slash) == Some(&b'/')) {
                output.copy_within(slash + 1.., slash);
                amount -= 1;
            }
        }
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.begins = true;
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

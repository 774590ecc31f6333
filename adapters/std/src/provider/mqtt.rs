//! URLs for MQTT at AWS IoT.

use rolecall_core::flow::Endpoint;
use rolecall_core::sigv4::mqtt_url;
use rolecall_core::wire::time::UnixTime;

use super::Provider;
use crate::request::named_by;
use crate::settings::url::WITH_USER;
use crate::{Error, Presigned};

impl Provider {
    /// A URL that opens a WebSocket for MQTT at the data endpoint `host` of AWS IoT
    /// (`aws iot describe-endpoint --endpoint-type iot:Data-ATS`). The connection has to be opened within `lifetime`
    /// seconds, 1 to 604,800, and before the credentials end; the client asks for the subprotocol `mqtt`.
    ///
    /// It is signed for the region in `host`, if that is a name of AWS's, else for that of the settings; `time` is the time to
    /// sign with, else now. `examples/mqtt_websocket.rs` opens the connection, and shows what is on the wire.
    ///
    /// ```no_run
    /// # fn connect(provider: &rolecall::Provider) -> Result<(), rolecall::Error> {
    /// let url = provider.mqtt_url("example-ats.iot.eu-west-1.amazonaws.com", 60, None)?;
    /// // Hand `url.url()` to a client of MQTT over WebSocket, and make another for each connection.
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Provider::credentials`]; a host that cannot be one, no region, or a lifetime out of range.
    pub fn mqtt_url(&self, host: &str, lifetime: u32, time: Option<UnixTime>) -> Result<Presigned, Error> {
        let expected = "expected HOST or HOST:PORT of AWS IoT's data endpoint, such as \
                        example-ats.iot.eu-west-1.amazonaws.com";
        if host.contains('@') {
            return Err(Error::invalid("MQTT endpoint", WITH_USER));
        }
        // As clients send it.
        let host = &host.to_ascii_lowercase();
        let url = format!("https://{host}");
        let named = host.strip_suffix(":443").unwrap_or(host);
        let whole = Endpoint::parse(&url).is_ok_and(|it| it.authority() == named && it.port() > 0);
        if !whole || host.ends_with(':') {
            return Err(Error::invalid("MQTT endpoint", &format!("found {host:?}, {expected}")));
        }
        let of_host = named_by(host.split(':').next().unwrap_or_default()).region;
        let region = match &of_host {
            Some(region) => region,
            None => self.region()?,
        };
        let credentials = self.credentials()?;
        let time = time.unwrap_or_else(|| self.time());
        Presigned::written(&|out| mqtt_url(&credentials.borrow(), host, region, time, lifetime, out))
    }
}

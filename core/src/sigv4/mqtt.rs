//! MQTT over WebSocket at AWS IoT (*Device communication protocols*, AWS IoT Core Developer Guide).

use crate::credentials::Credentials;
use crate::wire::Put;
use crate::wire::time::UnixTime;

use super::{Payload, Request, Rules, SignError, Signer, SigningKey, TokenPlacement};

/// Writes the URL that opens a WebSocket for MQTT at the data endpoint `host` of AWS IoT: `wss://HOST/mqtt`, signed as a
/// presigned URL is, but for the session token, which is added after signing. The connection has to be opened within
/// `lifetime` seconds, 1 to 604,800, and before the credentials expire; it may last longer.
///
/// The client speaks the WebSocket subprotocol `mqtt`. Any holder of the URL can connect as this identity: keep it out of
/// logs.
///
/// ```
/// use rolecall_core::credentials::Credentials;
/// use rolecall_core::sigv4::mqtt_url;
/// use rolecall_core::wire::{Cursor, time::UnixTime};
///
/// let credentials = Credentials::new("ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Some("token"))?;
/// let time = UnixTime::from_compact(b"20150830T123600Z")?;
/// let mut buffer = [0; 2048];
/// let mut out = Cursor::new(&mut buffer);
/// // `aws iot describe-endpoint --endpoint-type iot:Data-ATS` has the host.
/// mqtt_url(&credentials, "example-ats.iot.eu-west-1.amazonaws.com", "eu-west-1", time, 300, &mut out)?;
/// let url = out.finish()?;
/// assert!(url.starts_with(b"wss://example-ats.iot.eu-west-1.amazonaws.com/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`SignError::InvalidScope`], [`SignError::InvalidLifetime`], [`SignError::InvalidHeader`] for a host that cannot be one.
pub fn mqtt_url(
    credentials: &Credentials<'_>,
    host: &str,
    region: &str,
    time: UnixTime,
    lifetime: u32,
    out: &mut dyn Put,
) -> Result<(), SignError> {
    // Clients leave out the port that wss has anyway when they send the host.
    let host = host.strip_suffix(":443").unwrap_or(host);
    let in_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    if host.is_empty() || !host.bytes().all(in_host) {
        return Err(SignError::InvalidHeader);
    }
    let key = SigningKey::derive(credentials.secret_access_key(), time, region, "iotdevicegateway");
    let signer =
        Signer::new(credentials, &key, Rules::STANDARD, time)?.with_token(TokenPlacement::AfterSigning);
    let mut request = Request::<1>::with_room("GET", "/mqtt", Payload::Bytes(b""))?;
    request.header("host", host.as_bytes())?;
    let signed = &signer.presign(&request, lifetime)?;
    out.put(b"wss://");
    out.put(host.as_bytes());
    signed.put_target(out);
    Ok(())
}

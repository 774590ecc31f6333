//! The URL for MQTT over WebSocket.

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{SignError, mqtt_url};
use rolecall_core::wire::Cursor;
use rolecall_core::wire::time::UnixTime;

const HOST: &str = "example-ats.iot.eu-west-1.amazonaws.com";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// Computed by Python's hmac from the canonical request as the guide has it.
const SIGNATURE: &str = "9d7f1f732b4d973d2f14c46d3ae389234601e7ca9ab51953a2b13ca9dd02b0ac";

fn url(token: Option<&str>, host: &str, region: &str, lifetime: u32) -> Result<String, SignError> {
    let credentials = Credentials::new("ASIAEXAMPLE", SECRET, token).unwrap();
    let time = UnixTime::from_compact(b"20150830T123600Z").unwrap();
    let mut buffer = [0; 2048];
    let mut out = Cursor::new(&mut buffer);
    mqtt_url(&credentials, host, region, time, lifetime, &mut out)?;
    Ok(String::from_utf8(out.finish().unwrap().to_vec()).unwrap())
}

#[test]
fn the_token_is_in_the_url_but_not_in_the_signature() {
    let parameters = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
        &X-Amz-Credential=ASIAEXAMPLE%2F20150830%2Feu-west-1%2Fiotdevicegateway%2Faws4_request\
        &X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=300";
    let long_term = url(None, HOST, "eu-west-1", 300).unwrap();
    assert_eq!(long_term, format!("wss://{HOST}/mqtt?{parameters}&X-Amz-Signature={SIGNATURE}"));
    let temporary = url(Some("to+ken/="), HOST, "eu-west-1", 300).unwrap();
    let token = "&X-Amz-Security-Token=to%2Bken%2F%3D";
    assert_eq!(temporary, long_term.replace("&X-Amz-Signature", &format!("{token}&X-Amz-Signature")));
}

#[test]
fn a_port_is_signed_unless_it_is_that_of_https() {
    let other = url(None, &format!("{HOST}:8443"), "eu-west-1", 300).unwrap();
    assert!(other.starts_with(&format!("wss://{HOST}:8443/mqtt?")));
    assert!(
        other.ends_with("X-Amz-Signature=4b1c372faa5bc0359811383886156668ae67a2e49ef8ba47e4dd24ece92fcfac")
    );
    let usual = url(None, &format!("{HOST}:443"), "eu-west-1", 300).unwrap();
    assert_eq!(usual, url(None, HOST, "eu-west-1", 300).unwrap());
}

#[test]
fn hosts_regions_and_lifetimes_that_cannot_be_are_refused() {
    for host in ["", ":443", "a b", "host/path", "host?x", "user@host", "host\r\nX: y", "h\u{f6}st"] {
        assert_eq!(url(None, host, "eu-west-1", 300), Err(SignError::InvalidHeader), "{host:?}");
    }
    for region in ["eu/west", "eu west", "eu,west"] {
        assert_eq!(url(None, HOST, region, 300), Err(SignError::InvalidScope), "{region:?}");
    }
    for lifetime in [0, 604_801] {
        assert_eq!(url(None, HOST, "eu-west-1", lifetime), Err(SignError::InvalidLifetime));
    }
    assert!(url(None, HOST, "eu-west-1", 604_800).is_ok());
}

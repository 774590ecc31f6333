//! URIs compared with the crate `http`, and addresses with the standard library: accepted texts are read as
//! the same; a URI that is printed from its parts is read as the same.

#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use rolecall_core::flow::Endpoint;
use rolecall_core::wire::uri::{Uri, address};
use rolecall_fuzz::refused_no_earlier;

fuzz_target!(|text: &str| {
    let theirs = text.parse::<IpAddr>().ok();
    // Permitted difference: an IPv4 address inside an IPv6 address is rejected on purpose.
    assert_eq!(address(text), theirs.filter(|_| !(text.contains(':') && text.contains('.'))));

    let uri = match Uri::parse(text) {
        Ok(uri) => uri,
        Err(error) => {
            let refused = |before: &[u8]| match str::from_utf8(before) {
                Ok(before) => Some(Uri::parse(before).err()?.offset),
                Err(_) => None,
            };
            // A bracketed address and a port are validated as a whole, and rejected at their start.
            assert!(error.offset <= text.len());
            refused_no_earlier(text.as_bytes(), error, refused);
            return;
        }
    };
    assert!(!uri.target.bytes().any(|byte| byte <= b' ' || byte == 0x7f));
    assert!(uri.authority.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@'));
    assert_eq!(uri.address(), address(uri.host));
    let target = uri.query.map_or(uri.path.to_owned(), |query| format!("{}?{query}", uri.path));
    assert_eq!(uri.target, target);
    let printed = format!("{}://{}{}", uri.scheme.as_str(), uri.authority, uri.target);
    assert_eq!(Uri::parse(&printed), Ok(uri));
    against_http(text, &uri);

    match Endpoint::parse(text) {
        Ok(endpoint) => {
            assert_eq!(
                (endpoint.scheme(), endpoint.host(), endpoint.port()),
                (uri.scheme, uri.host, uri.port)
            );
            assert_eq!((endpoint.authority(), uri.query), (uri.authority, None));
            assert_eq!(endpoint.base_path(), uri.path.trim_end_matches('/'));
            assert_eq!(endpoint.root(), if uri.path.is_empty() { "/" } else { uri.path });
        }
        Err(error) => assert!(uri.query.is_some() && text[error.offset..].starts_with('?')),
    }
});

fn against_http(text: &str, uri: &Uri<'_>) {
    let theirs = match text.parse::<http::Uri>() {
        Ok(theirs) => theirs,
        // Permitted differences: `http` rejects some visible characters in a path or query, and an empty
        // port.
        Err(_) => {
            let odd = |byte: u8| !byte.is_ascii() || b"\"<>\\^`{|}".contains(&byte);
            assert!(uri.target.bytes().any(odd) || text.contains(":/") || text.ends_with(':'), "{text}");
            return;
        }
    };
    assert_eq!(theirs.scheme_str().map(str::to_ascii_lowercase).as_deref(), Some(uri.scheme.as_str()));
    let host = theirs.host().expect("a host");
    assert_eq!(host.trim_start_matches('[').trim_end_matches(']'), uri.host);
    assert_eq!(theirs.port_u16().unwrap_or(uri.scheme.default_port()), uri.port);
    assert_eq!(theirs.path(), if uri.path.is_empty() { "/" } else { uri.path });
    assert_eq!(theirs.query(), uri.query);
}

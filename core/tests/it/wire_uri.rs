//! Absolute URIs of endpoints.

use std::net::IpAddr;

use crate::generator::Draw;
use rolecall_core::wire::Kind;
use rolecall_core::wire::uri::{Scheme, Uri, address};

#[test]
fn the_parts_of_a_uri_are_parsed() {
    let uri = Uri::parse("https://sts.eu-west-1.amazonaws.com").unwrap();
    assert_eq!((uri.scheme, uri.host, uri.port), (Scheme::Https, "sts.eu-west-1.amazonaws.com", 443));
    assert_eq!((uri.authority, uri.path, uri.query, uri.target), (uri.host, "", None, ""));
    assert_eq!(uri.address(), None);

    let uri = Uri::parse("HTTP://[fd00:ec2::23]:8080/v1/c%2Fd?a=b?&c=%20+é").unwrap();
    assert_eq!((uri.scheme, uri.host, uri.port), (Scheme::Http, "fd00:ec2::23", 8080));
    assert_eq!((uri.authority, uri.path), ("[fd00:ec2::23]:8080", "/v1/c%2Fd"));
    assert_eq!((uri.query, uri.target), (Some("a=b?&c=%20+é"), "/v1/c%2Fd?a=b?&c=%20+é"));
    assert_eq!(uri.address(), Some("fd00:ec2::23".parse().unwrap()));

    let uri = Uri::parse("http://127.0.0.1?only=query").unwrap();
    assert_eq!((uri.path, uri.query, uri.target), ("", Some("only=query"), "?only=query"));
    assert_eq!(uri.address(), Some("127.0.0.1".parse().unwrap()));
}

#[test]
fn the_host_header_omits_the_default_port() {
    for (text, authority, port) in [
        ("http://h:80/", "h", 80),
        ("http://h:/", "h", 80),
        ("https://h:443", "h", 443),
        ("https://h:80", "h:80", 80),
        ("http://h:443", "h:443", 443),
        ("http://[::1]:80/", "[::1]", 80),
        ("http://h:65535", "h:65535", 65535),
    ] {
        let uri = Uri::parse(text).unwrap();
        assert_eq!((uri.authority, uri.port), (authority, port), "{text}");
    }
}

#[test]
fn ambiguous_hosts_are_rejected() {
    for (text, offset) in [
        ("http://user@h/", 11),
        ("http://user:pw@h/", 12),
        ("http://user:80@h/", 14),
        ("http://h\\@evil/", 8),
        ("http://h#frag", 8),
        ("http://h/#frag", 9),
        ("http://h/a?b#frag", 12),
        ("http://h /", 8),
        ("http://h/a b", 10),
        ("http://h/a\r\nHost: evil", 10),
        ("http://h/\0", 9),
        ("http://h%2e/", 8),
        ("http://bücher/", 8),
        ("http:///path", 7),
        ("http://:80/", 7),
        ("http://[::1", 11),
        ("http://[::1]x/", 12),
        ("http://[fe80::1%25eth0]/", 15),
        ("http://[127.0.0.1]/", 8),
        ("http://h:0/", 9),
        ("http://h:65536/", 9),
        ("http://h:8a/", 10),
        ("http://h:-1/", 9),
        ("ftp://h/", 0),
        ("//h/", 0),
        ("h", 0),
        (" http://h", 0),
        ("", 0),
    ] {
        let error = Uri::parse(text).expect_err(text);
        assert_eq!(error.offset, offset, "{text}: {error}");
    }
    assert_eq!(Uri::parse("http://h:99999").unwrap_err().kind, Kind::BadNumber);
}

#[test]
fn only_complete_addresses_are_addresses() {
    for text in [
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://2130706433/",
        "http://127.0.0.01/",
        "http://127.0.0.1./",
    ] {
        assert_eq!(Uri::parse(text).unwrap().address(), None, "{text}");
    }
}

#[test]
fn addresses_are_parsed_like_the_standard_library() {
    let same = |text: &str| {
        let theirs = text.parse::<IpAddr>().ok();
        // An IPv4 address inside an IPv6 address is deliberately unsupported.
        if !(text.contains(':') && text.contains('.')) {
            assert_eq!(address(text), theirs, "{text}");
        } else {
            assert_eq!(address(text), None, "{text}");
        }
    };
    for text in [
        "",
        ":",
        "::",
        ":::",
        "::1",
        "1::",
        "1::1::1",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:",
        "fd00:ec2::254",
        "FD00:0EC2::254",
        "255.255.255.255",
        "256.0.0.1",
        "1.2.3",
        "1.2.3.4.",
        "01.2.3.4",
        "1..2.3",
    ] {
        same(text);
    }
    let mut draw = Draw::new(13);
    for _ in 0..200_000 {
        let parts = ["0", "1", "ab", "FFFF", "10000", "g", ":", ":", ":", "::", ""];
        same(&(0..draw.below(20)).map(|_| *draw.one_of(&parts)).collect::<String>());
        let parts = ["0", "1", "25", "255", "256", "00", ".", ".", ".", "-", ""];
        same(&(0..draw.below(10)).map(|_| *draw.one_of(&parts)).collect::<String>());
    }
}

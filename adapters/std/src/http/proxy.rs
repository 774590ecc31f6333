//! The proxy of a request to a service.

use std::fmt;
use std::net::IpAddr;

use rolecall_core::flow::Endpoint;
use rolecall_core::wire::uri::{Scheme, Uri, address};
use ureq::Proxy;

use super::resolve::is_localhost;
use crate::{Environment, Error};

/// The proxies for services, and the hosts that are reached directly. Metadata services, container endpoints
/// and this machine itself are always reached directly.
///
/// A proxy is an `http://` or, with TLS, `https://` URL, `http` if it names no scheme, with `USER:PASSWORD@`
/// if it requires them. A request over https goes through a tunnel (CONNECT); one over plain http has its whole URL in
/// the request line.
#[derive(Clone, Default)]
pub struct Proxies {
    http: Option<Named>,
    https: Option<Named>,
    direct: Vec<Direct>,
}

/// A proxy, and the variable that has it.
#[derive(Clone)]
struct Named {
    setting: String,
    proxy: Result<Proxy, Error>,
}

impl Proxies {
    /// Reads `https_proxy` and `http_proxy`, `all_proxy` where these are not set, and `no_proxy`; each in
    /// lower case,
    /// else in upper case. `HTTP_PROXY` is ignored in a CGI program, where the `Proxy` header of a request
    /// sets it.
    ///
    /// A proxy that cannot be used is an error of the requests that would go through it, and of no others.
    pub fn from_environment(environment: &Environment) -> Self {
        let proxy = |names: &[&str]| {
            let set = names.iter().find_map(|name| Some((name, environment.get(name)?)));
            set.map(|(name, url)| Named { setting: (*name).to_owned(), proxy: proxy(name, &url) })
        };
        let cgi = environment.get("REQUEST_METHOD").is_some();
        let http: &[&str] = &["http_proxy", "HTTP_PROXY"][..if cgi { 1 } else { 2 }];
        let direct = environment.get("no_proxy").or_else(|| environment.get("NO_PROXY"));
        let all = proxy(&["all_proxy", "ALL_PROXY"]);
        Self {
            http: proxy(http).or_else(|| all.clone()),
            https: proxy(&["https_proxy", "HTTPS_PROXY"]).or(all),
            direct: direct.as_deref().unwrap_or_default().split(',').filter_map(Direct::parse).collect(),
        }
    }

    /// The proxy for a request to `endpoint`; an error that names the variable of one that cannot be used.
    pub(crate) fn of(&self, endpoint: &Endpoint<'_>) -> Result<Option<&Proxy>, &Error> {
        let proxy = self.for_scheme(endpoint);
        let direct = || is_this_machine(endpoint) || self.direct.iter().any(|direct| direct.is(endpoint));
        proxy.filter(|_| !direct()).map(|named| named.proxy.as_ref()).transpose()
    }

    /// The variable that has the proxy for `endpoint`.
    pub(crate) fn setting(&self, endpoint: &Endpoint<'_>) -> &str {
        self.for_scheme(endpoint).map_or("", |named| &named.setting)
    }

    fn for_scheme(&self, endpoint: &Endpoint<'_>) -> Option<&Named> {
        let proxy = match endpoint.scheme() {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        proxy.as_ref()
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URLs may hold a password.
        f.debug_struct("Proxies").finish_non_exhaustive()
    }
}

/// What a proxy is written as.
const FORM: &str = "http://USER:PASSWORD@HOST:PORT, where user and password may be left out";

fn proxy(name: &str, url: &str) -> Result<Proxy, Error> {
    let url = url.trim();
    // ureq would ignore other schemes silently, and send the request without a proxy.
    let scheme = url.split_once("://").map_or("http", |(scheme, _)| scheme);
    let known = ["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
    if !known {
        let problem = format!("a proxy of the scheme {scheme}:// is not supported; expected {FORM}");
        return Err(Error::invalid(name, &problem));
    }
    if cfg!(not(feature = "tls")) && scheme.eq_ignore_ascii_case("https") {
        return Err(Error::invalid(
            name,
            "an https:// proxy needs TLS, which this program was built without",
        ));
    }
    // ureq takes the start of a password for a host, and an impossible port for none.
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    let at = format!("http://{host}");
    let plain = Uri::parse(&at).is_ok_and(|uri| uri.query.is_none() && matches!(uri.path, "" | "/"));
    let proxy = Proxy::new(url).ok().filter(|_| plain && !user.contains(['/', '?', '#', '@']));
    proxy.ok_or_else(|| {
        let problem = format!(
            "not the URL of a proxy; expected {FORM}, with / ? # and @ in a password as %2F %3F %23 %40"
        );
        Error::invalid(name, &problem)
    })
}

fn is_this_machine(endpoint: &Endpoint<'_>) -> bool {
    is_localhost(endpoint.host()) || address(endpoint.host()).is_some_and(|address| address.is_loopback())
}

/// An entry of `no_proxy`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Direct {
    /// `*`
    Everything,
    /// `example.com`, `.example.com`, `*.example.com`: this name and its subdomains, at this port or any.
    Host(String, Option<u16>),
    /// `192.0.2.7`, `2001:db8::/32`: addresses with this prefix, of so many bits.
    Network(IpAddr, u32),
}

impl Direct {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim();
        if entry == "*" {
            return Some(Self::Everything);
        }
        let (address, length) = entry.split_once('/').map_or((entry, None), |(at, len)| (at, Some(len)));
        if let Ok(address) = address.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            let whole = if address.is_ipv4() { 32 } else { 128 };
            let length = length.map_or(Some(whole), |length| length.parse().ok())?;
            return (length <= whole).then_some(Self::Network(address, length));
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let host = host.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.');
        (!host.is_empty()).then(|| Self::Host(host.to_ascii_lowercase(), port))
    }

    fn is(&self, endpoint: &Endpoint<'_>) -> bool {
        match self {
            Self::Everything => true,
            Self::Host(name, port) => {
                let host = endpoint.host().trim_end_matches('.').to_ascii_lowercase();
                let below =
                    host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                below && port.is_none_or(|port| port == endpoint.port())
            }
            Self::Network(network, length) => match (network, address(endpoint.host())) {
                (IpAddr::V4(network), Some(IpAddr::V4(address))) => {
                    (network.to_bits() ^ address.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0
                }
                (IpAddr::V6(network), Some(IpAddr::V6(address))) => {
                    (network.to_bits() ^ address.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
                }
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `HOST:PORT` of the proxy that `url` goes through.
    fn proxied(url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let proxies = Proxies::from_environment(&variables.iter().copied().collect());
        let proxy = proxies.of(&Endpoint::parse(url).expect("a URL")).expect("a proxy or none").cloned();
        proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port()))
    }

    #[test]
    fn each_scheme_has_its_proxy_and_lower_case_variables_take_precedence() {
        let (http, https) = ("http://sts.amazonaws.com/", "https://sts.amazonaws.com/");
        assert_eq!(proxied(https, &[]), None);
        let all = [("ALL_PROXY", "all:1"), ("HTTPS_PROXY", "http://https:2"), ("https_proxy", "small")];
        assert_eq!(proxied(http, &all).as_deref(), Some("all:1"));
        assert_eq!(proxied(https, &all[..2]).as_deref(), Some("https:2"));
        assert_eq!(proxied(https, &all).as_deref(), Some("small:80"));
        assert_eq!(proxied(http, &all[1..]), None);
        assert_eq!(proxied(https, &[("https_proxy", " "), all[1]]).as_deref(), Some("https:2"));
        let cgi = [("HTTP_PROXY", "visitor:1"), ("REQUEST_METHOD", "GET")];
        assert_eq!(proxied(http, &cgi[..1]).as_deref(), Some("visitor:1"));
        assert_eq!(proxied(http, &cgi), None);
    }

    #[test]
    fn loopback_addresses_bypass_the_proxy() {
        for url in ["http://localhost:80/", "http://LocalHost/", "http://127.0.0.2/", "https://[::1]:443/"] {
            assert_eq!(proxied(url, &[("ALL_PROXY", "proxy")]), None, "{url}");
        }
    }

    #[test]
    fn no_proxy_lists_hosts_with_subdomains_and_networks() {
        let list = "example.com, .inner.net,*.star.org:8443,192.0.2.7,10.0.0.0/8,2001:db8::/32,[fd00::1],0.0.0.1/x,,";
        let variables = [("ALL_PROXY", "proxy"), ("no_proxy", list)];
        for url in [
            "https://example.com/",
            "https://a.EXAMPLE.com./",
            "https://a.inner.net/",
            "https://inner.net/",
            "https://a.star.org:8443/",
            "https://192.0.2.7/",
            "https://10.255.0.1/",
            "https://[2001:db8:ffff::1]/",
            "https://[fd00::1]:8443/",
        ] {
            assert_eq!(proxied(url, &variables), None, "{url}");
        }
        for url in [
            "https://notexample.com/",
            "https://example.com.org/",
            "https://a.star.org/",
            "https://192.0.2.8/",
            "https://11.0.0.1/",
            "https://[2001:db9::1]/",
            "https://0.0.0.1/",
        ] {
            assert_eq!(proxied(url, &variables).as_deref(), Some("proxy:80"), "{url}");
        }
        let all = [("ALL_PROXY", "proxy"), ("NO_PROXY", "a, *")];
        assert_eq!(proxied("https://example.com/", &all), None);
        let everywhere = [("ALL_PROXY", "proxy"), ("NO_PROXY", "0.0.0.0/0")];
        assert_eq!(proxied("https://11.0.0.1/", &everywhere), None);
    }

    #[test]
    fn an_invalid_proxy_is_an_error_without_its_password() {
        for url in [
            "socks5://user:hunter2@host:1080",
            "ftp://host",
            "http://user:hunter2@",
            "user:hunter2@ho st",
            "http://user:hunter2#word@host:1",
            "http://user:hunter2?word@host:1",
            "http://user:hunter2/word@host:1",
            "http://user:hunter2@word@host:1",
            "http://user:hunter2@host:99999",
            "http://user:hunter2@host:x",
            "http://host:0",
            "http://:80",
            "http://host/path",
            "http://host?hunter2",
        ] {
            let environment: Environment = [("https_proxy", url)].into_iter().collect();
            let proxies = Proxies::from_environment(&environment);
            let https = Endpoint::parse("https://sts.amazonaws.com/").expect("a URL");
            let error = proxies.of(&https).expect_err(url).to_string();
            assert!(error.contains("https_proxy") && !error.contains("hunter2"), "{error}");
            // What does not go through it is not in its way.
            assert!(matches!(proxies.of(&Endpoint::parse("http://example.com/").expect("a URL")), Ok(None)));
            assert!(matches!(proxies.of(&Endpoint::parse("https://127.0.0.1/").expect("a URL")), Ok(None)));
        }
        for socks in ["socks://127.0.0.1:8", "socks5://127.0.0.1:8"] {
            let beside = [("ALL_PROXY", socks), ("HTTPS_PROXY", "right"), ("http_proxy", "right:8")];
            assert_eq!(proxied("https://sts.amazonaws.com/", &beside).as_deref(), Some("right:80"));
            assert_eq!(proxied("http://example.com/", &beside).as_deref(), Some("right:8"));
        }
        let environment: Environment = [("https_proxy", "http://user:hunter2@host")].into_iter().collect();
        let shown = format!("{:?}", Proxies::from_environment(&environment));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

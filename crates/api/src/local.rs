//! Whether a request was made on this machine.

use crate::ClientAddress;
use http::header::{FORWARDED, HOST, VIA};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Version};
use std::net::IpAddr;

/// What proxies add to the requests that they pass on.
const OF_PROXIES: [HeaderName; 5] = [
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-real-ip"),
];

/// Whether a request was made by a program on this machine for itself.
///
/// The address of the connection alone does not tell: a proxy on this machine speaks for strangers, and a page in a browser on it
/// may have had its own name resolved to this address. So nothing may hint at a proxy, HTTP/1.0 included, which some speak and monitoring does not,
/// and the host that was asked for has to be this machine too.
pub(crate) fn is_local(parts: &Parts) -> bool {
    let is_loopback = parts.extensions.get::<ClientAddress>().is_some_and(|client| client.0.is_loopback());
    let is_direct = parts.version == Version::HTTP_11 && !has_any(&parts.headers, &OF_PROXIES);
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    is_loopback && is_direct && host.is_some_and(is_this_machine)
}

fn has_any(headers: &HeaderMap, names: &[HeaderName]) -> bool {
    names.iter().any(|name| headers.contains_key(name))
}

/// Whether a `Host` means this machine: `localhost`, or a loopback address, with a port or without.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use http::Request;

    fn parts(client: &str, headers: &[(&str, &str)]) -> Parts {
        let request = Request::get("/metrics").extension(ClientAddress(client.parse().unwrap()));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    #[track_caller]
    fn check(client: &str, headers: &[(&str, &str)], expected: bool) {
        assert_eq!(is_local(&parts(client, headers)), expected, "{client} {headers:?}");
    }

    #[test]
    fn who_is_on_this_machine() {
        for host in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080", "127.1.2.3"] {
            check("127.0.0.1", &[("host", host)], true);
            check("::1", &[("host", host)], true);
            check("10.0.0.1", &[("host", host)], false);
        }
        for host in ["example.org", "localhost.example.org", "10.0.0.1:8080", "", "[::1", "[]", "::1"] {
            check("127.0.0.1", &[("host", host)], false);
        }
        check("127.0.0.1", &[], false);
    }

    #[test]
    fn who_comes_through_a_proxy() {
        for name in ["forwarded", "via", "x-forwarded-for", "X-Forwarded-Host", "x-real-ip"] {
            check("127.0.0.1", &[("host", "localhost"), (name, "x")], false);
        }
        let mut old = parts("127.0.0.1", &[("host", "localhost")]);
        old.version = Version::HTTP_10;
        assert!(!is_local(&old), "nginx speaks HTTP/1.0 to what it stands before");
    }
}

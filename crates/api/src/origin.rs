//! Whose pages may open a socket. A browser sends a page's origin and lets any page open one, so that a page of somebody else could use what the browser knows of the
//! user (cross-site WebSocket hijacking). Programs that are no browsers send none.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};

/// Whether the origin of a request, if it has one, is the server's own or among those that are allowed.
pub fn may_open_socket(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let Some(origin) = origin.to_str().ok().filter(|_| origins.next().is_none()) else { return false };
    allowed.iter().any(|one| one == "*" || one.trim_end_matches('/').eq_ignore_ascii_case(origin))
        || is_own(headers, origin)
}

fn is_own(headers: &HeaderMap, origin: &str) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    host.zip(authority).is_some_and(|(host, authority)| host.eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn pages_of_others_are_refused() {
        let check = |origin: Option<&str>, allowed: &[&str], expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "api.example.org:8080".parse().unwrap());
            origin.and_then(|origin| headers.insert(ORIGIN, origin.parse().unwrap()));
            let allowed: Vec<String> = allowed.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(may_open_socket(&headers, &allowed), expected, "{origin:?} {allowed:?}");
        };
        check(None, &[], true);
        check(Some("https://api.example.org:8080"), &[], true);
        check(Some("https://API.example.org:8080"), &[], true);
        check(Some("https://api.example.org"), &[], false);
        check(Some("https://evil.example"), &[], false);
        check(Some("https://evil.example/api.example.org:8080"), &[], false);
        check(Some("null"), &[], false);
        check(Some("https://app.example.org"), &["https://app.example.org"], true);
        check(Some("http://app.example.org"), &["https://app.example.org"], false);
        check(Some("https://anyone.example"), &["*"], true);
    }
}

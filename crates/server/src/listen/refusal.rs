//! Answers to what never became a request.

use super::socket::Progress;
use axum::body::Body;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::{Request, Response, Version};
use mainstay_engine::{Code, Error};
use uuid::Uuid;

/// Why something that arrived did not become a request of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The head is larger than `limits.header_bytes`.
    HeaderTooLarge,
    /// The head did not arrive in time.
    TooSlow,
    /// The bytes are not HTTP.
    NotHttp,
    /// The port speaks TLS, and the bytes are not of it.
    NotTls,
    /// There is not one `Host`, or it cannot be one.
    BadHost,
    /// All places for connections have been taken for a while.
    Crowded,
}

impl Refusal {
    /// All of them, in the order of their declaration.
    pub(super) const ALL: [Refusal; 6] = [
        Refusal::HeaderTooLarge,
        Refusal::TooSlow,
        Refusal::NotHttp,
        Refusal::NotTls,
        Refusal::BadHost,
        Refusal::Crowded,
    ];

    /// The refusal that hyper's error calls for. `None` when there is nobody to tell or nothing to say: a client that has not sent a byte since
    /// its last answer, or at all (as browsers open connections in advance), is not to be surprised by an answer.
    pub(super) fn of(error: &hyper::Error, progress: &Progress) -> Option<Self> {
        // Behind its first request a connection may be in the middle of an answer; hyper would have answered only where it is not.
        let may_answer = match progress.asked() {
            false => progress.heard(),
            true => progress.swallowed() || error.is_timeout() && progress.heard(),
        };
        if !may_answer {
            None
        } else if error.is_parse_too_large() {
            Some(Refusal::HeaderTooLarge)
        } else if error.is_timeout() {
            Some(Refusal::TooSlow)
        } else if error.is_parse() || error.is_parse_version_h2() {
            Some(Refusal::NotHttp)
        } else {
            None
        }
    }

    /// Sees that a request says whom it is for (RFC 9112, 3.2): what stands between us and a client must not understand it otherwise.
    pub(super) fn of_host<B>(request: &Request<B>) -> Option<Self> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let is_good = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.as_bytes().iter().all(|byte| may_be_in_host(*byte)),
            // HTTP/2 has it in a place of its own (RFC 9113, 8.3.1).
            (None, _) => request.version() < Version::HTTP_11 || request.uri().authority().is_some(),
            (Some(_), Some(_)) => false,
        };
        (!is_good).then_some(Refusal::BadHost)
    }

    /// Its name, for those who count.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Refusal::HeaderTooLarge => "headers_too_large",
            Refusal::TooSlow => "request_timeout",
            Refusal::NotHttp => "not_http",
            Refusal::NotTls => "not_tls",
            Refusal::BadHost => "bad_host",
            Refusal::Crowded => "busy",
        }
    }

    /// The error that it is in the API.
    pub(super) fn error(self) -> Error {
        match self {
            Refusal::HeaderTooLarge => Error::new(
                Code::HeadersTooLarge,
                "the request line and the header are together larger than `limits.header_bytes`, or have more than 100 lines",
            ),
            Refusal::TooSlow => Error::new(Code::RequestTimeout, "the header did not arrive in time"),
            Refusal::NotHttp => Error::new(
                Code::InvalidParameter,
                "this is not a request in HTTP/1.1 or HTTP/2, and the port does not speak TLS",
            ),
            Refusal::NotTls => Error::new(
                Code::InvalidParameter,
                "this port speaks TLS: ask `https://` here, and let clients of gRPC and WebSocket encrypt",
            ),
            Refusal::BadHost => Error::new(
                Code::InvalidParameter,
                "send one `Host`, with the name and port that you connect to",
            ),
            Refusal::Crowded => {
                let message = "as many connections are open as may be (`server.max_connections`)";
                Error::new(Code::Busy, message).retry_after(1)
            }
        }
    }

    /// The answer, on a connection that goes on.
    pub(super) fn answer_within(self) -> Response<Body> {
        refused(&self.error())
    }

    /// The answer. It is the last one of the connection.
    pub(super) fn answer(self) -> Response<Body> {
        let mut response = refused(&self.error());
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    /// The answer as it goes over the wire.
    pub(super) async fn to_bytes(self) -> Vec<u8> {
        let (head, body) = self.answer().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let mut bytes = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
        for (name, value) in &head.headers {
            bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).into_bytes());
        bytes.extend(body);
        bytes
    }
}

/// The problem document that the API gives for an error, where the API has not been asked.
pub(crate) fn refused(error: &Error) -> Response<Body> {
    let request_id = Uuid::now_v7().simple().to_string();
    let mut response = mainstay_api::problem(error, &request_id);
    if let Ok(id) = HeaderValue::try_from(request_id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response
}

/// The header that all our answers have and hyper's own have not.
pub(super) const X_REQUEST_ID: &str = "x-request-id";

/// Whether a byte can be part of a `Host` (RFC 3986, 3.2.2), a port included.
fn may_be_in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[track_caller]
    fn check(version: Version, hosts: &[&str], expected: Option<Refusal>) {
        let request = hosts.iter().fold(Request::get("/"), |request, host| request.header(HOST, *host));
        let mut request = request.body(()).unwrap();
        *request.version_mut() = version;
        assert_eq!(Refusal::of_host(&request), expected, "{version:?} {hosts:?}");
    }

    #[test]
    fn a_request_has_one_host() {
        for host in ["example.org", "127.0.0.1:8080", "[::1]:8080", "", "xn--bcher-kva.example"] {
            check(Version::HTTP_11, &[host], None);
        }
        for host in ["a b", "a/b", "user@host", "a#b", "a\\b", "a\"b"] {
            check(Version::HTTP_11, &[host], Some(Refusal::BadHost));
        }
        check(Version::HTTP_11, &[], Some(Refusal::BadHost));
        check(Version::HTTP_11, &["a", "a"], Some(Refusal::BadHost));
        check(Version::HTTP_10, &[], None);
        check(Version::HTTP_10, &["a", "b"], Some(Refusal::BadHost));
    }
}

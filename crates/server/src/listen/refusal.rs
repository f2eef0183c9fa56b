//! Answers to what never became a request.

use super::socket::Progress;
use hyper::header::CONNECTION;
use mainstay_engine::{Code, Error};
use uuid::Uuid;

/// Why a connection ended before its first request was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The head is larger than `limits.header_bytes`.
    HeaderTooLarge,
    /// The head did not arrive in time.
    TooSlow,
    /// The bytes are not HTTP/1.
    NotHttp,
}

impl Refusal {
    /// All of them, in the order of their declaration.
    pub(super) const ALL: [Refusal; 3] = [Refusal::HeaderTooLarge, Refusal::TooSlow, Refusal::NotHttp];

    /// The refusal that hyper's error calls for. `None` when there is nobody to tell or nothing to say: when the API was reached it has
    /// answered for itself, and a client that never sent a byte (as browsers open connections in advance) is not to be surprised by an answer.
    pub(super) fn of(error: &hyper::Error, progress: &Progress) -> Option<Self> {
        if progress.asked() || !progress.heard() {
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
                "this is not a request in HTTP/1.1; the port speaks neither TLS nor HTTP/2",
            ),
        }
    }

    /// The whole answer, with the problem document that the API gives for such an error.
    pub(super) async fn to_bytes(self) -> Vec<u8> {
        let request_id = Uuid::now_v7().simple().to_string();
        let (head, body) = mainstay_api::problem(&self.error(), &request_id).into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        let mut bytes = format!("HTTP/1.1 {}\r\nx-request-id: {request_id}\r\n", head.status).into_bytes();
        for (name, value) in head.headers.iter().filter(|(name, _)| **name != CONNECTION) {
            bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        bytes.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()).into_bytes());
        bytes.extend(body);
        bytes
    }
}

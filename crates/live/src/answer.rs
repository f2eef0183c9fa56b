//! Answers to requests.

use axum::body::{Body, to_bytes};
use http::Response;
use mainstay_api::problem;
use mainstay_engine::Error;

/// What a request is answered with: the members of the answer beside its id, as JSON without braces.
pub(crate) type Members = Vec<u8>;

/// An answer that says no more than that it was done.
pub(crate) fn done() -> Members {
    b"\"ok\":{}".to_vec()
}

/// An answer with something in it.
pub(crate) fn ok(value: &serde_json::Value) -> Members {
    format!("\"ok\":{value}").into_bytes()
}

/// The answer of an operation: REST's status and body, and its position.
pub(crate) fn of_reply(response: &Response<Vec<u8>>) -> Members {
    let mut out = format!("\"status\":{}", response.status().as_u16()).into_bytes();
    if let Some(position) = response.headers().get("mainstay-position").and_then(|value| value.to_str().ok())
    {
        out.extend_from_slice(format!(",\"position\":\"{position}\"").as_bytes());
    }
    out.extend_from_slice(b",\"ok\":");
    match response.body().as_slice() {
        [] => out.extend_from_slice(b"null"),
        body => out.extend_from_slice(body),
    }
    out
}

/// What went wrong: the problem document of REST.
pub(crate) async fn failed(error: &Error, request_id: &str) -> Members {
    if let Some(detail) = &error.detail {
        tracing::warn!(target: "live", request_id, code = error.code.as_str(), detail, "request failed");
    }
    of_problem(problem(error, request_id)).await
}

/// A problem document as an answer.
pub(crate) async fn of_problem(response: Response<Body>) -> Members {
    let mut out = b"\"error\":".to_vec();
    let body = to_bytes(response.into_body(), usize::MAX).await;
    out.extend_from_slice(&body.unwrap_or_default());
    out
}

/// The message that answers a request; `None` for one whose id is not known.
pub(crate) fn message(id: Option<u64>, members: &[u8]) -> Vec<u8> {
    let id = id.map_or_else(|| "null".to_owned(), |id| id.to_string());
    let mut out = format!("{{\"id\":{id},").into_bytes();
    out.extend_from_slice(members);
    out.push(b'}');
    out
}

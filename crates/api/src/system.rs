//! What is about the program: whether it lives, its keys, its documentation.

use crate::call::Call;
use crate::frame::Answer;
use crate::local::is_local;
use crate::{answer, conditions, openapi, routes};
use axum::body::{Body, Bytes};
use http::header::{CACHE_CONTROL, ETAG};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use mainstay_engine::{Code, Error};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A text that is made once and answered many times.
pub(crate) struct Document {
    body: Bytes,
    content_type: &'static str,
    etag: HeaderValue,
}

impl Document {
    /// A document with an `ETag` made from its text.
    pub(crate) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        let etag = HeaderValue::try_from(etag).expect("digits in quotes are a header value");
        Document { body, content_type, etag }
    }

    /// Answers the document, or that the client has it.
    /// A malformed condition is none.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        let known = conditions::is_known(headers, &self.etag).unwrap_or(false);
        let mut response = if known {
            answer::empty(StatusCode::NOT_MODIFIED)
        } else {
            answer::bytes(StatusCode::OK, self.content_type, self.body.clone())
        };
        response.headers_mut().insert(ETAG, self.etag.clone());
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

/// `GET /healthz`: the program runs.
pub(crate) async fn healthz(_: Call, _: Body) -> Answer {
    Ok(answer::json(StatusCode::OK, b"{\"status\":\"ok\"}".to_vec()))
}

/// `GET /readyz`: the store answers and takes writes, so that requests can be served.
pub(crate) async fn readyz(call: Call, _: Body) -> Answer {
    match call.engine().ready().await {
        Ok(()) => Ok(answer::json(StatusCode::OK, b"{\"status\":\"ready\"}".to_vec())),
        Err(error)
            if matches!(
                error.code,
                Code::DiskFull | Code::DiskFailed | Code::Moved | Code::DatabaseUnreachable
            ) =>
        {
            Err(error)
        }
        Err(error) => {
            Err(Error { code: Code::Busy, message: "the store does not answer".to_owned(), ..error })
        }
    }
}

/// `GET /.well-known/jwks.json` (RFC 7517): the keys with which others can check access tokens.
pub(crate) async fn jwks(call: Call, _: Body) -> Answer {
    let mut response = answer::json(StatusCode::OK, call.engine().jwks().to_string().into_bytes());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Ok(response)
}

/// Where the metrics are.
pub(crate) const METRICS: &str = "/metrics";

/// `GET /metrics`: what the program counts, for Prometheus on this machine. For anybody else there is no such path.
pub(crate) async fn metrics(call: Call, _: Body) -> Answer {
    let write = call.operations.state.metrics.get().filter(|_| is_local(&call.parts));
    let text = write.map(|write| write()).ok_or_else(routes::no_such_path)?;
    let mut response = answer::bytes(StatusCode::OK, METRICS_TYPE, text);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Version 0.0.4 is the text format of Prometheus.
pub const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /openapi.json`
pub(crate) async fn openapi(call: Call, _: Body) -> Answer {
    let operations = &call.operations;
    let document = operations.shown.openapi.get_or_init(|| {
        let document = openapi::document(operations.application(), operations.list(), operations.is_ending());
        Document::new("application/json", document.to_string())
    });
    Ok(document.answer(call.headers()))
}

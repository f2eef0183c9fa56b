//! Answers.

use crate::call::Call;
use crate::conditions::etag;
use crate::encode;
use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use mainstay_engine::{View, Written};
use mainstay_model::{Application, Model};
use mainstay_ports::Position;
use uuid::Uuid;

/// The header with the position behind a write.
pub(crate) const MAINSTAY_POSITION: HeaderName = HeaderName::from_static("mainstay-position");

/// An answer of JSON.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    bytes(status, "application/json", body)
}

/// An answer of any type.
pub(crate) fn bytes(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Whether an answer of the record has an `ETag`. With records of others in it (`expand`) its version does not tell whether the
/// answer is the same.
pub(crate) fn has_etag(view: &View) -> bool {
    view.expanded.is_empty()
}

/// A record.
pub(crate) fn record(application: &Application, status: StatusCode, view: &View) -> Response<Body> {
    let mut response = json(status, encode::record_body(application, view));
    if has_etag(view) {
        response.headers_mut().insert(ETAG, etag(view.record.version()));
    }
    private(response)
}

/// The answer to one who has the record already.
pub(crate) fn not_modified(version: i64) -> Response<Body> {
    let mut response = empty(StatusCode::NOT_MODIFIED);
    response.headers_mut().insert(ETAG, etag(version));
    private(response)
}

/// What a write did, and the position behind it.
pub(crate) fn written(
    call: &Call,
    status: StatusCode,
    written: &Written,
    position: Position,
) -> Response<Body> {
    let application = call.engine().application();
    let response = match &written.view {
        Some(view) => record(application, status, view),
        None => json(status, encode::id_body(written.id)),
    };
    let response = at(response, position);
    if status == StatusCode::CREATED { located(response, call.model(), written.id) } else { response }
}

/// The answer with the position behind a write.
pub(crate) fn at(mut response: Response<Body>, position: Position) -> Response<Body> {
    if let Ok(value) = HeaderValue::try_from(position.to_string()) {
        response.headers_mut().insert(MAINSTAY_POSITION, value);
    }
    response
}

/// The answer with the path of the record that was made.
pub(crate) fn located(mut response: Response<Body>, model: &Model, id: Uuid) -> Response<Body> {
    if let Ok(value) = HeaderValue::try_from(format!("/v1/{}/{id}", model.plural)) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

/// The answer with a note that it is for this caller alone and has to be asked for again: rights may have changed.
pub(crate) fn private(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

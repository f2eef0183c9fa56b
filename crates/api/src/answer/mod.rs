//! Answers.
//!
//! Their bodies are bytes for whoever keeps an answer, and what the connection sends for everyone else.

mod app;
mod batch;
mod keys;
mod lock;
pub(crate) mod table;
mod tokens;

use crate::conditions::etag;
use crate::encode;
use crate::operations::Reply;
use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use mainstay_engine::{Done, Operation, OperationKind, View, Written};
use mainstay_model::{Application, Model};
use mainstay_ports::Position;
use uuid::Uuid;

/// The header with the position behind a write, or that a read is as new as; in a request, the one that its answer has to be as new as.
pub(crate) const MAINSTAY_POSITION: HeaderName = HeaderName::from_static("mainstay-position");

/// An answer of JSON.
pub(crate) fn json<B: From<Vec<u8>>>(status: StatusCode, body: Vec<u8>) -> Response<B> {
    bytes(status, "application/json", body)
}

/// An answer of any type.
pub(crate) fn bytes<B>(status: StatusCode, content_type: &'static str, body: impl Into<B>) -> Response<B> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// An answer without a body.
pub(crate) fn empty<B: Default>(status: StatusCode) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = status;
    response
}

/// Whether an answer of the record has an `ETag`. With records of others in it (`expand`) its version does not tell whether the
/// answer is the same.
pub(crate) fn has_etag(view: &View) -> bool {
    view.expanded.is_empty()
}

/// A record.
pub(crate) fn record<B: From<Vec<u8>>>(
    application: &Application,
    status: StatusCode,
    view: &View,
) -> Response<B> {
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

/// The reply of an operation as REST answers it: status, headers, and a body of JSON.
pub fn reply<B>(application: &Application, operation: &Operation, reply: &Reply) -> Response<B>
where
    B: From<Vec<u8>> + Default,
{
    match reply {
        Reply::Record(view, position) => at(record(application, StatusCode::OK, view), *position),
        Reply::Account(view) => record(application, StatusCode::OK, view),
        Reply::Page(page) => {
            let body = encode::page_body(application, page);
            at(private(json(StatusCode::OK, body)), page.position)
        }
        Reply::Key(key) => private(json(StatusCode::OK, encode::record_body(application, key))),
        Reply::Keys(all) => keys::list(application, all),
        Reply::Lock(held) => lock::lock(held),
        Reply::App(check) => app::app(check),
        other => {
            let mut answer = other.done().map(|what| done(application, operation, &what)).unwrap_or_default();
            if let Some(position) = other.position() {
                answer = behind(operation, answer, position);
            }
            answer.map(B::from)
        }
    }
}

/// What an operation has done, but for the position of writes, which [`behind`] adds. With an `Idempotency-Key` this is made twice, for the client and
/// to be kept, so it depends on nothing else.
pub fn done(application: &Application, operation: &Operation, done: &Done<'_>) -> Response<Vec<u8>> {
    match done {
        Done::Written(results) if operation.kind == OperationKind::Batch => {
            private(json(StatusCode::OK, batch::body(application, results)))
        }
        Done::Written(results) => {
            results.first().map_or_else(Response::default, |result| written(application, operation, result))
        }
        Done::Count(count) => {
            let body = format!("{{\"count\":{count}}}").into_bytes();
            private(json(StatusCode::OK, body))
        }
        Done::Registered(view) => {
            let response = record(application, StatusCode::CREATED, view);
            located(response, application, application.user(), view.record.id())
        }
        Done::Tokens(tokens) => tokens::tokens(tokens),
        Done::Key(made) => keys::made(application, made),
        Done::Lock(lock) => lock::lock(lock),
        Done::Nothing => empty(StatusCode::NO_CONTENT),
    }
}

/// The answer to a write, with the position behind it: a batch tells it in its body too.
pub fn behind(
    operation: &Operation,
    mut response: Response<Vec<u8>>,
    position: Position,
) -> Response<Vec<u8>> {
    if operation.kind == OperationKind::Batch {
        batch::put_position(response.body_mut(), position);
    }
    at(response, position)
}

/// What a write of one record did.
fn written(application: &Application, operation: &Operation, written: &Written) -> Response<Vec<u8>> {
    let status = match written.created {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let response = match &written.view {
        _ if written.deleted => return empty(StatusCode::NO_CONTENT),
        Some(view) => record(application, status, view),
        None => json(status, encode::id_body(written.id.unwrap_or_default())),
    };
    match (operation.model, written.id) {
        (Some(model), Some(id)) if written.created => {
            located(response, application, application.model(model), id)
        }
        _ => response,
    }
}

/// The answer with the position behind a write, or that a read is as new as.
pub(crate) fn at<B>(mut response: Response<B>, position: Position) -> Response<B> {
    if let Ok(value) = HeaderValue::from_bytes(&position.text()) {
        response.headers_mut().insert(MAINSTAY_POSITION, value);
    }
    response
}

/// The answer with the path of the record that was made.
fn located<B>(mut response: Response<B>, application: &Application, model: &Model, id: Uuid) -> Response<B> {
    if let Ok(value) = HeaderValue::try_from(format!("/v{}/{}/{id}", application.version(), model.plural)) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

/// The answer with a note that it is for this caller alone and has to be asked for again: rights may have changed.
pub(crate) fn private<B>(mut response: Response<B>) -> Response<B> {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

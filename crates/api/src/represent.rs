//! The form of answers: which of those that there are a client likes best (RFC 9110, 12.5), and how an answer of JSON gets there.
//!
//! Handlers answer JSON, and an answer that is kept for an `Idempotency-Key` is kept so. Another form is made of it last of all, so that JSON, which nearly everybody asks for, costs nothing more.

use crate::conditions;
use crate::routes::Route;
use axum::body::{Body, Bytes, HttpBody};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, Response};
use mainstay_content::{Accept, Coding, Format, write, xml_problem};
use mainstay_engine::{Code, Error, OperationKind};
use serde_json::Value;

/// Bodies from this size on are compressed on a thread that may take its time.
const LARGE_BYTES: usize = 64 << 10;

/// The form in which an operation is to be answered. What is no operation has the one that it has.
///
/// # Errors
/// [`Code::NotAcceptable`], before anything is done.
pub(crate) fn wanted(route: &Route, headers: &HeaderMap) -> Result<Format, Error> {
    let Some(operation) = &route.operation else { return Ok(Format::Json) };
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Ok(Format::Json);
    }
    let accept = Accept::new(values.filter_map(|value| value.to_str().ok()));
    let offers = offers(operation.kind);
    let otherwise = is_without_body(operation.kind).then_some(Format::Json);
    accept.choose(offers).or(otherwise).ok_or_else(|| {
        let names = offers.iter().map(|format| format.media_type());
        let names = crate::operations::names_text(names);
        Error::new(Code::NotAcceptable, format!("the answer can be had as {names}"))
    })
}

/// The forms that an operation can be answered in.
pub(crate) fn offers(kind: OperationKind) -> &'static [Format] {
    if kind == OperationKind::List { &Format::ALL } else { &Format::OPERATIONS }
}

/// Whether the answer has no body, so that only an error has a form, or is a stream of events.
fn is_without_body(kind: OperationKind) -> bool {
    use OperationKind::*;
    matches!(kind, Delete | ReleaseLock | Logout | ChangePassword | DeleteKey | Watch)
}

/// Makes another form of an answer of JSON; one that is a message already gets its tag. Of errors, only XML has a form of its own (RFC 9457, appendix B).
pub(crate) async fn represent(response: Response<Body>, format: Format) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let is = |media_type: &str| {
        parts.headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes() == media_type.as_bytes())
    };
    let (is_json, is_problem) = (is("application/json"), is("application/problem+json"));
    if !is_problem && let Some(etag) = parts.headers.get_mut(ETAG) {
        *etag = conditions::marked(etag, format.as_str());
    }
    let has_other_form = is_json || (is_problem && format == Format::Xml);
    if !has_other_form {
        return Response::from_parts(parts, body);
    }
    let Some(value) = parsed(body).await else { return Response::from_parts(parts, Body::empty()) };
    let (media_type, bytes) = match is_problem {
        true => ("application/problem+xml", xml_problem(&value).into_bytes()),
        false => (format.media_type(), write(format, &value)),
    };
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    Response::from_parts(parts, Body::from(bytes))
}

/// The value in a body of JSON that we have written ourselves.
async fn parsed(body: Body) -> Option<Value> {
    let bytes = axum::body::to_bytes(body, usize::MAX).await.ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The coding that a client likes best for what it is sent.
pub(crate) fn coding(headers: &HeaderMap) -> Option<Coding> {
    let mut values = headers.get_all(ACCEPT_ENCODING).iter().peekable();
    values.peek()?;
    Coding::liked(&Accept::new(values.filter_map(|value| value.to_str().ok())))
}

/// Compresses an answer of at least `min_bytes` that is there as a whole and is text, or near to it. Streams are left as they are, so that what is sent
/// in them arrives when it is sent.
pub(crate) async fn compress(response: Response<Body>, coding: Coding, min_bytes: u64) -> Response<Body> {
    if !is_compressible(&response, min_bytes) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let Some(small) = compressed(coding, bytes.clone()).await.filter(|small| small.len() < bytes.len())
    else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
    if !parts.headers.contains_key(VARY) {
        parts.headers.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
    }
    if let Some(etag) = parts.headers.get_mut(ETAG) {
        *etag = conditions::marked(etag, coding.as_str());
    }
    Response::from_parts(parts, Body::from(small))
}

async fn compressed(coding: Coding, bytes: Bytes) -> Option<Vec<u8>> {
    if bytes.len() < LARGE_BYTES {
        return coding.compress(&bytes).ok();
    }
    tokio::task::spawn_blocking(move || coding.compress(&bytes).ok()).await.ok().flatten()
}

fn is_compressible(response: &Response<Body>, min_bytes: u64) -> bool {
    let headers = response.headers();
    let is_large = response.body().size_hint().exact().is_some_and(|bytes| bytes >= min_bytes.max(1));
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // What must not be kept has secrets in it, and the size of what is compressed tells of them when a stranger can put his own text beside (BREACH).
    let is_secret = headers.get(http::header::CACHE_CONTROL).is_some_and(|value| value == "no-store");
    min_bytes > 0
        && is_large
        && !is_secret
        && !headers.contains_key(CONTENT_ENCODING)
        && is_text(content_type)
}

fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.starts_with("text/")
        || media_type.ends_with("json")
        || media_type.ends_with("+xml")
        || Format::of(media_type).is_some()
}

/// Says of an answer that another `Accept` or `Accept-Encoding` could have got another one.
pub(crate) fn vary<B>(response: &mut Response<B>) {
    response.headers_mut().append(VARY, HeaderValue::from_static("accept, accept-encoding"));
}

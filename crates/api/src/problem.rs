//! Errors as problem documents (RFC 9457).

use crate::status::status;
use axum::body::Body;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use mainstay_engine::{Code, Error, FieldError, Part};
use serde::Serialize;
use uuid::Uuid;

/// An error as a client sees it. The private detail is not in it.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: &'a str,
    code: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    results: Vec<OperationProblem<'a>>,
}

#[derive(Serialize)]
struct FieldProblem<'a> {
    field: &'a str,
    code: &'static str,
    message: &'a str,
}

/// What became of one operation of a batch that failed, or of one record of those that matched.
#[derive(Serialize)]
struct OperationProblem<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem<'a>>,
}

/// The code of an operation that would have succeeded, in a batch that failed.
pub(crate) const NOT_APPLIED: &str = "not_applied";

/// Answers an error: the problem document with its status, and the headers that belong to it.
///
/// Public for the server, which has to refuse some requests before a handler sees them.
pub fn problem(error: &Error, request_id: &str) -> Response<Body> {
    respond(error, request_id, error.parts.iter().filter_map(record_problem).collect())
}

/// Answers the failure of a batch of `count` operations, with a result for each.
pub fn batch_problem(error: &Error, count: usize, request_id: &str) -> Response<Body> {
    let failure =
        |index| error.parts.iter().find(|(part, _)| *part == Part::Operation(index)).map(|(_, error)| error);
    respond(error, request_id, (0..count).map(|index| operation_problem(failure(index))).collect())
}

/// The address of what the reference says about a code, relative to the API's own.
pub(crate) fn type_uri(code: Code) -> String {
    format!("/docs/errors#{}", code.as_str())
}

/// A code as a short phrase: `Not found`.
pub(crate) fn title(code: Code) -> String {
    let words = code.as_str().split('_').map(|word| match word {
        "json" => "JSON",
        "id" => "ID",
        "utf8" => "UTF-8",
        word => word,
    });
    let mut title = words.collect::<Vec<_>>().join(" ");
    title[..1].make_ascii_uppercase();
    title
}

fn respond(error: &Error, request_id: &str, results: Vec<OperationProblem<'_>>) -> Response<Body> {
    let status = status(error.code);
    let document = Problem {
        r#type: type_uri(error.code),
        title: title(error.code),
        status: status.as_u16(),
        detail: &error.message,
        code: error.code.as_str(),
        request_id,
        errors: field_problems(&error.fields),
        results,
    };
    let body = serde_json::to_vec(&document).expect("a struct of texts and numbers has a JSON form");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    add_headers(error, status, response.headers_mut());
    response
}

fn operation_problem(failure: Option<&Error>) -> OperationProblem<'_> {
    let Some(error) = failure else {
        let status = StatusCode::FAILED_DEPENDENCY.as_u16();
        return OperationProblem { id: None, status, code: NOT_APPLIED, detail: None, errors: Vec::new() };
    };
    OperationProblem {
        id: None,
        status: status(error.code).as_u16(),
        code: error.code.as_str(),
        detail: Some(&error.message),
        errors: field_problems(&error.fields),
    }
}

fn record_problem((part, error): &(Part, Error)) -> Option<OperationProblem<'_>> {
    match part {
        Part::Record(id) => Some(OperationProblem { id: Some(*id), ..operation_problem(Some(error)) }),
        Part::Operation(_) => None,
    }
}

fn field_problems(fields: &[FieldError]) -> Vec<FieldProblem<'_>> {
    fields
        .iter()
        .map(|error| FieldProblem { field: &error.field, code: error.code, message: &error.message })
        .collect()
}

fn add_headers(error: &Error, status: StatusCode, headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge(error.code)));
    }
    if error.code == Code::InsufficientScope {
        // RFC 6750, 3.1.
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"insufficient_scope\""));
    }
    if let Some(seconds) = error.retry_after_seconds {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if error.code == Code::UnsupportedMediaType {
        // RFC 9110, 15.5.16: what of a coding would do.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("zstd, br, gzip"));
    }
    // The rest of the body may still be on its way, and nobody is going to read it.
    if matches!(error.code, Code::RequestTimeout | Code::BodyTooLarge) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// What a 401 has to say of how to authenticate (RFC 6750, 3).
fn challenge(code: Code) -> &'static str {
    match code {
        Code::InvalidToken | Code::TokenReused => "Bearer error=\"invalid_token\"",
        _ => "Bearer",
    }
}

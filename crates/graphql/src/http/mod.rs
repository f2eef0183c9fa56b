//! GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/).

mod accept;
mod decode;
mod headers;

pub(crate) use decode::max_depth;

use crate::error::{self, Failure, Fault};
use crate::execute::Answer;
use crate::service::{Prepared, Service};
use crate::stream::{sse, ws};
use accept::{Form, form};
use axum::body::Body;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use mainstay_api::{Exchange, status};
use mainstay_engine::{Caller, Code, Error};
use std::sync::Arc;

/// The header with the position that an answer is as new as; in a request, the one that it has to be as new as.
const MAINSTAY_POSITION: HeaderName = HeaderName::from_static("mainstay-position");

/// Answers a request by GET or POST.
///
/// # Errors
/// What a WebSocket is refused with. All else is answered in GraphQL's form.
pub(crate) async fn answer(service: Arc<Service>, mut exchange: Exchange) -> Result<Response<Body>, Error> {
    if ws::is_wanted(&exchange.parts) {
        return ws::upgrade(service, exchange).await;
    }
    let Some(form) = form(&exchange.parts.headers) else {
        return Ok(not_acceptable(&exchange.caller.request_id));
    };
    let answered = run(&service, &mut exchange, form).await;
    let response = answered.unwrap_or_else(|refusal| refusal.response(form, &exchange.caller.request_id));
    Ok(exchange.noted(response))
}

/// Why nothing was run.
struct Refusal {
    failure: Failure,
    /// The status, whatever form the answer has; `None` where it was the document that was wrong.
    status: Option<StatusCode>,
}

impl From<Failure> for Refusal {
    /// What is wrong with a well-formed request is told by 400 in GraphQL's own type, and in plain JSON by 200.
    fn from(failure: Failure) -> Self {
        Refusal { failure, status: None }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal { status: Some(status(error.code)), failure: error.into() }
    }
}

async fn run(service: &Arc<Service>, exchange: &mut Exchange, form: Form) -> Result<Response<Body>, Refusal> {
    exchange.identify(&service.operations).await?;
    let request = decode::request(service, exchange).await.map_err(malformed)?;
    let prepared = service.prepare(request)?;
    if exchange.parts.method == Method::GET && prepared.is_mutation() {
        let error = Error::new(Code::MethodNotAllowed, "a mutation is sent by POST");
        return Err(error.into());
    }
    if prepared.is_mutation() {
        exchange.caller.fencing = headers::fencing(&service.built, &prepared.plan, &exchange.parts.headers)?;
    }
    if prepared.is_subscription() {
        let token = exchange.token().map(Arc::from);
        return subscribe(service, &exchange.caller, token, &prepared, form).await;
    }
    let key = headers::idempotency_key(&exchange.parts.headers)?.filter(|_| prepared.is_mutation());
    let position = headers::position(&exchange.parts.headers)?;
    let answer = service.run(&exchange.caller, &prepared, key, position).await?;
    Ok(answered(&answer, form, &exchange.caller.request_id))
}

/// What is refused before there is an answer in GraphQL's own form has the status of its code, whatever that form is to be.
fn malformed(failure: Failure) -> Refusal {
    Refusal { status: Some(status(failure.code())), failure }
}

async fn subscribe(
    service: &Arc<Service>,
    caller: &Caller,
    token: Option<Arc<str>>,
    prepared: &Prepared,
    form: Form,
) -> Result<Response<Body>, Refusal> {
    if form != Form::Events {
        let message = "ask for a subscription with `Accept: text/event-stream`, or over WebSocket";
        return Err(Error::new(Code::InvalidParameter, message).into());
    }
    let watch = service.watch(caller, prepared, token).await.map_err(malformed)?;
    let heartbeat = service.operations.limits().heartbeat;
    Ok(sse::response(sse::events(watch, heartbeat, caller.request_id.clone())))
}

/// The body of an answer: errors first, so that they are seen.
pub(crate) fn body(data: Option<&[u8]>, faults: &[Fault], request_id: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.map_or(0, <[u8]>::len) + 16);
    out.push(b'{');
    if !faults.is_empty() {
        out.extend_from_slice(b"\"errors\":");
        out.extend_from_slice(error::encode(faults, request_id).to_string().as_bytes());
    }
    if let Some(data) = data {
        if !faults.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(b"\"data\":");
        out.extend_from_slice(data);
    }
    out.push(b'}');
    out
}

fn answered(answer: &Answer, form: Form, request_id: &str) -> Response<Body> {
    answer.faults.iter().for_each(|fault| error::log(&fault.error, request_id));
    let body = body(Some(&answer.data), &answer.faults, request_id);
    let mut response = respond(StatusCode::OK, form, body);
    let position = answer.position.and_then(|position| HeaderValue::try_from(position.to_string()).ok());
    if let Some(position) = position {
        response.headers_mut().insert(MAINSTAY_POSITION, position);
    }
    response
}

fn respond(status: StatusCode, form: Form, body: Vec<u8>) -> Response<Body> {
    if form == Form::Events {
        return sse::response(sse::once(&body));
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

impl Refusal {
    fn response(self, form: Form, request_id: &str) -> Response<Body> {
        self.failure.errors.iter().for_each(|fault| error::log(&fault.error, request_id));
        let retry_after = self.failure.errors.iter().find_map(|fault| fault.error.retry_after_seconds);
        let body = body(None, &self.failure.errors, request_id);
        let of_document = if form == Form::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        let status = match self.failure.code() {
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => self.status.unwrap_or(of_document),
        };
        let mut response =
            respond(status, if status == StatusCode::OK { form } else { form.of_errors() }, body);
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
            _ => {}
        }
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn not_acceptable(request_id: &str) -> Response<Body> {
    let message =
        "answers are `application/graphql-response+json`, `application/json` or `text/event-stream`";
    let failure = Failure::new(Code::InvalidParameter, message);
    respond(StatusCode::NOT_ACCEPTABLE, Form::Json, body(None, &failure.errors, request_id))
}

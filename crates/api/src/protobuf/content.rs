//! Messages as a form of REST's content.
//!
//! A body is the request of the operation's method, an answer its response. What REST says in the address and in headers is said there, so that caches, conditions
//! and retries are those of HTTP whatever the form.

use super::{Answer, Protobuf, ask, status_message};
use crate::operations::{Ask, Operations, Reply};
use crate::{answer, problem as document};
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use mainstay_content::Format;
use mainstay_engine::{Code, Done, Error, Operation};
use mainstay_ports::Position;
use mainstay_proto::Messages;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The media type of messages.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/protobuf");

/// The fields in the body of a request, which is for the record or lock that the address names.
///
/// # Errors
/// [`Code::InvalidMessage`] for what is no such request, and for one that says what has to be said in the address or in headers.
pub(crate) fn body(
    protobuf: &Protobuf,
    operation: &Operation,
    (id, name): (Option<Uuid>, Option<String>),
    bytes: &[u8],
) -> Result<Map<String, Value>, Error> {
    let asked = ask(&protobuf.messages, operation, bytes)?;
    let is_same = asked.id.is_none_or(|given| Some(given) == id)
        && asked.name.as_ref().is_none_or(|given| Some(given) == name.as_ref());
    let body = asked.body.unwrap_or_default();
    let rest = Ask { id: None, name: None, body: None, ..asked };
    if is_same && rest == Ask::default() {
        return Ok(body);
    }
    let message = "over REST, what a request is about and its conditions stand in the address and in headers";
    Err(Error::new(Code::InvalidMessage, message))
}

/// The answer of REST with the message in its body.
pub(crate) fn response(operations: &Operations, operation: &Operation, reply: &Reply) -> Response<Body> {
    let response = answer::reply(operations.application(), operation, reply);
    let message = Answer::of(&operations.protobuf().messages, operation, reply).message;
    with_message(response, message)
}

/// As [`response`], of what is kept with a write: without the position, which [`behind`] adds.
pub(crate) fn kept(messages: &Messages, operation: &Operation, done: &Done<'_>) -> Response<Vec<u8>> {
    let response = answer::done(messages.application(), operation, done);
    with_message(response, Answer::done(messages, operation, done))
}

/// The answer that was kept, with its position.
pub(crate) fn behind(
    operation: &Operation,
    response: Response<Vec<u8>>,
    position: Position,
) -> Response<Vec<u8>> {
    let response = response.map(|message| Answer::behind(operation, message, Some(position)).message);
    answer::at(response, position)
}

/// An error with its status and headers, and `google.rpc.Status` in its body.
pub(crate) fn problem(operations: &Operations, error: &Error, request_id: &str) -> Response<Body> {
    let message = status_message(error, &operations.protobuf().package, request_id);
    with_message(document::problem(error, request_id), message)
}

/// Whether these are the headers of an answer with a message.
pub(crate) fn is_message(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE) == Some(&MEDIA_TYPE)
}

/// Puts a message into an answer; one that has no body, has none with it.
fn with_message<B>(mut response: Response<B>, message: impl Into<B>) -> Response<B> {
    let Some(content_type) = response.headers_mut().get_mut(CONTENT_TYPE) else { return response };
    *content_type = MEDIA_TYPE;
    debug_assert_eq!(MEDIA_TYPE.as_bytes(), Format::Protobuf.media_type().as_bytes());
    response.map(|_| message.into())
}

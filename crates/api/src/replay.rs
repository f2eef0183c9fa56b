//! `Idempotency-Key`: a request that is sent again is answered as it was the first time (draft-ietf-httpapi-idempotency-key-header).

use crate::body;
use crate::call::Call;
use crate::frame::Answer;
use crate::operations::{Answered, check_key, once as answer_once, raised_kept};
use crate::{answer, protobuf, routes::Route};
use axum::body::{Body, Bytes};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use mainstay_content::Format;
use mainstay_engine::{Encode, Error, Idempotency, Kept, Operation};
use std::sync::Arc;

/// The header with the key.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that marks an answer as one that was given before.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Whether the request is to take effect once however often it is sent. Reads have none, so they pass the header over.
pub(crate) fn is_asked_for(call: &Call) -> bool {
    let writes = call.route.operation.as_ref().is_some_and(|operation| operation.kind.writes());
    writes && call.headers().contains_key(IDEMPOTENCY_KEY)
}

/// Answers by the handler, or with what it answered before.
///
/// # Errors
/// [`InvalidParameter`](mainstay_engine::Code::InvalidParameter) for what is not a key, [`IdempotencyKeyReused`](mainstay_engine::Code::IdempotencyKeyReused) for one of another request, and the handler's own.
pub(crate) async fn once<F>(mut call: Call, body: Body, handler: impl FnOnce(Call, Body) -> F) -> Answer
where
    F: Future<Output = Answer>,
{
    let key = key(&call)?.to_owned();
    let (max_bytes, _) = call.body_limits();
    let body = body::read(body, max_bytes).await?;
    let (engine, route) = (call.engine().clone(), call.route.clone());
    let idempotency = Arc::new(idempotency(&call, &key, &body));
    call.caller.idempotency = Some(idempotency.clone());
    let work = handler(call, Body::from(body));
    let is_done = |response: &Response<Body>| response.status().is_success();
    match answer_once(&engine, &idempotency, work, is_done).await? {
        Answered::Now(answer) => Ok(answer),
        Answered::Before(kept) => replayed(writing(&route), &kept),
    }
}

fn idempotency(call: &Call, key: &str, body: &Bytes) -> Idempotency {
    let (method, uri) = (call.parts.method.as_str(), &call.parts.uri);
    let query = uri.query().unwrap_or_default();
    let mut parts = vec![method.as_bytes(), uri.path().as_bytes(), query.as_bytes(), body];
    // A message cannot be made of JSON that was kept, nor the other way round.
    if call.format == Format::Protobuf {
        parts.push(Format::Protobuf.as_str().as_bytes());
    }
    let encode = encoder(call);
    let encode = raised_kept(call.operations.face(), call.engine().application(), encode);
    call.engine().idempotency(&call.caller, key, &parts, encode)
}

/// The one key of the request.
fn key(call: &Call) -> Result<&str, Error> {
    let mut values = call.headers().get_all(IDEMPOTENCY_KEY).iter();
    let key = values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok());
    check_key(key.unwrap_or_default())
}

fn writing(route: &Route) -> &Operation {
    route.operation.as_ref().expect("what writes is an operation")
}

/// Makes the bytes to keep: the status, a line for each header, an empty line, the body. The position is kept beside them.
/// It must hold nothing that holds the engine.
fn encoder(call: &Call) -> Box<Encode> {
    let (application, route) = (call.operations.application().clone(), call.route.clone());
    let is_message = call.format == Format::Protobuf;
    let messages = is_message.then(|| call.operations.protobuf().messages().clone());
    Box::new(move |done| {
        let response = match &messages {
            Some(messages) => protobuf::kept(messages, writing(&route), done),
            None => answer::done(&application, writing(&route), done),
        };
        let mut out = response.status().as_u16().to_string().into_bytes();
        for (name, value) in response.headers() {
            out.push(b'\n');
            out.extend_from_slice(name.as_str().as_bytes());
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
        }
        out.extend_from_slice(b"\n\n");
        out.extend_from_slice(response.body());
        out
    })
}

/// The answer that was kept.
fn replayed(operation: &Operation, kept: &Kept) -> Answer {
    let mut response = decode(&kept.answer).ok_or_else(|| Error::internal("a kept answer has no meaning"))?;
    if let Some(position) = kept.position {
        response = match protobuf::is_message(response.headers()) {
            true => protobuf::behind(operation, response, position),
            false => answer::behind(operation, response, position),
        };
    }
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    Ok(response.map(Body::from))
}

fn decode(kept: &[u8]) -> Option<Response<Vec<u8>>> {
    let end = kept.windows(2).position(|pair| pair == b"\n\n")?;
    let mut lines = kept[..end].split(|byte| *byte == b'\n');
    let mut response = Response::new(kept[end + 2..].to_vec());
    *response.status_mut() = StatusCode::from_bytes(lines.next()?).ok()?;
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        response.headers_mut().append(name, HeaderValue::from_bytes(&line[colon + 1..]).ok()?);
    }
    Some(response)
}

//! What happens around every handler: request id, access token, time limit, error document, log.
//!
//! It is a plain function around the handler's future and not a stack of layers, since each layer would box its future for
//! every request.

use crate::ClientAddress;
use crate::call::Call;
use crate::client_version::{self, Outdated};
use crate::endpoint::AnsweredFor;
use crate::fencing;
use crate::operations::{Operations, Pairs, ask_for_account, bounded};
use crate::problem::problem;
use crate::request_id::{X_REQUEST_ID, request_id};
use crate::routes::{self, Route};
use crate::trace::Trace;
use crate::{protobuf, replay, represent};
use axum::body::Body;
use axum::extract::Request;
use http::header::{AUTHORIZATION, LINK, USER_AGENT, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Response};
use mainstay_content::Format;
use mainstay_engine::{Caller, Code, Engine, Error, Identity, OperationKind};
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

/// What a handler answers.
pub(crate) type Answer = Result<Response<Body>, Error>;

/// Answers a request by a handler.
pub(crate) async fn run<F>(
    operations: Operations,
    route: Arc<Route>,
    request: Request,
    handler: impl FnOnce(Call, Body) -> F,
) -> Response<Body>
where
    F: Future<Output = Answer>,
{
    let (started, method) = (Instant::now(), request.method().clone());
    let request_id = request_id(request.headers(), operations.engine());
    let trace = Trace::begin(&operations.state.requests, &route, method, &request_id, started);
    let mut user = None;
    let outdated = Outdated::of(&operations, &route, request.headers());
    let coding = represent::coding(request.headers());
    let format = represent::wanted(&route, request.headers());
    let successor = routes::successor(&operations, &route, request.uri().path());
    let form = format.as_ref().map_or(Format::Json, |format| *format);
    let work = async {
        outdated.as_ref().map_or(Ok(()), |outdated| Err(outdated.error()))?;
        let (call, body) =
            admit(operations.clone(), route.clone(), request, request_id.clone(), format?).await?;
        user = call.caller.identity.as_ref().map(|identity| identity.user);
        if replay::is_asked_for(&call) {
            // Boxed, so that requests without a key need not carry the room for one.
            Box::pin(replay::once(call, body, handler)).await
        } else {
            handler(call, body).await
        }
    };
    let answer = bounded(work, operations.limits().request_timeout).await;
    let response =
        answer.unwrap_or_else(|error| refuse(&operations, error, form, user.is_none(), &request_id));
    let mut response = stamped(response, &request_id);
    if route.is_of_version {
        operations.shown.stamp(response.headers_mut());
        if let Some(link) = successor {
            response.headers_mut().append(LINK, link);
        }
    }
    if route.operation.as_ref().is_some_and(|operation| !operation.kind.writes()) {
        represent::vary(&mut response);
    }
    // Boxed, so that answers of plain JSON, which most are, need not carry the room for what others need.
    if form != Format::Json {
        response = Box::pin(represent::represent(response, form)).await;
    }
    if let Some(coding) = coding {
        let min_bytes = operations.engine().application().config.server.compression_min_bytes;
        response = Box::pin(represent::compress(response, coding, min_bytes)).await;
    }
    if let Some(outdated) = &outdated {
        outdated.mark(&mut response);
    }
    let noted = response.extensions().get::<AnsweredFor>().map(|AnsweredFor(user)| *user);
    trace.end(&response, user.flatten().or(noted));
    response
}

/// Sees who asks, and that the operation knows the parameters, before anything is done.
async fn admit(
    operations: Operations,
    route: Arc<Route>,
    request: Request,
    request_id: String,
    format: Format,
) -> Result<(Call, Body), Error> {
    let (parts, body) = request.into_parts();
    let mut caller = Caller {
        identity: None,
        request_id,
        address: parts.extensions.get::<ClientAddress>().map(|address| address.0),
        user_agent: text(parts.headers.get(USER_AGENT)),
        client: client_version::name(&parts.headers),
        idempotency: None,
        fencing: Vec::new(),
    };
    let mut query = Pairs::default();
    if let Some(operation) = &route.operation {
        if !shows_itself_otherwise(operation.kind) {
            caller.identity = identity(operations.engine(), &parts.headers).await?;
        }
        operations.require(&caller, operation)?;
        caller.fencing = fencing::fencing(operation.kind, &parts.headers)?;
        query = crate::query::parse(parts.uri.query(), operation.kind)?;
    }
    Ok((Call { operations, route, parts, caller, query, format }, body))
}

/// Whether the body shows who asks, or it does not matter. A token is not looked at then: one that has expired must not keep a client that always
/// sends it from getting a new one, nor from learning that it is too old.
pub(crate) fn shows_itself_otherwise(kind: OperationKind) -> bool {
    use OperationKind::*;
    matches!(kind, Register | Login | Refresh | AppCheck)
}

fn text(value: Option<&HeaderValue>) -> Option<String> {
    value.and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The account that the access token shows. A token that is not good is refused even where none is needed: the client believes to
/// be someone, and would be surprised by what nobody may see.
pub(crate) async fn identity(engine: &Engine, headers: &HeaderMap) -> Result<Option<Arc<Identity>>, Error> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(bearer).filter(|_| values.next().is_none());
    let token =
        token.ok_or_else(|| Error::new(Code::InvalidToken, "send one `Authorization: Bearer <token>`"))?;
    engine.authenticate(token).await.map(Some)
}

/// The access token that a request was let in by, if it has one.
pub(crate) fn access_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok().and_then(bearer)
}

/// The token in `Bearer <token>`; the scheme's name has no case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

fn refuse(
    operations: &Operations,
    error: Error,
    form: Format,
    anonymous: bool,
    request_id: &str,
) -> Response<Body> {
    let error = if anonymous { ask_for_account(error) } else { error };
    log_detail(&error, request_id);
    match form {
        Format::Protobuf => protobuf::problem(operations, &error, request_id),
        _ => problem(&error, request_id),
    }
}

/// The private part of an error goes here and nowhere else.
fn log_detail(error: &Error, request_id: &str) {
    let Some(detail) = &error.detail else { return };
    let code = error.code.as_str();
    match error.code {
        Code::Internal => tracing::error!(target: "http", request_id, code, detail, "request failed"),
        // The store has said so once, when writes stopped; each that is refused meanwhile is a request line and a count.
        Code::DiskFailed | Code::Moved | Code::DatabaseUnreachable => {
            tracing::debug!(target: "http", request_id, code, detail, "request refused");
        }
        _ => tracing::warn!(target: "http", request_id, code, detail, "request refused"),
    }
}

fn stamped(mut response: Response<Body>, request_id: &str) -> Response<Body> {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_what_follows_the_scheme() {
        let check = |value: &str, expected: Option<&str>| assert_eq!(bearer(value), expected, "{value}");
        check("Bearer abc", Some("abc"));
        check("bearer  abc ", Some("abc"));
        check("Basic abc", None);
        check("abc", None);
        check("", None);
    }
}

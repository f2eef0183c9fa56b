//! How a socket begins: as a request (RFC 6455, 4.2).

use crate::connection::Connection;
use crate::form::Form;
use crate::measures::Measures;
use crate::session::Session;
use crate::socket::Socket;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use mainstay_api::operations::Operations;
use mainstay_api::{Endpoint, Exchange, Taken, Takeover, may_open_socket};
use mainstay_engine::{Code, Error, SocketSeat};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::sync::Arc;
use std::time::Instant;

/// What a server appends to a client's key before it hashes it (RFC 6455, 4.2.2).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The endpoint of the socket, for a version of the application's API: `/v1/live`.
pub fn endpoint(operations: Operations, measures: Arc<Measures>) -> Endpoint {
    let path = format!("/v{}/live", operations.version());
    Endpoint::new(Method::GET, path, move |exchange| open(operations.clone(), measures.clone(), exchange))
}

async fn open(
    operations: Operations,
    measures: Arc<Measures>,
    mut exchange: Exchange,
) -> Result<Response<Body>, Error> {
    let (key, takeover) = asked(&exchange)?;
    let headers = &exchange.parts.headers;
    if !may_open_socket(headers, &operations.application().config.live.origins) {
        return Err(Error::new(Code::OriginNotAllowed, "pages of this origin may not open a socket"));
    }
    let (form, is_named) = form(headers)?;
    exchange.identify(&operations).await?;
    let token: Option<Arc<str>> = exchange.token().map(Arc::from);
    let seat = operations.engine().open_socket(&exchange.caller, token.clone()).await?;
    measures.opened.increment();
    let session = Session { operations, form, caller: Arc::new(exchange.caller.clone()), token };
    takeover.set(Box::new(move |taken| Box::pin(serve(taken, session, seat, measures))));
    Ok(exchange.noted(accepted(&key, is_named.then_some(form))))
}

async fn serve(taken: Taken, session: Session, seat: SocketSeat, measures: Arc<Measures>) {
    let (started, application) = (Instant::now(), session.operations.application().clone());
    let settings = &application.config.live;
    let caller = session.caller.clone();
    let connection = Connection::new(taken, settings, measures.clone()).await;
    let mut socket = Socket::new(connection, session, seat, settings, measures);
    let closing = socket.run().await;
    tracing::info!(
        target: "live",
        reason = closing.as_str(),
        requests = socket.requests(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        request_id = caller.request_id,
        "a socket was closed"
    );
}

/// The client's key, and where to leave what goes on with the connection.
///
/// # Errors
/// [`Code::UpgradeRequired`] for a request that does not ask for a socket, or whose connection cannot become one.
pub(crate) fn asked(exchange: &Exchange) -> Result<(String, Takeover), Error> {
    let key = key(&exchange.parts.headers);
    key.zip(Takeover::of(&exchange.parts.extensions))
        .ok_or_else(|| Error::new(Code::UpgradeRequired, "ask for it with `Upgrade: websocket`, by HTTP/1.1"))
}

/// The client's key, of a request that asks for a socket as it has to.
fn key(headers: &HeaderMap) -> Option<String> {
    let asks = has_token(headers, &CONNECTION, "upgrade") && has_token(headers, &UPGRADE, "websocket");
    let is_version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    let is_key = STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16);
    (asks && is_version && is_key).then(|| key.to_owned())
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// The first subprotocol of the client's that is known, and whether it named any: who names none gets JSON.
fn form(headers: &HeaderMap) -> Result<(Form, bool), Error> {
    if !headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Ok((Form::Json, false));
    }
    let form = tokens(headers, &SEC_WEBSOCKET_PROTOCOL).find_map(Form::of);
    form.map(|form| (form, true)).ok_or_else(|| {
        let known = [Form::Json, Form::MessagePack].map(Form::subprotocol).join(" and ");
        Error::new(Code::InvalidParameter, format!("the subprotocols are {known}"))
    })
}

pub(crate) fn accepted(key: &str, form: Option<Form>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept(key)) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(form) = form {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(form.subprotocol()));
    }
    response
}

fn accept(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key.as_bytes(), GUID].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_answered_as_the_rfc_has_it() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}

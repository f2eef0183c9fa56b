//! `graphql-transport-ws`: operations over a WebSocket (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md).

use super::socket::{Close, Socket};
use crate::service::Service;
use axum::body::Body;
use http::header::{SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response};
use mainstay_api::{Exchange, Taken, Takeover, may_open_socket};
use mainstay_engine::{Code, Error};
use std::sync::Arc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// The name of the protocol, which a client has to ask for.
pub(crate) const PROTOCOL: &str = "graphql-transport-ws";

/// Whether a request asks for a WebSocket.
pub(crate) fn is_wanted(parts: &Parts) -> bool {
    let upgrade = parts.headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
}

/// Makes a WebSocket of a request. A token in its header is that of the socket, unless the first message brings another.
///
/// # Errors
/// [`Code::InvalidParameter`] for a handshake that is not one (RFC 6455, 4.2.1), or where the connection cannot become a WebSocket; what is wrong with
/// the token; [`Code::OriginNotAllowed`] to pages of others; [`Code::TooManySockets`] when the caller has as many as it may have, of GraphQL and of others together.
pub(crate) async fn upgrade(service: Arc<Service>, mut exchange: Exchange) -> Result<Response<Body>, Error> {
    let takeover = Takeover::of(&exchange.parts.extensions);
    let takeover = takeover.ok_or_else(|| invalid("a WebSocket is asked for by HTTP/1.1"))?;
    let origins = &service.operations.application().config.live.origins;
    if !may_open_socket(&exchange.parts.headers, origins) {
        return Err(Error::new(Code::OriginNotAllowed, "pages of this origin may not open a socket"));
    }
    exchange.identify(&service.operations).await?;
    let token: Option<Arc<str>> = exchange.token().map(Arc::from);
    let has_protocol = asks_for_protocol(&exchange.parts.headers);
    let request = Request::from_parts(exchange.parts.clone(), ());
    let response = create_response_with_body(&request, Body::empty);
    let mut response =
        response.map_err(|error| invalid(&format!("this is no handshake of a WebSocket: {error}")))?;
    if has_protocol {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    }
    let caller = exchange.caller.clone();
    let seat = service.operations.engine().open_socket(&caller, token.clone()).await?;
    let socket = Socket::new(service, caller, token, seat);
    takeover.set(Box::new(move |taken| Box::pin(serve(socket, taken, has_protocol))));
    Ok(exchange.noted(response))
}

async fn serve(socket: Socket, taken: Taken, has_protocol: bool) {
    let bytes = Some(socket.message_bytes());
    let config = WebSocketConfig::default().max_message_size(bytes).max_frame_size(bytes);
    let stream =
        WebSocketStream::from_partially_read(taken.stream, taken.read.to_vec(), Role::Server, Some(config));
    let mut stream = stream.await;
    if !has_protocol {
        let close = Close { code: 4406, reason: "Subprotocol not acceptable".to_owned() };
        return close.send(&mut stream).await;
    }
    socket.run(stream).await;
}

fn asks_for_protocol(headers: &HeaderMap) -> bool {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|name| name.trim() == PROTOCOL)
}

fn invalid(message: &str) -> Error {
    Error::new(Code::InvalidParameter, message)
}

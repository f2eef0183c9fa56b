//! `/v1/echo`: a socket that sends back what it is sent, for the Autobahn suite, which asks that of a server.
//!
//! Handshake, frames and their limits, and how it is closed are those of `/v1/live`. It is in no program that is built by default.

use crate::close::Closing;
use crate::connection::Connection;
use crate::handshake::{accepted, asked};
use crate::measures::Measures;
use axum::body::Body;
use http::{Method, Response};
use mainstay_api::operations::Operations;
use mainstay_api::{Endpoint, Exchange, Taken};
use mainstay_engine::Error;
use std::future::poll_fn;
use std::sync::Arc;

/// The endpoint.
pub fn endpoint(operations: Operations, measures: Arc<Measures>) -> Endpoint {
    Endpoint::new(Method::GET, "/v1/echo", move |exchange| {
        std::future::ready(open(operations.clone(), measures.clone(), &exchange))
    })
}

fn open(
    operations: Operations,
    measures: Arc<Measures>,
    exchange: &Exchange,
) -> Result<Response<Body>, Error> {
    let (key, takeover) = asked(exchange)?;
    takeover.set(Box::new(move |taken| Box::pin(serve(taken, operations, measures))));
    Ok(accepted(&key, None))
}

async fn serve(taken: Taken, operations: Operations, measures: Arc<Measures>) {
    let mut connection = Connection::new(taken, &operations.application().config.live, measures).await;
    let closing = echo(&mut connection).await;
    connection.close(closing).await;
}

/// Sends back what it is sent, until the client is gone or breaks the protocol. Answers why it ended.
async fn echo(connection: &mut Connection) -> Closing {
    loop {
        let sent = match poll_fn(|cx| connection.poll_read(cx)).await {
            Ok(message) if message.is_text() || message.is_binary() => connection.send(message).await,
            // The library answers pings and closes by itself.
            Ok(_) => Ok(()),
            Err(closing) => return closing,
        };
        let flushed = poll_fn(|cx| connection.poll_flush(cx)).await;
        if let Err(closing) = sent.and(flushed) {
            return closing;
        }
    }
}

//! What nodes tell each other, by Redis or Valkey: `PUBLISH` and `SUBSCRIBE`, which keep nothing.
//!
//! Its protocol is RESP3, which Redis has since version 6: what is published comes over a connection that can still be asked whether it stands, and
//! whose queue has a bound.

use crate::wake::{Carriage, Carried, Carrier, MAX_WAITING, PIECE_BYTES, Trouble};
use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Client, ErrorKind, IntoConnectionInfo, Msg, ProtocolVersion, PushInfo, PushKind,
    RedisError, ServerErrorKind, cmd, pipe,
};
use futures::stream::{BoxStream, StreamExt, poll_fn};
use mainstay_model::ServiceUrl;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::channel;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How a URL begins.
const SCHEMES: [&str; 2] = ["redis://", "rediss://"];

/// Opens a way to tell other nodes by the server of `url`, under `channel`. Nothing is connected yet.
///
/// # Errors
/// [`Trouble::BadUrl`]
pub fn open(url: &ServiceUrl, channel: &str) -> Result<Arc<dyn Carriage>, Trouble> {
    let client = client(url.reveal())?;
    Ok(Arc::new(Carried::new(Redis { client, channel: channel.to_owned() })))
}

fn client(url: &str) -> Result<Client, Trouble> {
    let bad = || {
        Trouble::BadUrl("it is none of a Redis server: redis://host:6379 or rediss://host:6379".to_owned())
    };
    if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(bad());
    }
    let info = url.into_connection_info().map_err(|_| bad())?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings)).map_err(|_| bad())
}

struct Redis {
    client: Client,
    channel: String,
}

impl Redis {
    async fn connect(&self, config: AsyncConnectionConfig) -> Result<MultiplexedConnection, Trouble> {
        let config = config.set_connection_timeout(Some(ANSWER)).set_response_timeout(Some(ANSWER));
        self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(trouble)
    }
}

impl Carrier for Redis {
    type Teller = MultiplexedConnection;
    type Listener = MultiplexedConnection;

    fn place(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    async fn teller(&self) -> Result<MultiplexedConnection, Trouble> {
        self.connect(AsyncConnectionConfig::new()).await
    }

    /// A connection does not say; what is told next will.
    fn stands(_: &MultiplexedConnection) -> bool {
        true
    }

    fn piece_bytes(_: &MultiplexedConnection) -> usize {
        PIECE_BYTES
    }

    async fn tell(&self, teller: &mut MultiplexedConnection, pieces: &[String]) -> Result<(), Trouble> {
        let mut publish = pipe();
        for piece in pieces {
            publish.publish(&self.channel, piece).ignore();
        }
        publish.query_async(teller).await.map_err(trouble)
    }

    async fn listener(&self) -> Result<(MultiplexedConnection, BoxStream<'static, String>), Trouble> {
        let (sender, mut pieces) = channel(MAX_WAITING);
        let hear = move |push: PushInfo| sender.try_send(push);
        let mut connection = self.connect(AsyncConnectionConfig::new().set_push_sender(hear)).await?;
        connection.subscribe(&self.channel).await.map_err(trouble)?;
        let pushes = poll_fn(move |context| pieces.poll_recv(context));
        Ok((connection, pushes.filter_map(|push| std::future::ready(piece(push))).boxed()))
    }

    async fn look(listener: &mut MultiplexedConnection) -> Result<(), Trouble> {
        cmd("PING").query_async(listener).await.map_err(trouble)
    }
}

fn piece(push: PushInfo) -> Option<String> {
    match push.kind {
        PushKind::Message => Msg::from_push_info(push)?.get_payload().ok(),
        _ => None,
    }
}

/// The server's own words say what it has against us, and never what the password was.
fn trouble(error: RedisError) -> Trouble {
    let refusal = matches!(
        error.kind(),
        ErrorKind::AuthenticationFailed
            | ErrorKind::RESP3NotSupported
            | ErrorKind::Server(ServerErrorKind::NoPerm)
    );
    let refusal = refusal || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED"));
    match refusal {
        true => Trouble::Refused(error.to_string()),
        false => Trouble::unreachable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, is_good: bool) {
        match client(url) {
            Ok(_) => assert!(is_good, "{url}"),
            Err(trouble) => assert!(!is_good && !trouble.to_string().contains("secret"), "{url}: {trouble}"),
        }
    }

    #[test]
    fn urls_of_redis_are_known() {
        for url in ["redis://a", "rediss://ann:secret@a:1/2", "redis://:p%40@[::1]"] {
            check(url, true);
        }
        for url in
            ["", "a", "nats://ann:secret@a", "redis://", "redis://ann:secret@a:port", "rediss://a/secret"]
        {
            check(url, false);
        }
    }
}

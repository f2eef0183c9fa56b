//! What is said on the live socket.

use crate::world::World;
use futures::{SinkExt, StreamExt};
use mainstay_api::Taken;
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

/// More than is ever under way.
const BUFFER_BYTES: usize = 1 << 20;
/// The server answers within this time, whatever it was told.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most messages of an input: what a client may send at once.
const MAX_MESSAGES: usize = 32;

/// Says it, and sees that each message is answered once, and not with a fault of the server.
pub(crate) fn check(world: &World, bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    world.runtime.block_on(async {
        match first {
            b'j' => {
                let said = world.with_ids(rest);
                let lines = said.split(|byte| *byte == b'\n').take(MAX_MESSAGES);
                let lines = lines.filter_map(|line| std::str::from_utf8(line).ok());
                let messages: Vec<Message> = lines.map(Message::text).collect();
                converse(world, b"mainstay.v1.json", messages).await;
            }
            b'm' => {
                let message = Message::binary(world.with_ids(rest));
                converse(world, b"mainstay.v1.msgpack", vec![message]).await;
            }
            _ => dictate(world, rest).await,
        }
    });
}

/// A connection that became a socket.
async fn connected(world: &World, subprotocol: &[u8]) -> DuplexStream {
    let next = world.live_socket(subprotocol).await;
    let (ours, theirs) = duplex(BUFFER_BYTES);
    tokio::spawn(next(Taken { stream: Box::new(theirs), read: bytes::Bytes::new() }));
    ours
}

async fn converse(world: &World, subprotocol: &[u8], messages: Vec<Message>) {
    let connection = connected(world, subprotocol).await;
    let mut socket = WebSocketStream::from_raw_socket(connection, Role::Client, None).await;
    let mut awaited = messages.len();
    for message in messages {
        socket.send(message).await.expect("there is room");
    }
    while awaited > 0 {
        let next = timeout(PATIENCE, socket.next()).await.expect("it is answered");
        let message = match next.expect("it is answered before it ends").expect("it is answered in frames") {
            Message::Text(text) => serde_json::from_str(&text).expect("an answer is JSON"),
            Message::Binary(bytes) => rmp_serde::from_slice(&bytes).expect("an answer is MessagePack"),
            _ => continue,
        };
        awaited -= usize::from(is_answer(&message));
    }
    let _ = socket.close(None).await;
    while let Ok(Some(Ok(_))) = timeout(PATIENCE, socket.next()).await {}
}

/// Whether a message is an answer, and not about what is open.
fn is_answer(message: &Value) -> bool {
    let status = message["error"]["status"].as_u64();
    assert!(status.is_none_or(|status| status < 500), "{message}");
    message.get("events").is_none()
}

/// Sends bytes as they are. Whatever they are, the connection ends when the client has ended it.
async fn dictate(world: &World, bytes: &[u8]) {
    let mut connection = connected(world, b"mainstay.v1.json").await;
    // A server that has closed does not read what is left.
    let _ = connection.write_all(bytes).await;
    let _ = connection.shutdown().await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
    read.expect("the connection ends").expect("the connection is read");
}

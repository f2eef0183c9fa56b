//! Bare sockets: a process that holds WebSockets by tokio-tungstenite, a task for each, and sends the same text to all when it is told something.
//!
//! What a socket was told meanwhile goes out in one write. It looks at nothing: no token, no rule, no message.

use super::stream::created;
use crate::http::is_whole_request;
use crate::load::Target;
use crate::process::Guard;
use futures::{SinkExt, StreamExt};
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

const READY: &str = r#"{"id":1,"events":[{"event":"ready"}]}"#;
const DONE: &str = r#"{"id":1,"ok":{}}"#;
/// How many texts may wait for a socket. Fewer are under way.
const WAITING: usize = 1_024;
/// The buffers of a socket. Those that tungstenite has by default would be 10,000 times 256 KiB.
const BUFFER_BYTES: usize = 4 << 10;

/// The sockets' process. It is killed when this is dropped.
pub(crate) struct BareSockets {
    /// Where it is.
    pub(crate) target: Target,
    _guard: Guard,
}

impl BareSockets {
    /// Starts it, with texts of so many bytes for those who watch records, and for those who hear a channel.
    pub(crate) fn start(record_bytes: usize, message_bytes: usize) -> Result<Self, String> {
        let mut command = super::http::ourselves()?;
        command.arg("bare-sockets").args([record_bytes, message_bytes].map(|bytes| bytes.to_string()));
        let (guard, address) = Guard::start(command.stdin(Stdio::piped()), |line| line.parse().ok())?;
        Ok(BareSockets { target: Target { address, pid: guard.pid(), database: None }, _guard: guard })
    }
}

/// The child's side: prints its address and serves until its stdin ends, so that it cannot be left behind.
pub(crate) fn run(record_bytes: usize, message_bytes: usize) -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)));
    let listener = listener.map_err(|error| error.to_string())?;
    println!("{}", listener.local_addr().map_err(|error| error.to_string())?);
    runtime.spawn(serve_all(listener, Topics::new(record_bytes, message_bytes)));
    std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())
        .map(drop)
        .map_err(|error| error.to_string())
}

/// What is told to those who watch records, and to those who hear a channel.
#[derive(Clone)]
struct Topics {
    records: Topic,
    channel: Topic,
}

#[derive(Clone)]
struct Topic {
    text: Utf8Bytes,
    sender: broadcast::Sender<Utf8Bytes>,
}

impl Topics {
    fn new(record_bytes: usize, message_bytes: usize) -> Self {
        let topic = |event, bytes| Topic {
            text: text_of(event, bytes).into(),
            sender: broadcast::Sender::new(WAITING),
        };
        Topics { records: topic("enter", record_bytes), channel: topic("message", message_bytes) }
    }
}

impl Topic {
    fn tell(&self) {
        // Nobody may be there.
        let _ = self.sender.send(self.text.clone());
    }
}

async fn serve_all(listener: TcpListener, topics: Topics) {
    while let Ok((stream, _)) = listener.accept().await {
        let topics = topics.clone();
        // A client that goes ends its connection.
        tokio::spawn(async move { drop(serve(stream, topics).await) });
    }
}

async fn serve(stream: TcpStream, topics: Topics) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut first = [0; 4];
    stream.peek(&mut first).await?;
    if first == *b"POST" {
        Ok(take_posts(stream, &topics.records).await?)
    } else {
        hold(stream, topics).await
    }
}

/// Answers posts as creates are answered, and tells of them.
async fn take_posts(mut stream: TcpStream, topic: &Topic) -> std::io::Result<()> {
    let mut request = Vec::new();
    while stream.read_buf(&mut request).await? > 0 {
        if is_whole_request(&request) {
            topic.tell();
            stream.write_all(&created(&request)).await?;
            request.clear();
        }
    }
    Ok(())
}

/// Does what the texts of a socket ask for: to hear something, or to tell it.
async fn hold(stream: TcpStream, topics: Topics) -> Result<(), Error> {
    let config = WebSocketConfig::default().read_buffer_size(BUFFER_BYTES).write_buffer_size(BUFFER_BYTES);
    let mut socket = accept_async_with_config(stream, Some(config)).await?;
    while let Some(Message::Text(text)) = socket.next().await.transpose()? {
        if text.contains("\"publish\"") {
            topics.channel.tell();
            socket.send(Message::text(DONE)).await?;
        } else {
            let topic = if text.contains("\"watch\"") { &topics.records } else { &topics.channel };
            return hear(socket, topic.sender.subscribe()).await;
        }
    }
    Ok(())
}

/// Sends what is told until the client goes.
async fn hear(
    mut socket: WebSocketStream<TcpStream>,
    mut told: broadcast::Receiver<Utf8Bytes>,
) -> Result<(), Error> {
    socket.send(Message::text(READY)).await?;
    loop {
        tokio::select! {
            text = told.recv() => {
                let Ok(text) = text else { return Ok(()) };
                socket.feed(Message::Text(text)).await?;
                while let Ok(text) = told.try_recv() {
                    socket.feed(Message::Text(text)).await?;
                }
                socket.flush().await?;
            }
            heard = socket.next() => match heard {
                Some(Ok(_)) => {}
                _ => return Ok(()),
            },
        }
    }
}

/// A text with an event, of so many bytes; of as few as it can have, when that is more.
fn text_of(event: &str, bytes: usize) -> String {
    let text =
        |data: &str| format!("{{\"id\":1,\"events\":[{{\"event\":\"{event}\",\"data\":\"{data}\"}}]}}");
    text(&"x".repeat(bytes.saturating_sub(text("").len())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::http::request;
    use crate::script::Script;
    use crate::watch::{Opening, Plan, Wire};
    use crate::ws;
    use std::time::Duration;

    #[test]
    fn texts_have_the_size_that_was_asked_for() {
        assert_eq!(text_of("enter", 500).len(), 500);
        assert_eq!(text_of("enter", 0), r#"{"id":1,"events":[{"event":"enter","data":""}]}"#);
    }

    fn plan(target: Target, wire: Wire, asked: &str) -> Plan {
        let socket = |request| Opening { handshake: Some(ws::handshake("/", "t")), request };
        let tellers = (0..4).map(|_| match wire {
            Wire::Channel => {
                let publish = ws::text(r#"{"id":1,"type":"publish"}"#);
                (socket(Vec::new()), Script::constant(publish, 200, |answer, _| answer["ok"].is_object()))
            }
            _ => {
                let post = request("POST", "/", Some("t"), Some("{}"));
                let nothing = Opening { handshake: None, request: Vec::new() };
                (nothing, Script::constant(post, 201, |answer, _| answer.is_object()))
            }
        });
        Plan { target, wire, watchers: vec![socket(ws::text(asked)); 20], tellers: tellers.collect() }
    }

    #[test]
    fn everyone_gets_everything() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let target = Target { address, pid: std::process::id(), database: None };
        runtime.spawn(serve_all(listener, Topics::new(500, 200)));
        let asked = [(Wire::Records, r#"{"type":"watch"}"#), (Wire::Channel, r#"{"type":"subscribe"}"#)];
        for (wire, asked) in asked {
            let sample = plan(target, wire, asked).measure(Duration::from_millis(200)).unwrap();
            assert!(sample.good >= 20 && sample.latency.quantile(0.5) > 0, "{sample:?}");
        }
    }
}

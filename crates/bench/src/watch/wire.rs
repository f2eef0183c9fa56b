//! What watchers and tellers say, and what they wait for, over each of the protocols that bring news.

use crate::http::{Answer, complete, request};
use crate::scene::{Account, Scene, message_text};
use crate::script::Script;
use crate::ws;
use serde_json::{Value, json};

/// How news come, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wire {
    /// Messages of a room, as server-sent events.
    Events,
    /// The same, over the socket.
    Records,
    /// What is published on the room's channel, over the socket.
    Channel,
}

/// What one does who wants to hear, or to tell.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    /// Asks for the socket, where there is one.
    pub(crate) handshake: Option<Vec<u8>>,
    /// What is asked then; nothing of those who tell.
    pub(crate) request: Vec<u8>,
}

/// The texts of messages that take turns.
const TEXTS: u64 = 64;

impl Wire {
    /// What the event of a message has, once, and nothing else. JSON has no line breaks, and quotes in it are escaped, so no message can look like it.
    pub(crate) fn event(self) -> &'static [u8] {
        match self {
            Wire::Events => b"\nevent: enter\n",
            Wire::Records => b"\"event\":\"enter\"",
            Wire::Channel => b"\"event\":\"message\"",
        }
    }

    /// What says that a stream is at work, and what ends that.
    pub(super) fn ready(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Wire::Events => (b"\nevent: ready\n", b"\r\n"),
            Wire::Records | Wire::Channel => (b"\"event\":\"ready\"", b"]}"),
        }
    }

    /// Whether what a stream begins with is a refusal.
    pub(super) fn is_refused(self, text: &[u8]) -> bool {
        match self {
            Wire::Events => text.len() > 12 && !text.starts_with(b"HTTP/1.1 200"),
            Wire::Records | Wire::Channel => memchr::memmem::find(text, b"\"error\":").is_some(),
        }
    }

    /// How one begins who wants to hear.
    pub(super) fn watcher(self, room: &str, token: &str) -> Opening {
        let over_socket = |request: Value| Opening {
            handshake: Some(ws::handshake("/v1/live", token)),
            request: ws::text(&request.to_string()),
        };
        let filter = format!("room == \"{room}\"");
        match self {
            Wire::Events => Opening { handshake: None, request: watch_request(room, token) },
            Wire::Records => over_socket(json!({
                "id": 1, "type": "watch", "operation": "message.watch", "snapshot": false, "parameters": {"filter": filter},
            })),
            Wire::Channel => {
                over_socket(json!({"id": 1, "type": "subscribe", "channel": format!("room/{room}")}))
            }
        }
    }

    /// How one begins who wants to tell.
    pub(super) fn teller(self, token: &str) -> Opening {
        let handshake = (self == Wire::Channel).then(|| ws::handshake("/v1/live", token));
        Opening { handshake, request: Vec::new() }
    }

    /// What is told: messages that take turns.
    pub(crate) fn script(self, scene: &Scene, member: &Account, seed: u64) -> Script {
        let texts = (0..TEXTS).map(message_text).collect();
        let data = json!({"room": scene.room, "text": message_text(0)});
        if self == Wire::Channel {
            let channel = format!("room/{}", scene.room);
            let publish = json!({"id": 1, "type": "publish", "channel": channel, "data": data});
            let frame = ws::text(&publish.to_string());
            return Script::varied(frame, texts, 200, |answer, _| answer["ok"].is_object(), seed);
        }
        let post = request("POST", "/v1/messages", Some(&member.token), Some(&data.to_string()));
        Script::varied(post, texts, 201, |answer, text| answer["text"] == text, seed)
    }

    /// The answer to what was told, when all of it is there.
    pub(super) fn answer(self, bytes: &[u8]) -> Result<Option<Answer<'_>>, String> {
        if self != Wire::Channel {
            return complete(bytes);
        }
        let status = |text: &[u8]| if memchr::memmem::find(text, b"\"ok\"").is_some() { 200 } else { 500 };
        Ok(ws::first_text(bytes)?.map(|text| Answer { status: status(text), body: text }))
    }

    /// How many bytes the first event in a stream has, when all of it is there: from its `id:` to the empty line behind it, or the frame's text.
    pub(super) fn event_bytes(self, text: &[u8]) -> Result<Option<usize>, String> {
        let Some(at) = memchr::memmem::find(text, self.event()) else { return Ok(None) };
        if self != Wire::Events {
            let start = memchr::memmem::rfind(&text[..at], b"{\"id\":").unwrap_or(at);
            return Ok(text.ends_with(b"]}").then_some(text.len() - start));
        }
        let Some(end) = memchr::memmem::find(&text[at..], b"\n\n") else { return Ok(None) };
        let start = memchr::memmem::rfind(&text[..at], b"id:").ok_or("an event has no id")?;
        Ok(Some(at + end + 2 - start))
    }
}

fn watch_request(room: &str, token: &str) -> Vec<u8> {
    let target = format!("/v1/messages?filter=room%20%3D%3D%20%22{room}%22&snapshot=false");
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
    );
    head.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_measured_without_what_is_around_it() {
        let check =
            |wire: Wire, text: &str, expected| assert_eq!(wire.event_bytes(text.as_bytes()), Ok(expected));
        let event = "id: b\nevent: enter\ndata: {}\n\n";
        let stream = format!("5\r\nid: a\nevent: ready\ndata: {{}}\n\n\r\n5\r\n{event}");
        check(Wire::Events, &format!("{stream}\r\n"), Some(event.len()));
        check(Wire::Events, &stream[..stream.len() - 1], None);
        let event = "{\"id\":1,\"events\":[{\"event\":\"message\",\"data\":{}}]}";
        let stream = format!("x{{\"id\":1,\"ok\":{{}}}}x{event}");
        check(Wire::Channel, &stream, Some(event.len()));
        check(Wire::Channel, &stream[..stream.len() - 1], None);
        check(Wire::Records, &stream, None);
    }

    #[test]
    fn an_answer_over_the_socket_is_good_or_not() {
        let check = |text: &str, expected| {
            let frame = [&[0x81, text.len() as u8], text.as_bytes()].concat();
            let answer = Wire::Channel.answer(&frame);
            assert_eq!(answer.map(|answer| answer.map(|answer| answer.status)), Ok(Some(expected)));
        };
        check("{\"id\":1,\"ok\":{}}", 200);
        check("{\"id\":1,\"error\":{}}", 500);
    }
}

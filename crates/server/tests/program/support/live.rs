//! A client of the socket, as its page has it: one who reads `docs/reference/live.md` could have written it.

use super::{Client, PATIENCE};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::{Error, Message, WebSocket};

/// A client of the socket.
pub(crate) struct Live {
    pub(crate) socket: WebSocket<TcpStream>,
    last: u64,
    /// Events that were told, and not asked for yet.
    told: Vec<(u64, Value)>,
}

impl Live {
    pub(crate) fn open(client: &Client) -> Live {
        Live::try_open(client, &[]).unwrap()
    }

    pub(crate) fn try_open(client: &Client, headers: &[(&'static str, &str)]) -> Result<Live, u16> {
        let mut request = format!("ws://{}/v1/live", client.address).into_client_request().unwrap();
        let mut set = |name: &'static str, value: &str| {
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        };
        if let Some(token) = &client.token {
            set("authorization", &format!("Bearer {token}"));
        }
        headers.iter().for_each(|(name, value)| set(name, value));
        let stream = TcpStream::connect(client.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Live { socket, last: 0, told: Vec::new() }),
            Err(tungstenite::HandshakeError::Failure(Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends a request. Answers its id.
    pub(crate) fn send(&mut self, mut request: Value) -> u64 {
        self.last += 1;
        request["id"] = json!(self.last);
        self.socket.send(Message::text(request.to_string())).unwrap();
        self.last
    }

    pub(crate) fn read(&mut self) -> Value {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).unwrap(),
                Ok(Message::Ping(_)) => self.socket.flush().unwrap(),
                Ok(message) => panic!("{message:?}; told before: {:?}", self.told),
                Err(error) => panic!("{error}; told before: {:?}", self.told),
            }
        }
    }

    fn take(&mut self, message: &Value) {
        let id = message["id"].as_u64().unwrap();
        let events = message["events"].as_array().unwrap_or_else(|| panic!("{message}"));
        self.told.extend(events.iter().map(|event| (id, event.clone())));
    }

    /// The answer to a request.
    pub(crate) fn ask(&mut self, request: Value) -> Value {
        let id = self.send(request);
        loop {
            let message = self.read();
            if message.get("events").is_none() && message["id"] == id {
                return message;
            }
            self.take(&message);
        }
    }

    /// Sees that a request is answered without an error. Answers its id.
    #[track_caller]
    pub(crate) fn ok(&mut self, request: Value) -> u64 {
        let answer = self.ask(request);
        assert!(answer.get("ok").is_some(), "{answer}");
        self.last
    }

    #[track_caller]
    pub(crate) fn refused(&mut self, request: Value, code: &str) {
        let answer = self.ask(request);
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }

    /// Checks the next event of what is open.
    #[track_caller]
    pub(crate) fn told(&mut self, of: u64, expected: &Value) -> Value {
        loop {
            if let Some(index) = self.told.iter().position(|(id, _)| *id == of) {
                let (_, event) = self.told.remove(index);
                let members = expected.as_object().unwrap();
                assert!(members.iter().all(|(name, value)| event[name] == *value), "{event}, not {expected}");
                return event;
            }
            let message = self.read();
            self.take(&message);
        }
    }

    /// The code and the reason with which the server closes.
    pub(crate) fn closed(&mut self) -> (u16, String) {
        loop {
            match self.socket.read() {
                Ok(Message::Close(Some(frame))) => return (frame.code.into(), frame.reason.to_string()),
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Sees that nothing comes for a moment.
    pub(crate) fn is_silent(&mut self) {
        self.socket.get_ref().set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        match self.socket.read() {
            Err(Error::Io(error)) => {
                assert!([ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()), "{error}");
            }
            other => panic!("{other:?}"),
        }
        self.socket.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
    }
}

pub(crate) fn subscribe(channel: &str) -> Value {
    json!({"type": "subscribe", "channel": channel})
}

pub(crate) fn publish(channel: &str, data: Value) -> Value {
    let mut request = json!({"type": "publish", "channel": channel});
    request["data"] = data;
    request
}

pub(crate) fn enter(channel: &str, state: Value) -> Value {
    let mut request = json!({"type": "enter", "channel": channel});
    request["state"] = state;
    request
}

pub(crate) fn presence(channel: &str) -> Value {
    json!({"type": "presence", "channel": channel})
}

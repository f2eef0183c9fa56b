//! Asks by the live socket: a socket for each step, on which the client says who it is.

use crate::rest;
use crate::scenario::{Driver, Outcome, Step};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tungstenite::{Message, WebSocket};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Live {
    address: SocketAddr,
}

impl Live {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Live { address }
    }

    /// Opens a socket of a version of the API.
    pub(crate) fn open_version(&self, version: u32) -> WebSocket<TcpStream> {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        tungstenite::client(format!("ws://{}/v{version}/live", self.address), stream).unwrap().0
    }
}

impl Driver for Live {
    fn ask(&mut self, step: &Step, token: Option<&str>) -> Outcome {
        let mut socket = self.open_version(1);
        if let Some(token) = token {
            let answer = exchange(&mut socket, &json!({"id": 1, "type": "auth", "token": token}));
            if answer.get("error").is_some() {
                return outcome(step, &answer);
            }
        }
        outcome(step, &exchange(&mut socket, &call(step)))
    }
}

fn call(step: &Step) -> Value {
    let mut call = json!({"id": 2, "type": "call", "operation": step.operation});
    let mut set = |name: &str, value: Option<Value>| {
        value.into_iter().for_each(|value| call[name] = value);
    };
    let parameters = step.parameters.iter().map(|(name, value)| (name.clone(), rest::text(value).into()));
    set("parameters", (!step.parameters.is_empty()).then(|| Value::Object(parameters.collect())));
    set("record_id", step.id.clone().map(Value::from));
    set("name", step.name.clone().map(Value::from));
    set("if_match", step.if_match.map(Value::from));
    set("body", step.body.clone());
    call
}

pub(crate) fn exchange(socket: &mut WebSocket<TcpStream>, request: &Value) -> Value {
    socket.send(Message::text(request.to_string())).unwrap();
    next(socket)
}

/// The next message.
pub(crate) fn next(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) => socket.flush().unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

fn outcome(step: &Step, answer: &Value) -> Outcome {
    match (answer.get("error"), &answer["ok"]) {
        (Some(problem), _) => rest::of_json(&step.operation, false, problem),
        (None, Value::Null) => Outcome::new(json!({"nothing": true})),
        (None, body) => rest::of_json(&step.operation, true, body),
    }
}

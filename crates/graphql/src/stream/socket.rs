//! A WebSocket and the operations that run on it.
//!
//! One task reads and writes; each operation is a task of its own, which hands over what is to be written through a channel with a bound. A client that
//! does not read stops its operations, a watch is then dropped as too slow, and a write that takes too long ends the socket.

use super::{Beat, Beating, Next, answers};
use crate::error::{self, Failure};
use crate::http::{body, max_depth};
use crate::service::{Request, Service};
use futures::future::poll_fn;
use futures::{SinkExt, StreamExt};
use mainstay_api::Rate;
use mainstay_engine::{Caller, Code, Ended, Identity, SocketSeat};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// How long a client may take for its first message.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How many operations may run on a socket at once.
const MAX_OPERATIONS: usize = 100;
/// How many messages may wait to be written.
const WAITING: usize = 64;

/// The frames of a client.
pub(super) type WebSocket = WebSocketStream<Box<dyn mainstay_api::Stream>>;

/// Why a socket is closed by us: the protocol's codes.
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Close {
    fn new(code: u16, reason: impl Into<String>) -> Self {
        Close { code, reason: reason.into() }
    }

    fn invalid(reason: impl Into<String>) -> Self {
        Close::new(4400, reason)
    }

    /// A client that is told `Forbidden` comes back with another token, if it has one.
    fn of_seat(reason: Ended) -> Self {
        match reason {
            Ended::ShuttingDown => Close::new(1001, "the server stops"),
            Ended::Unavailable => Close::new(1013, "try again later"),
            _ => Close::new(4403, "Forbidden"),
        }
    }

    pub(super) async fn send(self, socket: &mut WebSocket) {
        let frame = CloseFrame { code: self.code.into(), reason: self.reason.into() };
        // Whoever is gone need not be told.
        let _ = timeout(INIT_TIMEOUT, socket.send(Message::Close(Some(frame)))).await;
    }
}

/// What is written to the client by an operation.
enum Out {
    Message(String, String),
    /// The last message of an operation, if there is one, after which its id is free.
    Done(String, Option<String>),
}

/// A socket.
pub(super) struct Socket {
    service: Arc<Service>,
    caller: Caller,
    token: Option<Arc<str>>,
    seat: SocketSeat,
    rate: Rate,
    is_ready: bool,
    running: HashMap<String, AbortHandle>,
    tasks: JoinSet<()>,
    count: u64,
}

impl Socket {
    pub(super) fn new(
        service: Arc<Service>,
        caller: Caller,
        token: Option<Arc<str>>,
        seat: SocketSeat,
    ) -> Self {
        let (running, tasks) = (HashMap::new(), JoinSet::new());
        let rate = Rate::new(service.operations.application().config.live.messages_per_second);
        Socket { service, caller, token, seat, rate, is_ready: false, running, tasks, count: 0 }
    }

    /// The largest message of a client.
    pub(super) fn message_bytes(&self) -> usize {
        self.service.operations.limits().batch_body_bytes
    }

    /// Reads and writes until the client goes or has to.
    pub(super) async fn run(mut self, mut socket: WebSocket) {
        let (sender, mut waiting) = mpsc::channel(WAITING);
        let begun = Instant::now();
        let write_timeout = self.service.operations.limits().request_timeout;
        let mut heartbeat = tokio::time::interval(self.service.operations.limits().heartbeat);
        heartbeat.tick().await;
        loop {
            let text = tokio::select! {
                message = socket.next() => match message {
                    // Its answer goes out before more is read: those to a client that takes none would pile up.
                    Some(Ok(Message::Ping(_))) => match timeout(write_timeout, socket.flush()).await {
                        Ok(Ok(())) => None,
                        _ => return,
                    },
                    Some(Ok(message)) => match self.read(message, &sender).await {
                        Ok(answer) => answer,
                        Err(close) => return close.send(&mut socket).await,
                    },
                    _ => return,
                },
                Some(out) = waiting.recv() => self.written(out),
                () = tokio::time::sleep_until(begun + INIT_TIMEOUT), if !self.is_ready => {
                    return Close::new(4408, "Connection initialisation timeout").send(&mut socket).await;
                }
                reason = poll_fn(|cx| self.seat.poll_ended(cx)) => {
                    // Its operations end for the same reason, and say so if they had the time.
                    while let Ok(out) = waiting.try_recv() {
                        let Some(text) = self.written(out) else { continue };
                        if !write(&mut socket, text, write_timeout).await {
                            return;
                        }
                    }
                    return Close::of_seat(reason).send(&mut socket).await;
                }
                _ = heartbeat.tick() => Some("{\"type\":\"ping\"}".to_owned()).filter(|_| self.is_ready),
            };
            while self.tasks.try_join_next().is_some() {}
            let Some(text) = text else { continue };
            if !write(&mut socket, text, write_timeout).await {
                return;
            }
        }
    }

    fn written(&mut self, out: Out) -> Option<String> {
        match out {
            // What an operation left behind that was completed is not told any more.
            Out::Message(id, text) => self.running.contains_key(&id).then_some(text),
            Out::Done(id, text) => self.running.remove(&id).and(text),
        }
    }

    /// Acts on a message. What it answers is written.
    async fn read(&mut self, message: Message, sender: &mpsc::Sender<Out>) -> Result<Option<String>, Close> {
        let text = match message {
            // There is no answer that is about no operation, so who sends too much is let go.
            Message::Text(_) if !self.rate.take() => return Err(Close::new(4429, "Too many messages")),
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(None),
            Message::Binary(_) => return Err(Close::invalid("Invalid message: send text")),
            Message::Close(_) => return Err(Close::new(1000, "")),
        };
        let invalid = || Close::invalid("Invalid message: send JSON objects with `type`");
        // The request is the payload of a message.
        let depth = max_depth(&self.service) + 1;
        let mut members = mainstay_api::parse_object(text.as_bytes(), depth).map_err(|_| invalid())?;
        let id = members.get("id").and_then(Value::as_str).map(str::to_owned);
        match (members.get("type").and_then(Value::as_str).ok_or_else(invalid)?, id) {
            ("connection_init", _) => self.init(members.remove("payload")).await.map(Some),
            ("ping", _) => Ok(Some("{\"type\":\"pong\"}".to_owned())),
            ("pong", _) => Ok(None),
            ("subscribe", Some(id)) => self.subscribe(id, members.remove("payload"), sender),
            ("complete", Some(id)) => {
                if let Some(task) = self.running.remove(&id) {
                    task.abort();
                }
                Ok(None)
            }
            _ => Err(invalid()),
        }
    }

    /// Sees who is there. A token in the first message is as good as one in the header, which browsers cannot send.
    async fn init(&mut self, payload: Option<Value>) -> Result<String, Close> {
        if std::mem::replace(&mut self.is_ready, true) {
            return Err(Close::new(4429, "Too many initialisation requests"));
        }
        if let Some(token) = payload.as_ref().and_then(token_in) {
            let identity = self.service.operations.authenticate(token).await;
            self.log_in(identity.map_err(|_| Close::new(4403, "Forbidden"))?, token.into()).await?;
        }
        // A page cannot read the headers of the answer that opened the socket.
        Ok(match self.service.operations.end() {
            Some(end) => json!({"type": "connection_ack", "payload": {"api": end}}).to_string(),
            None => "{\"type\":\"connection_ack\"}".to_owned(),
        })
    }

    /// Goes on as who shows this token. The place of a socket is its account's: another account needs another.
    async fn log_in(&mut self, identity: Arc<Identity>, token: Arc<str>) -> Result<(), Close> {
        let is_same = self.seat.user() == identity.user;
        self.caller.identity = Some(identity.clone());
        if is_same {
            self.seat.renew(&identity, &token);
        } else {
            let seat = self.service.operations.engine().open_socket(&self.caller, Some(token.clone())).await;
            self.seat = seat.map_err(|error| Close::new(1013, error.code.as_str()))?;
        }
        self.token = Some(token);
        Ok(())
    }

    fn subscribe(
        &mut self,
        id: String,
        payload: Option<Value>,
        sender: &mpsc::Sender<Out>,
    ) -> Result<Option<String>, Close> {
        if !self.is_ready {
            return Err(Close::new(4401, "Unauthorized"));
        }
        if self.running.contains_key(&id) {
            return Err(Close::new(4409, format!("Subscriber for {} already exists", short(&id))));
        }
        let Some(Value::Object(payload)) = payload else {
            return Err(Close::invalid("Invalid message: `subscribe` has a `payload`"));
        };
        if self.running.len() >= MAX_OPERATIONS {
            return Ok(Some(self.too_many(&id)));
        }
        self.count += 1;
        let mut caller = self.caller.clone();
        caller.request_id = format!("{}.{}", caller.request_id, self.count);
        let operation = Running {
            service: self.service.clone(),
            caller,
            token: self.token.clone(),
            id: id.clone(),
            sender: sender.clone(),
        };
        let task = self.tasks.spawn(operation.run(payload));
        self.running.insert(id, task);
        Ok(None)
    }

    /// Refuses an operation, and it alone: the others go on.
    fn too_many(&self, id: &str) -> String {
        let message = format!("at most {MAX_OPERATIONS} operations run at once");
        let failure = Failure::new(Code::TooManySubscriptions, message);
        let errors = error::encode(&failure.errors, &self.caller.request_id);
        json!({"type": "error", "id": id, "payload": errors}).to_string()
    }
}

/// Whether a message could be written in time.
async fn write(socket: &mut WebSocket, text: String, limit: Duration) -> bool {
    matches!(timeout(limit, socket.send(Message::Text(text.into()))).await, Ok(Ok(())))
}

/// The token in the first message: `{"authorization": "Bearer …"}`, in whatever case, or `{"token": "…"}`.
fn token_in(payload: &Value) -> Option<&str> {
    let members = payload.as_object()?;
    let (_, value) = members
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization") || name.as_str() == "token")?;
    let text = value.as_str()?;
    let (scheme, token) = text.split_once(' ').unwrap_or(("Bearer", text));
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

fn short(id: &str) -> String {
    id.chars().take(40).collect()
}

/// An operation on a socket.
struct Running {
    service: Arc<Service>,
    caller: Caller,
    token: Option<Arc<str>>,
    id: String,
    sender: mpsc::Sender<Out>,
}

impl Running {
    async fn run(mut self, payload: Map<String, Value>) {
        let last = match self.answer(payload).await {
            Ok(()) => json!({"type": "complete", "id": self.id}),
            Err(errors) => json!({"type": "error", "id": self.id, "payload": errors}),
        };
        // Only a socket that is closed takes nothing.
        let _ = self.sender.send(Out::Done(self.id.clone(), Some(last.to_string()))).await;
    }

    /// Answers the operation, up to its last message.
    ///
    /// # Errors
    /// The list of errors with which it ends.
    async fn answer(&mut self, payload: Map<String, Value>) -> Result<(), Value> {
        let failed = |failure: Failure| {
            failure.errors.iter().for_each(|fault| error::log(&fault.error, &self.caller.request_id));
            error::encode(&failure.errors, &self.caller.request_id)
        };
        let identity = match &self.token {
            Some(token) => Some(self.service.operations.authenticate(token).await.map_err(Failure::from)),
            None => None,
        };
        let identity = identity.transpose().map_err(failed)?;
        let prepared =
            Request::read(payload).and_then(|request| self.service.prepare(request)).map_err(failed)?;
        let caller = Caller { identity, ..self.caller.clone() };
        if prepared.is_subscription() {
            let watch = self.service.watch(&caller, &prepared, self.token.clone()).await.map_err(failed)?;
            return self.tell(Beating::new(watch, self.service.operations.limits().heartbeat)).await;
        }
        let limit = self.service.operations.limits().request_timeout;
        let too_long = |_| Failure::new(Code::RequestTimeout, "the request took too long");
        let answer = timeout(limit, self.service.run(&caller, &prepared, None, None)).await;
        let answer = answer.map_err(too_long).and_then(|answer| answer).map_err(failed)?;
        answer.faults.iter().for_each(|fault| error::log(&fault.error, &caller.request_id));
        self.next(&body(Some(&answer.data), &answer.faults, &caller.request_id)).await;
        Ok(())
    }

    async fn tell(&self, mut events: Beating) -> Result<(), Value> {
        while let Some(beat) = events.next().await {
            let Beat::Events(bytes) = beat else { continue };
            for next in answers(&bytes, &self.caller.request_id) {
                match next {
                    Next::Event(body) => self.next(&body).await,
                    Next::End(errors) => return Err(errors),
                }
            }
        }
        Ok(())
    }

    async fn next(&self, payload: &[u8]) {
        let payload = String::from_utf8_lossy(payload);
        let id = Value::from(self.id.as_str());
        let text = format!("{{\"type\":\"next\",\"id\":{id},\"payload\":{payload}}}");
        let _ = self.sender.send(Out::Message(self.id.clone(), text)).await;
    }
}

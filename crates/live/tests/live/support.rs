//! An application that is served, and clients of its socket.

use axum::Router;
use futures::{SinkExt, StreamExt};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mainstay_api::operations::Protocol;
use mainstay_api::{Api, Taken, Takeover};
use mainstay_engine::{Engine, Options};
use mainstay_live::Measures;
use mainstay_model::Project;
use mainstay_testkit::{FakeClock, FixedKeyring, MemoryStore};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};
use tower::ServiceExt;

/// 2026-11-21T08:30:00Z
const NOW: i64 = 1_795_249_800_000_000;
/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// The password of every account in tests.
pub(crate) const PASSWORD: &str = "correct horse";
/// Cheap passwords.
pub(crate) const SETTINGS: &str = "name = \"Test\"\n[accounts.password]\nmemory_kib = 512\niterations = 1\n";

/// An application that is served.
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) address: SocketAddr,
}

impl App {
    pub(crate) async fn of(files: &[(&str, &str)]) -> Self {
        let loaded = Project::load_from(files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
        let application = Arc::new(loaded.application);
        let clock = Arc::new(FakeClock::new(NOW));
        let store = Arc::new(MemoryStore::new(application.clone()));
        let options = Options { application, store, clock, keyring: Arc::new(FixedKeyring(7)) };
        let engine = Engine::new(options).unwrap();
        let api = Api::new(engine.clone());
        let operations = api.operations(Protocol::Live);
        let router = api.with(mainstay_live::endpoint(operations, Arc::<Measures>::default())).router();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, router.clone()));
            }
        });
        App { engine, address }
    }

    /// Makes an account and logs in: the account's id and the access token.
    pub(crate) async fn account(&self, name: &str) -> (String, String) {
        let mut live = Live::open(self, "").await;
        let email = format!("{name}@example.com");
        let account = json!({"email": email, "password": PASSWORD});
        let made = live.ok(call("auth.register", json!({"body": account}))).await;
        let tokens = live.ok(call("auth.login", json!({"body": account}))).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&made["ok"]["id"]), text(&tokens["ok"]["access_token"]))
    }
}

/// Serves a connection, as the program does it: what takes it over goes on with it.
async fn serve(stream: TcpStream, router: Router) {
    let takeover = Takeover::default();
    let service = service_fn(|mut request: http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(takeover.clone());
        router.clone().oneshot(request)
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let parts = connection.into_parts();
    if let Some(next) = takeover.take() {
        next(Taken { stream: Box::new(parts.io.into_inner()), read: parts.read_buf }).await;
    }
}

/// The request that runs an operation, with further members.
pub(crate) fn call(operation: &str, members: Value) -> Value {
    let mut call = members;
    call["type"] = json!("call");
    call["operation"] = json!(operation);
    call
}

/// A client.
pub(crate) struct Live {
    socket: WebSocketStream<TcpStream>,
    last: u64,
}

impl Live {
    /// A socket of whom a token is of; of nobody where it is empty.
    pub(crate) async fn open(app: &App, token: &str) -> Self {
        let mut request = format!("ws://{}/v1/live", app.address).into_client_request().unwrap();
        if !token.is_empty() {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let stream = TcpStream::connect(app.address).await.unwrap();
        Live { socket: client_async(request, stream).await.unwrap().0, last: 0 }
    }

    /// The answer to a request, and the events that came before it.
    pub(crate) async fn ask(&mut self, mut request: Value) -> (Value, Vec<Value>) {
        self.last += 1;
        request["id"] = json!(self.last);
        self.socket.send(Message::text(request.to_string())).await.unwrap();
        let mut events = Vec::new();
        loop {
            let message = self.next().await;
            if message.get("events").is_none() && message["id"] == self.last {
                return (message, events);
            }
            events.push(message);
        }
    }

    /// The answer to a request that may be asked.
    pub(crate) async fn ok(&mut self, request: Value) -> Value {
        let (answer, _) = self.ask(request.clone()).await;
        assert!(answer.get("ok").is_some(), "{request}: {answer}");
        answer
    }

    pub(crate) async fn next(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
            if let Message::Text(text) = message.unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }
}

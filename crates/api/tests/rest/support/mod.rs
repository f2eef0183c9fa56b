//! An application behind the router, and short ways to ask it.

mod mask;
pub(crate) mod recorder;
pub(crate) mod schema;

use axum::Router;
use axum::body::Body;
use futures::StreamExt;
use http::{HeaderName, Method, Request, StatusCode};
use mainstay_engine::{Caller, Engine, NewUser, Options};
use mainstay_model::{Application, Project};
use mainstay_ports::{Keyring, Store};
use mainstay_testkit::{FakeClock, Place, Placed};
use mask::Mask;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// 2026-11-21T08:30:00Z
const NOW: i64 = 1_795_249_800_000_000;

/// The password of every account in tests.
pub(crate) const PASSWORD: &str = "correct horse";

/// Cheap passwords, and limits small enough to meet.
pub(crate) const SETTINGS: &str = "name = \"Test\"\n\
    [limits]\nbody_bytes = 2000\nbatch_operations = 5\njson_depth = 6\n\
    [accounts.password]\nmemory_kib = 512\niterations = 1\n";

/// An application behind its router.
pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<FakeClock>,
    mask: Mutex<Mask>,
    _placed: Placed,
}

struct Keys;

impl Keyring for Keys {
    fn secret(&self, _: &str, size_bytes: usize) -> std::io::Result<Vec<u8>> {
        Ok(vec![7; size_bytes])
    }
}

impl App {
    /// The example `chat`, with the settings of tests.
    pub(crate) fn chat() -> Self {
        Self::of(&[
            ("mainstay.toml", SETTINGS),
            ("models/room.toml", include_str!("../../../../../examples/chat/models/room.toml")),
            ("models/member.toml", include_str!("../../../../../examples/chat/models/member.toml")),
            ("models/message.toml", include_str!("../../../../../examples/chat/models/message.toml")),
        ])
    }

    /// A project of these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::over(files, |store| store)
    }

    /// A project of these files on a store that is made of the one of these tests.
    pub(crate) fn over(files: &[(&str, &str)], wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        recorder::begin();
        let loaded = Project::load_from(files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
        let application: Arc<Application> = Arc::new(loaded.application);
        let clock = Arc::new(FakeClock::new(NOW));
        let placed = Place::of(env!("CARGO_CRATE_NAME")).open(application.clone(), clock.clone());
        let store = wrap(placed.store.clone());
        let options = Options { application, store, clock: clock.clone(), keyring: Arc::new(Keys) };
        let engine = Engine::new(options).unwrap();
        App {
            router: mainstay_api::router(engine.clone()),
            engine,
            clock,
            mask: Mutex::default(),
            _placed: placed,
        }
    }

    /// Sends a request.
    pub(crate) async fn send(&self, ask: Ask) -> Reply {
        let response = self.router.clone().oneshot(ask.request()).await.unwrap();
        let (parts, body) = response.into_parts();
        let mut bytes = Vec::new();
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk.unwrap());
        }
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Reply { status: parts.status, headers: parts.headers, bytes, body }
    }

    /// Sends a request and compares the answer: its status and its body, in which ids and the like are masked, see [`Mask`].
    #[track_caller]
    pub(crate) fn check(&self, ask: Ask, status: u16, expected: Value) -> impl Future<Output = Reply> {
        let place = std::panic::Location::caller();
        async move {
            let shown = format!("{} {}", ask.method, ask.path);
            let reply = self.send(ask).await;
            let body = self.mask.lock().unwrap().apply(&reply.body);
            let expected = if expected.is_null() { String::new() } else { expected.to_string() };
            assert_eq!((reply.status.as_u16(), body), (status, expected), "{shown}, asked at {place}");
            reply
        }
    }

    /// Sends a request and compares the status and the code of the problem.
    #[track_caller]
    pub(crate) fn refuse(&self, ask: Ask, status: u16, code: &'static str) -> impl Future<Output = Reply> {
        let place = std::panic::Location::caller();
        async move {
            let shown = format!("{} {}", ask.method, ask.path);
            let reply = self.send(ask).await;
            let found = (reply.status.as_u16(), reply.json()["code"].clone());
            assert_eq!(found, (status, json!(code)), "{shown}, asked at {place}: {}", reply.body);
            assert_eq!(reply.header("content-type"), "application/problem+json");
            reply
        }
    }

    /// Makes an account and logs in: the account's id and the access token.
    pub(crate) async fn account(&self, name: &str) -> (String, String) {
        let email = format!("{name}@example.com");
        let registered =
            self.send(post("/v1/auth/register").json(&json!({"email": email, "password": PASSWORD}))).await;
        assert_eq!(registered.status, StatusCode::CREATED, "{}", registered.body);
        (registered.id(), self.login(&email).await)
    }

    /// Makes an account with a role and logs in.
    pub(crate) async fn admin(&self) -> String {
        let user = self.engine.application().user();
        let object = json!({"roles": ["admin"]});
        let input = mainstay_engine::Input::from_json(user, object.as_object().unwrap()).unwrap();
        let account = NewUser { email: "root@example.com".into(), password: PASSWORD.into(), input };
        self.engine.create_user(&Caller::default(), account).await.unwrap();
        self.login("root@example.com").await
    }

    /// Logs in: the access token.
    pub(crate) async fn login(&self, email: &str) -> String {
        let reply =
            self.send(post("/v1/auth/login").json(&json!({"email": email, "password": PASSWORD}))).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
}

pub(crate) fn ask(method: &str, path: impl Into<String>) -> Ask {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    Ask { method, path: path.into(), headers: Vec::new(), body: Vec::new() }
}

pub(crate) fn get(path: impl Into<String>) -> Ask {
    ask("GET", path)
}

pub(crate) fn post(path: impl Into<String>) -> Ask {
    ask("POST", path)
}

pub(crate) fn patch(path: impl Into<String>) -> Ask {
    ask("PATCH", path)
}

pub(crate) fn put(path: impl Into<String>) -> Ask {
    ask("PUT", path)
}

pub(crate) fn delete(path: impl Into<String>) -> Ask {
    ask("DELETE", path)
}

impl Ask {
    /// A header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((HeaderName::from_static(name), value.into()));
        self
    }

    /// An access token.
    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// A JSON body.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string()).header("content-type", "application/json")
    }

    /// A body as it is.
    pub(crate) fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The request.
    pub(crate) fn request(&self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.parse().unwrap();
        for (name, value) in &self.headers {
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) bytes: Vec<u8>,
    /// The body, where it is a text.
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The `id` in the body.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.body)).to_owned()
    }

    /// A header; the empty text when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

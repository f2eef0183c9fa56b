//! An application behind the router, and short ways to ask it.

use axum::Router;
use axum::body::Body;
use futures::StreamExt;
use http::{HeaderName, Method, Request, StatusCode};
use mainstay_api::Api;
use mainstay_api::operations::Protocol;
use mainstay_engine::{Engine, Options};
use mainstay_graphql::ProjectDocument;
use mainstay_model::{Application, Project};
use mainstay_ports::{Keyring, Store};
use mainstay_testkit::{FakeClock, Place, Placed};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

/// 2026-11-21T08:30:00Z
const NOW: i64 = 1_795_249_800_000_000;

/// The password of every account in tests.
pub(crate) const PASSWORD: &str = "correct horse";

/// Cheap passwords.
pub(crate) const SETTINGS: &str =
    "name = \"Test\"\n[accounts.password]\nmemory_kib = 512\niterations = 1\n[locks]\nallow = \"true\"\n";

/// A document of a project.
pub(crate) fn document(version: u32, name: &str, text: &str) -> ProjectDocument {
    ProjectDocument { version, name: name.to_owned(), text: text.to_owned() }
}

/// An application behind its router.
pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) engine: Engine,
    _placed: Placed,
}

struct Keys;

impl Keyring for Keys {
    fn secret(&self, _: &str, size_bytes: usize) -> std::io::Result<Vec<u8>> {
        Ok(vec![7; size_bytes])
    }
}

/// The models of the example `chat`.
pub(crate) const CHAT: [(&str, &str); 3] = [
    ("models/room.toml", include_str!("../../../../examples/chat/models/room.toml")),
    ("models/member.toml", include_str!("../../../../examples/chat/models/member.toml")),
    ("models/message.toml", include_str!("../../../../examples/chat/models/message.toml")),
];

impl App {
    /// The example `chat`.
    pub(crate) fn chat() -> Self {
        Self::with_settings("")
    }

    /// The example `chat` with more settings.
    pub(crate) fn with_settings(settings: &str) -> Self {
        let settings = format!("{SETTINGS}{settings}");
        let mut files = vec![("mainstay.toml", settings.as_str())];
        files.extend(CHAT);
        Self::over(&files, &[], |store| store)
    }

    /// A project of these files and GraphQL documents on a store that is made of the one of these tests.
    pub(crate) fn over(
        files: &[(&str, &str)],
        documents: &[ProjectDocument],
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let loaded = Project::load_from(files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
        let application: Arc<Application> = Arc::new(loaded.application);
        let clock = Arc::new(FakeClock::new(NOW));
        let placed = Place::of(env!("CARGO_CRATE_NAME")).open(application.clone(), clock.clone());
        let store = wrap(placed.store.clone());
        let options = Options { application, store, clock, keyring: Arc::new(Keys) };
        let engine = Engine::new(options).unwrap();
        let api = Api::new(engine.clone());
        let operations = api.operations(Protocol::GraphQl);
        let endpoints = mainstay_graphql::endpoints(&operations, documents);
        let router = endpoints.into_iter().fold(api, Api::with).router();
        App { router, engine, _placed: placed }
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
        Reply { status: parts.status, headers: parts.headers, body: String::from_utf8(bytes).unwrap() }
    }

    /// The data of a document that has no errors.
    #[track_caller]
    pub(crate) fn data(&self, token: &str, document: &str, variables: Value) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        let ask = query(document, variables).token(token);
        async move {
            let reply = self.send(ask).await;
            let mut body = reply.json();
            assert_eq!(body.get("errors"), None, "asked at {place}");
            assert_eq!(reply.status, StatusCode::OK, "asked at {place}");
            body["data"].take()
        }
    }

    /// The code of the first error of a document, and where it is.
    pub(crate) async fn refused(&self, token: &str, document: &str, variables: Value) -> (String, Value) {
        let reply = self.send(query(document, variables).token(token)).await;
        let body = reply.json();
        let error = &body["errors"][0];
        let code = error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error in {body}"));
        (code.to_owned(), error["path"].clone())
    }

    /// Makes an account and logs in: the account's id and the access token.
    pub(crate) async fn account(&self, name: &str) -> (String, String) {
        let account = json!({"email": format!("{name}@example.com"), "password": PASSWORD});
        let made = "mutation($email: String!, $password: String!) {
            register(email: $email, password: $password) { id }
            login(email: $email, password: $password) { access_token }
        }";
        let data = self.data("", made, account).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&data["register"]["id"]), text(&data["login"]["access_token"]))
    }

    /// Makes a record: its id.
    pub(crate) async fn create(&self, token: &str, model: &str, data: Value) -> String {
        let mutation =
            format!("mutation($data: {model}Create!) {{ create{model}(data: $data) {{ id position }} }}");
        let mut variables = json!({});
        variables["data"] = data;
        let made = self.data(token, &mutation, variables).await;
        made[format!("create{model}")]["id"].as_str().unwrap().to_owned()
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

/// A document sent by POST.
pub(crate) fn query(document: &str, variables: Value) -> Ask {
    let mut body = json!({ "query": document });
    body["variables"] = variables;
    ask("POST", "/graphql").json(&body)
}

impl Ask {
    /// A header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((HeaderName::from_static(name), value.into()));
        self
    }

    /// An access token, unless it is empty.
    pub(crate) fn token(self, token: &str) -> Self {
        if token.is_empty() { self } else { self.header("authorization", format!("Bearer {token}")) }
    }

    /// A JSON body.
    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("content-type", "application/json")
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
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A header; the empty text when it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

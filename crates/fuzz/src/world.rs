//! The example `chat` with all of its protocols, on SQLite, with an account, a room and a message.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, Response};
use mainstay_api::operations::Protocol;
use mainstay_api::{Api, Next, Takeover};
use mainstay_embedded::{Options, SqliteStore};
use mainstay_engine::Engine;
use mainstay_model::{Application, Durability, Project};
use mainstay_proto::Lock;
use mainstay_testkit::{FakeClock, FixedKeyring};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// 2026-11-21T08:30:00Z; it stands still, so that no token expires.
const NOW: i64 = 1_795_249_800_000_000;
const SETTINGS: &str = "name = \"Fuzz\"\n[accounts.password]\nmemory_kib = 512\niterations = 1\n";
/// What is said in a room, by who is in it.
const CHANNEL: &str = "pattern = \"room/{room}\"\n[variables]\nroom = \"room\"\n\
    [allow]\nsubscribe = \"room.allow.read\"\npublish = \"room.is_member\"\npresent = \"room.allow.read\"\n";
/// Larger answers than any that is asked for.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// A running application.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    router: Router,
    token: String,
    /// The id of a room that the account owns.
    pub(crate) room: String,
    /// The id of a message in it.
    pub(crate) message: String,
    _folder: TempDir,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl World {
    /// Makes it all.
    pub(crate) fn new() -> Self {
        let loaded = Project::load_from(&[
            ("mainstay.toml", SETTINGS),
            ("models/room.toml", include_str!("../../../examples/chat/models/room.toml")),
            ("models/member.toml", include_str!("../../../examples/chat/models/member.toml")),
            ("models/message.toml", include_str!("../../../examples/chat/models/message.toml")),
            ("channels/room.toml", CHANNEL),
        ]);
        let application = Arc::new(loaded.expect("the example loads").application);
        let folder = tempfile::tempdir().expect("there is a temporary folder");
        let router = router(&application, folder.path()).expect("the example can be served");
        let runtime = Builder::new_current_thread().enable_all().build().expect("there is a runtime");
        let (token, room, message) = (String::new(), String::new(), String::new());
        let mut world = World { runtime, router, token, room, message, _folder: folder };
        world.fill();
        world
    }

    fn fill(&mut self) {
        let credentials = json!({"email": "ann@example.org", "password": "correct horse battery"});
        self.post("/v1/auth/register", &credentials);
        self.token = text(&self.post("/v1/auth/login", &credentials), "access_token");
        self.room = text(&self.post("/v1/rooms", &json!({"name": "Fuzz"})), "id");
        let message = json!({"room": self.room, "text": "hello"});
        self.message = text(&self.post("/v1/messages", &message), "id");
        self.post("/v1/messages", &message);
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.ask(
            Method::POST,
            path,
            &[("content-type", b"application/json")],
            body.to_string().as_bytes(),
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// Puts the ids of records that are there in the place of `<room>` and `<message>`: chance would never find them. Where the form counts bytes, these are
    /// filled up with `-` to the length of an id.
    pub(crate) fn with_ids(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
        let ids = [("<room>", &self.room), ("<message>", &self.message)];
        let replaced = ids.into_iter().fold(text.to_owned(), |text, (name, id)| {
            text.replace(&format!("{name:-<36}"), id).replace(name, id)
        });
        replaced.into_bytes()
    }

    /// Reads something that is there.
    pub(crate) fn get(&self, path: &str) -> Value {
        serde_json::from_slice(&self.ask(Method::GET, path, &[], &[]).body).unwrap_or_default()
    }

    /// Sends a request with the account's token. What HTTP itself does not allow never reaches the program, and has no answer here.
    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &[u8])],
        body: &[u8],
    ) -> Answer {
        let Some(request) = self.request(method, path, headers, body) else {
            return Answer { status: 400, headers: HeaderMap::new(), body: b"{}".to_vec() };
        };
        self.runtime.block_on(async {
            let (parts, body) = self.answer(request).await.into_parts();
            let (status, headers) = (parts.status.as_u16(), parts.headers);
            if headers.get("content-type").is_some_and(|value| value == "text/event-stream") {
                return Answer { status, headers, body: Vec::new() };
            }
            let body = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await;
            Answer { status, headers, body: body.expect("an answer is whole").to_vec() }
        })
    }

    /// What goes on with a connection on which the live socket was asked for, with this subprotocol.
    pub(crate) async fn live_socket(&self, subprotocol: &[u8]) -> Next {
        let headers: [(&str, &[u8]); 5] = [
            ("connection", b"upgrade"),
            ("upgrade", b"websocket"),
            ("sec-websocket-version", b"13"),
            ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", subprotocol),
        ];
        let takeover = Takeover::default();
        let mut request = self.request(Method::GET, "/v1/live", &headers, &[]).expect("it is a request");
        request.extensions_mut().insert(takeover.clone());
        assert_eq!(self.answer(request).await.status(), 101);
        takeover.take().expect("it goes on")
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("a router always answers")
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &[u8])],
        body: &[u8],
    ) -> Option<Request<Body>> {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        request.body(Body::from(body.to_vec())).ok()
    }
}

/// A router over new data in a folder.
pub(crate) fn router(application: &Arc<Application>, folder: &Path) -> Result<Router, String> {
    let options = Options {
        path: folder.join("mainstay.db"),
        // Nothing here outlives the process.
        durability: Durability::Normal,
        readers: 1,
        write_queue: 16,
        query_timeout_ms: 5_000,
    };
    let store = SqliteStore::open(application.clone(), &options).map_err(|error| error.to_string())?;
    let options = mainstay_engine::Options {
        application: application.clone(),
        store: Arc::new(store),
        clock: Arc::new(FakeClock::new(NOW)),
        keyring: Arc::new(FixedKeyring(7)),
    };
    let engine = Engine::new(options).map_err(|error| format!("{error:?}"))?;
    let lock = Lock::default().covering_versions(application);
    let api = Api::new(engine).with_numbers(lock.clone());
    let mut endpoints = mainstay_graphql::endpoints(&api.operations(Protocol::GraphQl), &[]);
    endpoints.extend(mainstay_grpc::endpoints(&api.operations(Protocol::Grpc), &lock));
    endpoints.push(mainstay_live::endpoint(api.operations(Protocol::Live), Arc::default()));
    Ok(endpoints.into_iter().fold(api, Api::with).router())
}

fn text(answer: &Value, key: &str) -> String {
    answer[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {answer}")).to_owned()
}

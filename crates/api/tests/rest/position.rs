//! Reading what was written: positions that are sent back.

use crate::support::{App, SETTINGS, delete, get, post};
use futures::future::BoxFuture;
use mainstay_expr::ModelId;
use mainstay_ports::{Freshness, Page, Position, Query, Store, StoreError};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

const POSITION: &str = "mainstay-position";
const NOTE: &str = "[fields]\ntext = \"string\"\n\
    about = { type = \"ref\", model = \"note\", on_delete = \"cascade\", optional = true }\n\
    [allow]\nread = \"true\"\ncreate = \"true\"\nupdate = \"true\"\ndelete = \"true\"\n";

/// A store that remembers how new each answer had to be.
struct Spy {
    inner: Arc<dyn Store>,
    asked: Arc<Mutex<Vec<(ModelId, Freshness)>>>,
}

impl Store for Spy {
    mainstay_testkit::delegate!(
        inner: transact, holds, changes, touched, position, writable, wait_beyond, now, trim_feed
    );

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page, StoreError>> {
        self.asked.lock().unwrap().push((query.model, query.freshness));
        self.inner.query(query)
    }

    /// It has heard of nothing yet.
    fn heard(&self) -> Position {
        Position { offset: 0, ..self.inner.heard() }
    }

    fn is_shared(&self) -> bool {
        true
    }
}

struct Scene {
    app: App,
    asked: Arc<Mutex<Vec<(ModelId, Freshness)>>>,
    /// The paths of two notes, of which the second is about the first.
    notes: [String; 2],
    /// The position behind them.
    position: String,
}

impl Scene {
    async fn new() -> Self {
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let spied = asked.clone();
        let files = [("mainstay.toml", SETTINGS), ("models/note.toml", NOTE)];
        let app = App::over(&files, |inner| Arc::new(Spy { inner, asked: spied }));
        let first = app.send(post("/v1/notes").json(&json!({"text": "one"}))).await.id();
        let reply = app.send(post("/v1/notes").json(&json!({"text": "two", "about": first}))).await;
        let notes = [format!("/v1/notes/{first}"), format!("/v1/notes/{}", reply.id())];
        asked.lock().unwrap().clear();
        Scene { app, asked, notes, position: reply.header(POSITION).to_owned() }
    }

    /// How new the notes had to be that were asked for since this was called last.
    fn asked(&self) -> Vec<Freshness> {
        let note = self.app.engine.application().model_named("note").unwrap().id;
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.into_iter().filter(|(model, _)| *model == note).map(|(_, freshness)| freshness).collect()
    }
}

#[tokio::test]
async fn an_answer_is_as_new_as_the_position_that_is_sent() {
    let scene = Scene::new().await;
    let at_least = Freshness::AtLeast(scene.position.parse().unwrap());
    for path in [scene.notes[0].as_str(), "/v1/notes"] {
        let reply = scene.app.send(get(path).header(POSITION, &scene.position)).await;
        assert_eq!((reply.status.as_u16(), reply.header(POSITION)), (200, scene.position.as_str()), "{path}");
        assert_eq!(scene.asked(), [at_least], "{path}");
        let reply = scene.app.send(get(format!("{path}?position={}", scene.position))).await;
        assert_eq!((reply.status.as_u16(), scene.asked()), (200, vec![at_least]), "{path}");
        let reply = scene.app.send(get(path)).await;
        assert_eq!(
            (reply.header(POSITION), scene.asked()),
            (scene.position.as_str(), vec![Freshness::Recent])
        );
    }
    // What is fetched beside it is as new as what it is beside.
    scene.app.send(get(format!("{}?expand=about", scene.notes[1]))).await;
    assert_eq!(scene.asked(), [Freshness::Recent, at_least]);
}

#[tokio::test]
async fn a_read_that_a_write_stands_on_is_of_the_latest_state() {
    let scene = Scene::new().await;
    let tags = "\"1\", \"2\"";
    let reply = scene.app.send(delete(&scene.notes[1]).header("if-match", tags)).await;
    assert_eq!((reply.status.as_u16(), scene.asked()), (204, vec![Freshness::Latest]));
    // Who asks is as well.
    let (_, token) = scene.app.account("ann").await;
    scene.app.send(get("/v1/auth/me").token(&token)).await;
    let asked: BTreeSet<_> =
        scene.asked.lock().unwrap().iter().map(|(_, freshness)| format!("{freshness:?}")).collect();
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), ["Latest"]);
}

#[tokio::test]
async fn a_position_of_another_history_is_refused() {
    let scene = Scene::new().await;
    let end: Position = scene.position.parse().unwrap();
    let beyond = Position { offset: end.offset + 1, ..end };
    for other in [Position { epoch: end.epoch ^ 1, ..end }, beyond, Position { offset: u64::MAX, ..end }] {
        for path in [scene.notes[0].as_str(), "/v1/notes"] {
            let ask = get(path).header(POSITION, other.to_string());
            scene.app.refuse(ask.clone(), 412, "history_gone").await;
            scene.app.refuse(get(format!("{path}?position={other}")), 412, "history_gone").await;
            if path == "/v1/notes" {
                scene.app.refuse(ask.header("accept", "text/event-stream"), 412, "history_gone").await;
            }
        }
    }
    assert_eq!(scene.asked(), []);
    // A write is of the latest state whatever came before.
    let write = post("/v1/notes").json(&json!({"text": "three"})).header(POSITION, beyond.to_string());
    assert_eq!(scene.app.send(write).await.status, 201);
}

#[tokio::test]
async fn what_is_no_position_is_refused() {
    let scene = Scene::new().await;
    let [note, _] = &scene.notes;
    for text in ["", "42", "not a position", &"A".repeat(23)] {
        scene.app.refuse(get(note).header(POSITION, text), 400, "invalid_parameter").await;
    }
    let (ask, position) = (get(note).header(POSITION, &scene.position), &scene.position);
    scene.app.refuse(ask.header(POSITION, position), 400, "invalid_parameter").await;
    let both = get(format!("{note}?position={position}")).header(POSITION, position);
    scene.app.refuse(both, 400, "invalid_parameter").await;
}

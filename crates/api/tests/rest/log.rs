//! What gets into the log, and what does not.

use crate::support::{App, PASSWORD, SETTINGS, get, post};
use mainstay_ports::Store;
use mainstay_testkit::{Call, Fault, Faults, FaultyStore};
use serde_json::json;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes each event as a line: target, level and fields.
#[derive(Clone, Default)]
struct Recorder {
    lines: Arc<Mutex<Vec<String>>>,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}", event.metadata().target(), event.metadata().level()));
        event.record(&mut line);
        self.lines.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Recorder {
    /// The lines of requests, without what differs from run to run.
    fn requests(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let http = lines.iter().filter(|line| line.starts_with("http "));
        http.map(|line| {
            let words = line.split(' ').filter(|word| !word.starts_with("duration_us="));
            words.collect::<Vec<_>>().join(" ")
        })
        .collect()
    }
}

#[tokio::test]
async fn each_request_is_one_line_without_its_content() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let app = App::chat();
    let (ada_id, ada) = app.account("ada").await;
    recorder.lines.lock().unwrap().clear();
    let named = |ask: crate::support::Ask| ask.header("x-request-id", "r1");
    app.send(named(get("/v1/rooms?filter=name%20==%20%22canary%22").token(&ada))).await;
    app.send(named(post("/v1/rooms").token(&ada).json(&json!({"name": "canary"})))).await;
    app.send(named(get("/canary"))).await;
    app.send(named(
        post("/v1/auth/login").json(&json!({"email": "canary@example.com", "password": PASSWORD})),
    ))
    .await;
    let line = |method: &str, route: &str, status: u16| {
        format!("http INFO method=\"{method}\" route=\"{route}\" status={status} request_id=\"r1\"")
    };
    let user = format!(" user={ada_id}");
    assert_eq!(
        recorder.requests(),
        [
            line("GET", "/v1/rooms", 200) + &user,
            line("POST", "/v1/rooms", 201) + &user,
            line("GET", "unmatched", 404),
            line("POST", "/v1/auth/login", 401),
        ]
    );
    let everything = recorder.lines.lock().unwrap().join("\n");
    for secret in ["canary", PASSWORD, ada.as_str()] {
        assert!(!everything.contains(secret), "{secret} is in the log: {everything}");
    }
}

#[tokio::test]
async fn the_private_part_of_an_error_is_logged_once_and_not_answered() {
    let recorder = Recorder::default();
    let _guard = tracing::subscriber::set_default(recorder.clone());
    let files = [
        ("mainstay.toml", SETTINGS),
        ("models/thing.toml", "[fields]\nname = \"string\"\n[allow]\nread = \"true\"\n"),
    ];
    let faults = Faults::seeded(1).nth(Call::Query, 1, Fault::Failed);
    let app = App::over(&files, |store| -> Arc<dyn Store> { Arc::new(FaultyStore::new(store, faults)) });
    let reply = app.refuse(get("/v1/things").header("x-request-id", "r1"), 500, "internal").await;
    let lines = recorder.requests();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("http ERROR message=request failed request_id=\"r1\" code=\"internal\" detail="),
        "{lines:?}"
    );
    let detail = lines[0].split("detail=").nth(1).unwrap().trim_matches('"');
    assert!(!reply.body.contains(detail), "{}", reply.body);
}

//! What gets into the log, and what does not.

use crate::support::recorder::{lines, lines_of};
use crate::support::{App, Ask, PASSWORD, SETTINGS, get, post};
use mainstay_ports::Store;
use mainstay_testkit::{Call, Fault, Faults, FaultyStore};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn each_request_is_one_line_without_its_content() {
    let app = App::chat();
    let (ada_id, ada) = app.account("ada").await;
    let named = |ask: Ask| ask.header("x-request-id", "r1");
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
        lines_of("r1"),
        [
            line("GET", "/v1/rooms", 200) + &user,
            line("POST", "/v1/rooms", 201) + &user,
            line("GET", "unmatched", 404),
            line("POST", "/v1/auth/login", 401),
        ]
    );
    let everything = lines().join("\n");
    for secret in ["canary", PASSWORD, ada.as_str()] {
        assert!(!everything.contains(secret), "{secret} is in the log: {everything}");
    }
}

#[tokio::test]
async fn the_private_part_of_an_error_is_logged_once_and_not_answered() {
    let files = [
        ("mainstay.toml", SETTINGS),
        ("models/thing.toml", "[fields]\nname = \"string\"\n[allow]\nread = \"true\"\n"),
    ];
    let faults = Faults::seeded(1).nth(Call::Query, 1, Fault::Failed);
    let app = App::over(&files, |store| -> Arc<dyn Store> { Arc::new(FaultyStore::new(store, faults)) });
    let reply = app.refuse(get("/v1/things").header("x-request-id", "r2"), 500, "internal").await;
    let lines = lines_of("r2");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("http ERROR message=request failed request_id=\"r2\" code=\"internal\" detail="),
        "{lines:?}"
    );
    let detail = lines[0].split("detail=").nth(1).unwrap().trim_matches('"');
    assert!(!reply.body.contains(detail), "{}", reply.body);
}

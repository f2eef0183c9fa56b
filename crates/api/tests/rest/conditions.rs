//! `ETag`, `If-Match`, `If-None-Match`, and the ways to write: PATCH, PUT, DELETE.

use crate::support::{App, Ask, SETTINGS, ask, delete, get, patch, post, put};
use mainstay_ports::Store;
use mainstay_testkit::{Call, Fault, Faults, FaultyStore};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const PAGE: &str = r#"
[fields]
title = "string"
note = { type = "string", optional = true }
count = { type = "int", default = 7 }
settings = { type = "json", optional = true }
key = { type = "secret", optional = true }

[allow]
read = "true"
create = "true"
update = "true"
delete = "true"

[[checks]]
rule = "title != note"
message = "a note says more than the title"
"#;

/// Its records can be written, but not read.
const BALLOT: &str = "[fields]\nchoice = \"string\"\n[allow]\ncreate = \"true\"\n";

const UNKNOWN: &str = "/v1/pages/0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e90";

fn app() -> App {
    App::of(&[("mainstay.toml", SETTINGS), ("models/page.toml", PAGE), ("models/ballot.toml", BALLOT)])
}

async fn page(app: &App) -> String {
    let reply = app.send(post("/v1/pages").json(&json!({"title": "First"}))).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    format!("/v1/pages/{}", reply.id())
}

#[tokio::test]
async fn a_copy_that_is_current_is_not_sent_again() {
    let app = app();
    let page = page(&app).await;
    let reply = app.check(get(&page).header("if-none-match", "\"1\""), 304, Value::Null).await;
    assert_eq!(reply.header("etag"), "\"1\"");
    for (name, value, status) in [
        ("if-none-match", "\"2\"", 200),
        ("if-none-match", "\"01\"", 200),
        ("if-none-match", "\"2\", W/\"1\"", 304),
        ("if-match", "\"1\"", 200),
        ("if-match", "\"2\", \"1\"", 200),
        ("if-match", "*", 200),
        ("if-match", "\"2\"", 412),
        ("if-modified-since", "Sat, 21 Nov 2026 09:00:00 GMT", 200),
        ("if-unmodified-since", "Sat, 21 Nov 2020 09:00:00 GMT", 200),
    ] {
        let reply = app.send(get(&page).header(name, value)).await;
        assert_eq!(reply.status, status, "{name}: {value}: {}", reply.body);
    }
    app.refuse(get("/v1/pages").header("if-match", "\"1\""), 412, "version_mismatch").await;
    for (name, value) in [("if-match", "*"), ("if-none-match", "\"1\""), ("if-none-match", "*")] {
        assert_eq!(app.send(get("/v1/pages").header(name, value)).await.status, 200, "{name}: {value}");
    }
    let head = app.send(ask("HEAD", &page)).await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
    assert_ne!(head.header("content-length"), "0");
}

#[tokio::test]
async fn a_lost_race_is_noticed() {
    let app = app();
    let page = page(&app).await;
    let change = || patch(&page).json(&json!({"note": "a"}));
    assert_eq!(app.send(change().header("if-match", "\"1\"")).await.header("etag"), "\"2\"");
    app.refuse(change().header("if-match", "\"1\""), 412, "version_mismatch").await;
    app.refuse(change().header("if-match", "W/\"2\""), 412, "version_mismatch").await;
    app.refuse(delete(&page).header("if-match", "\"1\""), 412, "version_mismatch").await;
    let put = || put(&page).json(&json!({"title": "New"}));
    app.refuse(put().header("if-match", "\"1\""), 412, "version_mismatch").await;
    app.refuse(put().header("if-none-match", "*"), 412, "version_mismatch").await;
    app.refuse(change().header("if-match", "\"02\""), 412, "version_mismatch").await;
    app.refuse(change().header("if-match", "\"1\", \"3\""), 412, "version_mismatch").await;
    app.refuse(change().header("if-match", "1, 2"), 400, "invalid_parameter").await;
    let listed = app.send(patch(&page).json(&json!({"note": "b"})).header("if-match", "\"1\", \"2\"")).await;
    assert_eq!((listed.status.as_u16(), listed.header("etag")), (200, "\"3\""), "{}", listed.body);
    app.refuse(patch(UNKNOWN).json(&json!({})).header("if-match", "\"1\", \"2\""), 412, "version_mismatch")
        .await;
    let etag = app.send(change().header("if-match", "*")).await.header("etag").to_owned();
    assert_eq!(app.send(delete(&page).header("if-match", etag)).await.status, 204);
}

#[tokio::test]
async fn a_star_asks_that_there_is_a_record() {
    let app = app();
    let star = |ask: Ask| ask.header("if-match", "*");
    let body = json!({"title": "New"});
    app.refuse(star(patch(UNKNOWN).json(&body)), 412, "version_mismatch").await;
    app.refuse(star(delete(UNKNOWN)), 412, "version_mismatch").await;
    app.refuse(star(put(UNKNOWN).json(&body)), 412, "version_mismatch").await;
    let page = page(&app).await;
    let reply = app.send(star(put(&page).json(&body))).await;
    assert_eq!((reply.status.as_u16(), reply.header("etag")), (200, "\"2\""), "{}", reply.body);
}

#[tokio::test]
async fn a_record_cannot_be_there_and_not_be_there() {
    let app = app();
    let page = page(&app).await;
    for (path, if_match) in [(page.as_str(), "*"), (&page, "\"1\""), (UNKNOWN, "*"), (UNKNOWN, "\"1\"")] {
        let both = put(path).json(&json!({"title": "New"})).header("if-match", if_match);
        app.refuse(both.header("if-none-match", "*"), 412, "version_mismatch").await;
    }
    assert_eq!(app.send(get(&page)).await.header("etag"), "\"1\"");
    assert_eq!(app.send(get(UNKNOWN)).await.status, 404);
}

#[tokio::test]
async fn conditions_that_would_not_be_kept_are_refused() {
    let app = app();
    let page = page(&app).await;
    for ask in [
        post("/v1/pages").json(&json!({"title": "x"})).header("if-match", "*"),
        patch(&page).json(&json!({"title": "x"})).header("if-none-match", "\"1\""),
        put(&page).json(&json!({"title": "x"})).header("if-none-match", "\"1\""),
        post(format!("{page}/restore")).header("if-none-match", "*"),
    ] {
        app.refuse(ask, 400, "invalid_parameter").await;
    }
}

/// The walk is over the API's own description, so that a write that passes a condition over fails the test, be it described or not.
#[tokio::test]
async fn every_write_keeps_a_condition_or_refuses_it() {
    let app = App::of(&[("mainstay.toml", SETTINGS), ("models/page.toml", PAGE)]);
    let (user, token) = app.account("owner").await;
    let (page, deleted) = (page(&app).await, page(&app).await);
    assert_eq!(app.send(delete(&deleted)).await.status, 204);
    let paths = app.send(get("/openapi.json")).await.json()["paths"].clone();
    let mut kept = Vec::new();
    for (path, methods) in paths.as_object().unwrap() {
        let filled = match path.strip_suffix("/restore") {
            Some(_) if path.starts_with("/v1/pages") => format!("{deleted}/restore"),
            _ if path.starts_with("/v1/pages/") => page.clone(),
            _ => path.replace("{id}", &user),
        };
        for (method, operation) in methods.as_object().unwrap() {
            let Some(name) = operation["operationId"]
                .as_str()
                .filter(|_| !["get", "parameters"].contains(&method.as_str()))
            else {
                continue;
            };
            let described = operation["parameters"].as_array().unwrap();
            let keeps = described.iter().any(|parameter| parameter["name"] == "If-Match");
            let body = if path.contains("users") {
                json!({"email": "a@example.com"})
            } else {
                json!({"title": "x"})
            };
            let send = ask(&method.to_uppercase(), &filled).token(&token).header("if-match", "\"99\"");
            let has_body = operation.get("requestBody").is_some();
            let reply = app.send(if has_body { send.json(&body) } else { send }).await;
            let expected = if keeps { (412, "version_mismatch") } else { (400, "invalid_parameter") };
            let code = reply.json()["code"].clone();
            assert_eq!((reply.status.as_u16(), code.as_str().unwrap()), expected, "{name}: {}", reply.body);
            kept.extend(keeps.then(|| name.to_owned()));
        }
    }
    kept.retain(|name| name.starts_with("page."));
    kept.sort();
    assert_eq!(kept, ["page.delete", "page.put", "page.restore", "page.update"]);
    let restore = post(format!("{deleted}/restore"));
    app.refuse(restore.clone().header("if-match", "\"1\", \"3\""), 412, "version_mismatch").await;
    app.refuse(post(format!("{UNKNOWN}/restore")).header("if-match", "*"), 412, "version_mismatch").await;
    let restored = app.send(restore.header("if-match", "\"1\", \"2\"")).await;
    assert_eq!((restored.status.as_u16(), restored.header("etag")), (200, "\"3\""), "{}", restored.body);
}

#[tokio::test]
async fn put_makes_and_replaces() {
    let app = app();
    let reply = app.send(put(UNKNOWN).json(&json!({"title": "A", "note": "n", "count": 1}))).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (201, UNKNOWN), "{}", reply.body);
    let reply = app.send(put(UNKNOWN).json(&json!({"title": "B"}))).await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(
        (&body["title"], &body["note"], &body["count"], &body["version"]),
        (&json!("B"), &Value::Null, &json!(7), &json!(2))
    );
    let other = json!({"title": "C", "id": "0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e91"});
    app.refuse(put(UNKNOWN).json(&other), 422, "validation_failed").await;
}

#[tokio::test]
async fn what_was_read_can_be_sent_back() {
    let app = app();
    let page = page(&app).await;
    let mut read = app.send(get(&page)).await.json();
    read["title"] = json!("Edited");
    for (version, ask) in [(2, put(&page)), (3, patch(&page))] {
        read["count"] = json!(version);
        let written = app.send(ask.json(&read)).await;
        assert_eq!(written.status, 200, "{}", written.body);
        let written = written.json();
        assert_eq!((&written["title"], &written["version"]), (&json!("Edited"), &json!(version)));
        assert_eq!(written["created_at"], read["created_at"]);
    }
    read["id"] = json!("0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e91");
    read["version"] = json!(99);
    app.refuse(patch(&page).json(&read), 422, "validation_failed").await;
    let copy = app.send(post("/v1/pages").json(&read)).await;
    assert_eq!((copy.status.as_u16(), &copy.json()["version"]), (201, &json!(1)), "{}", copy.body);
}

#[tokio::test]
async fn a_patch_merges_into_documents() {
    let app = app();
    let page = page(&app).await;
    let check = async |change: Value, expected: Value| {
        let ask = patch(&page).bytes(json!({"settings": change}).to_string());
        let reply = app.send(ask.header("content-type", "application/merge-patch+json")).await;
        assert_eq!(reply.json()["settings"], expected, "{change}: {}", reply.body);
    };
    check(json!({"a": 1, "b": {"c": null, "d": 2}}), json!({"a": 1, "b": {"d": 2}})).await;
    check(json!({"b": {"d": null, "e": 3}}), json!({"a": 1, "b": {"e": 3}})).await;
    check(json!({"a": null}), json!({"b": {"e": 3}})).await;
    check(json!([1]), json!([1])).await;
    check(Value::Null, Value::Null).await;
    let stale = patch(&page).json(&json!({"settings": {"x": 1}})).header("if-match", "\"1\"");
    app.refuse(stale, 412, "version_mismatch").await;
    app.refuse(patch(UNKNOWN).json(&json!({"settings": {"x": 1}})), 404, "not_found").await;
}

/// Writes take a moment here, so that all have read the same version before the first of them takes effect.
#[tokio::test]
async fn patches_of_one_document_at_once_all_take_effect() {
    const WRITERS: usize = 24;
    let slow = Faults::seeded(1).sometimes(Call::Transact, 1.0, Fault::Delay(Duration::from_millis(2)));
    let files = [("mainstay.toml", SETTINGS), ("models/page.toml", PAGE)];
    let app = App::over(&files, |store| -> Arc<dyn Store> { Arc::new(FaultyStore::new(store, slow)) });
    let page = page(&app).await;
    let patch_all = (0..WRITERS)
        .map(|writer| app.send(patch(&page).json(&json!({"settings": {format!("k{writer}"): writer}}))));
    let replies = futures::future::join_all(patch_all).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    let settings = app.send(get(&page)).await.json()["settings"].clone();
    assert_eq!(settings.as_object().unwrap().len(), WRITERS, "{settings}");
}

#[tokio::test]
async fn small_patches_do_not_make_a_document_larger_than_a_body() {
    let app = app();
    let page = page(&app).await;
    let grow = |key: &str| patch(&page).json(&json!({"settings": {key: "x".repeat(900)}}));
    assert_eq!(app.send(grow("a")).await.status, 200);
    assert_eq!(app.send(grow("b")).await.status, 200);
    let reply = app.refuse(grow("c"), 422, "validation_failed").await;
    assert_eq!(reply.json()["errors"][0]["code"], "max_length", "{}", reply.body);
}

#[tokio::test]
async fn a_check_of_the_record_is_an_error_of_it() {
    let app = app();
    let same = post("/v1/pages").json(&json!({"title": "A", "note": "A"}));
    let reply = app.refuse(same, 422, "validation_failed").await;
    let message = "a note says more than the title";
    assert_eq!(reply.json()["detail"], message);
    assert_eq!(reply.json()["errors"], json!([{"field": "record", "code": "check", "message": message}]));
}

#[tokio::test]
async fn secrets_are_written_and_never_read() {
    let app = app();
    let page = page(&app).await;
    let reply = app.send(patch(&page).json(&json!({"key": "canary-4711"}))).await;
    assert_eq!(reply.status, 200);
    for ask in [get(&page), get("/v1/pages"), put(&page).json(&json!({"title": "x", "key": "canary-4711"}))] {
        let reply = app.send(ask).await;
        assert!(reply.status.is_success() && !reply.body.contains("canary"), "{}", reply.body);
    }
    app.refuse(get("/v1/pages?fields=key"), 400, "invalid_fields").await;
    app.refuse(get("/v1/pages?filter=key%20==%20%22canary-4711%22"), 400, "invalid_filter").await;
}

#[tokio::test]
async fn who_may_not_read_a_record_learns_its_id_alone() {
    let app = app();
    let reply = app.send(post("/v1/ballots").json(&json!({"choice": "blue"}))).await;
    assert_eq!(reply.body, format!("{{\"id\":\"{}\"}}", reply.id()));
    assert_eq!((reply.status.as_u16(), reply.header("etag")), (201, ""));
    app.refuse(get(format!("/v1/ballots/{}", reply.id())), 404, "not_found").await;
}

#[tokio::test]
async fn a_client_may_choose_the_id() {
    let app = app();
    let page = json!({"title": "A", "id": "0197A3C2-8A40-7CC1-9D5E-2F6B1C4D8E90"});
    let reply = app.send(post("/v1/pages").json(&page)).await;
    assert_eq!(reply.header("location"), UNKNOWN);
    app.refuse(post("/v1/pages").json(&page), 409, "already_exists").await;
}

#[tokio::test]
async fn deleted_records_are_shown_to_those_who_ask() {
    let app = app();
    let page = page(&app).await;
    assert_eq!(app.send(delete(&page)).await.status, 204);
    app.refuse(get(&page), 404, "not_found").await;
    app.refuse(delete(&page), 404, "not_found").await;
    assert_ne!(app.send(get(format!("{page}?deleted=include"))).await.json()["deleted_at"], Value::Null);
    app.refuse(get(format!("{page}?deleted=only")), 400, "invalid_parameter").await;
    for (query, count) in [("", 0), ("?deleted=exclude", 0), ("?deleted=include", 1), ("?deleted=only", 1)] {
        let items = app.send(get(format!("/v1/pages{query}"))).await.json();
        assert_eq!(items["items"].as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(app.send(post(format!("{page}/restore")).json(&json!({}))).await.status, 200);
    app.refuse(post(format!("{page}/restore")), 409, "not_deleted").await;
}

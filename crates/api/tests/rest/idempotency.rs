//! `Idempotency-Key`.

use crate::support::{App, Ask, PASSWORD, Reply, SETTINGS, delete, get, patch, post, put};
use mainstay_engine::OperationKind;
use serde_json::{Value, json};
use std::time::Duration;

/// A model that whoever has an account may do everything with.
const NOTE: &str = r#"
[fields]
text = "string"

[allow]
read = "auth.id != null"
create = "auth.id != null"
update = "auth.id != null"
delete = "auth.id != null"
"#;

pub(crate) fn app() -> App {
    let settings = format!("{SETTINGS}[locks]\nallow = \"auth.id != null\"\n");
    App::of(&[("mainstay.toml", &settings), ("models/note.toml", NOTE)])
}

fn key(ask: Ask, key: &str) -> Ask {
    ask.header("idempotency-key", key)
}

async fn count(app: &App, token: &str) -> Value {
    app.send(get("/v1/notes?count=exact&fields=id").token(token)).await.json()["count"].clone()
}

/// What a client sees of an answer, its request id and the mark of a replay aside.
fn seen(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap().to_owned())
    };
    let mut headers: Vec<_> = reply.headers.iter().map(header).collect();
    headers.retain(|(name, _)| !["x-request-id", "idempotency-replayed"].contains(&name.as_str()));
    headers.sort();
    (reply.status.as_u16(), headers, reply.body.clone())
}

/// A request of each kind that takes effect, and would not, or not alike, a second time.
pub(crate) async fn request(app: &App, token: &str, kind: OperationKind) -> Option<Ask> {
    let held = async |ask: Ask| {
        let lock = app.send(post("/v1/locks/report").token(token)).await.json();
        ask.header("fencing-token", lock["token"].as_str().unwrap())
    };
    let note = async || {
        let note = app.send(post("/v1/notes").token(token).json(&json!({"text": "old"}))).await.id();
        format!("/v1/notes/{note}")
    };
    let email = "ann@example.com";
    Some(match kind {
        OperationKind::Create => post("/v1/notes").json(&json!({"text": "new"})),
        OperationKind::Update => {
            patch(note().await).json(&json!({"text": "new"})).header("if-match", "\"1\"")
        }
        OperationKind::Put => put(note().await).json(&json!({"text": "new"})).header("if-match", "\"1\""),
        OperationKind::Delete => delete(note().await),
        OperationKind::UpdateMany => {
            note().await;
            patch("/v1/notes?filter=text%20==%20'old'").json(&json!({"text": "new"}))
        }
        OperationKind::DeleteMany => {
            note().await;
            delete("/v1/notes?filter=true")
        }
        OperationKind::Restore => {
            let path = note().await;
            app.send(delete(&path).token(token)).await;
            post(format!("{path}/restore"))
        }
        OperationKind::Batch => post("/v1/batch").json(&json!({"operations": [
            {"op": "create", "model": "note", "data": {"text": "new"}},
            {"op": "delete", "model": "note", "id": note().await.split('/').next_back()},
        ]})),
        OperationKind::AcquireLock => post("/v1/locks/report"),
        OperationKind::RenewLock => held(patch("/v1/locks/report").json(&json!({"lease_ms": 500}))).await,
        OperationKind::ReleaseLock => held(delete("/v1/locks/report")).await,
        OperationKind::Register => {
            post("/v1/auth/register").json(&json!({"email": "new@example.com", "password": PASSWORD}))
        }
        OperationKind::Login => post("/v1/auth/login").json(&json!({"email": email, "password": PASSWORD})),
        OperationKind::Refresh => {
            let login = post("/v1/auth/login").json(&json!({"email": email, "password": PASSWORD}));
            let refresh_token = app.send(login).await.json()["refresh_token"].clone();
            post("/v1/auth/refresh").json(&json!({ "refresh_token": refresh_token }))
        }
        OperationKind::ChangePassword => {
            let change = json!({"current_password": PASSWORD, "new_password": "battery staple"});
            post("/v1/auth/password").json(&change)
        }
        OperationKind::CreateKey => post("/v1/auth/keys").json(&json!({"name": "robot", "scopes": ["*"]})),
        OperationKind::DeleteKey => {
            let new = post("/v1/auth/keys").token(token).json(&json!({"name": "robot", "scopes": ["*"]}));
            delete(format!("/v1/auth/keys/{}", app.send(new).await.id()))
        }
        _ => return None,
    })
}

#[tokio::test]
async fn every_operation_that_writes_is_answered_as_the_first_time() {
    let operations = app().engine.registry().operations().to_vec();
    let is_own = |name: &str| !name.starts_with("user.");
    for operation in operations.iter().filter(|operation| operation.kind.writes() && is_own(&operation.name))
    {
        // The one operation after which the caller is nobody any more; see below.
        if operation.kind == OperationKind::Logout {
            continue;
        }
        let app = app();
        let (_, token) = app.account("ann").await;
        let ask = request(&app, &token, operation.kind).await;
        let ask = ask.unwrap_or_else(|| panic!("{} has no request here", operation.name)).token(&token);
        let first = app.send(key(ask.clone(), "k")).await;
        assert!(first.status.is_success(), "{}: {}", operation.name, first.body);
        assert_eq!(first.header("idempotency-replayed"), "", "{}", operation.name);
        app.clock.advance(Duration::from_secs(60));
        let second = app.send(key(ask, "k")).await;
        assert_eq!(second.header("idempotency-replayed"), "true", "{}: {}", operation.name, second.body);
        assert_eq!(seen(&second), seen(&first), "{}", operation.name);
    }
}

#[tokio::test]
async fn who_has_logged_out_is_nobody() {
    let app = app();
    let (_, token) = app.account("ann").await;
    let logout = || key(post("/v1/auth/logout").token(&token), "k");
    assert_eq!(app.send(logout()).await.status, 204);
    app.refuse(logout(), 401, "invalid_token").await;
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let app = app();
    let (_, token) = app.account("ann").await;
    let (_, other) = app.account("bob").await;
    let create = |text: &str| key(post("/v1/notes").json(&json!({ "text": text })), "k");
    let first = app.send(create("a").token(&token)).await;
    app.refuse(create("b").token(&token), 422, "idempotency_key_reused").await;
    let elsewhere = key(post("/v1/batch").json(&json!({"text": "a"})), "k").token(&token);
    app.refuse(elsewhere, 422, "idempotency_key_reused").await;
    let query = key(post("/v1/notes?").json(&json!({"text": "a"})), "k").token(&token);
    assert_eq!(app.send(query).await.header("idempotency-replayed"), "true", "an empty query is none");
    // Another account has its own keys.
    let theirs = app.send(create("b").token(&other)).await;
    assert_eq!((theirs.status.as_u16(), theirs.header("idempotency-replayed")), (201, ""));
    assert_ne!(theirs.id(), first.id());
    assert_eq!(count(&app, &token).await, 2);
}

#[tokio::test]
async fn an_api_key_is_not_shown_what_its_account_was() {
    let app = app();
    let (_, token) = app.account("ann").await;
    let narrow = post("/v1/auth/keys").token(&token).json(&json!({"name": "r", "scopes": ["note.list"]}));
    let narrow = app.send(narrow).await.json()["key"].as_str().unwrap().to_owned();
    let create = json!({"op": "create", "model": "note", "data": {"text": "secret"}});
    let batch = || key(post("/v1/batch").json(&json!({"operations": [create]})), "k");
    assert_eq!(app.send(batch().token(&token)).await.status, 200);
    let refused = app.refuse(batch().token(&narrow), 422, "batch_failed").await;
    assert_eq!(refused.json()["results"][0]["code"], "insufficient_scope");
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let app = app();
    let (_, token) = app.account("ann").await;
    let create = || post("/v1/notes").token(&token).json(&json!({"text": "a"}));
    for no_key in ["", "a b", &"x".repeat(256), "a\tb"] {
        app.refuse(key(create(), no_key), 400, "invalid_parameter").await;
    }
    app.refuse(key(key(create(), "a"), "a"), 400, "invalid_parameter").await;
    assert_eq!(count(&app, &token).await, 0);
    assert_eq!(app.send(key(create(), &"x".repeat(255))).await.status, 201);
    // A read is the same however often it is sent.
    assert_eq!(app.send(key(get("/v1/notes").token(&token), "a b")).await.status, 200);
}

#[tokio::test]
async fn what_was_refused_may_be_sent_again() {
    let app = app();
    let batch = |id: &str| {
        let delete = json!({"op": "delete", "model": "note", "id": id});
        key(post("/v1/batch").json(&json!({"operations": [delete]})), "k")
    };
    let (_, token) = app.account("ann").await;
    let id = "0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e90";
    app.refuse(batch(id).token(&token), 422, "batch_failed").await;
    let put = put(format!("/v1/notes/{id}")).token(&token).json(&json!({"text": "a"}));
    assert_eq!(app.send(put).await.status, 201);
    let done = app.send(batch(id).token(&token)).await;
    assert_eq!((done.status.as_u16(), done.header("idempotency-replayed")), (200, ""), "{}", done.body);
    assert_eq!(app.send(batch(id).token(&token)).await.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_write_that_changes_nothing_is_kept_too() {
    let app = app();
    let (_, token) = app.account("ann").await;
    let note = app.send(post("/v1/notes").token(&token).json(&json!({"text": "a"}))).await.id();
    let same = json!({"op": "update", "model": "note", "id": note, "data": {"text": "a"}});
    let batch = || key(post("/v1/batch").token(&token).json(&json!({"operations": [same]})), "k");
    let first = app.send(batch()).await;
    let change = patch(format!("/v1/notes/{note}")).token(&token).json(&json!({"text": "b"}));
    assert_eq!(app.send(change).await.status, 200);
    assert_eq!(seen(&app.send(batch()).await), seen(&first));
}

#[tokio::test]
async fn who_asks_is_seen_before_what_was_answered() {
    let app = app();
    let (_, token) = app.account("ann").await;
    let create = || key(post("/v1/notes").token(&token).json(&json!({"text": "a"})), "k");
    assert_eq!(app.send(create()).await.status, 201);
    assert_eq!(app.send(post("/v1/auth/logout").token(&token)).await.status, 204);
    app.refuse(create(), 401, "invalid_token").await;
    // The same account, logged in again.
    let token = app.login("ann@example.com").await;
    let again = key(post("/v1/notes").token(&token).json(&json!({"text": "a"})), "k");
    assert_eq!(app.send(again).await.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_key_is_used_anew_after_a_day() {
    let app = app();
    let (_, token) = app.account("ann").await;
    let create = |token: &str| key(post("/v1/notes").token(token).json(&json!({"text": "a"})), "k");
    let first = app.send(create(&token)).await.id();
    app.clock.advance(Duration::from_secs(24 * 3_600));
    let token = app.login("ann@example.com").await;
    let second = app.send(create(&token)).await;
    assert_eq!((second.status.as_u16(), second.header("idempotency-replayed")), (201, ""));
    assert_ne!(second.id(), first);
}

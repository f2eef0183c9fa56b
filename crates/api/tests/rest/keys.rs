//! API keys: made, shown once, used within their scopes, revoked.

use crate::support::recorder::lines;
use crate::support::schema::{fault, unknown_keys};
use crate::support::{App, delete, get, patch, post};
use serde_json::{Value, json};

async fn make(app: &App, token: &str, scopes: &[&str]) -> (String, String) {
    let fields = json!({"name": "nightly import", "scopes": scopes});
    let reply = app.send(post("/v1/auth/keys").token(token).json(&fields)).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    (reply.id(), reply.json()["key"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_key_is_shown_once_and_its_hash_never() {
    let app = App::chat();
    let (ada_id, ada) = app.account("ada").await;
    let fields =
        json!({"name": "nightly import", "scopes": ["room.list"], "expires_at": "2027-01-01T00:00:00Z"});
    let reply = app.send(post("/v1/auth/keys").token(&ada).json(&fields)).await;
    assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (201, "no-store"));
    let made = reply.json();
    assert_eq!(reply.header("location"), format!("/v1/auth/keys/{}", reply.id()));
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with(made["prefix"].as_str().unwrap()));
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("key");
    assert_eq!(
        shown,
        json!({
            "id": made["id"], "user": ada_id, "name": "nightly import", "prefix": made["prefix"], "scopes": ["room.list"],
            "expires_at": "2027-01-01T00:00:00.000000Z", "last_used_at": null, "created_at": made["created_at"],
        })
    );
    assert_eq!(app.send(get(reply.header("location")).token(&ada)).await.json(), shown);
    assert_eq!(app.send(get("/v1/auth/keys").token(&ada)).await.json(), json!({"items": [shown]}));
    let document = app.send(get("/openapi.json")).await.json();
    let schema = &document["components"]["schemas"]["NewApiKey"];
    assert_eq!((fault(&document, schema, &made), unknown_keys(schema, &made)), (None, vec![]));
}

#[tokio::test]
async fn a_key_may_what_its_scopes_name_and_its_account_may() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let (_, key) = make(&app, &ada, &["room.*", "message.create"]).await;
    let room = app.send(post("/v1/rooms").token(&key).json(&json!({"name": "Lobby"}))).await;
    assert_eq!(room.status, 201, "{}", room.body);
    let room = room.id();
    assert_eq!(app.send(get(format!("/v1/rooms/{room}")).token(&key)).await.status, 200);
    let message = post("/v1/messages").token(&key).json(&json!({"room": room, "text": "hello"}));
    let message = app.send(message).await;
    assert_eq!(message.status, 201, "{}", message.body);
    app.refuse(get("/v1/messages").token(&key), 403, "insufficient_scope").await;
    // To follow a ref is to get what it points to.
    app.refuse(get("/v1/rooms?expand=owner").token(&key), 403, "insufficient_scope").await;
    let patched = patch(format!("/v1/messages/{}", message.id())).token(&key).json(&json!({"text": "bye"}));
    app.refuse(patched, 403, "insufficient_scope").await;
    // What the account may not, no scope gives.
    let (_, eve) = app.account("eve").await;
    let (_, eves) = make(&app, &eve, &["*"]).await;
    app.refuse(get(format!("/v1/rooms/{room}")).token(&eves), 404, "not_found").await;
    assert_eq!(
        app.send(get("/v1/users?expand=").token(&eves)).await.json()["items"][0]["email"],
        "eve@example.com"
    );
}

#[tokio::test]
async fn a_batch_is_as_good_as_its_operations() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let (_, key) = make(&app, &ada, &["room.create"]).await;
    let create = json!({"op": "create", "model": "room", "as": "den", "data": {"name": "Den"}});
    let message = json!({"op": "create", "model": "message", "data": {"room": {"$ref": "den"}, "text": "x"}});
    let batch =
        |operations: &[&Value]| post("/v1/batch").token(&key).json(&json!({"operations": operations}));
    assert_eq!(app.send(batch(&[&create])).await.status, 200);
    let reply = app.refuse(batch(&[&create, &message]), 422, "batch_failed").await.json();
    assert_eq!(
        (&reply["results"][0]["code"], &reply["results"][1]["code"]),
        (&json!("not_applied"), &json!("insufficient_scope"))
    );
    assert_eq!(app.send(get("/v1/rooms?count=exact").token(&ada)).await.json()["count"], 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_new_key_is_said() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let cases = [
        (json!({}), vec!["name required", "scopes required"]),
        (json!({"name": "", "scopes": []}), vec!["name min_length", "scopes min_length"]),
        (
            json!({"name": "x", "scopes": ["mesage.list", "batch", "auth.password"]}),
            vec!["scopes unknown_scope"; 3],
        ),
        (json!({"name": "x", "scopes": "*"}), vec!["scopes type"]),
        (
            json!({"name": "x", "scopes": ["*"], "expires_at": "2026-01-01T00:00:00Z"}),
            vec!["expires_at past"],
        ),
        (
            json!({"name": "x", "scopes": ["*"], "hash": "x", "user": "x"}),
            vec!["hash unknown_field", "user unknown_field"],
        ),
    ];
    for (fields, expected) in cases {
        let reply =
            app.refuse(post("/v1/auth/keys").token(&ada).json(&fields), 422, "validation_failed").await;
        let errors = reply.json()["errors"].as_array().unwrap().clone();
        let found: Vec<String> = errors
            .iter()
            .map(|error| format!("{} {}", error["field"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect();
        assert_eq!(found, expected, "{fields}: {}", reply.body);
    }
    let scopes =
        |scope: &str| post("/v1/auth/keys").token(&ada).json(&json!({"name": "x", "scopes": [scope]}));
    for (scope, expected) in [
        ("mesage.list", "did you mean `message.list`?"),
        ("message.lst", "did you mean `message.list`?"),
        ("messages.*", "did you mean `message.*`?"),
        ("everything", "or `*` for all"),
        ("batch", "needs no scope"),
        ("auth.password", "cannot be done with an API key"),
        ("auth.keys.create", "cannot be done with an API key"),
    ] {
        let reply = app.send(scopes(scope)).await;
        assert!(reply.body.contains(expected), "{scope}: {}", reply.body);
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let (id, key) = make(&app, &ada, &["*"]).await;
    assert_eq!(app.send(get("/v1/auth/me").token(&key)).await.status, 200);
    assert_eq!(app.send(delete(format!("/v1/auth/keys/{id}")).token(&ada)).await.status, 204);
    app.refuse(get("/v1/auth/me").token(&key), 401, "invalid_token").await;
    app.refuse(delete(format!("/v1/auth/keys/{id}")).token(&ada), 404, "not_found").await;
    app.refuse(delete("/v1/auth/keys/x").token(&ada), 400, "invalid_id").await;
}

#[tokio::test]
async fn who_may_delete_an_account_keeps_its_keys_too() {
    let app = App::chat();
    let (ada_id, ada) = app.account("ada").await;
    let admin = app.admin().await;
    let (id, key) = make(&app, &ada, &["*"]).await;
    let listed = app.send(get(format!("/v1/auth/keys?user={ada_id}")).token(&admin)).await;
    assert_eq!(listed.json()["items"][0]["id"], id.as_str(), "{}", listed.body);
    app.refuse(get("/v1/auth/keys?user=x").token(&admin), 400, "invalid_parameter").await;
    assert_eq!(app.send(delete(format!("/v1/auth/keys/{id}")).token(&admin)).await.status, 204);
    app.refuse(get("/v1/auth/me").token(&key), 401, "invalid_token").await;
}

#[tokio::test]
async fn a_key_is_in_no_log_and_no_error() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let (id, key) = make(&app, &ada, &["auth.me"]).await;
    let altered = format!("{}0", &key[..key.len() - 1]);
    for token in [key.as_str(), altered.as_str(), "msk_canary"] {
        for path in ["/v1/auth/me", "/v1/rooms", "/v1/auth/keys"] {
            let reply = app.send(get(path).token(token)).await;
            assert!(!reply.body.contains(token), "{}", reply.body);
        }
    }
    app.send(delete(format!("/v1/auth/keys/{id}")).token(&ada)).await;
    let everything = lines().join("\n");
    let secret = key.rsplit('_').next().unwrap();
    for part in [secret, &secret[..63], "msk_canary"] {
        assert!(!everything.contains(part), "a key is in the log");
    }
}

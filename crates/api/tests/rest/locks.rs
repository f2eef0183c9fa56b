//! Locks and `Fencing-Token` over HTTP; what they mean is tested with the engine.

use crate::idempotency::{app, request};
use crate::support::{Ask, delete, get, patch, post};
use serde_json::{Value, json};
use std::time::Duration;

const LOCK: &str = "/v1/locks/report";

fn held(ask: Ask, lock: &Value) -> Ask {
    ask.header("fencing-token", lock["token"].as_str().unwrap())
}

#[tokio::test]
async fn a_lock_goes_from_hand_to_hand() {
    let app = app();
    let ((ann_id, ann), (_, ben)) = (app.account("ann").await, app.account("ben").await);
    app.refuse(get(LOCK).token(&ann), 404, "not_found").await;
    let take = |token: &str| post(LOCK).token(token).json(&json!({"lease_ms": 2_000, "holder": "worker 7"}));
    let taken = app.send(take(&ann)).await;
    assert_eq!((taken.status.as_u16(), taken.header("cache-control")), (200, "no-store"), "{}", taken.body);
    let lock = taken.json();
    let shown = ["name", "account", "holder", "lease_ms", "expires_at"].map(|key| lock[key].clone());
    let expected = json!(["report", ann_id, "worker 7", 2_000, "2026-11-21T08:30:02.000000Z"]);
    assert_eq!(Value::from(shown.to_vec()), expected);
    assert_eq!(lock["token"], format!("report:{}", lock["fencing"]));
    assert_eq!(app.send(get(LOCK).token(&ben)).await.json(), lock);
    let refused = app.refuse(take(&ben), 409, "lock_held").await;
    assert_eq!(refused.header("retry-after"), "2");
    app.clock.advance(Duration::from_secs(1));
    let renewed =
        app.send(held(patch(LOCK).token(&ann).json(&json!({"lease_ms": 5_000})), &lock)).await.json();
    assert_eq!((&renewed["token"], &renewed["lease_ms"]), (&lock["token"], &json!(5_000)));
    app.refuse(held(delete(LOCK).token(&ben), &lock), 412, "fenced").await;
    app.refuse(delete(LOCK).token(&ann), 400, "invalid_parameter").await;
    assert_eq!(app.send(held(delete(LOCK).token(&ann), &lock)).await.status, 204);
    app.refuse(held(delete(LOCK).token(&ann), &lock), 412, "fenced").await;
    let next = app.send(post("/v1/locks/r%65port").token(&ben)).await.json();
    assert!(next["fencing"].as_i64() > lock["fencing"].as_i64(), "{next} {lock}");
    app.refuse(post(LOCK), 401, "unauthenticated").await;
}

#[tokio::test]
async fn what_is_malformed_is_refused() {
    let app = app();
    let (_, ann) = app.account("ann").await;
    let take = |body: Value| post(LOCK).token(&ann).json(&body);
    for body in [json!({"lease_ms": 1}), json!({"wait_ms": -1}), json!({"lease": 5}), json!({"holder": 1})] {
        app.refuse(take(body), 422, "validation_failed").await;
    }
    app.refuse(take(json!([])), 400, "invalid_json").await;
    for name in ["a%20b", "%C3%A4", "a,b", &"x".repeat(201)] {
        app.refuse(post(format!("/v1/locks/{name}")).token(&ann), 400, "invalid_parameter").await;
    }
    let create = |token: &str| {
        post("/v1/notes").token(&ann).json(&json!({"text": "x"})).header("fencing-token", token)
    };
    for token in ["report", "report:x", "", "report:1;report:2"] {
        app.refuse(create(token), 400, "invalid_parameter").await;
    }
}

/// The walk is over the registry, so that a write that passes the header over fails the test.
#[tokio::test]
async fn every_write_is_fenced_or_says_that_it_cannot_be() {
    let operations = app().engine.registry().operations().to_vec();
    for operation in
        operations.iter().filter(|operation| operation.kind.writes() && !operation.name.starts_with("user."))
    {
        let app = app();
        let (_, token) = app.account("ann").await;
        let Some(ask) = request(&app, &token, operation.kind).await else {
            assert_eq!(operation.name, "auth.logout");
            continue;
        };
        let position = app.engine.position().await.unwrap();
        let expected = match operation.kind.is_fenced() {
            true => (412, "fenced"),
            false => (400, "invalid_parameter"),
        };
        let stale = app.send(ask.clone().token(&token).header("fencing-token", "another:1")).await;
        let code = stale.json()["code"].clone();
        assert_eq!((stale.status.as_u16(), code.as_str().unwrap()), expected, "{}", operation.name);
        assert_eq!(app.engine.position().await.unwrap(), position, "{}", operation.name);
        let lock = app.send(post("/v1/locks/another").token(&token)).await.json();
        if operation.kind.is_fenced() {
            let done = app.send(held(ask.token(&token), &lock)).await;
            assert!(done.status.is_success(), "{}: {}", operation.name, done.body);
        }
    }
}

/// A key for locks alone takes them, and no other can.
#[tokio::test]
async fn keys_are_scoped_to_locks() {
    let app = app();
    let (_, ann) = app.account("ann").await;
    let make = async |scopes: Value| {
        let key = json!({"name": "worker", "scopes": scopes});
        app.send(post("/v1/auth/keys").token(&ann).json(&key)).await.json()["key"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let worker = make(json!(["locks.*"])).await;
    assert_eq!(app.send(post(LOCK).token(&worker)).await.status, 200);
    let reader = make(json!(["locks.get"])).await;
    assert_eq!(app.send(get(LOCK).token(&reader)).await.status, 200);
    app.refuse(post(LOCK).token(&reader), 403, "insufficient_scope").await;
}

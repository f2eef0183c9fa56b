//! Batches that say what they stand on: `check`, and `isolation`.

use crate::support::{App, Ask, SETTINGS, get, post};
use mainstay_ports::Store;
use mainstay_testkit::{Call, Fault, Faults, FaultyStore};
use serde_json::{Value, json};
use std::sync::Arc;

/// Of whom at least one has to stay on call, the classic of write skew (Cahill, Röhm and Fekete, 2008).
const DOCTOR: &str = r#"
[fields]
name = "string"
on_call = { type = "bool", default = true }

[allow]
read = "auth.id != null"
create = "auth.id != null"
update = "auth.id != null"
"#;

const FILES: &[(&str, &str)] = &[("mainstay.toml", SETTINGS), ("models/doctor.toml", DOCTOR)];

async fn doctor(app: &App, token: &str, name: &str) -> String {
    app.send(post("/v1/doctors").token(token).json(&json!({"name": name}))).await.id()
}

fn batch(operations: &Value) -> Ask {
    post("/v1/batch").json(&json!({"operations": operations}))
}

fn leave(id: &str) -> Value {
    json!({"op": "update", "model": "doctor", "id": id, "data": {"on_call": false}})
}

async fn check(app: &App, token: &str, operations: Value, code: &str) {
    let reply = app.send(batch(&operations).token(token)).await;
    let first = reply.json()["results"][0].clone();
    match code {
        "" => assert_eq!((reply.status.as_u16(), &first["status"]), (200, &json!(200)), "{}", reply.body),
        code => assert_eq!((reply.status.as_u16(), &first["code"]), (422, &json!(code)), "{}", reply.body),
    }
}

#[tokio::test]
async fn a_batch_stands_on_what_was_read() {
    let app = App::of(FILES);
    let (_, token) = app.account("ada").await;
    let (ada, ben) = (doctor(&app, &token, "Ada").await, doctor(&app, &token, "Ben").await);
    // Both have seen two on call, and each leaves it to the other.
    let two = |own: &str| {
        let check = json!({"op": "check", "model": "doctor", "filter": "on_call", "expect": 2});
        json!([check, leave(own)])
    };
    check(&app, &token, two(&ada), "").await;
    check(&app, &token, two(&ben), "requirement_failed").await;
    // The same by the record that was read.
    let other = |own: &str, other: &str, more: Value| {
        let mut check = json!({"op": "check", "model": "doctor", "id": other});
        check.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([check, leave(own)])
    };
    check(&app, &token, other(&ben, &ada, json!({"if_version": 1})), "version_mismatch").await;
    check(&app, &token, other(&ben, &ada, json!({"filter": "on_call"})), "requirement_failed").await;
    let unknown = "0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e90";
    check(&app, &token, other(&ben, unknown, json!({})), "not_found").await;
    check(&app, &token, other(&ben, &ada, json!({"if_version": 2, "filter": "!on_call"})), "").await;
}

#[tokio::test]
async fn a_check_tells_what_it_saw() {
    let app = App::of(FILES);
    let (_, token) = app.account("ada").await;
    let operations = json!([
        {"op": "create", "model": "doctor", "as": "new", "data": {"name": "Cem"}},
        {"op": "check", "model": "doctor", "id": {"$ref": "new"}, "if_version": 1},
        {"op": "check", "model": "doctor", "filter": "name == 'Cem'", "expect": "any"},
        {"op": "check", "model": "doctor", "filter": "name == 'Nobody'", "expect": "none"},
    ]);
    let results = app.send(batch(&operations).token(&token)).await.json()["results"].clone();
    assert_eq!(
        (&results[1]["status"], &results[1]["record"]["name"]),
        (&json!(200), &json!("Cem")),
        "{results}"
    );
    assert_eq!((&results[2], &results[3]), (&json!({"status": 200}), &json!({"status": 200})));
    assert_eq!(app.send(get("/v1/doctors?count=exact").token(&token)).await.json()["count"], 1);
}

#[tokio::test]
async fn what_a_check_may_say_is_known() {
    let app = App::of(FILES);
    let (_, token) = app.account("ada").await;
    let many = |more: Value| {
        let mut check = json!({"op": "check", "model": "doctor", "filter": "true", "expect": "any"});
        check.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([check])
    };
    check(&app, &token, many(json!({})), "requirement_failed").await;
    for wrong in [
        json!({"expect": null}),
        json!({"expect": "some"}),
        json!({"expect": -1}),
        json!({"expect": 1_001}),
        json!({"expect": 1.5}),
        json!({"if_version": 1}),
        json!({"data": {}}),
        json!({"model": "nurse"}),
        json!({"id": "x"}),
    ] {
        check(&app, &token, many(wrong), "validation_failed").await;
    }
    check(&app, &token, many(json!({"filter": "colour == 'red'"})), "invalid_filter").await;
    let isolation = |level: Value| {
        post("/v1/batch")
            .token(&token)
            .json(&json!({"operations": many(json!({"expect": "none"})), "isolation": level}))
    };
    for level in ["read_committed", "serializable"] {
        assert_eq!(app.send(isolation(json!(level))).await.status, 200, "{level}");
    }
    for level in [json!("snapshot"), json!(1)] {
        app.refuse(isolation(level), 422, "validation_failed").await;
    }
}

#[tokio::test]
async fn a_check_needs_the_scope_of_what_it_reads() {
    let app = App::of(FILES);
    let (_, token) = app.account("ada").await;
    let id = doctor(&app, &token, "Ada").await;
    let key = json!({"name": "robot", "scopes": ["doctor.get"]});
    let made = app.send(post("/v1/auth/keys").token(&token).json(&key)).await;
    let key = made.json()["key"].as_str().unwrap().to_owned();
    check(&app, &key, json!([{"op": "check", "model": "doctor", "id": id}]), "").await;
    let many = json!([{"op": "check", "model": "doctor", "filter": "true", "expect": "any"}]);
    check(&app, &key, many, "insufficient_scope").await;
}

/// What cannot be serialized is said so; only what asks to be, or searches, is tried so.
#[tokio::test]
async fn a_serializable_batch_that_is_given_up_says_so() {
    let faults = Faults::seeded(1).sometimes(Call::Serializable, 1.0, Fault::Contended);
    let app = App::over(FILES, |store| -> Arc<dyn Store> { Arc::new(FaultyStore::new(store, faults)) });
    let (_, token) = app.account("ada").await;
    let id = doctor(&app, &token, "Ada").await;
    let one = json!([{"op": "check", "model": "doctor", "id": id}, leave(&id)]);
    assert_eq!(app.send(batch(&one).token(&token)).await.status, 200);
    let many = json!([{"op": "check", "model": "doctor", "filter": "true", "expect": 1}, leave(&id)]);
    let asked = post("/v1/batch").json(&json!({"operations": one, "isolation": "serializable"}));
    for ask in [batch(&many), asked] {
        let reply = app.refuse(ask.token(&token), 409, "serialization_failed").await;
        assert_eq!(reply.header("retry-after"), "1");
    }
}

#[tokio::test]
async fn a_project_may_have_all_writes_serializable() {
    let settings = format!("{SETTINGS}[data]\nisolation = \"serializable\"\n");
    let files = [("mainstay.toml", settings.as_str()), FILES[1]];
    let faults = Faults::seeded(1).sometimes(Call::Serializable, 1.0, Fault::Contended);
    let app = App::over(&files, |store| -> Arc<dyn Store> { Arc::new(FaultyStore::new(store, faults)) });
    let (_, token) = app.account("ada").await;
    let create = post("/v1/doctors").token(&token).json(&json!({"name": "Ada"}));
    app.refuse(create, 409, "serialization_failed").await;
}

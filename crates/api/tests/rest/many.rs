//! Update and delete by filter.

use crate::support::{App, Ask, SETTINGS, delete, get, patch, post};
use serde_json::{Value, json};

/// Whoever has an account sees all tasks and changes their own; what is done cannot be deleted.
const TASK: &str = r#"
[fields]
owner = { type = "ref", model = "user", default = { cel = "auth.id" }, immutable = true }
title = { type = "string", min_length = 1 }
done = { type = "bool", default = false }
about = { type = "json", optional = true }
price = { type = "int", optional = true, read = "owner == auth.id" }

[allow]
read = "auth.id != null"
create = "owner == auth.id"
update = "owner == auth.id"
delete = "owner == auth.id && !done"
"#;

struct World {
    app: App,
    ann: String,
    bob: String,
}

/// Ann has the tasks `a`, `b` and `c`, Bob has `d`.
async fn world() -> World {
    let settings = SETTINGS.replace("[limits]", "[limits]\nbulk_records = 3");
    let app = App::of(&[("mainstay.toml", &settings), ("models/task.toml", TASK)]);
    let (_, ann) = app.account("ann").await;
    let (_, bob) = app.account("bob").await;
    for (token, title) in [(&ann, "a"), (&ann, "b"), (&ann, "c"), (&bob, "d")] {
        let task = json!({"title": title, "price": 1, "about": {"x": 1}});
        assert_eq!(app.send(post("/v1/tasks").token(token).json(&task)).await.status, 201);
    }
    World { app, ann, bob }
}

/// The path of the tasks that match.
fn tasks(filter: &str) -> String {
    let encoded: String = filter.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("/v1/tasks?filter={encoded}")
}

impl World {
    async fn titles(&self) -> Vec<String> {
        let page = self.app.send(get("/v1/tasks?order=created_at,id").token(&self.ann)).await.json();
        let title = |item: &Value| item["title"].as_str().unwrap().to_owned();
        page["items"].as_array().unwrap().iter().map(title).collect()
    }

    async fn count(&self, ask: Ask, expected: u64) {
        let reply = self.app.send(ask.token(&self.ann)).await;
        assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "count": expected })));
        assert!(!reply.header("mainstay-position").is_empty());
    }
}

#[tokio::test]
async fn what_matches_is_changed_and_deleted() {
    let world = world().await;
    let rename = |title: &str| json!({ "title": title });
    world.count(patch(tasks("title in ['a', 'b']")).json(&rename("x")), 2).await;
    assert_eq!(world.titles().await, ["x", "x", "c", "d"]);
    world.count(patch(tasks("title == 'nothing'")).json(&rename("y")), 0).await;
    world.count(delete(tasks("title == 'x'")), 2).await;
    assert_eq!(world.titles().await, ["c", "d"]);
    let documents = patch(tasks("title == 'c'")).json(&json!({"about": {"y": 2}}));
    world.count(documents.header("accept", "application/json"), 1).await;
    let page = world.app.send(get(tasks("title == 'c'")).token(&world.ann)).await.json();
    assert_eq!(page["items"][0]["about"], json!({"x": 1, "y": 2}));
}

#[tokio::test]
async fn one_refusal_refuses_all_and_is_named() {
    let world = world().await;
    let anything = json!({"title": "mine"});
    let ask = patch(tasks("title in ['c', 'd']")).token(&world.ann).json(&anything);
    let refused = world.app.refuse(ask, 422, "bulk_failed").await.json();
    let page = world.app.send(get(tasks("title == 'd'")).token(&world.ann)).await.json();
    let expected = json!([{"id": page["items"][0]["id"], "status": 403, "code": "forbidden", "detail": "a rule forbids this"}]);
    assert_eq!(refused["results"], expected);
    assert_eq!(world.titles().await, ["a", "b", "c", "d"]);
    world.count(patch(tasks("title == 'a'")).json(&json!({"done": true})), 1).await;
    let ask = delete(tasks("title in ['a', 'b']")).token(&world.ann);
    world.app.refuse(ask, 422, "bulk_failed").await;
    assert_eq!(world.titles().await.len(), 4);
}

#[tokio::test]
async fn a_filter_sees_what_its_author_sees() {
    let world = world().await;
    // The price of another's task is hidden, so that it cannot be guessed at by what matches.
    world.count(patch(tasks("price == 1")).json(&json!({"done": true})), 3).await;
    let ask = patch(tasks("price == 1")).token(&world.bob).json(&json!({"done": true}));
    assert_eq!(world.app.send(ask).await.json(), json!({"count": 1}));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let world = world().await;
    let check = async |ask: Ask, status: u16, code: &'static str| {
        world.app.refuse(ask.token(&world.ann), status, code).await;
    };
    let title = json!({"title": "x"});
    check(patch("/v1/tasks").json(&title), 400, "invalid_parameter").await;
    check(patch("/v1/tasks?filter=%20").json(&title), 400, "invalid_parameter").await;
    check(delete("/v1/tasks"), 400, "invalid_parameter").await;
    check(delete("/v1/tasks?filter=true&order=id"), 400, "invalid_parameter").await;
    check(delete(tasks("nonsense")), 400, "invalid_filter").await;
    check(delete(tasks("true")).header("if-match", "\"1\""), 400, "invalid_parameter").await;
    for limit in ["0", "4", "x", "-1"] {
        check(delete(tasks("true") + "&limit=" + limit), 400, "invalid_limit").await;
    }
    check(patch(tasks("true")).json(&json!({"title": ""})), 422, "validation_failed").await;
    check(patch(tasks("true")).json(&json!({"id": "x"})), 422, "validation_failed").await;
    check(patch(tasks("true")).json(&json!({"owner": null})), 422, "validation_failed").await;
    check(delete(tasks("true")).json(&title), 400, "invalid_json").await;
    // There are four.
    check(delete(tasks("true")), 409, "too_many_matches").await;
    check(delete(tasks("title in ['a', 'b']") + "&limit=1"), 409, "too_many_matches").await;
    assert_eq!(world.titles().await.len(), 4);
}

#[tokio::test]
async fn who_loses_a_role_loses_it_at_once() {
    let world = world().await;
    let admin = world.app.admin().await;
    let is_admin = async || {
        world.app.send(get("/v1/users").token(&admin)).await.json()["items"].as_array().unwrap().len()
    };
    assert_eq!(is_admin().await, 3);
    let ask =
        patch("/v1/users?filter=email%20==%20'root@example.com'").token(&admin).json(&json!({"roles": []}));
    assert_eq!(world.app.send(ask).await.status, 200);
    assert_eq!(is_admin().await, 1);
}

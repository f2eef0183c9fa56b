//! Two versions of an API side by side.

use crate::support::{App, Ask, Reply, SETTINGS, delete, get, patch, post, put};
use futures::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

struct World {
    app: App,
    ann: String,
}

fn app() -> App {
    App::of(&[
        ("mainstay.toml", SETTINGS),
        ("models/task.toml", include_str!("../../../../examples/versions/models/task.toml")),
        ("models/note.toml", include_str!("../../../../examples/versions/models/note.toml")),
        ("api/v1.toml", include_str!("../../../../examples/versions/api/v1.toml")),
        ("api/v2.toml", include_str!("../../../../examples/versions/api/v2.toml")),
    ])
}

async fn world() -> World {
    let app = app();
    let (_, ann) = app.account("ann").await;
    World { app, ann }
}

impl World {
    async fn ask(&self, ask: Ask, status: u16) -> Value {
        let reply = self.app.send(ask.token(&self.ann)).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.body);
        if reply.body.is_empty() { Value::Null } else { reply.json() }
    }

    async fn todo(&self, fields: &Value) -> String {
        self.ask(post("/v1/todos").json(fields), 201).await["id"].as_str().unwrap().to_owned()
    }

    /// These fields of a record, as this path has it.
    async fn check(&self, path: &str, expected: Value) {
        let record = self.ask(get(path), 200).await;
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&record[name], value, "{name} of {record}");
        }
    }

    /// What is refused of which field.
    async fn faults(&self, ask: Ask, status: u16, expected: &[(&str, &str)]) {
        let problem = self.ask(ask, status).await;
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let found: Vec<(&str, &str)> = errors
            .iter()
            .map(|error| (error["field"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect();
        assert_eq!(found, expected, "{problem}");
    }

    /// The names of the records that a path lists.
    async fn names(&self, path: &str, field: &str) -> Vec<String> {
        let page = self.ask(get(path), 200).await;
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn what_one_version_writes_the_other_reads() {
    let world = world().await;
    let todo = json!({"name": "Buy", "state": "todo", "cents": 1234, "first_name": "Ada", "last_name": "Byron King"});
    let id = world.todo(&todo).await;
    let task = json!({"title": "Buy", "state": "open", "price": "12.34", "contact": "Ada Byron King"});
    world.check(&format!("/v2/tasks/{id}"), task).await;
    world.check(&format!("/v1/todos/{id}"), todo).await;
    let newer = json!({"title": "Sell", "state": "closed", "price": "0.05", "contact": "Ben"});
    let id = world.ask(post("/v2/tasks").json(&newer), 201).await["id"].as_str().unwrap().to_owned();
    let older = json!({"name": "Sell", "state": "done", "cents": 5, "first_name": "Ben", "last_name": null});
    world.check(&format!("/v1/todos/{id}"), older).await;
    let replaced = json!({"name": "Give", "state": "doing"});
    world.ask(put(format!("/v1/todos/{id}")).json(&replaced), 200).await;
    world
        .check(
            &format!("/v2/tasks/{id}"),
            json!({"title": "Give", "state": "doing", "price": "0.00", "contact": null}),
        )
        .await;
    world.ask(delete(format!("/v1/todos/{id}")), 204).await;
    world.ask(get(format!("/v2/tasks/{id}")), 404).await;
    world.ask(post(format!("/v1/todos/{id}/restore")), 200).await;
    world.ask(get("/v1/tasks"), 404).await;
    world.ask(get("/v2/todos"), 404).await;
}

#[tokio::test]
async fn an_update_keeps_what_it_does_not_speak_of() {
    let world = world().await;
    let id = world.todo(&json!({"name": "Buy", "cents": 7, "first_name": "Ada", "last_name": "King"})).await;
    let path = format!("/v1/todos/{id}");
    world.ask(patch(&path).json(&json!({"last_name": "Byron"})), 200).await;
    world
        .check(
            &format!("/v2/tasks/{id}"),
            json!({"contact": "Ada Byron", "price": "0.07", "title": "Buy", "version": 2}),
        )
        .await;
    world.ask(patch(&path).json(&json!({"about": {"a": 1, "b": 2}})), 200).await;
    world.ask(patch(&path).json(&json!({"about": {"a": null}})), 200).await;
    world.check(&path, json!({"about": {"b": 2}, "cents": 7, "first_name": "Ada"})).await;
    let stale = patch(&path).json(&json!({"first_name": "Eve"})).header("if-match", "\"1\"");
    world.ask(stale, 412).await;
    world.ask(patch(&path).json(&json!({"first_name": "Eve"})).header("if-match", "\"4\""), 200).await;
    world.check(&path, json!({"first_name": "Eve", "last_name": "Byron"})).await;
}

#[tokio::test]
async fn a_name_without_the_other_is_not_lost() {
    let world = world().await;
    let names = |first: Option<&str>, last: Option<&str>| json!({"first_name": first, "last_name": last});
    for (first, last) in [(None, Some("Lee")), (Some("Ada"), None), (Some("Ada"), Some("van Lee"))] {
        let id = world.todo(&json!({"name": "Buy", "first_name": first, "last_name": last})).await;
        world.check(&format!("/v1/todos/{id}"), names(first, last)).await;
    }
    let id = world.todo(&json!({"name": "Buy", "first_name": "Ada", "last_name": "King"})).await;
    let path = format!("/v1/todos/{id}");
    world.ask(patch(&path).json(&json!({"first_name": null})), 200).await;
    world.check(&path, names(None, Some("King"))).await;
    world.ask(patch(&path).json(&json!({"last_name": null})), 200).await;
    world.check(&path, names(None, None)).await;
    world.check(&format!("/v2/tasks/{id}"), json!({"contact": null})).await;
}

#[tokio::test]
async fn lists_are_asked_for_in_the_names_of_the_version() {
    let world = world().await;
    for (name, state) in [("b", "todo"), ("a", "done"), ("c", "doing")] {
        world.todo(&json!({"name": name, "state": state})).await;
    }
    let filter = |text: &str| format!("/v1/todos?order=name&filter={}", encoded(text));
    assert_eq!(world.names(&filter("state in ['todo', 'done']"), "name").await, ["a", "b"]);
    assert_eq!(world.names("/v1/todos?order=-name", "name").await, ["c", "b", "a"]);
    assert_eq!(world.names("/v2/tasks?order=-title", "title").await, ["c", "b", "a"]);
    let first = world.ask(get("/v1/todos?order=name&limit=1&fields=name,first_name"), 200).await;
    let fields: Vec<&String> = first["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["name", "first_name"]);
    let next = format!("/v1/todos?order=name&limit=1&cursor={}", first["next"].as_str().unwrap());
    assert_eq!(world.names(&next, "name").await, ["b"]);
    world.faults(get(filter("cents > 3")), 400, &[("filter", "expr_unsupported")]).await;
    world.faults(get(filter("title == 'a'")), 400, &[("filter", "expr_unknown_name")]).await;
    world.app.refuse(get("/v1/todos?order=cents").token(&world.ann), 400, "invalid_order").await;
    world.app.refuse(get("/v1/todos?order=title").token(&world.ann), 400, "invalid_order").await;
    world.app.refuse(get("/v1/todos?fields=title").token(&world.ann), 400, "invalid_fields").await;
}

#[tokio::test]
async fn relations_have_the_names_of_the_version() {
    let world = world().await;
    let id = world.todo(&json!({"name": "Buy", "cents": 3})).await;
    let note = world.ask(post("/v1/notes").json(&json!({"todo": id, "text": "x"})), 201).await;
    let path = format!("/v1/notes/{}?expand=todo.owner", note["id"].as_str().unwrap());
    let expanded = world.ask(get(&path), 200).await;
    assert_eq!(expanded["expand"]["todo"]["name"], "Buy");
    assert_eq!(expanded["expand"]["todo"]["cents"], 3);
    assert_eq!(expanded["expand"]["todo"]["expand"]["owner"]["email"], "ann@example.com");
    let filter = format!("/v1/notes?filter={}", encoded("todo.name == 'Buy' && todo.state == 'todo'"));
    assert_eq!(world.names(&filter, "text").await, ["x"]);
    world.app.refuse(get("/v1/notes?expand=task").token(&world.ann), 400, "invalid_expand").await;
}

#[tokio::test]
async fn faults_are_told_in_the_names_of_the_version() {
    let world = world().await;
    let create = |fields: Value| post("/v1/todos").json(&fields);
    world.faults(create(json!({"title": "x"})), 422, &[("title", "unknown_field")]).await;
    world.faults(create(json!({"cents": 1})), 422, &[("name", "required")]).await;
    world.faults(create(json!({"name": "x", "state": "open"})), 422, &[("state", "enum")]).await;
    world.faults(create(json!({"name": "x", "cents": -1})), 422, &[("cents", "min")]).await;
    world
        .faults(
            create(json!({"name": "x", "cents": 5_000_000_000_000_000_000_i64})),
            422,
            &[("cents", "format")],
        )
        .await;
    let note = json!({"todo": "0190b7c0-0000-7000-8000-000000000001", "text": "x"});
    let problem = world.ask(post("/v1/notes").json(&note), 403).await;
    assert_eq!(problem["code"], "forbidden");
    let id = world.todo(&json!({"name": "Buy"})).await;
    let note = world.ask(post("/v1/notes").json(&json!({"todo": id, "text": "x"})), 201).await;
    let moved = json!({"todo": world.todo(&json!({"name": "Sell"})).await});
    let path = format!("/v1/notes/{}", note["id"].as_str().unwrap());
    world.faults(patch(path).json(&moved), 422, &[("todo", "immutable")]).await;
}

#[tokio::test]
async fn batches_and_writes_by_filter_speak_the_version() {
    let world = world().await;
    let operations = json!({"operations": [
        {"op": "create", "model": "todo", "as": "t", "data": {"name": "a", "cents": 250}},
        {"op": "create", "model": "note", "data": {"todo": {"$ref": "t"}, "text": "n"}},
        {"op": "check", "model": "todo", "filter": "name == 'a' && state == 'todo'", "expect": 1},
    ]});
    let done = world.ask(post("/v1/batch").json(&operations), 200).await;
    assert_eq!(done["results"][0]["record"]["cents"], 250, "{done}");
    let id = done["results"][0]["id"].as_str().unwrap().to_owned();
    world.check(&format!("/v2/tasks/{id}"), json!({"title": "a", "price": "2.50"})).await;
    let operations = json!({"operations": [{"op": "create", "model": "task", "data": {"title": "a"}}]});
    world.ask(post("/v1/batch").json(&operations), 422).await;
    let many = format!("/v1/todos?filter={}", encoded("state == 'todo'"));
    let done = world.ask(patch(&many).json(&json!({"state": "done", "cents": 1})), 200).await;
    assert_eq!(done["count"], 1);
    world.check(&format!("/v2/tasks/{id}"), json!({"state": "closed", "price": "0.01"})).await;
    let many = format!("/v1/todos?filter={}", encoded("state == 'done'"));
    world.faults(patch(&many).json(&json!({"first_name": "x"})), 422, &[("first_name", "required")]).await;
    let done = world.ask(delete(&many), 200).await;
    assert_eq!(done["count"], 1);
}

#[tokio::test]
async fn a_key_belongs_to_the_request_of_one_version() {
    let world = world().await;
    let create = |version: &str, body: &Value| {
        post(version).json(body).header("idempotency-key", "k").token(&world.ann)
    };
    let todo = json!({"name": "a", "cents": 5});
    let first = world.app.send(create("/v1/todos", &todo)).await;
    let again = world.app.send(create("/v1/todos", &todo)).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(first.json()["cents"], 5);
    assert_eq!(first.header("location"), format!("/v1/todos/{}", first.id()));
    world.app.refuse(create("/v2/tasks", &json!({"title": "a"})), 422, "idempotency_key_reused").await;
}

#[tokio::test]
async fn watchers_are_told_in_the_form_of_their_version() {
    let world = world().await;
    world.todo(&json!({"name": "a", "cents": 5})).await;
    let open = |path: &str| get(path).header("accept", "text/event-stream").token(&world.ann).request();
    let filter = encoded("state != 'done'");
    let paths =
        [format!("/v1/todos?filter={filter}"), "/v1/todos?fields=name".to_owned(), "/v2/tasks".to_owned()];
    let expected = ["\"cents\":700", "\"record\":{\"name\":\"b\"}", "\"price\":\"7.00\""];
    let mut streams = Vec::new();
    for path in &paths {
        let response = world.app.router.clone().oneshot(open(path)).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        streams.push(response.into_body().into_data_stream());
    }
    world.todo(&json!({"name": "b", "cents": 700})).await;
    for (stream, expected) in streams.iter_mut().zip(expected) {
        let mut told = String::new();
        while !told.contains(expected) {
            let chunk = tokio::time::timeout(std::time::Duration::from_secs(20), stream.next()).await;
            told += std::str::from_utf8(&chunk.expect(expected).unwrap().unwrap()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_version_says_when_it_ends() {
    let world = world().await;
    let older = world.app.send(get("/v1/todos").token(&world.ann)).await;
    assert_eq!(older.header("deprecation"), "@1793491200");
    assert_eq!(older.header("sunset"), "Wed, 30 Jun 2027 00:00:00 GMT");
    let link = "<https://example.org/tasks/moving-to-v2>";
    let links = |reply: &Reply| -> Vec<String> {
        reply.headers.get_all("link").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    let page = format!("{link}; rel=\"deprecation\", {link}; rel=\"sunset\"");
    assert_eq!(links(&older), [page.as_str(), "</v2/tasks>; rel=\"successor-version\""]);
    let id = world.todo(&json!({"name": "Buy"})).await;
    let record = world.app.send(get(format!("/v1/todos/{id}?fields=name")).token(&world.ann)).await;
    assert_eq!(links(&record), [page.as_str(), &format!("</v2/tasks/{id}>; rel=\"successor-version\"")]);
    let refused = world.app.send(get("/v1/todos")).await;
    assert_eq!(refused.header("deprecation"), "@1793491200");
    let newer = world.app.send(get("/v2/tasks").token(&world.ann)).await;
    assert_eq!((newer.header("deprecation"), newer.header("sunset"), newer.header("link")), ("", "", ""));
}

#[tokio::test]
async fn each_version_has_its_document() {
    let app = app();
    let paths = async |path: &str| {
        let document = app.send(get(path)).await.json();
        let paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
        (document["info"]["version"].as_str().unwrap().to_owned(), paths)
    };
    let of_list = async |path: &str, list: &str| {
        app.send(get(path)).await.json()["paths"][list]["get"]["deprecated"].clone()
    };
    assert_eq!(of_list("/v1/openapi.json", "/v1/todos").await, true);
    assert_eq!(of_list("/v2/openapi.json", "/v2/tasks").await, Value::Null);
    let (version, first) = paths("/v1/openapi.json").await;
    assert_eq!(version, "1");
    assert!(
        first.contains(&"/v1/todos/{id}".to_owned()) && !first.iter().any(|path| path.contains("task")),
        "{first:?}"
    );
    let (version, newest) = paths("/openapi.json").await;
    assert_eq!(version, "2");
    assert_eq!(paths("/v2/openapi.json").await.1, newest);
    assert!(
        newest.contains(&"/v2/tasks/{id}".to_owned()) && !newest.iter().any(|path| path.starts_with("/v1/"))
    );
}

#[tokio::test]
async fn the_scopes_of_a_key_have_the_names_of_the_version() {
    let world = world().await;
    let key = |scope: &str| json!({"name": "k", "scopes": [scope, "auth.me"]});
    world.faults(post("/v1/auth/keys").json(&key("task.list")), 422, &[("scopes", "unknown_scope")]).await;
    world.faults(post("/v2/auth/keys").json(&key("todo.list")), 422, &[("scopes", "unknown_scope")]).await;
    let once = || post("/v1/auth/keys").json(&key("todo.list")).header("idempotency-key", "k1");
    let made = world.ask(once(), 201).await;
    assert_eq!(world.ask(once(), 201).await["scopes"], json!(["todo.list", "auth.me"]));
    for (version, scope) in [(1, "todo.list"), (2, "task.list")] {
        let path = format!("/v{version}/auth/keys/{}", made["id"].as_str().unwrap());
        assert_eq!(world.ask(get(&path), 200).await["scopes"], json!([scope, "auth.me"]));
        let all = world.ask(get(format!("/v{version}/auth/keys")), 200).await;
        assert_eq!(all["items"][0]["scopes"], json!([scope, "auth.me"]));
    }
    let token = made["key"].as_str().unwrap();
    let refused = world
        .app
        .refuse(delete(format!("/v1/todos/{}", uuid::Uuid::nil())).token(token), 403, "insufficient_scope")
        .await;
    assert!(refused.body.contains("`todo.delete`"), "{}", refused.body);
    assert_eq!(world.app.send(get("/v1/todos").token(token)).await.status, 200);
    world.app.refuse(get("/v1/notes").token(token), 403, "insufficient_scope").await;
    world
        .app
        .refuse(post("/v1/todos").json(&json!({"name": "a"})).token(token), 403, "insufficient_scope")
        .await;
}

//! An older version of the API: the example `versions`, as both versions' clients know it.

use crate::streams::Events;
use crate::support::{App, query};
use serde_json::{Value, json};

const FILES: [(&str, &str); 4] = [
    ("models/task.toml", include_str!("../../../../examples/versions/models/task.toml")),
    ("models/note.toml", include_str!("../../../../examples/versions/models/note.toml")),
    ("api/v1.toml", include_str!("../../../../examples/versions/api/v1.toml")),
    ("api/v2.toml", include_str!("../../../../examples/versions/api/v2.toml")),
];

fn app() -> App {
    let mut files = vec![("mainstay.toml", crate::support::SETTINGS)];
    files.extend(FILES);
    App::over(&files, &[], |store| store)
}

/// What a client of a version is answered.
async fn asked(app: &App, version: u32, token: &str, document: &str, variables: Value) -> Value {
    let mut ask = query(document, variables).token(token);
    ask.path = format!("/v{version}/graphql");
    app.send(ask).await.json()
}

async fn data(app: &App, version: u32, token: &str, document: &str, variables: Value) -> Value {
    let mut answer = asked(app, version, token, document, variables).await;
    assert_eq!(answer.get("errors"), None, "{document}");
    answer["data"].take()
}

const MAKE: &str = "mutation($name: String!, $cents: BigInt) {
    createTodo(data: {name: $name, cents: $cents, first_name: \"Ann\"}) { id record { name cents state first_name owner { email } } }
}";

#[tokio::test]
async fn each_version_reads_and_writes_by_its_own_names() {
    let app = app();
    let (_, token) = app.account("ann").await;
    let made = data(&app, 1, &token, MAKE, json!({"name": "Buy", "cents": 250})).await["createTodo"].take();
    let expected = json!({"name": "Buy", "cents": 250, "state": "todo", "first_name": "Ann", "owner": {"email": "ann@example.com"}});
    assert_eq!(made["record"], expected);
    let newest = "query($id: UUID!) { task(id: $id) { title price state contact } }";
    let expected = json!({"title": "Buy", "price": "2.50", "state": "open", "contact": "Ann"});
    assert_eq!(data(&app, 2, &token, newest, json!({"id": made["id"]})).await["task"], expected);
    let note = "mutation($id: UUID!) { createNote(data: {task: $id, text: \"Soon\"}) { id } }";
    data(&app, 2, &token, note, json!({"id": made["id"]})).await;
    let older = "{ todos(filter: {name: {startsWith: \"B\"}, state: {eq: todo}}) { nodes { notes { nodes { text todo { name } } } } } }";
    let expected = json!({"nodes": [{"notes": {"nodes": [{"text": "Soon", "todo": {"name": "Buy"}}]}}]});
    assert_eq!(data(&app, 1, &token, older, json!({})).await["todos"], expected);
    let unknown = asked(&app, 1, &token, "{ tasks { totalCount } }", json!({})).await;
    assert_eq!(unknown["errors"][0]["extensions"]["code"], "invalid_document");
}

#[tokio::test]
async fn pages_of_an_older_version_go_both_ways() {
    let app = app();
    let (_, token) = app.account("ann").await;
    for name in ["a", "b", "c", "d"] {
        data(&app, 1, &token, MAKE, json!({"name": name})).await;
    }
    let document = "query($first: Int, $after: String, $last: Int, $before: String) {
        todos(first: $first, after: $after, last: $last, before: $before, order: {field: name, direction: DESC}) {
            nodes { name } pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
        }
    }";
    let page = async |asked: Value| data(&app, 1, &token, document, asked).await["todos"].take();
    let check = |page: &Value, names: Value, previous: bool, next: bool| {
        let found: Vec<&Value> = page["nodes"].as_array().unwrap().iter().map(|node| &node["name"]).collect();
        let info = &page["pageInfo"];
        assert_eq!(
            (json!(found), &info["hasPreviousPage"], &info["hasNextPage"]),
            (names, &json!(previous), &json!(next))
        );
    };
    let first = page(json!({"first": 3})).await;
    check(&first, json!(["d", "c", "b"]), false, true);
    check(&page(json!({"after": first["pageInfo"]["endCursor"]})).await, json!(["a"]), true, false);
    check(
        &page(json!({"last": 1, "before": first["pageInfo"]["endCursor"]})).await,
        json!(["c"]),
        true,
        true,
    );
    check(&page(json!({"last": 2})).await, json!(["b", "a"]), true, false);
}

#[tokio::test]
async fn subscribers_of_an_older_version_are_told_in_its_names_and_go_on() {
    let app = app();
    let (_, token) = app.account("ann").await;
    let own = "subscription($last: String) { todos(snapshot: false, lastEventId: $last, filter: {name: {startsWith: \"B\"}}) { type id record { name cents state } } }";
    let beyond = "subscription($last: String) { todos(snapshot: false, lastEventId: $last, filter: {name: {startsWith: \"B\"}}) { type id
        record { name cents state owner { email } notes { nodes { todo { name } } } } } }";
    for document in [own, beyond] {
        let mut events = Events::at("/v1/graphql", &app, &token, document, json!({})).await;
        assert_eq!(events.result("todos").await["type"], "READY");
        let task = "mutation($title: String!) { createTask(data: {title: $title, price: \"1.20\", state: doing}) { id } }";
        data(&app, 2, &token, task, json!({"title": "Sell"})).await;
        data(&app, 2, &token, task, json!({"title": "Buy"})).await;
        let told = events.result("todos").await;
        let record = &told["record"];
        assert_eq!(
            (&told["type"], &record["name"], &record["cents"], &record["state"]),
            (&json!("ENTER"), &json!("Buy"), &json!(120), &json!("doing"))
        );
        if document == beyond {
            assert_eq!(
                (&record["owner"]["email"], &record["notes"]["nodes"]),
                (&json!("ann@example.com"), &json!([]))
            );
        }
        drop(events);
        data(&app, 2, &token, task, json!({"title": "Borrow"})).await;
        let mut events = Events::at("/v1/graphql", &app, &token, document, json!({"last": told["id"]})).await;
        assert_eq!(events.result("todos").await["type"], "READY");
        assert_eq!(events.result("todos").await["record"]["name"], "Borrow");
    }
}

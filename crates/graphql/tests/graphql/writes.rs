//! Mutations: what they write, in which order, and under which conditions.

use crate::support::{App, ask, query};
use serde_json::{Value, json};

#[tokio::test]
async fn a_record_is_made_changed_replaced_deleted() {
    let app = App::chat();
    let (owner, token) = app.account("owner").await;
    let made = app
        .data(&token, "mutation { createRoom(data: {name: \"Lobby\"}) { created id position record { name version owner { id } } } }", json!({}))
        .await;
    let made = &made["createRoom"];
    assert_eq!((&made["created"], &made["record"]["owner"]["id"]), (&json!(true), &json!(owner)));
    let id = &made["id"];
    let update = "mutation($id: UUID!, $version: BigInt) {
        updateRoom(id: $id, data: {name: \"Attic\"}, ifVersion: $version) { created record { name version } }
    }";
    let (code, path) = app.refused(&token, update, json!({"id": id, "version": 7})).await;
    assert_eq!((code.as_str(), path), ("version_mismatch", json!(["updateRoom"])));
    let changed = app.data(&token, update, json!({"id": id, "version": 1})).await;
    assert_eq!(changed["updateRoom"], json!({"created": false, "record": {"name": "Attic", "version": 2}}));
    let put = "mutation($id: UUID!, $only: Boolean) { putRoom(id: $id, data: {name: \"Cellar\"}, onlyCreate: $only) { created record { name } } }";
    assert_eq!(app.refused(&token, put, json!({"id": id, "only": true})).await.0, "version_mismatch");
    let replaced = app.data(&token, put, json!({"id": id})).await;
    assert_eq!(replaced["putRoom"], json!({"created": false, "record": {"name": "Cellar"}}));
    let delete = "mutation($id: UUID!) { deleteRoom(id: $id) { id position } }";
    assert_eq!(app.data(&token, delete, json!({"id": id})).await["deleteRoom"]["id"], *id);
    assert_eq!(app.refused(&token, delete, json!({"id": id})).await.0, "not_found");
}

#[tokio::test]
async fn what_is_wrong_with_fields_is_told_as_in_rest() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let reply =
        app.send(query("mutation { createRoom(data: {name: \"\"}) { id } }", json!({})).token(&token)).await;
    let error = reply.json()["errors"][0].clone();
    let extensions = &error["extensions"];
    assert_eq!(extensions["code"], "validation_failed");
    assert_eq!(extensions["errors"][0]["field"], "name");
    assert_eq!(extensions["errors"][0]["code"], "min_length");
    assert_eq!(extensions["request_id"], reply.header("x-request-id"));
    assert_eq!((&error["path"], &error["locations"][0]["line"]), (&json!(["createRoom"]), &json!(1)));
    assert_eq!(reply.json()["data"], json!({"createRoom": null}));
}

#[tokio::test]
async fn root_fields_run_in_order_each_by_itself() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let document = "mutation {
        a: createRoom(data: {name: \"A\"}) { position }
        b: createRoom(data: {name: \"\"}) { position }
        c: createRoom(data: {name: \"C\"}) { position }
    }";
    let reply = app.send(query(document, json!({})).token(&token)).await;
    let body = reply.json();
    assert_eq!((&body["data"]["b"], body["errors"].as_array().unwrap().len()), (&Value::Null, 1));
    assert_eq!(reply.header("mainstay-position"), body["data"]["c"]["position"]);
    let rooms = app.data(&token, "{ rooms { nodes { name } } }", json!({})).await;
    assert_eq!(rooms["rooms"]["nodes"], json!([{"name": "A"}, {"name": "C"}]));
}

#[tokio::test]
async fn a_batch_is_one_transaction_whose_records_can_refer_to_each_other() {
    let app = App::chat();
    let (owner, token) = app.account("owner").await;
    let document = "mutation($text: JSON) { batch(isolation: serializable, operations: [
        {op: create, model: \"room\", as: \"lobby\", data: {name: \"Lobby\"}}
        {op: create, model: \"message\", data: {room: {_ref: \"lobby\"}, text: $text}}
        {op: update, model: \"room\", id: {_ref: \"lobby\"}, data: {name: \"Attic\"}}
    ]) { position results { id created deleted record {
        __typename version ... on Room { name owner { id } } ... on Message { text room { name } }
    } } } }";
    let mut data = app.data(&token, document, json!({"text": "Hello"})).await;
    let results = data["batch"]["results"].as_array_mut().unwrap();
    results.iter_mut().for_each(|result| drop(result["id"].take()));
    let owner = json!({ "id": owner });
    assert_eq!(
        *results,
        [
            json!({"id": null, "created": true, "deleted": false, "record": {"__typename": "Room", "version": 1, "name": "Lobby", "owner": owner}}),
            json!({"id": null, "created": true, "deleted": false, "record": {"__typename": "Message", "version": 1, "text": "Hello", "room": {"name": "Attic"}}}),
            json!({"id": null, "created": false, "deleted": false, "record": {"__typename": "Room", "version": 2, "name": "Attic", "owner": owner}}),
        ]
    );
    let reply = app.send(query(document, json!({"text": 5})).token(&token)).await;
    let extensions = reply.json()["errors"][0]["extensions"].clone();
    assert_eq!(extensions["code"], "batch_failed");
    assert_eq!(
        (&extensions["results"][0]["operation"], &extensions["results"][0]["code"]),
        (&json!(1), &json!("validation_failed"))
    );
    let rooms = app.data(&token, "{ rooms { totalCount } }", json!({})).await;
    assert_eq!(rooms["rooms"]["totalCount"], 1);
}

#[tokio::test]
async fn many_records_are_written_by_a_filter_that_has_to_be_there() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    for name in ["A", "B", "C"] {
        app.create(&token, "Room", json!({"name": name})).await;
    }
    let update = "mutation($filter: RoomFilter) { updateRooms(filter: $filter, data: {name: \"Z\"}) { count position } }";
    let changed = app.data(&token, update, json!({"filter": {"name": {"in": ["A", "B"]}}})).await;
    assert_eq!(changed["updateRooms"]["count"], 2);
    assert_eq!(app.refused(&token, update, json!({})).await.0, "invalid_parameter");
    // A filter that asks for nothing asks for nothing: whoever means all says so.
    assert_eq!(app.refused(&token, update, json!({"filter": {}})).await.0, "invalid_parameter");
    // Nor does a condition go without saying whose variable is not given.
    let narrow = "mutation($name: String, $where: String) {
        deleteRooms(filter: {name: {ne: $name}, or: [{name: {eq: \"C\"}}]}, where: $where) { count } }";
    for given in [json!({}), json!({"name": "Z"}), json!({"where": "true"})] {
        assert_eq!(app.refused(&token, narrow, given).await.0, "invalid_parameter");
    }
    let delete = "mutation { deleteRooms(where: \"true\") { count } }";
    assert_eq!(app.data(&token, delete, json!({})).await["deleteRooms"]["count"], 3);
}

#[tokio::test]
async fn a_mutation_that_is_sent_again_takes_effect_once() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let document = "mutation($name: String!) { a: createRoom(data: {name: $name}) { id position record { name } } b: createRoom(data: {name: $name}) { id } }";
    let ask =
        |name: &str| query(document, json!({ "name": name })).token(&token).header("idempotency-key", "k1");
    let first = app.send(ask("Lobby")).await;
    let second = app.send(ask("Lobby")).await;
    assert_eq!(first.json()["errors"], Value::Null, "{}", first.body);
    assert_eq!(first.body, second.body);
    assert!(second.json()["data"]["a"]["position"].is_string(), "{}", second.body);
    assert_eq!(first.header("mainstay-position"), second.header("mainstay-position"));
    assert_ne!(first.json()["data"]["a"]["id"], first.json()["data"]["b"]["id"]);
    let rooms = app.data(&token, "{ rooms { totalCount } }", json!({})).await;
    assert_eq!(rooms["rooms"]["totalCount"], 2);
    let other = app.send(ask("Attic")).await.json();
    assert_eq!(other["errors"][0]["extensions"]["code"], "idempotency_key_reused");
    let beyond = query("mutation { createRoom(data: {name: \"X\"}) { record { owner { id } } } }", json!({}));
    let beyond = app.send(beyond.token(&token).header("idempotency-key", "k2")).await.json();
    assert_eq!(beyond["errors"][0]["extensions"]["code"], "invalid_parameter");
}

#[tokio::test]
async fn locks_are_taken_and_writes_are_fenced() {
    let app = App::chat();
    let (owner, token) = app.account("owner").await;
    let taken = app
        .data(&token, "mutation { acquireLock(name: \"report\", holder: \"me\") { name token account holder lease_ms } }", json!({}))
        .await;
    let lock = &taken["acquireLock"];
    assert_eq!(
        (&lock["name"], &lock["account"], &lock["holder"]),
        (&json!("report"), &json!(owner), &json!("me"))
    );
    let write = |document: &str, token_of_lock: &str| {
        query(document, json!({})).token(&token).header("fencing-token", token_of_lock.to_owned())
    };
    let create = "mutation { createRoom(data: {name: \"X\"}) { id } }";
    let fenced = app.send(write(create, "report:1")).await.json();
    assert_eq!(fenced["errors"][0]["extensions"]["code"], "fenced");
    let held = lock["token"].as_str().unwrap();
    assert!(app.send(write(create, held)).await.json()["data"]["createRoom"]["id"].is_string());
    let login = "mutation { logout }";
    let refused = app.send(write(login, held)).await.json();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "invalid_parameter");
    let renewed = app.send(write("mutation { renewLock(name: \"report\") { token } }", held)).await.json();
    assert_eq!(renewed["data"]["renewLock"]["token"], *held);
    assert_eq!(
        app.data(&token, "{ lock(name: \"report\") { holder } }", json!({})).await["lock"]["holder"],
        "me"
    );
    let released = app.send(write("mutation { releaseLock(name: \"report\") }", held)).await.json();
    assert_eq!(released["data"]["releaseLock"], true);
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let made = app
        .data(&token, "mutation { createApiKey(data: {name: \"ci\", scopes: [\"room.list\"]}) { id name key prefix scopes } }", json!({}))
        .await;
    let made = &made["createApiKey"];
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with(made["prefix"].as_str().unwrap()));
    assert_eq!(app.data(key, "{ rooms { nodes { name } } }", json!({})).await["rooms"]["nodes"], json!([]));
    assert_eq!(app.refused(key, "{ messages { nodes { text } } }", json!({})).await.0, "insufficient_scope");
    let keys = app.data(&token, "{ apiKeys { id name } }", json!({})).await;
    assert_eq!(keys["apiKeys"], json!([{"id": made["id"], "name": "ci"}]));
    let revoked =
        app.data(&token, "mutation($id: UUID!) { deleteApiKey(id: $id) }", json!({"id": made["id"]})).await;
    assert_eq!(revoked["deleteApiKey"], true);
    let reply = app.send(query("{ me { id } }", json!({})).token(key)).await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["errors"][0]["extensions"]["code"], "invalid_token");
}

#[tokio::test]
async fn a_name_is_given_once() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let twice = "mutation { createRoom(data: {name: \"A\", name: \"B\"}) { id } }";
    let reply = app.send(query(twice, json!({})).token(&token)).await.json();
    assert_eq!(reply["errors"][0]["extensions"]["code"], "invalid_document");
    assert_eq!(reply["errors"][0]["locations"], json!([{"line": 1, "column": 41}]));
    let nested = "query($f: RoomFilter = {or: [{name: {eq: \"a\", eq: \"b\"}}]}) { rooms(filter: $f) { nodes { id } } }";
    assert_eq!(app.refused(&token, nested, json!({})).await.0, "invalid_document");
    let apart = "{ rooms(filter: {or: [{name: {eq: \"a\"}}, {name: {eq: \"b\"}}]}) { nodes { id } } }";
    app.data(&token, apart, json!({})).await;
    let bodies = [
        r#"{"query": "{ __typename }", "query": "{ a: __typename }"}"#,
        r#"{"query": "{ __typename }", "variables": {"a": {"b": 1, "b": 2}}}"#,
    ];
    for body in bodies {
        let ask = ask("POST", "/graphql").header("content-type", "application/json").bytes(body);
        assert_eq!(app.send(ask).await.json()["errors"][0]["extensions"]["code"], "duplicate_key", "{body}");
    }
}

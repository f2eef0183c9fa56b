//! `POST /v1/batch`.

use crate::support::{App, Ask, get, post};
use serde_json::{Value, json};

fn batch(operations: &Value) -> Ask {
    post("/v1/batch").json(&json!({"operations": operations}))
}

#[tokio::test]
async fn later_operations_refer_to_earlier_ones() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let operations = json!([
        {"op": "create", "model": "room", "as": "den", "data": {"name": "Den"}},
        {"op": "create", "model": "message", "as": "hello", "data": {"room": {"$ref": "den"}, "text": "Hello"}},
        {"op": "update", "model": "message", "id": {"$ref": "hello"}, "if_version": 1, "data": {"text": "Hi"}},
        {"op": "put", "model": "room", "id": "0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e90", "data": {"name": "Attic"}},
        {"op": "delete", "model": "message", "id": {"$ref": "hello"}},
    ]);
    let reply = app.send(batch(&operations).token(&ada)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("mainstay-position"), reply.json()["position"].as_str().unwrap());
    let results = reply.json()["results"].clone();
    let statuses: Vec<&Value> = results.as_array().unwrap().iter().map(|result| &result["status"]).collect();
    assert_eq!(statuses, [201, 201, 200, 201, 204]);
    assert_eq!(results[1]["record"]["room"], results[0]["id"]);
    assert_eq!(results[2]["record"]["text"], "Hi");
    assert_eq!(results[4].as_object().unwrap().len(), 2, "a deletion has no record: {results}");

    let restore = json!([{"op": "restore", "model": "message", "id": results[4]["id"]}]);
    let reply = app.send(batch(&restore).token(&ada)).await;
    assert_eq!(reply.json()["results"][0]["record"]["deleted_at"], Value::Null, "{}", reply.body);
}

#[tokio::test]
async fn all_or_nothing_with_a_result_for_each() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let operations = json!([
        {"op": "create", "model": "room", "data": {"name": "Den"}},
        {"op": "delete", "model": "room", "id": "0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e90"},
    ]);
    let expected = json!({
        "type": "/docs/errors#batch_failed", "title": "Batch failed", "status": 422,
        "detail": "at least one operation failed, so none took effect", "code": "batch_failed", "request_id": "<request_id>",
        "results": [
            {"status": 424, "code": "not_applied"},
            {"status": 404, "code": "not_found", "detail": "there is no such record"},
        ],
    });
    app.check(batch(&operations).token(&ada), 422, expected).await;
    assert_eq!(app.send(get("/v1/rooms").token(&ada)).await.json()["items"], json!([]));
}

#[tokio::test]
async fn every_fault_of_every_operation_is_reported() {
    let app = App::chat();
    let operations = json!([
        {"op": "create", "model": "room", "as": "den", "data": {"name": "", "colour": "red"}},
        {"op": "create", "model": "message", "data": {"room": {"$ref": "den"}, "author": {"$ref": "nobody"}}, "when": 1},
        {"op": "make", "model": "_session"},
        {"op": "delete", "model": "_session", "id": "x"},
        3,
    ]);
    let reply = app.refuse(batch(&operations), 422, "batch_failed").await;
    let faults: Vec<String> = reply.json()["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let errors = result["errors"].as_array().into_iter().flatten();
            let fields: Vec<String> =
                errors.map(|error| format!("{}:{}", error["field"], error["code"])).collect();
            format!("{} {}", result["code"], fields.join(" ")).replace('"', "")
        })
        .collect();
    assert_eq!(
        faults,
        [
            "validation_failed name:min_length colour:unknown_field",
            "validation_failed author:unknown_name when:unknown_field",
            "validation_failed op:enum",
            "validation_failed id:format model:unknown_model",
            "invalid_json ",
        ]
    );
}

#[tokio::test]
async fn the_batch_itself_has_to_be_well_formed() {
    let app = App::chat();
    app.refuse(post("/v1/batch").json(&json!({})), 422, "validation_failed").await;
    app.refuse(post("/v1/batch").json(&json!({"operations": {}})), 422, "validation_failed").await;
    app.refuse(post("/v1/batch").json(&json!({"operations": [], "atomic": true})), 422, "validation_failed")
        .await;
    app.refuse(batch(&json!([])), 400, "invalid_json").await;
    app.refuse(batch(&json!([1, 2, 3, 4, 5, 6])), 413, "batch_too_large").await;
    let twice = json!([
        {"op": "create", "model": "room", "as": "a", "data": {"name": "A"}},
        {"op": "create", "model": "room", "as": "a", "data": {"name": "B"}},
    ]);
    let reply = app.refuse(batch(&twice), 422, "batch_failed").await;
    assert_eq!(reply.json()["results"][1]["errors"][0]["code"], "duplicate");
}

#[tokio::test]
async fn a_batch_may_be_larger_and_deeper_than_one_record() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let rooms: Vec<Value> =
        (0..5).map(|_| json!({"op": "create", "model": "room", "data": {"name": "x".repeat(80)}})).collect();
    let padded = format!("{{\"operations\": {}{}}}", " ".repeat(10_000), json!(rooms));
    let ask = post("/v1/batch").bytes(padded).header("content-type", "application/json").token(&ada);
    assert_eq!(app.send(ask).await.status, 200);
    let ask = post("/v1/batch").bytes(vec![b' '; 40_000]).header("content-type", "application/json");
    app.refuse(ask, 413, "body_too_large").await;
}

//! GraphQL over HTTP.

use crate::support::{App, Ask, ask, query};
use serde_json::json;

const RESPONSE: &str = "application/graphql-response+json; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

async fn check(app: &App, ask: Ask, status: u16, content_type: &str) -> serde_json::Value {
    let shown = format!("{ask:?}");
    let reply = app.send(ask).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("content-type")),
        (status, content_type),
        "{shown}: {}",
        reply.body
    );
    reply.json()
}

#[tokio::test]
async fn the_form_and_the_status_follow_what_the_client_accepts() {
    let app = App::chat();
    let new = |ask: Ask| ask.header("accept", "application/graphql-response+json");
    let good = || query("{ __typename }", json!({}));
    let bad = || query("{ nothing }", json!({}));
    assert_eq!(check(&app, good(), 200, JSON).await, json!({"data": {"__typename": "Query"}}));
    check(&app, new(good()), 200, RESPONSE).await;
    check(&app, bad(), 200, JSON).await;
    check(&app, new(bad()), 400, RESPONSE).await;
    check(&app, new(query("{ me { id } }", json!({}))), 200, RESPONSE).await;
    check(&app, good().header("accept", "text/html"), 406, JSON).await;
    check(&app, query("{", json!({})), 200, JSON).await;
}

#[tokio::test]
async fn what_is_not_well_formed_is_refused_whatever_is_accepted() {
    let app = App::chat();
    let post = || ask("POST", "/graphql");
    check(&app, post().json(&json!({})), 400, JSON).await;
    check(&app, post().json(&json!({"query": 5})), 400, JSON).await;
    check(&app, post().json(&json!({"query": "{ __typename }", "variables": []})), 400, JSON).await;
    check(&app, post().json(&json!({"query": "{ __typename }", "operationName": 1})), 400, JSON).await;
    check(&app, post().header("content-type", "application/json").bytes("{"), 400, JSON).await;
    let batch = check(&app, post().json(&json!([{"query": "{ __typename }"}])), 400, JSON).await;
    assert!(batch["errors"][0]["message"].as_str().unwrap().contains("one request at a time"));
    check(
        &app,
        post().header("content-type", "text/plain").bytes("{\"query\": \"{ __typename }\"}"),
        415,
        JSON,
    )
    .await;
    let form =
        post().header("content-type", "application/x-www-form-urlencoded").bytes("query=%7B__typename%7D");
    check(&app, form, 415, JSON).await;
}

#[tokio::test]
async fn a_query_can_be_sent_by_get_and_a_mutation_cannot() {
    let app = App::chat();
    let get = |query: &str| ask("GET", format!("/graphql?{query}"));
    let data = check(
        &app,
        get("query=query(%24n%3AInt)%7Brooms(first%3A%24n)%7BtotalCount%7D%7D&variables=%7B%22n%22%3A1%7D"),
        200,
        JSON,
    )
    .await;
    assert_eq!(data["data"]["rooms"]["totalCount"], 0);
    check(&app, get("query=%7B__typename%7D&variables=%7B"), 400, JSON).await;
    check(&app, get("query=%7B__typename%7D&query=x"), 400, JSON).await;
    let reply = app.send(get("query=mutation%7Blogout%7D")).await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "POST"));
    assert_eq!(reply.json()["errors"][0]["extensions"]["code"], "method_not_allowed");
    assert_eq!(app.send(ask("PUT", "/graphql")).await.status, 405);
}

#[tokio::test]
async fn the_operation_is_chosen_by_its_name() {
    let app = App::chat();
    let document = "query A { a: __typename } query B { b: __typename }";
    let named = |name: serde_json::Value| {
        ask("POST", "/graphql").json(&json!({"query": document, "operationName": name}))
    };
    assert_eq!(check(&app, named(json!("B")), 200, JSON).await["data"], json!({"b": "Query"}));
    let none = check(&app, named(json!(null)), 200, JSON).await;
    assert_eq!(none["errors"][0]["extensions"]["code"], "invalid_document");
}

#[tokio::test]
async fn variables_are_of_their_types() {
    let app = App::chat();
    let document =
        "query($n: Int!, $ids: [UUID!]) { rooms(first: $n, filter: {id: {in: $ids}}) { totalCount } }";
    for variables in [
        json!({}),
        json!({"n": null}),
        json!({"n": "1"}),
        json!({"n": 1, "ids": [null]}),
        json!({"n": 3_000_000_000_u64}),
    ] {
        assert_eq!(app.refused("", document, variables.clone()).await.0, "invalid_variables", "{variables}");
    }
    app.data("", document, json!({"n": 1, "other": 5})).await;
    // One value stands for a list of it.
    app.data("", document, json!({"n": 1, "ids": "0190b7c0-0000-7000-8000-000000000001"})).await;
    assert_eq!(app.refused("", document, json!({"n": 0})).await.0, "invalid_limit");
    assert_eq!(app.refused("", document, json!({"n": 501})).await.0, "invalid_limit");
}

#[tokio::test]
async fn an_answer_is_as_new_as_a_position() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let made = app
        .send(query("mutation { createRoom(data: {name: \"A\"}) { position } }", json!({})).token(&token))
        .await;
    let position = made.header("mainstay-position").to_owned();
    let list = || query("{ rooms { totalCount position } }", json!({})).token(&token);
    let reply = app.send(list().header("mainstay-position", position.clone())).await;
    assert_eq!(
        (reply.json()["data"]["rooms"]["totalCount"].as_u64(), reply.header("mainstay-position")),
        (Some(1), position.as_str())
    );
    assert_eq!(app.send(list().header("mainstay-position", "x")).await.status, 400);
    let argument = "query($p: String) { rooms(position: $p) { totalCount } }";
    assert_eq!(app.refused(&token, argument, json!({"p": "x"})).await.0, "invalid_parameter");
    assert_eq!(app.data(&token, argument, json!({ "p": position })).await["rooms"]["totalCount"], 1);
}

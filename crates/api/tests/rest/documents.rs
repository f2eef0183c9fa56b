//! The OpenAPI document, the reference page, and what every answer has.

use crate::support::schema::{fault, resolve, unknown_keys};
use crate::support::{App, SETTINGS, ask, get, post};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A field of each type, with bounds that examples have to keep.
const SAMPLE: &str = r#"
[fields]
flag = "bool"
number = { type = "int", min = 10, max = 20 }
ratio = { type = "float", min = 0, max = 1 }
price = { type = "decimal", scale = 2, min = "5.00", max = "9.99" }
name = { type = "string", min_length = 30, max_length = 40 }
code = { type = "string", pattern = "[A-Z]{2}" }
body = "text"
link = "uuid"
day = "date"
hour = "time"
at = "timestamp"
span = "duration"
any = "json"
blob = { type = "bytes", max_length = 16 }
state = { type = "enum", values = ["open", "closed"] }
tags = { type = "list", of = "string", max_length = 3 }
parent = { type = "ref", model = "sample", optional = true, on_delete = "set-null" }
key = "secret"

[allow]
read = "true"
create = "true"
update = "true"
delete = "true"
"#;

fn sample() -> App {
    App::of(&[("mainstay.toml", SETTINGS), ("models/sample.toml", SAMPLE)])
}

async fn document(app: &App) -> Value {
    let reply = app.send(get("/openapi.json")).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/json"));
    reply.json()
}

#[tokio::test]
async fn every_operation_is_documented_and_every_documented_path_is_there() {
    let app = App::chat();
    let document = document(&app).await;
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path = path.replace("{id}", "not-an-id");
            let reply = app.send(ask(&method.to_ascii_uppercase(), path.as_str())).await;
            assert!(
                !["not_found", "method_not_allowed"].contains(&reply.json()["code"].as_str().unwrap_or("")),
                "{method} {path}"
            );
            let status = reply.status.as_str();
            assert!(
                operation["responses"].get(status).is_some(),
                "{method} {path} does not document {status}"
            );
            documented.insert(operation["operationId"].as_str().unwrap().to_owned());
            documented.extend(operation["x-watch"]["operationId"].as_str().map(str::to_owned));
        }
    }
    let system = ["system.healthz", "system.readyz", "system.jwks", "system.openapi"].map(str::to_owned);
    let registry = app.engine.registry().operations().iter().map(|operation| operation.name.clone());
    assert_eq!(documented, registry.chain(system).collect());
}

/// The reference says of every operation and header, with `room` for the models, that it is there.
#[tokio::test]
async fn the_reference_leaves_out_no_operation_and_no_header() {
    let reference = include_str!("../../../../docs/reference/rest.md");
    let app = App::chat();
    let operations = app.engine.registry().operations().iter().map(|operation| operation.name.clone());
    let mut names: BTreeSet<String> = operations
        .filter(|name| !["user.", "member.", "message."].iter().any(|model| name.starts_with(model)))
        .collect();
    let document = document(&app).await;
    visit(&document["paths"], &mut |node| {
        if node.get("in") == Some(&json!("header")) {
            names.insert(node["name"].as_str().unwrap().to_owned());
        }
        let headers = node.get("headers").and_then(Value::as_object);
        names.extend(headers.into_iter().flat_map(|headers| headers.keys().cloned()));
    });
    assert!(
        names.contains("Idempotency-Key") && names.contains("Retry-After") && names.len() > 25,
        "{names:?}"
    );
    names.retain(|name| {
        ![format!("`{name}`"), format!("`{name}:")].iter().any(|text| reference.contains(text))
    });
    assert!(names.is_empty(), "docs/reference/rest.md does not name {names:?}");
}

#[tokio::test]
async fn references_point_somewhere_and_examples_fit() {
    for app in [App::chat(), sample()] {
        let document = document(&app).await;
        assert_eq!(document["openapi"], "3.1.0");
        visit(&document, &mut |node| {
            if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
                resolve(&document, reference);
            }
        });
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            for example in schema["examples"].as_array().into_iter().flatten() {
                assert_eq!(fault(&document, schema, example), None, "{name}");
                assert_eq!(unknown_keys(schema, example), Vec::<&str>::new(), "{name}");
            }
            for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
                for example in schema["examples"].as_array().into_iter().flatten() {
                    assert_eq!(fault(&document, schema, example), None, "{name}.{field}");
                }
            }
        }
    }
}

fn visit(node: &Value, look: &mut impl FnMut(&Value)) {
    look(node);
    match node {
        Value::Array(items) => items.iter().for_each(|item| visit(item, look)),
        // Examples hold data: a `$ref` in them belongs to the batch and not to the document.
        Value::Object(members) => {
            let schemas = members.iter().filter(|(key, _)| *key != "examples");
            schemas.for_each(|(_, member)| visit(member, look));
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_example_of_a_creation_can_be_sent() {
    let app = sample();
    let document = document(&app).await;
    let mut example = document["components"]["schemas"]["SampleCreate"]["examples"][0].clone();
    example.as_object_mut().unwrap().remove("parent");
    let reply = app.send(post("/v1/samples").json(&example)).await;
    assert_eq!(reply.status, 201, "{example}: {}", reply.body);
    let schema = json!({"$ref": "#/components/schemas/Sample"});
    assert_eq!(fault(&document, &schema, &reply.json()), None);
    let page = app.send(get("/v1/samples?count=exact")).await.json();
    assert_eq!(fault(&document, &json!({"$ref": "#/components/schemas/SamplePage"}), &page), None);
    for schema in ["SampleCreate", "SamplePut", "SampleUpdate"] {
        let mut read_back = reply.json();
        read_back.as_object_mut().unwrap().remove("id");
        let schema = &document["components"]["schemas"][schema];
        assert_eq!(unknown_keys(schema, &read_back), Vec::<&str>::new());
    }
    let required = &document["components"]["schemas"]["SampleCreate"]["required"];
    assert_eq!(required.as_array().unwrap().len(), 17, "{required}");
    assert_eq!(document["components"]["schemas"]["SampleCreate"]["properties"]["key"]["writeOnly"], true);
    assert_eq!(document["components"]["schemas"]["Sample"]["properties"].get("key"), None);
    assert_eq!(document["components"]["schemas"]["Sample"]["properties"]["version"]["readOnly"], true);
}

#[tokio::test]
async fn documents_are_not_sent_twice() {
    let app = App::chat();
    for path in ["/openapi.json", "/docs"] {
        let etag = app.send(get(path)).await.header("etag").to_owned();
        assert_eq!(app.send(get(path).header("if-none-match", etag)).await.status, 304, "{path}");
    }
}

#[tokio::test]
async fn the_page_lists_operations_and_errors_without_scripts() {
    let app = App::chat();
    for path in ["/docs", "/docs/errors"] {
        let page = app.send(get(path)).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        for part in ["<title>Test", "message.list", "/v1/rooms/{id}", "id=\"not_found\""] {
            assert!(page.body.contains(part), "{path} lacks {part}");
        }
        assert!(!page.body.contains("{{"), "{path}");
    }
    assert_eq!(app.send(get("/docs/page.js")).await.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(app.send(get("/docs/page.css")).await.header("content-type"), "text/css; charset=utf-8");
}

#[tokio::test]
async fn every_answer_has_its_request_id_and_is_not_sniffed() {
    let app = App::chat();
    for path in ["/healthz", "/nowhere", "/v1/rooms", "/v1/rooms/x", "/docs"] {
        let reply = app.send(get(path).header("x-request-id", "my-id.7")).await;
        assert_eq!(
            (reply.header("x-request-id"), reply.header("x-content-type-options")),
            ("my-id.7", "nosniff"),
            "{path}"
        );
        if reply.header("content-type") == "application/problem+json" {
            assert_eq!(reply.json()["request_id"], "my-id.7");
        }
        let made = app.send(get(path).header("x-request-id", "not plain")).await;
        assert_eq!(made.header("x-request-id").len(), 32, "{path}");
    }
}

#[tokio::test]
async fn keys_are_published() {
    let app = App::chat();
    let reply = app.send(get("/.well-known/jwks.json")).await;
    assert_eq!(reply.json()["keys"][0]["crv"], "Ed25519", "{}", reply.body);
}

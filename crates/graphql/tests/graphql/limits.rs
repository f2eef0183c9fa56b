//! Documents that ask for too much, and those that are made to do harm.

use crate::support::{App, document, query};
use serde_json::json;
use std::time::{Duration, Instant};

async fn check(settings: &str, document: &str, code: &str, message: &str) {
    let app = App::with_settings(settings);
    let begun = Instant::now();
    let reply = app.send(query(document, json!({}))).await;
    let error = reply.json()["errors"][0].clone();
    let short: String = document.chars().take(80).collect();
    assert_eq!(error["extensions"]["code"], *code, "{short}: {error}");
    let found = error["message"].as_str().unwrap();
    assert!(found.contains(message), "{short}: {found}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{short} took {:?}", begun.elapsed());
    assert_eq!(reply.json().get("data"), None);
}

#[tokio::test]
async fn each_limit_has_its_message() {
    let deep = "{ rooms { nodes { owner { owned_rooms { nodes { name } } } } } }";
    check("[graphql]\nmax_depth = 4\n", deep, "document_too_complex", "deeper than 4").await;
    let aliases = "{ a: __typename b: __typename c: __typename }";
    check("[graphql]\nmax_aliases = 2\n", aliases, "document_too_complex", "more than 2 aliases").await;
    check("[graphql]\nmax_root_fields = 2\n", aliases, "document_too_complex", "more than 2 root fields")
        .await;
    check("[graphql]\ndocument_bytes = 20\n", aliases, "document_too_large", "longer than 20 bytes").await;
    check("[graphql]\ndocument_tokens = 5\n", aliases, "document_too_complex", "").await;
    let wide = "{ rooms(first: 500) { nodes { id name messages(first: 500) { nodes { text } } } } }";
    check("", wide, "document_too_complex", "more than 20000").await;
    let app = App::chat();
    let page = "query($first: Int) { rooms(first: $first) { nodes { messages(first: $first) { nodes { text } } } } }";
    assert_eq!(app.refused("", page, json!({"first": 400})).await.0, "document_too_complex");
    app.data("", page, json!({"first": 50})).await;
}

#[tokio::test]
async fn documents_that_are_made_to_do_harm_are_refused_soon() {
    let nested = format!("{}__typename{}", "{ me ".repeat(3_000), "}".repeat(3_000));
    check("", &nested, "document_too_complex", "").await;
    let nested = format!("{}id{}", "{ room(id: \"x\") { owner ".repeat(80), "}".repeat(160));
    check("", &nested, "invalid_document", "").await;
    let bomb: String = (0..25)
        .map(|level| format!("fragment F{level} on User {{ a: owned_rooms {{ nodes {{ owner {{ ...F{0} }} }} }} b: owned_rooms {{ nodes {{ owner {{ ...F{0} }} }} }} }}\n", level + 1))
        .chain(["fragment F25 on User { id }\n{ me { ...F0 } }".to_owned()])
        .collect();
    check("[graphql]\nmax_depth = 50\nmax_aliases = 100000\n", &bomb, "document_too_complex", "").await;
    check("", &bomb, "document_too_complex", "").await;
    let cycle = "{ me { ...A } } fragment A on User { ...B } fragment B on User { id ...A }";
    check("", cycle, "invalid_document", "").await;
    let itself = "{ me { ...A } } fragment A on User { owned_rooms { nodes { owner { ...A } } } }";
    check("", itself, "invalid_document", "").await;
    let many: String = (0..400).map(|index| format!("a{index}: __typename ")).collect();
    check("", &format!("{{ {many} }}"), "document_too_complex", "aliases").await;
    let list = format!(
        "{{ rooms(filter: {}{{}}{}) {{ nodes {{ id }} }} }}",
        "{and: [".repeat(500),
        "]}".repeat(500)
    );
    check("", &list, "document_too_complex", "").await;
    let repeated = "name ".repeat(4_000);
    let overlapping = format!("{{ me {{ {repeated} }} }}");
    let app = App::chat();
    let begun = Instant::now();
    app.send(query(&overlapping, json!({}))).await;
    let spread: String = "...F ".repeat(1_000);
    app.send(query(&format!("{{ me {{ {spread} }} }} fragment F on User {{ id name }}"), json!({}))).await;
    let directives: String = "@skip(if: false) ".repeat(500);
    app.send(query(&format!("{{ me {{ id {directives} }} }}"), json!({}))).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "took {:?}", begun.elapsed());
    let round = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }";
    assert_eq!(app.refused("", round, json!({})).await.0, "document_too_complex");
}

/// The introspection of `graphql-js`, with all that it can ask for.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description
    queryType { name kind } mutationType { name kind } subscriptionType { name kind }
    types { ...FullType }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL
    fields(includeDeprecated: true) { name description
        args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
    inputFields(includeDeprecated: true) { ...InputValue }
    interfaces { ...TypeRef }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test]
async fn the_schema_is_told_whole_but_not_many_times_over() {
    let app = App::chat();
    let schema = app.data("", INTROSPECTION, json!({})).await;
    assert!(schema["__schema"]["types"].as_array().unwrap().len() > 40);
    let spread = |alias: char, count: usize, what: &str| -> String {
        (0..count).map(|index| format!("{alias}{index}: {what} ")).collect()
    };
    let multiplied = format!(
        "{{ __schema {{ ...S }} }} fragment S on __Schema {{ {} }} fragment T on __Type {{ {} }} fragment F on __Field {{ {} }}",
        spread('a', 16, "types { ...T }"),
        spread('b', 16, "fields { ...F }"),
        spread('c', 8, "args { name }")
    );
    check("", &multiplied, "document_too_complex", "more than 50 aliases").await;
    let settings = "[graphql]\nmax_aliases = 100000\n";
    check(settings, &multiplied, "document_too_complex", "more of the schema than the whole").await;
    let twice = INTROSPECTION
        .replace("__schema {", "__schema { all: types { ...FullType } more: types { ...FullType }");
    check("", &twice, "document_too_complex", "more of the schema than the whole").await;
    let deep =
        format!("{{ __type(name: \"Room\") {{ {} name {} }} }}", "ofType { ".repeat(40), "}".repeat(40));
    check("", &deep, "document_too_complex", "more of the schema than the whole").await;
}

#[tokio::test]
async fn documents_with_random_bytes_are_refused_and_no_more() {
    let app = App::chat();
    let seed = "query Q($a: Int = 1) { rooms(first: $a, filter: {name: {eq: \"x\"}}) { nodes { ...F @include(if: true) } } } fragment F on Room { id }";
    let signs = [
        "{",
        "}",
        "(",
        ")",
        "\"",
        "\"\"\"",
        "$",
        "@",
        "...",
        "!",
        ":",
        "\u{0}",
        "é",
        "#",
        "\n",
        "\\u{d800}",
        "fragment",
        "on",
        "0",
        "-",
    ];
    let mut state: u64 = 42;
    for _ in 0..400 {
        let mut document = seed.to_owned();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = usize::try_from(state >> 33).unwrap() % (document.len() + 1);
            let sign = signs[usize::try_from(state >> 20).unwrap() % signs.len()];
            if document.is_char_boundary(place) {
                document.insert_str(place, sign);
            }
        }
        let reply = app.send(query(&document, json!({}))).await;
        assert!(reply.status.as_u16() < 500, "{document}: {}", reply.body);
    }
}

#[tokio::test]
async fn only_the_projects_documents_are_run_where_it_says_so() {
    let documents = [document(1, "rooms", "query Rooms { rooms { totalCount } }\n")];
    let files = [
        ("mainstay.toml", "[graphql]\npersisted_only = true\n[accounts.password]\nmemory_kib = 512\n"),
        crate::support::CHAT[0],
        crate::support::CHAT[1],
        crate::support::CHAT[2],
    ];
    let app = App::over(&files, &documents, |store| store);
    let known = crate::support::ask("POST", "/graphql").json(&json!({"documentId": "rooms"}));
    assert_eq!(app.send(known).await.json()["data"]["rooms"]["totalCount"], 0);
    let sent = query("query Rooms { rooms { totalCount } }", json!({}));
    assert_eq!(app.send(sent).await.json()["data"]["rooms"]["totalCount"], 0);
    assert_eq!(app.refused("", "{ rooms { totalCount } }", json!({})).await.0, "unknown_document");
    let unknown = crate::support::ask("POST", "/graphql")
        .json(&json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}}));
    assert_eq!(app.send(unknown).await.json()["errors"][0]["extensions"]["code"], "unknown_document");
}

//! Documents of GraphQL.

use crate::target;
use crate::world::World;
use http::Method;
use serde_json::{Value, json};

/// Asks a document with its variables: as a query, and as a subscription that is begun.
pub(crate) fn check(world: &World, bytes: &[u8]) {
    let bytes = world.with_ids(bytes);
    let Ok(text) = std::str::from_utf8(&bytes) else { return };
    let (document, variables) = text.split_once('\0').unwrap_or((text, "{}"));
    let variables: Value = serde_json::from_str(variables).unwrap_or_default();
    let request = json!({"query": document, "variables": variables}).to_string();
    for accept in ["application/json", "text/event-stream"] {
        let headers: [(&str, &[u8]); 2] =
            [("content-type", b"application/json"), ("accept", accept.as_bytes())];
        let answer = world.ask(Method::POST, "/graphql", &headers, request.as_bytes());
        target::check(&answer);
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        for error in body["errors"].as_array().into_iter().flatten() {
            assert_ne!(error["extensions"]["code"], "internal", "{body}");
        }
    }
}

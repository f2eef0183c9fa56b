//! The paths that are about the program.

use super::answers::problem;
use mainstay_engine::Code;
use serde_json::{Value, json};

/// Path and operation object of each.
pub(super) fn operations() -> [(&'static str, Value); 4] {
    let status =
        json!({"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}});
    let keys = json!({"type": "object", "required": ["keys"], "properties": {"keys": {"type": "array", "items": {"type": "object"}}}});
    let mut readyz = operation("system.readyz", "Whether requests can be served, writes too", &status);
    let waits = [Code::Busy, Code::DiskFailed, Code::Moved, Code::DatabaseUnreachable];
    readyz["responses"]["503"] = problem(&waits);
    readyz["responses"]["507"] = problem(&[Code::DiskFull]);
    let mut openapi = operation("system.openapi", "This document", &json!({"type": "object"}));
    openapi["responses"]["304"] = json!({"description": "The copy that you have is the document as it is."});
    [
        ("/healthz", operation("system.healthz", "Whether the program runs", &status)),
        ("/readyz", readyz),
        (
            "/.well-known/jwks.json",
            operation("system.jwks", "The keys that access tokens are signed with (RFC 7517)", &keys),
        ),
        ("/openapi.json", openapi),
    ]
}

fn operation(name: &str, summary: &str, schema: &Value) -> Value {
    let mut operation = json!({
        "operationId": name,
        "tags": ["system"],
        "summary": summary,
        "security": [],
        "responses": {"200": {"description": summary, "content": {"application/json": {"schema": schema}}}},
    });
    for code in [Code::RequestTimeout, Code::HeadersTooLarge, Code::Internal] {
        operation["responses"][crate::status::status(code).as_str()] = problem(&[code]);
    }
    operation
}

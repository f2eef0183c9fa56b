//! The schemas of locks.

use super::example::ID;
use mainstay_engine::{DEFAULT_LEASE_MS, LEASE_MS, MAX_HOLDER_LENGTH, WAIT_MS};
use serde_json::{Value, json};

/// The schemas, by name.
pub(super) fn schemas() -> [(String, Value); 3] {
    let wait = json!({
        "type": "integer", "minimum": WAIT_MS.start(), "maximum": WAIT_MS.end(), "default": 0,
        "description": "How long to wait while another holds it; at most as long as a request may take.",
    });
    let holder = json!({
        "type": "string", "maxLength": MAX_HOLDER_LENGTH, "description": "What the holder calls itself, for others to see.",
    });
    let request = json!({"lease_ms": lease(), "wait_ms": wait, "holder": holder});
    [
        ("Lock".to_owned(), lock()),
        ("LockRequest".to_owned(), closed(&request, &json!({"lease_ms": DEFAULT_LEASE_MS, "wait_ms": 0}))),
        (
            "LockRenewal".to_owned(),
            closed(&json!({"lease_ms": lease()}), &json!({"lease_ms": DEFAULT_LEASE_MS})),
        ),
    ]
}

fn lease() -> Value {
    json!({
        "type": "integer", "minimum": LEASE_MS.start(), "maximum": LEASE_MS.end(), "default": DEFAULT_LEASE_MS,
        "description": "How long the lock is held unless it is renewed.",
    })
}

fn closed(properties: &Value, example: &Value) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties, "examples": [example]})
}

fn lock() -> Value {
    let properties = json!({
        "name": {"type": "string"},
        "fencing": {"type": "integer", "description": "Greater than that of each holder before."},
        "token": {"type": "string", "description": "What the holder sends as `Fencing-Token`."},
        "account": {"type": ["string", "null"], "format": "uuid", "description": "The holder's account."},
        "holder": {"type": ["string", "null"], "description": "What the holder calls itself."},
        "expires_at": {"type": "string", "format": "date-time", "description": "When the lease ends, by the clock of the store."},
        "lease_ms": {"type": "integer", "description": "How long it lasted when this was told."},
    });
    let example = json!({
        "name": "report", "fencing": 1_795_278_600_123_i64, "token": "report:1795278600123", "account": ID,
        "holder": "worker-7", "expires_at": "2026-11-21T17:30:30.123000Z", "lease_ms": DEFAULT_LEASE_MS,
    });
    let required = ["name", "fencing", "token", "account", "holder", "expires_at", "lease_ms"];
    json!({"type": "object", "required": required, "properties": properties, "examples": [example]})
}

//! The schema of what clients are told of themselves.

use serde_json::{Value, json};

pub(super) fn schema() -> Value {
    let version = |description: &str| json!({"type": ["string", "null"], "description": description});
    let reasons = [
        "current",
        "below_recommended",
        "below_minimum",
        "unknown_platform",
        "unknown_version",
        "not_in_rollout",
    ];
    let properties = json!({
        "status": {"type": "string", "enum": ["ok", "soft", "hard"], "description": "`soft`: it should be replaced; `hard`: it must be."},
        "reason": {"type": "string", "enum": reasons},
        "minimum": version("The oldest version that may be used."),
        "recommended": version("The oldest version that nothing is said of."),
        "store": version("The version in the store."),
        "message": version("What to tell the user, in a language of `Content-Language`."),
        "link": version("Where the user gets the version in the store."),
    });
    let example = json!({
        "status": "soft", "reason": "below_recommended", "minimum": "3.0.0", "recommended": "3.2.0", "store": "3.2.1",
        "message": "Please update.", "link": "https://apps.example.com/chat",
    });
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(|known| known.keys()).collect();
    json!({"type": "object", "required": required, "properties": properties, "examples": [example]})
}

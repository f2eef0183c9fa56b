//! Parameters and request headers.

use crate::operations::known;
use mainstay_engine::{ListRequest, OperationKind};
use mainstay_model::{Application, Field, Model};
use serde_json::{Value, json};

/// The parameters of an operation: those of its path, of its query, and the headers that it looks at.
pub(super) fn parameters(
    application: &Application,
    kind: OperationKind,
    model: Option<&Model>,
) -> Vec<Value> {
    let in_path = matches!(
        kind,
        OperationKind::Get
            | OperationKind::Update
            | OperationKind::Put
            | OperationKind::Delete
            | OperationKind::Restore
            | OperationKind::GetKey
            | OperationKind::DeleteKey
    );
    let of_lock = matches!(
        kind,
        OperationKind::AcquireLock
            | OperationKind::GetLock
            | OperationKind::RenewLock
            | OperationKind::ReleaseLock
    );
    let mut parameters: Vec<Value> = in_path.then(id).into_iter().chain(of_lock.then(lock_name)).collect();
    if matches!(kind, OperationKind::UpdateMany | OperationKind::DeleteMany) {
        parameters.extend(matching(application.config.limits.bulk_records));
    } else {
        parameters.extend(known(kind).iter().filter_map(|name| query(kind, name, model)));
    }
    parameters.extend(headers(kind));
    parameters
}

fn id() -> Value {
    json!({
        "name": "id",
        "in": "path",
        "required": true,
        "schema": {"type": "string", "format": "uuid"},
        "example": super::example::ID,
    })
}

fn lock_name() -> Value {
    let schema = json!({"type": "string", "pattern": "^[A-Za-z0-9._~:-]{1,200}$"});
    json!({"name": "name", "in": "path", "required": true, "schema": schema, "example": "report"})
}

/// The parameters of a write to all records that match. The example is of records that no longer matter.
fn matching(max: u32) -> [Value; 2] {
    let limit = json!({"type": "integer", "minimum": 1, "maximum": max, "default": max});
    [
        json!({
            "name": "filter",
            "in": "query",
            "required": true,
            "description": "A condition in CEL over the record's fields; `true` for all that you may read.",
            "schema": {"type": "string", "minLength": 1},
            "example": "updated_at < timestamp('2020-01-01T00:00:00Z')",
        }),
        json!({
            "name": "limit",
            "in": "query",
            "description": "The most records that may match: where more do, nothing is done.",
            "schema": limit,
            "example": max,
        }),
    ]
}

fn query(kind: OperationKind, name: &str, model: Option<&Model>) -> Option<Value> {
    let (description, schema, example) = match name {
        "filter" => {
            ("A condition in CEL over the record's fields.", json!({"type": "string"}), json!(filter()))
        }
        "order" => (
            "Fields to order by, `-` before one for descending. The id is the last key.",
            names(),
            json!("-created_at"),
        ),
        "fields" => ("The fields to answer.", names(), json!(some_fields(model?))),
        "expand" => {
            let refs = model?.refs().find(|(field, ..)| !field.is_secret());
            let example = refs.map(|(field, ..)| json!(field.name)).unwrap_or_else(|| json!(""));
            ("Refs to follow, up to three deep: `room,room.owner`.", names(), example)
        }
        "limit" => (
            "The most records to answer.",
            json!({"type": "integer", "minimum": 1, "maximum": ListRequest::MAX_LIMIT, "default": ListRequest::DEFAULT_LIMIT}),
            json!(20),
        ),
        "cursor" => return Some(cursor()),
        "position" => return Some(position("query", "position")),
        "user" => (
            "The account; the own one when it is left out.",
            json!({"type": "string", "format": "uuid"}),
            json!(super::example::ID),
        ),
        "platform" => {
            ("The client's platform, as the project calls it.", json!({"type": "string"}), json!("ios"))
        }
        "version" => (
            "The client's version: numbers with dots; what follows `-`, `+` or a space is passed over.",
            json!({"type": "string"}),
            json!("3.2.1"),
        ),
        "device" => (
            "What the device or the installation is called, always the same: it decides when it is asked in a rollout.",
            json!({"type": "string"}),
            json!("6f1c2b"),
        ),
        "language" => (
            "The languages that the user reads, in place of `Accept-Language`.",
            json!({"type": "string"}),
            json!("de-CH, en;q=0.5"),
        ),
        "count" => {
            ("Count all records that match.", json!({"type": "string", "enum": ["exact"]}), json!("exact"))
        }
        "deleted" if kind == OperationKind::List => (
            "Soft-deleted records, for those who may delete them.",
            json!({"type": "string", "enum": ["exclude", "include", "only"], "default": "exclude"}),
            json!("include"),
        ),
        "deleted" => (
            "Answer the record also when it is soft-deleted, to those who may delete it.",
            json!({"type": "string", "enum": ["exclude", "include"], "default": "exclude"}),
            json!("include"),
        ),
        _ => return None,
    };
    Some(
        json!({"name": name, "in": "query", "description": description, "schema": schema, "example": example}),
    )
}

/// It has no example, since none would open.
fn cursor() -> Value {
    let description = "The `next` of the page before, with the same filter and order.";
    json!({"name": "cursor", "in": "query", "description": description, "schema": {"type": "string"}})
}

/// It has no example, since each database has its own.
fn position(place: &str, name: &str) -> Value {
    let description = "The `Mainstay-Position` of an answer: this one is at least as new.";
    json!({"name": name, "in": place, "description": description, "schema": {"type": "string"}})
}

fn names() -> Value {
    json!({"type": "string"})
}

/// Every model has the field, so that the example holds for each.
fn filter() -> &'static str {
    "created_at > timestamp('2026-01-01T00:00:00Z')"
}

fn some_fields(model: &Model) -> String {
    let first = model.declared().iter().find(|field: &&Field| !field.is_secret());
    first.map_or_else(|| "id".to_owned(), |field| format!("id,{}", field.name))
}

fn headers(kind: OperationKind) -> Vec<Value> {
    let header = |name: &str, description: &str, pattern: &str, example: &str| {
        let schema = json!({"type": "string", "pattern": pattern});
        json!({"name": name, "in": "header", "description": description, "schema": schema, "example": example})
    };
    let if_match = || {
        let description = "The `ETag` that the record must have, one of several, or `*` for any.";
        header("If-Match", description, "^(\\*|\"[0-9]+\"(, \"[0-9]+\")*)$", "\"1\"")
    };
    let mut headers = match kind {
        OperationKind::Get => {
            let description = "The `ETag` of the copy that you have, or of several.";
            let pattern = "^(W/)?\"[0-9]+\"(, (W/)?\"[0-9]+\")*$";
            vec![if_match(), header("If-None-Match", description, pattern, "\"1\"")]
        }
        OperationKind::Update | OperationKind::Delete | OperationKind::Restore => vec![if_match()],
        OperationKind::Put => {
            vec![if_match(), header("If-None-Match", "`*`: create, and do not replace.", "^\\*$", "*")]
        }
        _ => Vec::new(),
    };
    if known(kind).contains(&"position") {
        headers.push(position("header", "Mainstay-Position"));
    }
    if kind.is_fenced() {
        let description = "Locks that have to be held with these numbers for the write to take effect: `name:number`, up to eight.";
        let pattern = "^[A-Za-z0-9._~:-]{1,200}:-?[0-9]{1,19}(, [A-Za-z0-9._~:-]{1,200}:-?[0-9]{1,19}){0,7}$";
        let mut fencing = header("Fencing-Token", description, pattern, "report:1795278600123");
        if matches!(kind, OperationKind::RenewLock | OperationKind::ReleaseLock) {
            fencing["required"] = true.into();
        }
        headers.push(fencing);
    }
    if kind.writes() {
        headers.push(idempotency_key());
    }
    headers
}

/// It has no example: whoever copied it would be answered as whoever copied it before.
fn idempotency_key() -> Value {
    let description = "Makes the request safe to repeat: it takes effect once, and is answered alike for 24 hours. \
         A text that is used for nothing else, as a random UUID.";
    let schema = json!({"type": "string", "pattern": KEY_PATTERN});
    json!({"name": "Idempotency-Key", "in": "header", "description": description, "schema": schema})
}

/// Visible ASCII, as long as a key may be, see `operations::once`.
const KEY_PATTERN: &str = "^[!-~]{1,255}$";

//! The answers of an operation: what it gives when all is well, and every error that it can end in.

use super::model::schema_name;
use crate::problem::title;
use crate::status::status;
use mainstay_content::Format;
use mainstay_engine::{Access, Code, Operation, OperationKind};
use mainstay_model::Model;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What any operation can be answered with.
const ALWAYS: &[Code] = &[
    Code::InvalidParameter,
    Code::NotAcceptable,
    Code::InvalidToken,
    Code::RequestTimeout,
    Code::HeadersTooLarge,
    Code::Busy,
    Code::DiskFailed,
    Code::DatabaseUnreachable,
    Code::Internal,
];
/// What any write can be answered with.
const DISK: &[Code] = &[Code::DiskFull, Code::Moved, Code::OutcomeUnknown];
const BODY: &[Code] = &[
    Code::InvalidJson,
    Code::InvalidBody,
    Code::DuplicateKey,
    Code::JsonTooDeep,
    Code::NotUtf8,
    Code::BodyTooLarge,
];
const FIELDS: &[Code] = &[Code::UnsupportedMediaType, Code::ValidationFailed];
const SELECTION: &[Code] = &[Code::InvalidFields, Code::InvalidExpand, Code::QueryTimeout];
const WRITE: &[Code] = &[Code::Unauthenticated, Code::Forbidden, Code::UniqueConflict];
/// What `Idempotency-Key` adds.
const ONCE: &[Code] = &[Code::IdempotencyKeyReused, Code::AnswerTooLarge];
/// Of writes to all records that match.
const MATCHING: &[Code] = &[
    Code::Unauthenticated,
    Code::Forbidden,
    Code::InvalidFilter,
    Code::InvalidLimit,
    Code::QueryTimeout,
    Code::TooManyMatches,
    Code::BulkFailed,
];
const LOCK: &[Code] = &[Code::Unauthenticated, Code::Forbidden];
const RECORD: &[Code] = &[Code::InvalidId, Code::NotFound];

/// The responses of an operation, by status. Errors are the same for all operations of a kind, and so are shared.
pub(super) fn responses(operation: &Operation, model: Option<&Model>) -> Value {
    let mut responses = successes(operation.kind, model);
    if operation.kind.writes() {
        responses.values_mut().for_each(note_replay);
    }
    for status in by_status(&codes(operation)).into_keys() {
        let name = component_name(operation, status);
        responses.insert(status.to_string(), json!({"$ref": format!("#/components/responses/{name}")}));
    }
    responses.into()
}

/// The error responses of all operations, by the names that [`responses`] uses.
pub(super) fn components(operations: &[Operation]) -> Value {
    let mut components = Map::new();
    for operation in operations.iter().filter(|operation| operation.kind != OperationKind::Watch) {
        for (status, codes) in by_status(&codes(operation)) {
            components.entry(component_name(operation, status)).or_insert_with(|| problem(&codes));
        }
    }
    components.into()
}

/// An example of the problem document of each code.
pub(super) fn examples() -> Value {
    let example = |code: &Code| (code.as_str().to_owned(), json!({"value": problem_example(*code)}));
    Code::ALL.iter().map(example).collect::<Map<_, _>>().into()
}

fn component_name(operation: &Operation, status: u16) -> String {
    format!("{:?}{status}", operation.kind)
}

/// The errors that an operation can end in.
pub(super) fn codes(operation: &Operation) -> Vec<Code> {
    use OperationKind::*;
    let groups: &[&[Code]] = match operation.kind {
        // They share a path, so that a client can meet the errors of both there.
        List | Watch => &[
            SELECTION,
            &[
                Code::InvalidEventId,
                Code::TooManyWatchers,
                Code::InvalidFilter,
                Code::InvalidOrder,
                Code::InvalidLimit,
                Code::InvalidCursor,
                Code::VersionMismatch,
                Code::HistoryGone,
            ],
        ],
        Get => &[RECORD, SELECTION, &[Code::VersionMismatch, Code::HistoryGone]],
        Create => &[BODY, FIELDS, WRITE, DISK, &[Code::AlreadyExists]],
        Update => &[RECORD, BODY, FIELDS, WRITE, DISK, &[Code::VersionMismatch]],
        Put => &[RECORD, BODY, FIELDS, WRITE, DISK, &[Code::AlreadyExists, Code::VersionMismatch]],
        Delete => &[
            RECORD,
            BODY,
            WRITE,
            DISK,
            &[Code::ValidationFailed, Code::VersionMismatch, Code::Restricted, Code::CascadeTooLarge],
        ],
        Restore => &[
            RECORD,
            BODY,
            WRITE,
            DISK,
            &[Code::ValidationFailed, Code::VersionMismatch, Code::NotDeleted, Code::CascadeTooLarge],
        ],
        UpdateMany => &[BODY, FIELDS, MATCHING, DISK],
        DeleteMany => &[BODY, MATCHING, DISK],
        Batch => &[BODY, FIELDS, &[Code::BatchFailed, Code::BatchTooLarge, Code::QueryTimeout], DISK],
        AcquireLock => &[BODY, FIELDS, LOCK, DISK, &[Code::LockHeld, Code::SerializationFailed]],
        GetLock => &[&[Code::NotFound]],
        RenewLock => &[BODY, FIELDS, LOCK, DISK],
        ReleaseLock => &[BODY, LOCK, DISK],
        Register => &[BODY, FIELDS, &[Code::RegistrationClosed, Code::UniqueConflict], DISK],
        Login => &[BODY, FIELDS, &[Code::InvalidCredentials, Code::TooManyFailures], DISK],
        Refresh => &[BODY, FIELDS, &[Code::TokenReused], DISK],
        Logout => &[BODY, DISK],
        ChangePassword => &[BODY, FIELDS, &[Code::InvalidCredentials, Code::TooManyFailures], DISK],
        Me | ListKeys => &[&[Code::NotFound]],
        CreateKey => &[BODY, FIELDS, &[Code::TooManyKeys], DISK],
        GetKey => &[RECORD],
        DeleteKey => &[RECORD, BODY, DISK],
        AppCheck => &[],
        Publish | Subscribe | Enter | WatchPresence => &[],
    };
    let client: &[Code] = if operation.kind == AppCheck { &[] } else { &[Code::ClientOutdated] };
    let account: &[Code] = if operation.access == Access::Account { &[Code::Unauthenticated] } else { &[] };
    let scope: &[Code] = if looks_at_keys(operation) { &[Code::InsufficientScope] } else { &[] };
    let once = if operation.kind.writes() { ONCE } else { &[] };
    let fenced: &[Code] =
        if operation.kind.is_fenced() { &[Code::Fenced, Code::SerializationFailed] } else { &[] };
    [ALWAYS, client, account, scope, once, fenced]
        .into_iter()
        .chain(groups.iter().copied())
        .flatten()
        .copied()
        .collect()
}

/// Whether it matters to the operation that the caller showed itself by an API key.
fn looks_at_keys(operation: &Operation) -> bool {
    operation.access != Access::Public
}

/// A response for one status: the problem document, with each code that can be in it.
pub(super) fn problem(codes: &[Code]) -> Value {
    let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
    let example = |code: &Code| {
        let name = code.as_str();
        (name.to_owned(), json!({"$ref": format!("#/components/examples/{name}")}))
    };
    let examples: Map<String, Value> = codes.iter().map(example).collect();
    let schema = match codes {
        codes if codes.contains(&Code::BatchFailed) => "BatchProblem",
        codes if codes.contains(&Code::BulkFailed) => "BulkProblem",
        _ => "Problem",
    };
    let is_passing = |code: &Code| {
        matches!(
            code,
            Code::Busy
                | Code::DiskFailed
                | Code::Moved
                | Code::DatabaseUnreachable
                | Code::TooManyFailures
                | Code::TooManyWatchers
                | Code::LockHeld
                | Code::SerializationFailed
        )
    };
    let headers: &[&str] = if codes.iter().any(is_passing) { &["RetryAfter"] } else { &[] };
    json!({
        "description": names.join(", "),
        "headers": super::components::header_refs(headers),
        "content": {"application/problem+json": {
            "schema": {"$ref": format!("#/components/schemas/{schema}")},
            "examples": examples,
        }},
    })
}

fn problem_example(code: Code) -> Value {
    let mut example = json!({
        "type": crate::problem::type_uri(code),
        "title": title(code),
        "status": status(code).as_u16(),
        "detail": code.meaning(),
        "code": code.as_str(),
        "request_id": super::components::REQUEST_ID,
    });
    if code == Code::BulkFailed {
        example["results"] = json!([
            {"id": super::example::ID, "status": 403, "code": Code::Forbidden.as_str(), "detail": "a rule forbids this"},
        ]);
    }
    if code == Code::BatchFailed {
        example["results"] = json!([
            {"status": status(Code::Forbidden).as_u16(), "code": Code::Forbidden.as_str(), "detail": "a rule forbids this"},
            {"status": 424, "code": crate::problem::NOT_APPLIED},
        ]);
    }
    example
}

fn by_status(codes: &[Code]) -> BTreeMap<u16, Vec<Code>> {
    let mut statuses: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let codes = statuses.entry(status(*code).as_u16()).or_default();
        if !codes.contains(code) {
            codes.push(*code);
        }
    }
    statuses
}

fn successes(kind: OperationKind, model: Option<&Model>) -> Map<String, Value> {
    use OperationKind::*;
    let record = model.map(schema_name).unwrap_or_default();
    let answers = match kind {
        List | Watch => vec![("200", page_or_events(&record))],
        Get => vec![
            ("200", body("The record.", &record, &["ETag", "Position"])),
            ("304", json!({"description": "The copy that you have is the record as it is."})),
        ],
        Create => vec![("201", made(&record))],
        Update => vec![("200", body("The record as it is now.", &record, &["ETag", "Position"]))],
        Put => vec![
            ("200", body("The record was replaced.", &record, &["ETag", "Position"])),
            ("201", made(&record)),
        ],
        Delete => vec![("204", empty("The record is deleted.", &["Position"]))],
        Restore => vec![("200", body("The record is back.", &record, &["ETag", "Position"]))],
        UpdateMany => vec![("200", body("All records that match are changed.", "BulkAnswer", &["Position"]))],
        DeleteMany => vec![("200", body("All records that match are deleted.", "BulkAnswer", &["Position"]))],
        Batch => vec![("200", body("All operations took effect.", "BatchAnswer", &["Position"]))],
        AcquireLock => vec![("200", body("The lock is the caller's.", "Lock", &[]))],
        GetLock => vec![("200", body("Who holds it.", "Lock", &[]))],
        RenewLock => vec![("200", body("The lock is the caller's for longer.", "Lock", &[]))],
        ReleaseLock => vec![("204", empty("Others may take it.", &[]))],
        Register => vec![("201", body("The account was made.", "User", &["ETag", "Location"]))],
        Login | Refresh => vec![("200", body("Tokens.", "Tokens", &[]))],
        Logout => vec![("204", empty("The session has ended.", &[]))],
        ChangePassword => vec![("204", empty("The password is changed.", &[]))],
        Me => vec![("200", body("The account.", "User", &["ETag"]))],
        CreateKey => {
            vec![("201", body("The key was made. It is shown this once.", "NewApiKey", &["Location"]))]
        }
        ListKeys => vec![("200", body("The keys.", "ApiKeys", &[]))],
        GetKey => vec![("200", body("The key.", "ApiKey", &[]))],
        DeleteKey => vec![("204", empty("Nobody gets in with the key any more.", &[]))],
        AppCheck => vec![("200", body("Whether the client is new enough, and why.", "AppCheck", &[]))],
        Publish | Subscribe | Enter | WatchPresence => Vec::new(),
    };
    answers.into_iter().map(|(status, answer)| (status.to_owned(), answer)).collect()
}

/// Any success of a write may be one that was given before.
fn note_replay(answer: &mut Value) {
    for (name, header) in super::components::header_refs(&["Replayed"]).as_object().into_iter().flatten() {
        answer["headers"][name] = header.clone();
    }
}

fn page_or_events(record: &str) -> Value {
    let mut answer =
        body("A page of records; or events, see `x-watch`.", &format!("{record}Page"), &["Position"]);
    answer["content"][Format::Csv.media_type()] = json!({"schema": {"type": "string"}});
    answer["content"]["text/event-stream"] = json!({"schema": {"type": "string"}});
    answer
}

fn made(record: &str) -> Value {
    let description = "The record was made. Who may not read it gets its `id` alone.";
    body(description, record, &["ETag", "Location", "Position"])
}

fn body(description: &str, schema: &str, headers: &[&str]) -> Value {
    let mut answer = empty(description, headers);
    let content = json!({"schema": {"$ref": format!("#/components/schemas/{schema}")}});
    answer["content"] = forms(["application/json"].as_slice(), &content);
    answer
}

/// The same content in each form that any value has, with the types of JSON; of messages the `.proto` file tells.
pub(super) fn forms(json: &[&'static str], content: &Value) -> Value {
    let others = Format::VALUES.into_iter().filter(|format| *format != Format::Json).map(Format::media_type);
    let names = json.iter().copied().chain(others);
    let messages = (Format::Protobuf.media_type().to_owned(), json!({}));
    let values = names.map(|name| (name.to_owned(), content.clone()));
    values.chain([messages]).collect::<Map<_, _>>().into()
}

fn empty(description: &str, headers: &[&str]) -> Value {
    json!({"description": description, "headers": super::components::header_refs(headers)})
}

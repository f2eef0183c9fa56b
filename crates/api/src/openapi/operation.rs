//! An operation.

use super::answers::{forms, responses};
use super::model::schema_name;
use super::parameters::parameters;
use crate::body;
use mainstay_engine::{Access, Operation, OperationKind};
use mainstay_model::{Application, Model};
use serde_json::{Value, json};

/// The operation object of an operation.
pub(super) fn operation(application: &Application, operation: &Operation) -> Value {
    let model = operation.model.map(|id| application.model(id));
    let mut object = json!({
        "operationId": operation.name,
        "tags": [tag(operation.kind, model)],
        "summary": operation.summary,
        "parameters": parameters(application, operation.kind, model),
        "responses": responses(operation, model),
        "security": security(operation),
    });
    if let Some(description) = description(operation) {
        object["description"] = description.into();
    }
    if let Some(body) = request_body(operation.kind, model) {
        object["requestBody"] = body;
    }
    object
}

fn tag(kind: OperationKind, model: Option<&Model>) -> &str {
    match (model, kind) {
        (Some(model), _) => &model.plural,
        (None, OperationKind::Batch) => "batch",
        (None, OperationKind::AppCheck) => "app",
        (None, kind) if is_of_locks(kind) => "locks",
        (None, _) => "accounts",
    }
}

fn is_of_locks(kind: OperationKind) -> bool {
    use OperationKind::*;
    matches!(kind, AcquireLock | GetLock | RenewLock | ReleaseLock)
}

fn description(operation: &Operation) -> Option<String> {
    let rule = match &operation.access {
        Access::Public => None,
        Access::Account => Some("Needs an account.".to_owned()),
        Access::Rule(Some(rule)) => Some(format!("Allowed by the rule `{rule}`.")),
        Access::Rule(None) => Some("No rule allows it to anyone.".to_owned()),
    };
    let more = match operation.kind {
        OperationKind::Update => Some("A merge patch (RFC 7396)."),
        OperationKind::UpdateMany => Some(
            "A merge patch (RFC 7396) for each record that matches and that the caller may read; all or none.",
        ),
        OperationKind::DeleteMany => {
            Some("Of each record that matches and that the caller may read; all or none.")
        }
        OperationKind::Put => Some("Fields that are left out take their defaults."),
        OperationKind::Batch => Some(
            "All operations take effect, or none. Later ones may refer to the records of earlier ones by `{\"$ref\": name}`.",
        ),
        OperationKind::AcquireLock => Some(
            "The lock is the caller's until its lease ends, unless it is renewed. Writes that send its `token` as `Fencing-Token` are refused once it is not.",
        ),
        OperationKind::GetLock => Some("404 while nobody holds it."),
        OperationKind::RenewLock => {
            Some("The lease begins anew. `Fencing-Token` shows that it is the holder who asks.")
        }
        OperationKind::ReleaseLock => Some("`Fencing-Token` shows that it is the holder who asks."),
        OperationKind::CreateKey => {
            Some("The key acts as the account, within its scopes: names of operations, `message.*`, or `*`.")
        }
        OperationKind::ListKeys => Some("The own ones, or those of an account that one may delete."),
        OperationKind::AppCheck => {
            Some("Where anything is in doubt, an unknown platform or version among it, the answer is `ok`.")
        }
        OperationKind::Refresh => Some("A refresh token works once; a second use ends the session."),
        _ => None,
    };
    let sentences: Vec<String> = more.map(str::to_owned).into_iter().chain(rule).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// What the operation wants of a token: none at all, one if there is one, or one in any case.
fn security(operation: &Operation) -> Value {
    let by_key = json!({"api_key": [operation.name]});
    match &operation.access {
        Access::Account if operation.is_for_keys() => json!([{"bearer": []}, by_key]),
        Access::Account => json!([{"bearer": []}]),
        Access::Public if operation.kind != OperationKind::Batch => json!([]),
        Access::Public => json!([{}, {"bearer": []}, {"api_key": []}]),
        Access::Rule(_) => json!([{}, {"bearer": []}, by_key]),
    }
}

fn request_body(kind: OperationKind, model: Option<&Model>) -> Option<Value> {
    use OperationKind::*;
    let record = model.map(schema_name).unwrap_or_default();
    let (schema, media_types) = match kind {
        List | Watch | Get | Delete | DeleteMany | Restore | Logout | Me | ListKeys | GetKey | DeleteKey
        | GetLock | ReleaseLock | AppCheck | Publish | Subscribe | Enter | WatchPresence => {
            return None;
        }
        AcquireLock => ("LockRequest".to_owned(), body::JSON),
        RenewLock => ("LockRenewal".to_owned(), body::JSON),
        Create => (format!("{record}Create"), body::JSON),
        Put => (format!("{record}Put"), body::JSON),
        Update | UpdateMany => (format!("{record}Update"), body::MERGE_PATCH),
        Batch => ("Batch".to_owned(), body::JSON),
        Register => ("Registration".to_owned(), body::JSON),
        Login => ("Login".to_owned(), body::JSON),
        Refresh => ("RefreshRequest".to_owned(), body::JSON),
        ChangePassword => ("PasswordChange".to_owned(), body::JSON),
        CreateKey => ("ApiKeyCreate".to_owned(), body::JSON),
    };
    let schema = json!({"schema": {"$ref": format!("#/components/schemas/{schema}")}});
    Some(json!({"required": !is_of_locks(kind), "content": forms(media_types, &schema)}))
}

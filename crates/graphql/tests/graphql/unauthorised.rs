//! Every operation of the registry, asked by those who may not.
//!
//! The walk is over the registry, so that an operation without a case fails the test; and each case is looked up in the schema by its field, so
//! that an operation without a field does.

use crate::support::{App, PASSWORD, SETTINGS, query};
use mainstay_engine::OperationKind;
use serde_json::{Value, json};

/// A model whose records are their owner's alone, with a field that only an admin may write and one that only an admin may see.
const NOTE: &str = r#"
[fields]
owner = { type = "ref", model = "user", on_delete = "cascade", default = { cel = "auth.id" }, immutable = true }
text = "string"
rank = { type = "int", default = 0, write = "'admin' in auth.roles" }
remark = { type = "string", optional = true, read = "'admin' in auth.roles" }

[allow]
read = "owner == auth.id"
create = "owner == auth.id"
update = "owner == auth.id"
delete = "owner == auth.id"
"#;

/// What an operation is asked with, and the codes with which nobody and another's account are answered; empty for a success.
struct Case {
    document: String,
    nobody: &'static str,
    other: &'static str,
}

struct World {
    app: App,
    owner_id: String,
    owner: String,
    other: String,
    note: String,
    deleted: String,
    key: String,
    /// A key of the owner's that is for the own account's record alone.
    narrow: String,
}

async fn world() -> World {
    let settings = SETTINGS.replace("\"true\"", "\"'admin' in auth.roles\"");
    let files = [("mainstay.toml", settings.as_str()), ("models/note.toml", NOTE)];
    let app = App::over(&files, &[], |store| store);
    let (owner_id, owner) = app.account("owner").await;
    let (_, other) = app.account("other").await;
    let note = app.create(&owner, "Note", json!({"text": "mine"})).await;
    let deleted = app.create(&owner, "Note", json!({"text": "mine"})).await;
    app.data(&owner, "mutation($id: UUID!) { deleteNote(id: $id) { id } }", json!({ "id": deleted })).await;
    let document = "mutation { createApiKey(data: {name: \"mine\", scopes: [\"auth.me\"]}) { id key } }";
    let made = app.data(&owner, document, json!({})).await["createApiKey"].take();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (key, narrow) = (text(&made["id"]), text(&made["key"]));
    World { app, owner_id, owner, other, note, deleted, key, narrow }
}

fn record_case(
    kind: OperationKind,
    ty: &str,
    plural: &str,
    id: &str,
    deleted: &str,
    data: &str,
) -> Option<Case> {
    let low = ty.to_lowercase();
    let lows = plural.to_lowercase();
    let hidden = |document: String| Case { document, nobody: "not_found", other: "not_found" };
    let open = |document: String| Case { document, nobody: "", other: "" };
    let many = |document: String, other| Case { document, nobody: "unauthenticated", other };
    let of_notes = if ty == "Note" { "" } else { "forbidden" };
    Some(match kind {
        OperationKind::List => open(format!("{{ {lows} {{ nodes {{ id }} totalCount }} }}")),
        OperationKind::Watch => {
            open(format!("subscription {{ {lows}(snapshot: true) {{ type recordId }} }}"))
        }
        OperationKind::Get => hidden(format!("{{ {low}(id: \"{id}\") {{ id }} }}")),
        OperationKind::Create => Case {
            document: format!("mutation {{ create{ty}(data: {{{data}}}) {{ id }} }}"),
            nobody: "unauthenticated",
            other: "forbidden",
        },
        OperationKind::Update => {
            hidden(format!("mutation {{ update{ty}(id: \"{id}\", data: {{}}) {{ id }} }}"))
        }
        OperationKind::Put => {
            hidden(format!("mutation {{ put{ty}(id: \"{id}\", data: {{{data}}}) {{ id }} }}"))
        }
        OperationKind::Delete => hidden(format!("mutation {{ delete{ty}(id: \"{id}\") {{ id }} }}")),
        OperationKind::Restore => hidden(format!("mutation {{ restore{ty}(id: \"{deleted}\") {{ id }} }}")),
        OperationKind::UpdateMany => many(
            format!("mutation {{ update{plural}(where: \"id == '{id}'\", data: {{}}) {{ count }} }}"),
            "",
        ),
        OperationKind::DeleteMany => {
            many(format!("mutation {{ delete{plural}(where: \"id == '{id}'\") {{ count }} }}"), of_notes)
        }
        _ => return None,
    })
}

fn account_case(world: &World, kind: OperationKind) -> Option<Case> {
    let case = |document: &str, nobody, other| Case { document: document.to_owned(), nobody, other };
    let own = |document: &str, other| case(document, "unauthenticated", other);
    Some(match kind {
        OperationKind::Batch => case(
            &format!(
                "mutation {{ batch(operations: [{{op: update, model: \"note\", id: \"{}\", data: {{text: \"theirs\"}}}}]) {{ position }} }}",
                world.note
            ),
            "batch_failed",
            "batch_failed",
        ),
        // Nobody gives themselves a role.
        OperationKind::Register => case(
            &format!(
                "mutation {{ register(email: \"new@example.com\", password: \"{PASSWORD}\", data: {{roles: [\"admin\"]}}) {{ id }} }}"
            ),
            "validation_failed",
            "validation_failed",
        ),
        OperationKind::Login => case(
            "mutation { login(email: \"owner@example.com\", password: \"wrong password\") { access_token } }",
            "invalid_credentials",
            "invalid_credentials",
        ),
        OperationKind::Refresh => case(
            "mutation { refresh(refreshToken: \"x\") { access_token } }",
            "invalid_token",
            "invalid_token",
        ),
        OperationKind::ChangePassword => own(
            "mutation { changePassword(currentPassword: \"wrong password\", newPassword: \"battery staple\") }",
            "invalid_credentials",
        ),
        OperationKind::Me => own("{ me { id } }", ""),
        OperationKind::CreateKey => own(
            "mutation { createApiKey(data: {name: \"x\", scopes: [\"note.steal\"]}) { key } }",
            "validation_failed",
        ),
        OperationKind::ListKeys => {
            own(&format!("{{ apiKeys(user: \"{}\") {{ id }} }}", world.owner_id), "not_found")
        }
        OperationKind::GetKey => own(&format!("{{ apiKey(id: \"{}\") {{ id }} }}", world.key), "not_found"),
        OperationKind::DeleteKey => {
            own(&format!("mutation {{ deleteApiKey(id: \"{}\") }}", world.key), "not_found")
        }
        OperationKind::AcquireLock => {
            own("mutation { acquireLock(name: \"report\") { token } }", "forbidden")
        }
        OperationKind::GetLock => case("{ lock(name: \"report\") { holder } }", "not_found", "not_found"),
        OperationKind::RenewLock => own("mutation { renewLock(name: \"report\") { token } }", "forbidden"),
        OperationKind::ReleaseLock => own("mutation { releaseLock(name: \"report\") }", "forbidden"),
        OperationKind::AppCheck => {
            case("{ appCheck(platform: \"ios\", version: \"1.0\") { status } }", "", "")
        }
        // The last, since it ends the session.
        OperationKind::Logout => own("mutation { logout }", ""),
        _ => return None,
    })
}

fn case(world: &World, kind: OperationKind, name: &str) -> Option<Case> {
    match name.split_once('.') {
        Some(("note", _)) => {
            let data = format!("text: \"theirs\", owner: \"{}\"", world.owner_id);
            record_case(kind, "Note", "Notes", &world.note, &world.deleted, &data)
        }
        Some(("user", _)) => {
            let data = "email: \"x@example.com\"";
            record_case(kind, "User", "Users", &world.owner_id, &world.owner_id, data)
        }
        _ => account_case(world, kind),
    }
}

/// The code of the answer, and all of it.
async fn asked(world: &World, document: &str, token: &str) -> (String, String) {
    let mut ask = query(document, json!({})).token(token);
    // Renewing and releasing is for whoever names the number.
    if document.contains("renewLock") || document.contains("releaseLock") {
        ask = ask.header("fencing-token", "report:1");
    }
    if document.starts_with("subscription") {
        return watched(world, ask.header("accept", "text/event-stream")).await;
    }
    let reply = world.app.send(ask).await;
    let code = reply.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
    (code, reply.body)
}

/// A watch that is let in never ends, so that it is read up to where the snapshot is complete.
async fn watched(world: &World, ask: crate::support::Ask) -> (String, String) {
    use futures::StreamExt;
    use tower::ServiceExt;
    let response = world.app.router.clone().oneshot(ask.request()).await.unwrap();
    let mut chunks = response.into_body().into_data_stream();
    let mut body = String::new();
    while !body.contains("READY") && !body.contains("errors") {
        body.push_str(std::str::from_utf8(&chunks.next().await.unwrap().unwrap()).unwrap());
    }
    let error = body.split("\"code\":\"").nth(1).and_then(|rest| rest.split('"').next());
    (error.unwrap_or_default().to_owned(), body)
}

#[tokio::test]
async fn every_operation_refuses_those_who_may_not() {
    let world = world().await;
    let mut operations = world.app.engine.registry().operations().to_vec();
    operations.sort_by_key(|operation| operation.kind == OperationKind::Logout);
    for operation in &operations {
        let case = case(&world, operation.kind, &operation.name);
        let case = case.unwrap_or_else(|| panic!("{} has no case here", operation.name));
        for (token, expected) in [("", case.nobody), (&world.other, case.other)] {
            let (code, body) = asked(&world, &case.document, token).await;
            assert_eq!(code, expected, "{}: {body}", operation.name);
            assert!(!body.contains("mine"), "{} shows what is another's: {body}", operation.name);
            assert!(!body.contains(&world.note), "{} tells of what is another's: {body}", operation.name);
        }
    }
    unharmed(&world).await;
}

#[tokio::test]
async fn every_operation_refuses_a_key_without_its_scope() {
    let world = world().await;
    for operation in world.app.engine.registry().operations().to_vec() {
        let case = case(&world, operation.kind, &operation.name).unwrap();
        let (code, body) = asked(&world, &case.document, &world.narrow).await;
        let expected = match operation.kind {
            OperationKind::Register | OperationKind::Login | OperationKind::Refresh => continue,
            OperationKind::AppCheck => continue,
            OperationKind::Me => "",
            OperationKind::Batch => "batch_failed",
            _ => "insufficient_scope",
        };
        assert_eq!(code, expected, "{}: {body}", operation.name);
    }
    unharmed(&world).await;
}

/// The owner's records are as they were.
async fn unharmed(world: &World) {
    let document = "{ notes(deleted: INCLUDE) { nodes { text rank remark } } me { version } }";
    let data = world.app.data(&world.owner, document, json!({})).await;
    let note = json!({"text": "mine", "rank": 0, "remark": null});
    assert_eq!(data["notes"]["nodes"], json!([note, note]));
    assert_eq!(data["me"]["version"], 1);
}

#[tokio::test]
async fn a_field_that_one_may_not_see_is_null_and_hides_nothing_else() {
    let world = world().await;
    let document =
        "mutation($id: UUID!) { updateNote(id: $id, data: {remark: \"seen?\"}) { record { text remark } } }";
    let data = world.app.data(&world.owner, document, json!({"id": world.note})).await;
    assert_eq!(data["updateNote"]["record"], json!({"text": "mine", "remark": null}));
    let filtered = "{ notes(filter: {remark: {eq: \"seen?\"}}) { totalCount } }";
    let data = world.app.data(&world.owner, filtered, json!({})).await;
    assert_eq!(data["notes"]["totalCount"], 0);
    let rank = "mutation($id: UUID!) { updateNote(id: $id, data: {rank: 1}) { id } }";
    let (code, _) = world.app.refused(&world.owner, rank, json!({"id": world.note})).await;
    assert_eq!(code, "forbidden");
}

//! Every operation of the registry, asked by those who may not: nobody, another's account, and for a forbidden field.
//!
//! The walk is over the registry, so that an operation without a case fails the test.

use crate::support::{App, Ask, PASSWORD, SETTINGS, ask, delete, get, patch, post, put};
use mainstay_engine::OperationKind;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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

/// What an operation is asked with, and what that is answered with: status and code. A code that is missing is of a success.
struct Case {
    ask: Ask,
    nobody: (u16, Option<&'static str>),
    other: (u16, Option<&'static str>),
    /// The request with a field that the owner may not write.
    forbidden: Option<Ask>,
}

struct World {
    app: App,
    /// The owner's account, and a token of another's.
    owner_id: String,
    owner: String,
    other: String,
    note: String,
    deleted_note: String,
    /// The id of an API key of the owner's.
    owners_key: String,
    /// A key of the owner's that is for the own account's record alone.
    narrow: String,
}

async fn world() -> World {
    let settings = format!("{SETTINGS}[locks]\nallow = \"'admin' in auth.roles\"\n");
    let app = App::of(&[("mainstay.toml", &settings), ("models/note.toml", NOTE)]);
    let (owner_id, owner) = app.account("owner").await;
    let (_, other) = app.account("other").await;
    let new = || post("/v1/notes").token(&owner).json(&json!({"text": "mine"}));
    let (note, deleted_note) = (app.send(new()).await.id(), app.send(new()).await.id());
    assert_eq!(app.send(delete(format!("/v1/notes/{deleted_note}")).token(&owner)).await.status, 204);
    let key = json!({"name": "mine", "scopes": ["auth.me"]});
    let made = app.send(post("/v1/auth/keys").token(&owner).json(&key)).await;
    let narrow = made.json()["key"].as_str().unwrap().to_owned();
    World { app, owner_id, owner, other, note, deleted_note, owners_key: made.id(), narrow }
}

const HIDDEN: (u16, Option<&str>) = (404, Some("not_found"));
const NEEDS_ACCOUNT: (u16, Option<&str>) = (401, Some("unauthenticated"));
const FORBIDDEN: (u16, Option<&str>) = (403, Some("forbidden"));
const OK: (u16, Option<&str>) = (200, None);

/// The case of an operation on a model whose records are `id` and, deleted, `deleted`.
fn record_case(kind: OperationKind, path: &str, id: &str, deleted: &str, fields: [Value; 3]) -> Option<Case> {
    let [creation, change, forbidden] = fields;
    let record = format!("{path}/{id}");
    let hidden = |ask| Case { ask, nobody: HIDDEN, other: HIDDEN, forbidden: None };
    Some(match kind {
        OperationKind::List => Case { ask: get(path), nobody: OK, other: OK, forbidden: None },
        // A watch that is let in never ends, so only its head is asked for: who may see no record is told of none, as in a list.
        OperationKind::Watch => {
            let watch = ask("HEAD", path).header("accept", "text/event-stream");
            Case { ask: watch, nobody: OK, other: OK, forbidden: None }
        }
        OperationKind::Get => hidden(get(record)),
        OperationKind::Create => Case {
            ask: post(path).json(&creation),
            nobody: NEEDS_ACCOUNT,
            other: FORBIDDEN,
            forbidden: Some(post(path).json(&forbidden)),
        },
        OperationKind::Update => {
            Case { forbidden: Some(patch(&record).json(&forbidden)), ..hidden(patch(&record).json(&change)) }
        }
        OperationKind::Put => {
            Case { forbidden: Some(put(&record).json(&forbidden)), ..hidden(put(&record).json(&creation)) }
        }
        OperationKind::Delete => hidden(delete(record)),
        OperationKind::UpdateMany | OperationKind::DeleteMany => {
            // Who sees none of the records writes to none.
            let filter = format!("{path}?filter=id%20%3D%3D%20'{id}'");
            let ask = |forbidden: &Value| match kind {
                OperationKind::UpdateMany => patch(&filter).json(forbidden),
                _ => delete(&filter),
            };
            let updates = kind == OperationKind::UpdateMany;
            let forbidden = updates.then(|| ask(&forbidden));
            // Accounts are deleted by admins alone.
            let other = if updates || path == "/v1/notes" { OK } else { FORBIDDEN };
            Case { ask: ask(&change), nobody: NEEDS_ACCOUNT, other, forbidden }
        }
        OperationKind::Restore => hidden(post(format!("{path}/{deleted}/restore"))),
        _ => return None,
    })
}

fn account_case(kind: OperationKind, world: &World) -> Option<Case> {
    let public = |ask, answer| Case { ask, nobody: answer, other: answer, forbidden: None };
    let own = |ask, other| Case { ask, nobody: NEEDS_ACCOUNT, other, forbidden: None };
    let address = json!({"email": "new@example.com", "password": PASSWORD, "roles": ["admin"]});
    let wrong = json!({"email": "owner@example.com", "password": "wrong password"});
    let change = json!({"current_password": "wrong password", "new_password": "battery staple"});
    let operation = json!({"op": "update", "model": "note", "id": world.note, "data": {"text": "theirs"}});
    let forbidden = json!({"op": "update", "model": "note", "id": world.note, "data": {"rank": 1}});
    let held = |ask: Ask| ask.header("fencing-token", "report:1");
    let batch = |operation: &Value| post("/v1/batch").json(&json!({"operations": [operation]}));
    Some(match kind {
        OperationKind::Batch => Case {
            forbidden: Some(batch(&forbidden)),
            ..public(batch(&operation), (422, Some("batch_failed")))
        },
        // Nobody gives themselves a role.
        OperationKind::Register => {
            public(post("/v1/auth/register").json(&address), (422, Some("validation_failed")))
        }
        OperationKind::Login => {
            public(post("/v1/auth/login").json(&wrong), (401, Some("invalid_credentials")))
        }
        OperationKind::Refresh => {
            let refresh = json!({"refresh_token": "not a token"});
            public(post("/v1/auth/refresh").json(&refresh), (401, Some("invalid_token")))
        }
        OperationKind::ChangePassword => {
            own(post("/v1/auth/password").json(&change), (401, Some("invalid_credentials")))
        }
        OperationKind::Me => own(get("/v1/auth/me"), OK),
        OperationKind::AppCheck => public(get("/v1/app/check"), OK),
        OperationKind::CreateKey => {
            let key = json!({"name": "x", "scopes": ["note.steal"]});
            own(post("/v1/auth/keys").json(&key), (422, Some("validation_failed")))
        }
        OperationKind::ListKeys => own(get(format!("/v1/auth/keys?user={}", world.owner_id)), HIDDEN),
        OperationKind::GetKey => own(get(format!("/v1/auth/keys/{}", world.owners_key)), HIDDEN),
        OperationKind::DeleteKey => own(delete(format!("/v1/auth/keys/{}", world.owners_key)), HIDDEN),
        OperationKind::AcquireLock => own(post("/v1/locks/report"), FORBIDDEN),
        OperationKind::GetLock => Case { nobody: HIDDEN, ..own(get("/v1/locks/report"), HIDDEN) },
        OperationKind::RenewLock => own(held(patch("/v1/locks/report")), FORBIDDEN),
        OperationKind::ReleaseLock => own(held(delete("/v1/locks/report")), FORBIDDEN),
        // The last, since it ends the session.
        OperationKind::Logout => own(post("/v1/auth/logout"), (204, None)),
        _ => return None,
    })
}

fn case(world: &World, kind: OperationKind, name: &str) -> Option<Case> {
    match name.split_once('.')? {
        ("note", _) => {
            let owner = &world.owner_id;
            let fields = [
                json!({"text": "theirs", "owner": owner}),
                json!({"text": "theirs"}),
                json!({"text": "mine", "rank": 1}),
            ];
            record_case(kind, "/v1/notes", &world.note, &world.deleted_note, fields)
        }
        ("user", _) => {
            let fields = [
                json!({"email": "x@example.com"}),
                json!({"name": "X"}),
                json!({"email": "x@example.com", "roles": ["admin"]}),
            ];
            record_case(kind, "/v1/users", &world.owner_id, &world.owner_id, fields)
        }
        _ => account_case(kind, world),
    }
}

#[tokio::test]
async fn every_operation_refuses_those_who_may_not() {
    let world = world().await;
    let mut operations: Vec<_> = world.app.engine.registry().operations().to_vec();
    operations.sort_by_key(|operation| operation.kind == OperationKind::Logout);
    for operation in &operations {
        let case = if operation.name == "batch" {
            account_case(operation.kind, &world)
        } else {
            case(&world, operation.kind, &operation.name)
        };
        let case = case.unwrap_or_else(|| panic!("{} has no case here", operation.name));
        check(&world, &operation.name, case.ask.clone(), case.nobody).await;
        check(&world, &operation.name, case.ask.token(&world.other), case.other).await;
        if let Some(forbidden) = case.forbidden {
            let reply = world.app.send(forbidden.token(&world.owner)).await;
            assert!([403, 422].contains(&reply.status.as_u16()), "{}: {}", operation.name, reply.body);
            assert!(reply.body.contains("forbidden"), "{}: {}", operation.name, reply.body);
        }
    }
    unharmed(&world).await;
}

/// The walk again, by the owner's own key: what its scopes do not name, it is not for.
#[tokio::test]
async fn every_operation_refuses_a_key_without_its_scope() {
    let world = world().await;
    for operation in world.app.engine.registry().operations().to_vec() {
        let case = match operation.name.as_str() {
            "batch" => account_case(operation.kind, &world),
            name => case(&world, operation.kind, name),
        };
        let case = case.unwrap_or_else(|| panic!("{} has no case here", operation.name));
        let reply = world.app.send(case.ask.token(&world.narrow)).await;
        let found = (reply.status.as_u16(), reply.json()["code"].as_str().map(str::to_owned));
        let expected = match operation.kind {
            // These do not look at who asks.
            OperationKind::Register | OperationKind::Login | OperationKind::Refresh => continue,
            OperationKind::AppCheck => continue,
            OperationKind::Me => (200, None),
            OperationKind::Batch => {
                assert_eq!(reply.json()["results"][0]["code"], "insufficient_scope", "{}", reply.body);
                (422, Some("batch_failed"))
            }
            // The answer to a HEAD request has no body that could say more.
            OperationKind::Watch => (403, None),
            _ => {
                let challenge = "Bearer error=\"insufficient_scope\"";
                assert_eq!(reply.header("www-authenticate"), challenge, "{}", operation.name);
                (403, Some("insufficient_scope"))
            }
        };
        assert_eq!(found, (expected.0, expected.1.map(str::to_owned)), "{}: {}", operation.name, reply.body);
    }
    unharmed(&world).await;
}

async fn check(world: &World, operation: &str, ask: Ask, (status, code): (u16, Option<&str>)) {
    let reply = world.app.send(ask).await;
    let found = (reply.status.as_u16(), reply.json()["code"].as_str().map(str::to_owned));
    assert_eq!(found, (status, code.map(str::to_owned)), "{operation}: {}", reply.body);
    assert!(!reply.body.contains("mine"), "{operation} shows what is another's: {}", reply.body);
    if status == 401 {
        assert!(reply.header("www-authenticate").starts_with("Bearer"), "{operation}");
    }
}

/// The owner's records are as they were.
async fn unharmed(world: &World) {
    let page = world
        .app
        .send(get("/v1/notes?deleted=include&fields=id,text,rank,version").token(&world.owner))
        .await
        .json();
    let texts: BTreeSet<String> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("{} {}", item["text"], item["rank"]))
        .collect();
    assert_eq!(texts, BTreeSet::from(["\"mine\" 0".to_owned()]), "{page}");
    let user = world.app.send(get("/v1/auth/me").token(&world.owner)).await.json();
    assert_eq!((&user["roles"], &user["version"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn a_field_that_one_may_not_see_is_left_out() {
    let world = world().await;
    let reply = world.app.send(get(format!("/v1/notes/{}", world.note)).token(&world.owner)).await.json();
    assert_eq!((&reply["rank"], reply.get("remark")), (&json!(0), None));
    let written = json!({"remark": "seen?"});
    let reply =
        world.app.send(patch(format!("/v1/notes/{}", world.note)).token(&world.owner).json(&written)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(!reply.body.contains("seen?"), "{}", reply.body);
}

#[tokio::test]
async fn an_admin_sees_accounts_and_gives_roles() {
    let world = world().await;
    let admin = world.app.admin().await;
    let accounts = world.app.send(get("/v1/users?order=email&fields=email").token(&admin)).await.json();
    let emails: Vec<&Value> =
        accounts["items"].as_array().unwrap().iter().map(|user| &user["email"]).collect();
    assert_eq!(emails, ["other@example.com", "owner@example.com", "root@example.com"]);
    let owner = format!("/v1/users/{}", world.owner_id);
    // An account made so would have no password, and nobody could ever log in with it.
    let account = post("/v1/users").token(&admin).json(&json!({"email": "new@example.com"}));
    assert_eq!(world.app.send(account).await.status, 403);
    let roles = patch(owner).token(&admin).json(&json!({"roles": ["editor"]}));
    assert_eq!(world.app.send(roles).await.json()["roles"], json!(["editor"]));
}

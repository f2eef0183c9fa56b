//! Every operation of the registry, asked over the socket by those who may not.
//!
//! The walk is over the registry, so that an operation without a case fails the test, as does one that the socket does not know.

use crate::support::{App, Live, PASSWORD, SETTINGS, call};
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

/// A channel about each note, for who may see it.
const CHANNEL: &str = r#"
pattern = "note/{note}"

[variables]
note = "note"

[allow]
subscribe = "note.allow.read"
publish = "note.owner == auth.id"
present = "note.allow.read"
"#;

/// What an operation is asked with, and the codes with which nobody and another's account are answered; empty for a success.
struct Case {
    request: Value,
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
    let settings = format!("{SETTINGS}[locks]\nallow = \"'admin' in auth.roles\"\n");
    let files = [("mainstay.toml", &*settings), ("models/note.toml", NOTE), ("channels/note.toml", CHANNEL)];
    let app = App::of(&files).await;
    let (owner_id, owner) = app.account("owner").await;
    let (_, other) = app.account("other").await;
    let mut live = Live::open(&app, &owner).await;
    let new = || call("note.create", json!({"body": {"text": "mine"}}));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let note = text(&live.ok(new()).await["ok"]["id"]);
    let deleted = text(&live.ok(new()).await["ok"]["id"]);
    live.ok(call("note.delete", json!({"record_id": deleted}))).await;
    let key = json!({"body": {"name": "mine", "scopes": ["auth.me"]}});
    let made = live.ok(call("auth.keys.create", key)).await["ok"].take();
    World { owner_id, owner, other, note, deleted, key: text(&made["id"]), narrow: text(&made["key"]), app }
}

fn record_case(kind: OperationKind, name: &str, id: &str, deleted: &str, fields: [Value; 2]) -> Option<Case> {
    let [creation, change] = fields;
    let with = |members| call(name, members);
    let hidden = |members| Case { request: with(members), nobody: "not_found", other: "not_found" };
    let filter = || json!({"filter": format!("id == '{id}'")});
    // Accounts are made and deleted by admins alone. Who sees none of the records writes to none.
    let of_many = if name == "user.delete_many" { "forbidden" } else { "" };
    Some(match kind {
        OperationKind::List => Case { request: with(json!({})), nobody: "", other: "" },
        OperationKind::Watch => {
            Case { request: json!({"type": "watch", "operation": name}), nobody: "", other: "" }
        }
        OperationKind::Get => hidden(json!({"record_id": id})),
        OperationKind::Create => {
            Case { request: with(json!({"body": creation})), nobody: "unauthenticated", other: "forbidden" }
        }
        OperationKind::Update => hidden(json!({"record_id": id, "body": change})),
        OperationKind::Put => hidden(json!({"record_id": id, "body": creation})),
        OperationKind::Delete => hidden(json!({"record_id": id})),
        OperationKind::Restore => hidden(json!({"record_id": deleted})),
        OperationKind::UpdateMany => {
            let request = with(json!({"parameters": filter(), "body": change}));
            Case { request, nobody: "unauthenticated", other: of_many }
        }
        OperationKind::DeleteMany => {
            Case { request: with(json!({"parameters": filter()})), nobody: "unauthenticated", other: of_many }
        }
        _ => return None,
    })
}

fn account_case(world: &World, kind: OperationKind, name: &str) -> Option<Case> {
    let public = |members, code| Case { request: call(name, members), nobody: code, other: code };
    let own = |members, other| Case { request: call(name, members), nobody: "unauthenticated", other };
    let update = json!({"op": "update", "model": "note", "id": world.note, "data": {"text": "theirs"}});
    let admin = json!({"email": "new@example.com", "password": PASSWORD, "roles": ["admin"]});
    let wrong = json!({"email": "owner@example.com", "password": "wrong password"});
    let change = json!({"current_password": "wrong password", "new_password": "battery staple"});
    let held = json!({"name": "report", "fencing": ["report:1"]});
    Some(match kind {
        OperationKind::Batch => public(json!({"body": {"operations": [update]}}), "batch_failed"),
        // Nobody gives themselves a role.
        OperationKind::Register => public(json!({"body": admin}), "validation_failed"),
        OperationKind::Login => public(json!({"body": wrong}), "invalid_credentials"),
        OperationKind::Refresh => public(json!({"body": {"refresh_token": "x"}}), "invalid_token"),
        OperationKind::ChangePassword => own(json!({"body": change}), "invalid_credentials"),
        OperationKind::Me => own(json!({}), ""),
        OperationKind::AppCheck => public(json!({}), ""),
        OperationKind::CreateKey => {
            own(json!({"body": {"name": "x", "scopes": ["note.steal"]}}), "validation_failed")
        }
        OperationKind::ListKeys => own(json!({"parameters": {"user": world.owner_id}}), "not_found"),
        OperationKind::GetKey | OperationKind::DeleteKey => own(json!({"record_id": world.key}), "not_found"),
        OperationKind::AcquireLock => own(json!({"name": "report"}), "forbidden"),
        OperationKind::GetLock => public(json!({"name": "report"}), "not_found"),
        OperationKind::RenewLock | OperationKind::ReleaseLock => own(held, "forbidden"),
        // The last, since it ends the session.
        OperationKind::Logout => own(json!({}), ""),
        _ => return None,
    })
}

fn channel_case(world: &World, kind: OperationKind) -> Option<Case> {
    let channel = format!("note/{}", world.note);
    let request = match kind {
        OperationKind::Publish => json!({"type": "publish", "channel": channel, "data": "theirs"}),
        OperationKind::Subscribe => json!({"type": "subscribe", "channel": channel}),
        OperationKind::Enter => json!({"type": "enter", "channel": channel, "state": "theirs"}),
        OperationKind::WatchPresence => json!({"type": "presence", "channel": channel}),
        _ => return None,
    };
    Some(Case { request, nobody: "unauthenticated", other: "forbidden" })
}

fn case(world: &World, kind: OperationKind, name: &str) -> Case {
    let case = match name.split_once('.') {
        Some(("note", _)) => {
            let fields = [json!({"text": "theirs", "owner": world.owner_id}), json!({"text": "theirs"})];
            record_case(kind, name, &world.note, &world.deleted, fields)
        }
        Some(("user", _)) => {
            let fields = [json!({"email": "x@example.com"}), json!({"name": "X"})];
            record_case(kind, name, &world.owner_id, &world.owner_id, fields)
        }
        _ => channel_case(world, kind).or_else(|| account_case(world, kind, name)),
    };
    case.unwrap_or_else(|| panic!("{name} has no case here"))
}

/// The code of the answer, and all that was said: of a watch up to where what is there has been told.
async fn asked(live: &mut Live, request: &Value) -> (String, String) {
    let (answer, _) = live.ask(request.clone()).await;
    let code = answer["error"]["code"].as_str().unwrap_or_default().to_owned();
    let mut said = answer.to_string();
    if code.is_empty() && request["type"] == "watch" {
        while !said.contains("\"ready\"") {
            said.push_str(&live.next().await.to_string());
        }
        live.ok(json!({"type": "end", "of": answer["id"]})).await;
    }
    (code, said)
}

#[tokio::test]
async fn every_operation_refuses_those_who_may_not() {
    let world = world().await;
    let mut owner = Live::open(&world.app, &world.owner).await;
    for request in [OperationKind::Subscribe, OperationKind::WatchPresence] {
        owner.ok(channel_case(&world, request).unwrap().request).await;
        owner.next().await;
    }
    let mut operations = world.app.engine.registry().operations().to_vec();
    operations.sort_by_key(|operation| operation.kind == OperationKind::Logout);
    let (mut nobody, mut other) =
        (Live::open(&world.app, "").await, Live::open(&world.app, &world.other).await);
    for operation in &operations {
        let case = case(&world, operation.kind, &operation.name);
        for (live, expected) in [(&mut nobody, case.nobody), (&mut other, case.other)] {
            let (code, said) = asked(live, &case.request).await;
            assert_eq!(code, expected, "{}: {said}", operation.name);
            assert!(!said.contains("mine"), "{} shows what is another's: {said}", operation.name);
            assert!(!said.contains(&world.note), "{} tells of what is another's: {said}", operation.name);
        }
    }
    // Nothing was heard on the channel, and nobody was seen there.
    assert_eq!(owner.ask(json!({"type": "ping"})).await.1, [Value::Null; 0]);
    unharmed(&world, &mut owner).await;
}

#[tokio::test]
async fn every_operation_refuses_a_key_without_its_scope() {
    let world = world().await;
    let mut live = Live::open(&world.app, &world.narrow).await;
    for operation in world.app.engine.registry().operations().to_vec() {
        let case = case(&world, operation.kind, &operation.name);
        let expected = match operation.kind {
            // These do not look at who asks.
            OperationKind::Register | OperationKind::Login | OperationKind::Refresh => continue,
            OperationKind::AppCheck => continue,
            OperationKind::Me => "",
            OperationKind::Batch => "batch_failed",
            _ => "insufficient_scope",
        };
        let (code, said) = asked(&mut live, &case.request).await;
        assert_eq!(code, expected, "{}: {said}", operation.name);
    }
    let mut owner = Live::open(&world.app, &world.owner).await;
    unharmed(&world, &mut owner).await;
}

/// Whether there is such a note is not told by how its channel is refused.
#[tokio::test]
async fn a_channel_of_what_is_hidden_is_refused_as_that_of_what_is_not() {
    let world = world().await;
    let mut other = Live::open(&world.app, &world.other).await;
    for id in [&world.note, &world.deleted, "00000000-0000-7000-8000-000000000000"] {
        for kind in ["subscribe", "presence"] {
            let (answer, _) = other.ask(json!({"type": kind, "channel": format!("note/{id}")})).await;
            assert_eq!(answer["error"]["code"], "forbidden", "{answer}");
        }
    }
}

/// The owner's records are as they were.
async fn unharmed(world: &World, owner: &mut Live) {
    let list = json!({"parameters": {"deleted": "include", "fields": "text,rank"}});
    let notes = owner.ok(call("note.list", list)).await;
    let note = json!({"text": "mine", "rank": 0});
    assert_eq!(notes["ok"]["items"], json!([note, note]), "{notes}");
    let me = owner.ok(call("auth.me", json!({}))).await;
    assert_eq!((&me["ok"]["id"], &me["ok"]["version"]), (&json!(world.owner_id), &json!(1)));
}

use crate::support::{App, code, id, nobody, user_id};
use mainstay_engine::{Action, Code, Command, Error, Input, Part};
use mainstay_expr::Vars;
use mainstay_ports::{Authority, Create, Isolation, MAX_CASCADE, Query, Step, Transaction};
use serde_json::{Value, json};

#[tokio::test]
async fn defaults_and_rules_say_whose_a_record_is() {
    let app = App::chat();
    let (ann, ben) = (app.account("ann@example.org", &[]).await, app.account("ben@example.org", &[]).await);
    let room = app.create(&ann, "room", json!({"name": "Lobby"})).await.unwrap();
    assert_eq!(app.json(&room)["owner"], user_id(&ann).to_string());
    let stolen = json!({"name": "Lobby", "owner": user_id(&ben)});
    assert_eq!(code(app.create(&ann, "room", stolen).await), Code::Forbidden);
    // Whoever forgot the access token is told so, and not that the owner is missing.
    assert_eq!(code(app.create(&nobody(), "room", json!({"name": "x"})).await), Code::Forbidden);
}

#[tokio::test]
async fn nobody_is_the_owner_of_nothing() {
    // A record without an owner, and a caller without an account: null equals null, but nobody equals nobody does not follow.
    let app = App::of(&[(
        "models/note.toml",
        "[fields]\nowner = { type = \"ref\", model = \"user\", optional = true }\n\
         [allow]\nread = \"owner == auth.id\"\ncreate = \"owner == auth.id\"\nupdate = \"owner == auth.id\"\n",
    )]);
    assert_eq!(code(app.create(&nobody(), "note", json!({})).await), Code::Forbidden);
}

#[tokio::test]
async fn what_one_may_not_see_one_cannot_change() {
    let app = App::chat();
    let (ann, ben) = (app.account("ann@example.org", &[]).await, app.account("ben@example.org", &[]).await);
    let room = app.create(&ann, "room", json!({"name": "Lobby"})).await.unwrap();
    assert_eq!(code(app.update(&ben, "room", id(&room), json!({"name": "Mine"})).await), Code::NotFound);
    assert_eq!(code(app.delete(&ben, "room", id(&room)).await), Code::NotFound);
    app.create(&ann, "member", json!({"room": id(&room), "user": user_id(&ben)})).await.unwrap();
    // Now he sees it, so the answer is another.
    assert_eq!(code(app.update(&ben, "room", id(&room), json!({"name": "Mine"})).await), Code::Forbidden);
    let moved = app.update(&ann, "room", id(&room), json!({"owner": user_id(&ben)})).await.err().unwrap();
    assert_eq!(moved.code, Code::Forbidden);
}

#[tokio::test]
async fn a_batch_is_one_transaction_with_an_error_for_each_fault() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let room_id = app.engine.new_id();
    let create = |model: &str, id, fields: Value| {
        let model = app.engine.application().model_named(model).unwrap();
        let input = Input::from_json(model, fields.as_object().unwrap()).unwrap();
        Command { model: model.id, action: Action::Create { id, input } }
    };
    let room = create("room", Some(room_id), json!({"name": "Lobby"}));
    let good = create("message", None, json!({"room": room_id, "text": "hello"}));
    let no_room = create("message", None, json!({"room": app.engine.new_id(), "text": "hello"}));
    let commands = vec![room.clone(), no_room.clone(), good.clone(), no_room];
    let error = app.engine.write_all(&ann, "batch", commands, Isolation::default()).await.unwrap_err();
    let faults: Vec<(Part, Code)> = error.parts.iter().map(|(part, error)| (*part, error.code)).collect();
    assert_eq!(error.code, Code::BatchFailed);
    assert_eq!(faults, [1, 3].map(|index| (Part::Operation(index), Code::Forbidden)));
    let (written, _) =
        app.engine.write_all(&ann, "batch", vec![room, good], Isolation::default()).await.unwrap();
    assert_eq!(written.len(), 2);
}

#[tokio::test]
async fn missing_fields_are_all_named_at_once() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let error: Error = app.create(&ann, "message", json!({})).await.unwrap_err();
    let missing: Vec<&str> = error.fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(missing, ["room", "text"]);
}

#[tokio::test]
async fn what_the_server_sets_is_passed_over() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let fields = json!({"name": "Lobby", "version": 7, "deleted_at": "x", "colour": "red"});
    let error = app.create(&ann, "room", fields).await.unwrap_err();
    let faults: Vec<(&str, &str)> =
        error.fields.iter().map(|field| (field.field.as_str(), field.code)).collect();
    assert_eq!(faults, [("colour", "unknown_field")]);
}

/// Staff see and write the cost; anyone writes the note and nobody but staff sees it; the serial number is staff's to see and never changes.
const ITEM: &str = r#"
[fields]
name = "string"
cost = { type = "int", optional = true, read = "'staff' in auth.roles", write = "'staff' in auth.roles" }
note = { type = "string", optional = true, read = "'staff' in auth.roles" }
serial = { type = "int", immutable = true, read = "'staff' in auth.roles" }
pin = { type = "secret", optional = true }
[allow]
read = "true"
create = "auth.id != null"
update = "auth.id != null"
delete = "'staff' in auth.roles"
"#;

async fn items() -> (App, mainstay_engine::Caller, mainstay_engine::Caller, uuid::Uuid) {
    let app = App::of(&[("models/item.toml", ITEM)]);
    let staff = app.account("staff@example.org", &["staff"]).await;
    let guest = app.account("guest@example.org", &[]).await;
    let fields = json!({"name": "lamp", "cost": 437, "note": "old", "serial": 7, "pin": "4711"});
    let item = id(&app.create(&staff, "item", fields).await.unwrap());
    (app, staff, guest, item)
}

#[tokio::test]
async fn a_refusal_does_not_tell_whether_a_hidden_value_was_right() {
    let (app, _, guest, item) = items().await;
    for cost in [436, 437] {
        assert_eq!(
            code(app.update(&guest, "item", item, json!({"cost": cost})).await),
            Code::Forbidden,
            "{cost}"
        );
    }
    for serial in [6, 7] {
        let error = app.update(&guest, "item", item, json!({"serial": serial})).await.unwrap_err();
        assert_eq!(error.fields[0].code, "immutable", "{serial}");
    }
}

#[tokio::test]
async fn a_write_of_a_hidden_value_always_counts() {
    let (app, staff, guest, item) = items().await;
    let version =
        async |caller, fields| app.update(caller, "item", item, fields).await.unwrap().record.version();
    assert_eq!(version(&guest, json!({"note": "new"})).await, 2);
    assert_eq!(version(&guest, json!({"note": "new"})).await, 3);
    assert_eq!(version(&guest, json!({"pin": "4711"})).await, 4);
    assert_eq!(version(&guest, json!({"name": "lamp"})).await, 4, "what one sees may stay as it is");
    assert_eq!(version(&staff, json!({"note": "new"})).await, 4);
}

#[tokio::test]
async fn a_replacement_leaves_what_its_author_cannot_see() {
    let (app, staff, guest, item) = items().await;
    let model = app.engine.application().model_named("item").unwrap();
    let fields = json!({"name": "torch", "serial": 7});
    let put = |fields: Value, if_version| {
        let input = Input::from_json(model, fields.as_object().unwrap()).unwrap();
        Command { model: model.id, action: Action::Put { id: item, input, if_version, only_create: false } }
    };
    assert_eq!(
        code(app.engine.write(&guest, "put", put(fields.clone(), None)).await),
        Code::ValidationFailed
    );
    let (written, _) = app.engine.write(&staff, "put", put(fields, Some(1))).await.unwrap();
    let seen = app.json(&written.view.unwrap());
    assert_eq!((&seen["name"], &seen["cost"], &seen["note"]), (&json!("torch"), &Value::Null, &Value::Null));
    app.update(&staff, "item", item, json!({"cost": 5, "note": "kept"})).await.unwrap();
    let of_guest = Input::from_json(model, json!({"name": "candle"}).as_object().unwrap()).unwrap();
    let action = Action::Put { id: item, input: of_guest, if_version: None, only_create: false };
    let refused = app.engine.write(&guest, "put", Command { model: model.id, action }).await;
    assert_eq!(code(refused), Code::ValidationFailed, "the serial number is required and has no default");
}

#[tokio::test]
async fn a_deleted_record_is_not_there_for_those_who_may_not_delete_it() {
    let (app, staff, guest, item) = items().await;
    app.delete(&staff, "item", item).await.unwrap();
    let model = app.engine.application().model_named("item").unwrap().id;
    let restore = || Command { model, action: Action::Restore { id: item, if_version: None } };
    assert_eq!(code(app.engine.write(&guest, "restore", restore()).await), Code::NotFound);
    assert!(app.engine.write(&staff, "restore", restore()).await.is_ok());
}

#[tokio::test]
async fn ids_grow_though_the_clock_jumps_back() {
    let app = App::chat();
    let start = app.engine.now();
    let mut last = app.engine.new_id();
    for micros in [0, 1_000, -1_000, -3_600_000_000, -3_599_000_000, 5, -1_795_249_800_000_000] {
        app.clock.set(start.saturating_add(micros));
        for _ in 0..3 {
            let id = app.engine.new_id();
            assert!(id > last, "{id} behind {last} at {micros}");
            last = id;
        }
    }
}

#[tokio::test]
async fn a_deletion_that_would_take_too_much_along_takes_nothing() {
    let allow = "[allow]\nread = \"true\"\ncreate = \"true\"\ndelete = \"true\"\n";
    let leaf = "[fields]\ntree = { type = \"ref\", model = \"tree\", on_delete = \"cascade\" }\n";
    let app = App::of(&[("models/tree.toml", allow), ("models/leaf.toml", &format!("{leaf}{allow}"))]);
    let tree = app.create(&nobody(), "tree", json!({})).await.unwrap();
    let model = app.engine.application().model_named("leaf").unwrap();
    let value = (model.field_named("tree").unwrap().id, mainstay_expr::Value::Uuid(id(&tree)));
    let step = |_| {
        let (id, values) = (app.engine.new_id(), vec![value.clone()]);
        Step::Create(Create { model: model.id, id, values, given: vec![] })
    };
    // The tree itself is one more than may go at once.
    let steps = (0..MAX_CASCADE).map(step).collect();
    let transaction = Transaction::new(Authority::System, Vars::default(), "grow", steps);
    app.store.transact(transaction).await.unwrap();
    assert_eq!(code(app.delete(&nobody(), "tree", id(&tree)).await), Code::CascadeTooLarge);
    let page = app.store.query(Query::one(tree.model, id(&tree))).await.unwrap();
    assert_eq!(page.rows.len(), 1);
}

use crate::support::{App, code, id, nobody, user_id};
use mainstay_engine::{Action, Code, Command, Error, Input};
use serde_json::{Value, json};

#[tokio::test]
async fn defaults_and_rules_say_whose_a_record_is() {
    let app = App::chat();
    let (ann, ben) = (app.account("ann@example.org", &[]).await, app.account("ben@example.org", &[]).await);
    let room = app.create(&ann, "room", json!({"name": "Lobby"})).await.unwrap();
    assert_eq!(app.json(&room)["owner"], user_id(&ann).to_string());
    let stolen = json!({"name": "Lobby", "owner": user_id(&ben)});
    assert_eq!(code(app.create(&ann, "room", stolen).await), Code::Forbidden);
    assert_eq!(code(app.create(&nobody(), "room", json!({"name": "x"})).await), Code::ValidationFailed);
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
    let error = app.engine.write_all(&ann, "batch", commands).await.unwrap_err();
    let faults: Vec<(usize, Code)> =
        error.operations.iter().map(|(index, error)| (*index, error.code)).collect();
    assert_eq!(error.code, Code::BatchFailed);
    assert_eq!(faults, [(1, Code::Forbidden), (3, Code::Forbidden)]);
    let (written, _) = app.engine.write_all(&ann, "batch", vec![room, good]).await.unwrap();
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
async fn what_the_server_sets_cannot_be_given() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let fields = json!({"name": "Lobby", "version": 7, "colour": "red"});
    let error = app.create(&ann, "room", fields).await.unwrap_err();
    let faults: Vec<(&str, &str)> =
        error.fields.iter().map(|field| (field.field.as_str(), field.code)).collect();
    assert_eq!(faults, [("version", "read_only"), ("colour", "unknown_field")]);
}

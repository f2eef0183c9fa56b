use crate::support::{App, code, id, nobody, user_id};
use mainstay_engine::{Caller, Code, Error, GetRequest, ListAnswer, ListRequest, OrderKey};
use mainstay_ports::Deleted;
use serde_json::json;
use uuid::Uuid;

/// A room of Ann's with messages `m0`, `m1`, …
async fn room_with(app: &App, messages: usize) -> (Caller, Uuid) {
    let ann = app.account("ann@example.org", &[]).await;
    let room = id(&app.create(&ann, "room", json!({"name": "Lobby"})).await.unwrap());
    for number in 0..messages {
        app.create(&ann, "message", json!({"room": room, "text": format!("m{number}")})).await.unwrap();
    }
    (ann, room)
}

async fn list(app: &App, caller: &Caller, model: &str, request: ListRequest) -> Result<ListAnswer, Error> {
    let model = app.engine.application().model_named(model).unwrap().id;
    app.engine.list(caller, model, &request).await
}

fn texts(app: &App, answer: &ListAnswer) -> Vec<String> {
    answer.items.iter().map(|view| app.json(view)["text"].as_str().unwrap().to_owned()).collect()
}

fn filter(source: &str) -> ListRequest {
    ListRequest { filter: Some(source.to_owned()), ..ListRequest::default() }
}

fn order(field: &str, descending: bool) -> Vec<OrderKey> {
    vec![OrderKey { field: field.to_owned(), descending }]
}

#[tokio::test]
async fn a_list_has_what_the_caller_may_see() {
    let app = App::chat();
    let (ann, room) = room_with(&app, 3).await;
    let ben = app.account("ben@example.org", &[]).await;
    assert_eq!(
        texts(&app, &list(&app, &ann, "message", ListRequest::default()).await.unwrap()),
        ["m0", "m1", "m2"]
    );
    assert!(list(&app, &ben, "message", ListRequest::default()).await.unwrap().items.is_empty());
    assert!(list(&app, &nobody(), "message", ListRequest::default()).await.unwrap().items.is_empty());
    app.create(&ann, "member", json!({"room": room, "user": user_id(&ben)})).await.unwrap();
    assert_eq!(list(&app, &ben, "message", ListRequest::default()).await.unwrap().items.len(), 3);
}

#[tokio::test]
async fn pages_follow_each_other_while_records_come_in() {
    let app = App::chat();
    let (ann, room) = room_with(&app, 5).await;
    let mut request = ListRequest { limit: 2, order: order("text", true), ..ListRequest::default() };
    let mut seen = Vec::new();
    loop {
        let answer = list(&app, &ann, "message", request.clone()).await.unwrap();
        seen.extend(texts(&app, &answer));
        app.create(&ann, "message", json!({"room": room, "text": "z"})).await.unwrap();
        match answer.next {
            Some(next) => request.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, ["m4", "m3", "m2", "m1", "m0"]);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_query() {
    let app = App::chat();
    let (ann, _) = room_with(&app, 3).await;
    let request = ListRequest { limit: 1, order: order("text", false), ..ListRequest::default() };
    let cursor = list(&app, &ann, "message", request.clone()).await.unwrap().next.unwrap();
    let with = |cursor: &str| ListRequest { cursor: Some(cursor.to_owned()), ..request.clone() };
    assert!(list(&app, &ann, "message", with(&cursor)).await.is_ok());
    let mut altered = cursor.clone();
    altered.replace_range(30..31, if &cursor[30..31] == "A" { "B" } else { "A" });
    for bad in [altered.as_str(), "", "AAAA", "not base64!", &"A".repeat(20_000)] {
        assert_eq!(code(list(&app, &ann, "message", with(bad)).await), Code::InvalidCursor, "{bad:.40}");
    }
    let other_order = ListRequest { order: order("text", true), ..with(&cursor) };
    assert_eq!(code(list(&app, &ann, "message", other_order).await), Code::InvalidCursor);
    let other_filter = ListRequest { filter: Some("text == 'm1'".to_owned()), ..with(&cursor) };
    assert_eq!(code(list(&app, &ann, "message", other_filter).await), Code::InvalidCursor);
}

#[tokio::test]
async fn a_filter_sees_through_relations_only_what_its_author_may_read() {
    let app = App::chat();
    let (ann, room) = room_with(&app, 1).await;
    let ben = app.account("ben@example.org", &[]).await;
    app.create(&ann, "member", json!({"room": room, "user": user_id(&ben)})).await.unwrap();
    let by_email = || filter("author.email == 'ann@example.org'");
    assert_eq!(list(&app, &ann, "message", by_email()).await.unwrap().items.len(), 1);
    // Ben reads the message and not Ann's account, so he cannot learn her address by asking for it.
    assert_eq!(list(&app, &ben, "message", by_email()).await.unwrap().items.len(), 0);
}

#[tokio::test]
async fn guarded_fields_are_hidden_and_cannot_be_probed() {
    let app = App::of(&[(
        "models/person.toml",
        "[fields]\nname = \"string\"\nsalary = { type = \"int\", read = \"'hr' in auth.roles\" }\n[allow]\nread = \"true\"\ncreate = \"true\"\n",
    )]);
    let hr = app.account("hr@example.org", &["hr"]).await;
    for (name, salary) in [("Ann", 10), ("Ben", 20)] {
        app.create(&hr, "person", json!({"name": name, "salary": salary})).await.unwrap();
    }
    let all = list(&app, &nobody(), "person", ListRequest::default()).await.unwrap();
    assert_eq!(app.json(&all.items[0]).get("salary"), None);
    for probe in ["salary > 15", "!(salary > 15)", "salary != 10", "salary == null || salary != null"] {
        assert!(list(&app, &nobody(), "person", filter(probe)).await.unwrap().items.is_empty(), "{probe}");
        assert!(!list(&app, &hr, "person", filter(probe)).await.unwrap().items.is_empty(), "{probe}");
    }
    let sorted = ListRequest { order: order("salary", false), ..ListRequest::default() };
    assert!(list(&app, &nobody(), "person", sorted.clone()).await.unwrap().items.is_empty());
    assert_eq!(list(&app, &hr, "person", sorted).await.unwrap().items.len(), 2);
}

#[tokio::test]
async fn expansion_follows_rights() {
    let app = App::chat();
    let (ann, room) = room_with(&app, 1).await;
    let ben = app.account("ben@example.org", &[]).await;
    app.create(&ann, "member", json!({"room": room, "user": user_id(&ben)})).await.unwrap();
    let expand = vec!["author".to_owned(), "room.owner".to_owned()];
    let request = ListRequest { expand, ..ListRequest::default() };
    let of = |answer: &ListAnswer| -> Vec<bool> {
        answer.items[0].expanded.iter().map(|(_, target)| target.is_some()).collect()
    };
    assert_eq!(of(&list(&app, &ann, "message", request.clone()).await.unwrap()), [true, true]);
    assert_eq!(of(&list(&app, &ben, "message", request).await.unwrap()), [false, true]);
}

#[tokio::test]
async fn deleted_records_are_for_those_who_may_delete_them() {
    let app = App::chat();
    let (ann, room) = room_with(&app, 2).await;
    let ben = app.account("ben@example.org", &[]).await;
    app.create(&ann, "member", json!({"room": room, "user": user_id(&ben)})).await.unwrap();
    let first = list(&app, &ann, "message", ListRequest::default()).await.unwrap().items[0].clone();
    app.delete(&ann, "message", id(&first)).await.unwrap();
    let with = |deleted| ListRequest { deleted, ..ListRequest::default() };
    let count =
        async |caller, deleted| list(&app, caller, "message", with(deleted)).await.unwrap().items.len();
    assert_eq!(count(&ann, Deleted::Exclude).await, 1);
    assert_eq!((count(&ann, Deleted::Include).await, count(&ann, Deleted::Only).await), (2, 1));
    assert_eq!((count(&ben, Deleted::Include).await, count(&ben, Deleted::Only).await), (1, 0));
    let model = app.engine.application().model_named("message").unwrap().id;
    let get = async |deleted| {
        app.engine
            .get(&ann, model, id(&first), &GetRequest { deleted, ..GetRequest::default() })
            .await
            .is_ok()
    };
    assert_eq!((get(false).await, get(true).await), (false, true));
}

#[tokio::test]
async fn bad_requests_have_codes() {
    let app = App::chat();
    let (ann, _) = room_with(&app, 1).await;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let cases = [
        (ListRequest { limit: 0, ..ListRequest::default() }, Code::InvalidLimit),
        (ListRequest { limit: 501, ..ListRequest::default() }, Code::InvalidLimit),
        (ListRequest { order: order("colour", false), ..ListRequest::default() }, Code::InvalidOrder),
        (
            ListRequest {
                order: [order("text", false), order("text", true)].concat(),
                ..ListRequest::default()
            },
            Code::InvalidOrder,
        ),
        (ListRequest { fields: names(&["colour"]), ..ListRequest::default() }, Code::InvalidFields),
        (ListRequest { expand: names(&["text"]), ..ListRequest::default() }, Code::InvalidExpand),
        (
            ListRequest { expand: names(&["room.owner.name.x"]), ..ListRequest::default() },
            Code::InvalidExpand,
        ),
        (filter("colour == 'red'"), Code::InvalidFilter),
        (filter("text =="), Code::InvalidFilter),
        (filter(&format!("{}text == 'x'{}", "(".repeat(200), ")".repeat(200))), Code::InvalidFilter),
        (filter(&"!".repeat(5_000)), Code::InvalidFilter),
        (
            filter(
                "room.members.all(a, room.members.all(b, room.members.all(c, a.user != b.user || b.user != c.user)))",
            ),
            Code::InvalidFilter,
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(code(list(&app, &ann, "message", request.clone()).await), expected, "{request:?}");
    }
}

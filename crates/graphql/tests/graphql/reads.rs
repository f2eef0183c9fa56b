//! Reading records: by id, in pages, along refs and back.

use crate::support::App;
use serde_json::{Value, json};

/// Two rooms of one account, with three and two messages.
struct World {
    app: App,
    owner: String,
    token: String,
    rooms: Vec<String>,
}

async fn world() -> World {
    let app = App::chat();
    let (owner, token) = app.account("owner").await;
    let mut rooms = Vec::new();
    for (name, count) in [("Lobby", 3), ("Attic", 2)] {
        let room = app.create(&token, "Room", json!({"name": name})).await;
        for number in 1..=count {
            let message = json!({"room": room, "text": format!("{name} {number}")});
            app.create(&token, "Message", message).await;
        }
        rooms.push(room);
    }
    World { app, owner, token, rooms }
}

impl World {
    #[track_caller]
    fn check(&self, document: &str, variables: Value, expected: Value) -> impl Future<Output = ()> {
        let data = self.app.data(&self.token, document, variables);
        async move { assert_eq!(data.await, expected) }
    }
}

#[tokio::test]
async fn a_record_is_read_by_its_id() {
    let world = world().await;
    let document =
        "query($id: UUID!) { room(id: $id) { __typename name key: id version owner { id email } owner_id } }";
    let expected = json!({"room": {
        "__typename": "Room", "name": "Lobby", "key": world.rooms[0], "version": 1,
        "owner": {"id": world.owner, "email": "owner@example.com"}, "owner_id": world.owner,
    }});
    world.check(document, json!({"id": world.rooms[0]}), expected).await;
    let (code, path) = world
        .app
        .refused(&world.token, document, json!({"id": "00000000-0000-7000-8000-000000000000"}))
        .await;
    assert_eq!((code.as_str(), path), ("not_found", json!(["room"])));
    let (code, _) = world.app.refused(&world.token, document, json!({"id": "x"})).await;
    assert_eq!(code, "invalid_id");
}

#[tokio::test]
async fn a_page_has_cursors_that_go_on() {
    let world = world().await;
    let document = "query($after: String) {
        messages(first: 2, after: $after, order: [{field: text, direction: DESC}]) {
            totalCount
            edges { cursor node { text } }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
    }";
    let first = world.app.data(&world.token, document, json!({})).await["messages"].take();
    assert_eq!(first["totalCount"], 5);
    assert_eq!(texts(&first), ["Lobby 3", "Lobby 2"]);
    let info = &first["pageInfo"];
    assert_eq!((&info["hasNextPage"], &info["hasPreviousPage"]), (&json!(true), &json!(false)));
    assert!(info["endCursor"].is_string() && info["startCursor"].is_string());
    // A cursor within the page goes on behind its record.
    let after = &first["edges"][0]["cursor"];
    let second = world.app.data(&world.token, document, json!({"after": after})).await["messages"].take();
    assert_eq!(texts(&second), ["Lobby 2", "Lobby 1"]);
    assert_eq!(second["pageInfo"]["hasPreviousPage"], true);
    let (code, _) = world.app.refused(&world.token, document, json!({"after": "x"})).await;
    assert_eq!(code, "invalid_cursor");
}

/// What a page says of itself: its texts, and whether there are more ahead of them and behind them.
fn outline(page: &Value) -> String {
    let info = &page["pageInfo"];
    format!("{} {} {}", texts(page).join(","), info["hasPreviousPage"], info["hasNextPage"])
}

const PAGES: &str =
    "query($first: Int, $after: String, $last: Int, $before: String, $order: [MessageOrder!]) {
    messages(first: $first, after: $after, last: $last, before: $before, order: $order) {
        edges { cursor node { text } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
}";

#[tokio::test]
async fn pages_go_both_ways() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let room = app.create(&token, "Room", json!({"name": "Lobby"})).await;
    for text in ["a", "b", "c", "d", "e"] {
        app.create(&token, "Message", json!({"room": room, "text": text})).await;
    }
    let page = async |variables: &Value| app.data(&token, PAGES, variables.clone()).await["messages"].take();
    let orders = [json!([]), json!([{"field": "text"}]), json!([{"field": "author"}, {"field": "text"}])];
    for order in orders {
        let whole = page(&json!({"order": order})).await;
        assert_eq!(outline(&whole), "a,b,c,d,e false false");
        let cursor = |place: usize| whole["edges"][place]["cursor"].clone();
        assert_eq!(whole["pageInfo"]["startCursor"].is_string(), cursor(0).is_string());
        let check = async |mut asked: Value, expected: &str| {
            asked["order"] = order.clone();
            let page = page(&asked).await;
            assert_eq!(outline(&page), expected, "{asked}");
            let ends = [&page["pageInfo"]["startCursor"], &page["pageInfo"]["endCursor"]];
            assert_eq!(ends.map(Value::is_null), [texts(&page).is_empty(); 2]);
        };
        check(json!({"first": 2}), "a,b false true").await;
        check(json!({"last": 2}), "d,e true false").await;
        check(json!({"last": 5}), "a,b,c,d,e false false").await;
        check(json!({"last": 2, "before": cursor(3)}), "b,c true true").await;
        check(json!({"last": 9, "before": cursor(3)}), "a,b,c false true").await;
        check(json!({"before": cursor(2)}), "a,b false true").await;
        check(json!({"first": 1, "before": cursor(2)}), "a false true").await;
        check(json!({"first": 2, "after": cursor(0), "before": cursor(4)}), "b,c true true").await;
        check(json!({"last": 2, "after": cursor(0), "before": cursor(4)}), "c,d true true").await;
        check(json!({"last": 9, "after": cursor(3)}), "e false false").await;
        check(json!({"last": 2, "before": cursor(0)}), " false false").await;
        check(json!({"first": 2, "after": cursor(4)}), " false false").await;
        check(json!({"last": 2, "after": cursor(0), "before": cursor(3)}), "b,c false true").await;
        check(json!({"last": 2, "after": cursor(0), "before": cursor(1)}), " false false").await;
        check(json!({"first": 2, "after": cursor(1), "before": cursor(4)}), "c,d true false").await;
    }
}

#[tokio::test]
async fn pages_walk_back_over_all_that_they_walked_over() {
    let world = world().await;
    let order = json!([{"field": "text", "direction": "DESC"}]);
    let (mut seen, mut before) = (Vec::new(), Value::Null);
    loop {
        let asked = json!({"last": 2, "before": before, "order": order});
        let page = world.app.data(&world.token, PAGES, asked).await["messages"].take();
        seen.extend(texts(&page).iter().rev().map(|text| (*text).to_owned()));
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
        before = page["pageInfo"]["startCursor"].clone();
    }
    assert_eq!(seen, ["Attic 1", "Attic 2", "Lobby 1", "Lobby 2", "Lobby 3"]);
    // Behind records, too.
    let document =
        "query($id: UUID!, $before: String) { rooms(order: {field: name}) { nodes { messages(last: 1) {
        nodes { text } pageInfo { hasPreviousPage hasNextPage startCursor } } } }
        room(id: $id) { messages(last: 1, before: $before) { nodes { text } } } }";
    let data = world.app.data(&world.token, document, json!({"id": world.rooms[0]})).await;
    let last = |room: usize| data["rooms"]["nodes"][room]["messages"].clone();
    assert_eq!(
        (&last(0)["nodes"], &last(1)["nodes"]),
        (&json!([{"text": "Attic 2"}]), &json!([{"text": "Lobby 3"}]))
    );
    assert_eq!(last(1)["pageInfo"]["hasPreviousPage"], true);
    let asked = json!({"id": world.rooms[0], "before": last(1)["pageInfo"]["startCursor"]});
    let data = world.app.data(&world.token, document, asked).await;
    assert_eq!(data["room"]["messages"]["nodes"], json!([{"text": "Lobby 2"}]));
}

#[tokio::test]
async fn pages_that_make_no_sense_are_refused() {
    let world = world().await;
    let check = async |asked: Value, code: &str, word: &str| {
        let reply =
            world.app.send(crate::support::query(PAGES, asked.clone()).token(&world.token)).await.json();
        let error = &reply["errors"][0];
        assert_eq!(
            (&error["extensions"]["code"], &error["path"]),
            (&json!(code), &json!(["messages"])),
            "{asked}"
        );
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    };
    check(json!({"first": 1, "last": 1}), "invalid_parameter", "both").await;
    check(json!({"first": -1}), "invalid_limit", "`first`").await;
    check(json!({"last": -1}), "invalid_limit", "`last`").await;
    check(json!({"last": 501}), "invalid_limit", "`last`").await;
    check(json!({"before": "x"}), "invalid_cursor", "cursor").await;
}

fn texts(page: &Value) -> Vec<&str> {
    page["edges"].as_array().unwrap().iter().map(|edge| edge["node"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn filters_are_typed_and_values_are_no_syntax() {
    let world = world().await;
    let document = "query($filter: MessageFilter, $where: String) {
        messages(filter: $filter, where: $where, order: {field: text}) { nodes { text } }
    }";
    let check = async |filter: Value, written: Value, expected: &[&str]| {
        let data = world.app.data(&world.token, document, json!({"filter": filter, "where": written})).await;
        let nodes = data["messages"]["nodes"].as_array().unwrap().clone();
        let texts: Vec<&str> = nodes.iter().map(|node| node["text"].as_str().unwrap()).collect();
        assert_eq!(texts, expected, "{filter} {written}");
    };
    check(json!({"text": {"eq": "Lobby 1"}}), json!(null), &["Lobby 1"]).await;
    check(json!({"text": {"startsWith": "Attic", "ne": "Attic 1"}}), json!(null), &["Attic 2"]).await;
    check(json!({"text": {"in": ["Lobby 1", "Attic 2"]}}), json!(null), &["Attic 2", "Lobby 1"]).await;
    check(json!({"text": {"in": []}}), json!(null), &[]).await;
    check(json!({"room_id": {"eq": world.rooms[1]}}), json!("text == 'Attic 1'"), &["Attic 1"]).await;
    check(
        json!({"room": {"name": {"eq": "Attic"}}, "version": {"gte": 1}}),
        json!(null),
        &["Attic 1", "Attic 2"],
    )
    .await;
    check(
        json!({"or": [{"text": {"eq": "Attic 1"}}, {"text": {"eq": "Lobby 3"}}]}),
        json!(null),
        &["Attic 1", "Lobby 3"],
    )
    .await;
    check(json!({"not": {"text": {"startsWith": "Lobby"}}}), json!(null), &["Attic 1", "Attic 2"]).await;
    check(json!({"and": [{}, {"text": {"gt": "Lobby 1"}}]}), json!(""), &["Lobby 2", "Lobby 3"]).await;
    check(json!({"room_id": {"isNull": true}}), json!(null), &[]).await;
    for hostile in ["x' || true || 'x", "x\" || true || \"x", "\\\" || true || \"", "\n", "\u{0}", "){"] {
        check(json!({"text": {"eq": hostile.replace('\0', "")}}), json!(null), &[]).await;
    }
    let refused = |filter: Value, written: Value| {
        world.app.refused(&world.token, document, json!({"filter": filter, "where": written}))
    };
    // What is joined to another condition closes no brackets that it did not open, and hides nothing in a comment.
    assert_eq!(refused(json!({"text": {"eq": "x"}}), json!("true) || (true")).await.0, "invalid_filter");
    check(json!({"text": {"eq": "x"}}), json!("true // ignored"), &[]).await;
    assert_eq!(refused(json!(null), json!("nonsense")).await.0, "invalid_filter");
    assert_eq!(refused(json!({"created_at": {"eq": "yesterday"}}), json!(null)).await.0, "invalid_filter");
    assert_eq!(refused(json!({"version": {"eq": {"a": 1}}}), json!(null)).await.0, "invalid_filter");
    assert_eq!(refused(json!({"version": {"eq": "1"}}), json!(null)).await.0, "invalid_filter");
}

#[tokio::test]
async fn records_are_found_along_refs_and_back() {
    let world = world().await;
    let document = "{
        rooms(order: {field: name}) { nodes {
            name
            owner { email owned_rooms(first: 1, order: {field: name, direction: DESC}) { totalCount nodes { name } } }
            messages(first: 1, order: {field: text, direction: DESC}) { nodes { text author { email } } pageInfo { hasNextPage endCursor } }
        } }
    }";
    let mut data = world.app.data(&world.token, document, json!({})).await;
    let nodes = data["rooms"]["nodes"].as_array_mut().unwrap();
    let cursor = nodes[1]["messages"]["pageInfo"]["endCursor"].take();
    nodes[0]["messages"]["pageInfo"]["endCursor"].take();
    let room = |name: &str, text: &str| {
        json!({
            "name": name,
            "owner": {"email": "owner@example.com", "owned_rooms": {"totalCount": 2, "nodes": [{"name": "Lobby"}]}},
            "messages": {
                "nodes": [{"text": text, "author": {"email": "owner@example.com"}}],
                "pageInfo": {"hasNextPage": true, "endCursor": null},
            },
        })
    };
    assert_eq!(*nodes, [room("Attic", "Attic 2"), room("Lobby", "Lobby 3")]);
    // The cursor is of that room's page.
    let more = "query($id: UUID!, $after: String) { room(id: $id) {
        messages(first: 1, after: $after, order: {field: text, direction: DESC}) { nodes { text } }
    } }";
    let expected = json!({"room": {"messages": {"nodes": [{"text": "Lobby 2"}]}}});
    world.check(more, json!({"id": world.rooms[0], "after": cursor}), expected).await;
    let (code, path) =
        world.app.refused(&world.token, more, json!({"id": world.rooms[1], "after": cursor})).await;
    assert_eq!((code.as_str(), path), ("invalid_cursor", json!(["room", "messages"])));
}

#[tokio::test]
async fn fragments_aliases_and_switches_come_to_what_the_specification_says() {
    let world = world().await;
    let document = "query($id: UUID!, $yes: Boolean!, $no: Boolean = false) {
        ...Root
        a: room(id: $id) { ...on Record { id @skip(if: $yes) version } ...Name @include(if: $yes) hidden: name @include(if: $no) }
    }
    fragment Root on Query { a: room(id: $id) { __typename ...Name } me { name } }
    fragment Name on Room { name owner { id } ...Owner }
    fragment Owner on Room { owner { email } }";
    let expected = json!({
        "a": {"__typename": "Room", "name": "Lobby", "owner": {"id": world.owner, "email": "owner@example.com"}, "version": 1},
        "me": {"name": null},
    });
    world.check(document, json!({"id": world.rooms[0], "yes": true}), expected).await;
    let expected = json!({
        "a": {"__typename": "Room", "name": "Lobby", "owner": {"id": world.owner, "email": "owner@example.com"},
            "id": world.rooms[0], "version": 1},
        "me": {"name": null},
    });
    world.check(document, json!({"id": world.rooms[0], "yes": false}), expected).await;
}

#[tokio::test]
async fn the_schema_tells_of_itself() {
    let world = world().await;
    let document = "{ __typename __schema { queryType { name } } __type(name: \"Room\") { kind description fields { name } } }";
    let data = world.app.data(&world.token, document, json!({})).await;
    assert_eq!(
        (&data["__typename"], &data["__schema"]["queryType"]["name"]),
        (&json!("Query"), &json!("Query"))
    );
    assert_eq!(data["__type"]["description"], "A place to talk.");
    let closed = App::with_settings("[graphql]\nintrospection = false\n");
    assert_eq!(closed.refused("", document, json!({})).await.0, "invalid_document");
}

//! How many queries a document comes to: as many as it has levels, however many records there are.

use crate::support::{App, CHAT, SETTINGS};
use futures::future::BoxFuture;
use mainstay_expr::Predicate;
use mainstay_ports::{Changes, Committed, Page, Position, Query, Store, StoreError, Transaction};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A store that counts what it is asked.
struct Counting {
    inner: Arc<dyn Store>,
    queries: Arc<AtomicUsize>,
}

impl Store for Counting {
    fn transact(&self, transaction: Transaction) -> BoxFuture<'_, Result<Committed, StoreError>> {
        self.inner.transact(transaction)
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page, StoreError>> {
        self.queries.fetch_add(1, Ordering::SeqCst);
        self.inner.query(query)
    }

    fn holds(&self, closed: Predicate) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.inner.holds(closed)
    }

    fn changes(&self, after: Position, limit: u32) -> BoxFuture<'_, Result<Changes, StoreError>> {
        self.inner.changes(after, limit)
    }

    fn position(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        self.inner.position()
    }

    fn heard(&self) -> Position {
        self.inner.heard()
    }

    fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }

    fn writable(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.writable()
    }

    fn wait_beyond(&self, position: Position) -> BoxFuture<'_, ()> {
        self.inner.wait_beyond(position)
    }

    fn trim_feed(&self, before_micros: i64, max_bytes: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.inner.trim_feed(before_micros, max_bytes)
    }
}

/// An application whose queries are counted, with rooms that have messages.
struct World {
    app: App,
    token: String,
    queries: Arc<AtomicUsize>,
}

async fn world(rooms: usize, messages: usize) -> World {
    let queries = Arc::<AtomicUsize>::default();
    let counted = queries.clone();
    let mut files = vec![("mainstay.toml", SETTINGS)];
    files.extend(CHAT);
    let app = App::over(&files, &[], |inner| Arc::new(Counting { inner, queries: counted }));
    let (_, token) = app.account("owner").await;
    for room in 0..rooms {
        let id = app.create(&token, "Room", json!({"name": format!("{room:03}")})).await;
        for message in 0..messages {
            let data = json!({"room": id, "text": format!("{room:03} {message:03}")});
            app.create(&token, "Message", data).await;
        }
    }
    World { app, token, queries }
}

impl World {
    async fn check(&self, document: &str, expected: usize) {
        // What is asked of the account is remembered behind the first request, where no other node could end it.
        self.queries_of("{ me { id } }").await;
        let of_account = self.queries_of("{ __typename }").await;
        assert_eq!(self.queries_of(document).await - of_account, expected, "{document}");
    }

    async fn queries_of(&self, document: &str) -> usize {
        self.queries.store(0, Ordering::SeqCst);
        self.app.data(&self.token, document, json!({})).await;
        self.queries.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn each_level_is_one_query() {
    let world = world(10, 3).await;
    world.check("{ rooms { nodes { name } } }", 1).await;
    world.check("{ rooms { nodes { name owner { email } } } }", 2).await;
    world.check("{ messages { nodes { text author { email } room { name owner { name } } } } }", 4).await;
    world.check("{ rooms { nodes { messages(first: 5) { totalCount nodes { text } } } } }", 2).await;
    world.check("{ rooms { nodes { messages(first: 5) { nodes { text author { email } } } } } }", 3).await;
    world
        .check("{ rooms { edges { node { owner { owned_rooms { nodes { owner { email } } } } } } } }", 4)
        .await;
    // The same again by another key is loaded once a member of the selection.
    world.check("{ rooms { nodes { a: messages(first: 5) { nodes { text } } b: messages(first: 2) { nodes { text } } } } }", 3).await;
    // Deeper than a list follows refs by itself.
    world.check("{ members { nodes { id } } messages { nodes { room { owner { owned_rooms { nodes { owner { email } } } } } } } }", 6).await;
}

/// Where there are too many to be read at once, each page is asked for by itself, and is the same.
#[tokio::test]
async fn pages_that_do_not_fit_together_are_what_they_would_be() {
    let world = world(4, 130).await;
    let document = "{ rooms(order: {field: name}) { nodes {
        messages(first: 125, order: {field: text, direction: DESC}) { totalCount nodes { text } pageInfo { hasNextPage } }
    } } }";
    let data = world.app.data(&world.token, document, json!({})).await;
    for (room, node) in data["rooms"]["nodes"].as_array().unwrap().iter().enumerate() {
        let page = &node["messages"];
        assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(130), &json!(true)));
        let nodes = page["nodes"].as_array().unwrap();
        assert_eq!((nodes.len(), &nodes[0]["text"]), (125, &json!(format!("{room:03} 129"))));
        assert_eq!(nodes[124]["text"], json!(format!("{room:03} 005")));
    }
}

#[tokio::test]
async fn refs_take_the_scope_for_a_record_wherever_they_are_followed() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let key = async |scopes: Value| {
        let make =
            "mutation($scopes: [String!]!) { createApiKey(data: {name: \"ci\", scopes: $scopes}) { key } }";
        let made = app.data(&token, make, json!({ "scopes": scopes })).await;
        made["createApiKey"]["key"].as_str().unwrap().to_owned()
    };
    let create = "mutation { createRoom(data: {name: \"A\"}) { record { name owner { email } } } }";
    let query = "{ rooms { nodes { name owner { email } } } }";
    let gets = key(json!(["room.create", "room.list", "user.get"])).await;
    let made = app.data(&gets, create, json!({})).await;
    assert_eq!(made["createRoom"]["record"]["owner"]["email"], "owner@example.com");
    assert_eq!(app.data(&gets, query, json!({})).await["rooms"]["nodes"][0], made["createRoom"]["record"]);
    let lists = key(json!(["room.create", "room.list", "user.list"])).await;
    assert_eq!(app.refused(&lists, create, json!({})).await.0, "insufficient_scope");
    assert_eq!(app.refused(&lists, query, json!({})).await.0, "insufficient_scope");
}

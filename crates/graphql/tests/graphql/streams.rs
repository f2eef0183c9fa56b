//! Subscriptions: over server-sent events and over WebSocket.

use crate::support::{App, query};
use futures::{SinkExt, StreamExt};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use mainstay_api::{Taken, Takeover};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tower::ServiceExt;

const WATCH: &str = "subscription($last: String, $snapshot: Boolean) {
    rooms(lastEventId: $last, snapshot: $snapshot, order: {field: name}) { type id operation recordId record { name } count more }
}";

/// The events of a response.
pub(crate) struct Events {
    chunks: axum::body::BodyDataStream,
    rest: String,
}

impl Events {
    async fn open(app: &App, token: &str, variables: Value) -> Self {
        Self::of(app, token, WATCH, variables).await
    }

    async fn of(app: &App, token: &str, document: &str, variables: Value) -> Self {
        Self::at("/graphql", app, token, document, variables).await
    }

    pub(crate) async fn at(path: &str, app: &App, token: &str, document: &str, variables: Value) -> Self {
        let mut ask = query(document, variables).token(token).header("accept", "text/event-stream");
        path.clone_into(&mut ask.path);
        let response = app.router.clone().oneshot(ask.request()).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"].to_str().unwrap()),
            (200, &"text/event-stream")
        );
        Events { chunks: response.into_body().into_data_stream(), rest: String::new() }
    }

    /// The next event: its name and its data.
    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.rest = rest;
                let line =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let Some(name) = line("event: ") else { continue };
                return (name, serde_json::from_str(&line("data: ").unwrap()).unwrap_or_default());
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.chunks.next()).await;
            self.rest.push_str(std::str::from_utf8(&chunk.unwrap().unwrap().unwrap()).unwrap());
        }
    }

    /// The next result of the subscription.
    async fn room(&mut self) -> Value {
        self.result("rooms").await
    }

    /// The next result, by its key.
    pub(crate) async fn result(&mut self, key: &str) -> Value {
        let (name, mut data) = self.next().await;
        assert_eq!((name.as_str(), data.get("errors")), ("next", None), "{data}");
        data["data"][key].take()
    }
}

fn shown(event: &Value) -> String {
    format!("{} {} {}", event["type"].as_str().unwrap(), event["operation"], event["record"]["name"])
}

#[tokio::test]
async fn a_watch_begins_with_a_snapshot_goes_on_with_changes_and_resumes() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let room = app.create(&token, "Room", json!({"name": "Lobby"})).await;
    let mut events = Events::open(&app, &token, json!({})).await;
    let first = events.room().await;
    assert_eq!(
        (shown(&first), &first["recordId"], &first["id"]),
        ("SNAPSHOT null \"Lobby\"".to_owned(), &json!(room), &Value::Null)
    );
    let ready = events.room().await;
    assert_eq!(
        (&ready["type"], &ready["count"], &ready["more"]),
        (&json!("READY"), &json!(1), &json!(false))
    );
    let attic = app.create(&token, "Room", json!({"name": "Attic"})).await;
    let entered = events.room().await;
    assert_eq!(shown(&entered), "ENTER \"CREATE\" \"Attic\"");
    app.data(
        &token,
        "mutation($id: UUID!) { updateRoom(id: $id, data: {name: \"Cellar\"}) { id } }",
        json!({"id": room}),
    )
    .await;
    assert_eq!(shown(&events.room().await), "CHANGE \"UPDATE\" \"Cellar\"");
    app.data(&token, "mutation($id: UUID!) { deleteRoom(id: $id) { id } }", json!({ "id": attic })).await;
    let left = events.room().await;
    assert_eq!((shown(&left), &left["recordId"]), ("LEAVE null null".to_owned(), &json!(attic)));
    drop(events);
    // Whoever comes back goes on behind the last event that it saw.
    let mut events = Events::open(&app, &token, json!({"last": entered["id"], "snapshot": false})).await;
    let missed = [events.room().await, events.room().await, events.room().await];
    let types: Vec<String> = missed.iter().map(shown).collect();
    assert!(types.contains(&"CHANGE \"UPDATE\" \"Cellar\"".to_owned()), "{types:?}");
    assert!(types.contains(&"LEAVE null null".to_owned()), "{types:?}");
}

#[tokio::test]
async fn watches_with_other_selections_are_told_what_each_asked_for() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let open = |selection: &'static str| {
        let document = format!("subscription {{ rooms(snapshot: false) {{ {selection} }} }}");
        let ask = query(&document, json!({})).token(&token).header("accept", "text/event-stream");
        let response = app.router.clone().oneshot(ask.request());
        async move {
            Events { chunks: response.await.unwrap().into_body().into_data_stream(), rest: String::new() }
        }
    };
    let mut watches =
        [open("type record { a: name }").await, open("type record { b: name __typename }").await];
    for watch in &mut watches {
        assert_eq!(watch.room().await["type"], "READY");
    }
    app.create(&token, "Room", json!({"name": "Lobby"})).await;
    let [a, b] = &mut watches;
    assert_eq!(a.room().await, json!({"type": "ENTER", "record": {"a": "Lobby"}}));
    assert_eq!(b.room().await, json!({"type": "ENTER", "record": {"b": "Lobby", "__typename": "Room"}}));
}

const BEYOND: &str = "subscription($room: UUID!, $last: String) {
    messages(filter: {room_id: {eq: $room}}, lastEventId: $last, order: {field: created_at}) {
        type id recordId count more operation
        record { text author_id author { email } room { name messages(last: 1, order: {field: text}) { totalCount nodes { text } } } }
    }
}";

/// What is said of a message: its text, its author, its room, how many messages the room has, and the last of them.
fn said(event: &Value) -> String {
    let record = &event["record"];
    let messages = &record["room"]["messages"];
    format!(
        "{} {} {} {} {} {}",
        event["type"].as_str().unwrap(),
        record["text"],
        record["author"]["email"],
        record["room"]["name"],
        messages["totalCount"],
        messages["nodes"][0]["text"]
    )
}

#[tokio::test]
async fn a_subscription_shows_what_records_point_to_as_the_subscriber_may_see_it() {
    let app = App::chat();
    let (owner, token) = app.account("owner").await;
    let (guest, guest_token) = app.account("guest").await;
    let room = app.create(&token, "Room", json!({"name": "Lobby"})).await;
    app.create(&token, "Member", json!({"room": room, "user": guest})).await;
    for text in ["a", "b"] {
        app.create(&token, "Message", json!({"room": room, "text": text})).await;
    }
    let mut own = Events::of(&app, &token, BEYOND, json!({"room": room})).await;
    let mut others = Events::of(&app, &guest_token, BEYOND, json!({"room": room})).await;
    let email = "\"owner@example.com\"";
    for text in ["a", "b"] {
        let expected = |email: &str| format!("SNAPSHOT \"{text}\" {email} \"Lobby\" 2 \"b\"");
        assert_eq!(said(&own.result("messages").await), expected(email));
        // The owner's account is not for the guest to see.
        let other = others.result("messages").await;
        assert_eq!((said(&other), &other["record"]["author_id"]), (expected("null"), &json!(owner)));
    }
    for events in [&mut own, &mut others] {
        let ready = events.result("messages").await;
        let told = [&ready["type"], &ready["count"], &ready["more"], &ready["record"]];
        assert_eq!(told, [&json!("READY"), &json!(2), &json!(false), &json!(null)]);
    }
    let made = app.create(&guest_token, "Message", json!({"room": room, "text": "c"})).await;
    let (own_event, other) = (own.result("messages").await, others.result("messages").await);
    assert_eq!(said(&own_event), "ENTER \"c\" null \"Lobby\" 3 \"c\"");
    assert_eq!(said(&other), "ENTER \"c\" \"guest@example.com\" \"Lobby\" 3 \"c\"");
    assert_eq!((&other["recordId"], &other["operation"]), (&json!(made), &json!("CREATE")));
    // Whoever comes back is told what it missed, with what it points to now.
    drop(own);
    app.create(&token, "Message", json!({"room": room, "text": "d"})).await;
    let renamed = "mutation($id: UUID!) { updateRoom(id: $id, data: {name: \"Attic\"}) { id } }";
    app.data(&token, renamed, json!({"id": room})).await;
    let asked = json!({"room": room, "last": own_event["id"]});
    let mut own = Events::of(&app, &token, BEYOND, asked).await;
    assert_eq!(own.result("messages").await["type"], "READY");
    let missed = own.result("messages").await;
    assert_eq!(said(&missed).split_once(' ').unwrap().1, format!("\"d\" {email} \"Attic\" 4 \"d\""));
}

#[tokio::test]
async fn what_cannot_be_loaded_for_a_subscriber_is_told_beside_its_event() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let document = "subscription { rooms(snapshot: false) { type record { name messages(where: \"nothing\") { totalCount } } } }";
    let mut events = Events::of(&app, &token, document, json!({})).await;
    assert_eq!(events.room().await["type"], "READY");
    for name in ["Lobby", "Attic"] {
        app.create(&token, "Room", json!({"name": name})).await;
        let (_, told) = events.next().await;
        assert_eq!(told["data"]["rooms"]["record"], json!({"name": name, "messages": null}));
        let error = &told["errors"][0];
        assert_eq!(error["extensions"]["code"], "invalid_filter");
        assert_eq!(error["path"], json!(["rooms", "record", "messages"]));
    }
    app.engine.close_watches();
    assert_eq!(events.next().await.1["errors"][0]["extensions"]["code"], "shutting_down");
}

#[tokio::test]
async fn a_subscription_ends_with_its_reason() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let mut events = Events::open(&app, &token, json!({"snapshot": false})).await;
    assert_eq!(events.room().await["type"], "READY");
    app.engine.close_watches();
    let (name, data) = events.next().await;
    assert_eq!((name.as_str(), &data["errors"][0]["extensions"]["code"]), ("next", &json!("shutting_down")));
    assert_eq!(events.next().await.0, "complete");
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_refused() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    assert_eq!(
        app.refused(&token, "subscription { rooms { type } messages { type } }", json!({})).await.0,
        "invalid_document"
    );
    assert_eq!(app.refused(&token, WATCH, json!({})).await.0, "invalid_parameter");
    let bad = query(WATCH, json!({"last": "x"})).token(&token).header("accept", "text/event-stream");
    let reply = app.send(bad).await;
    assert_eq!(
        (reply.status.as_u16(), reply.json()["errors"][0]["extensions"]["code"].as_str()),
        (400, Some("invalid_event_id"))
    );
    // What is answered at once is one event and the end.
    let once = query("{ __typename }", json!({})).header("accept", "text/event-stream");
    let body = app.send(once).await.body;
    assert_eq!(
        body,
        "event: next\ndata: {\"data\":{\"__typename\":\"Query\"}}\n\nevent: complete\ndata: \n\n"
    );
}

/// A server of the application, and where it is.
async fn served(app: &App) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = app.router.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, router.clone()));
        }
    });
    address.to_string()
}

/// Serves a connection, as the program does it: what takes it over goes on with it.
async fn serve(stream: TcpStream, router: axum::Router) {
    let takeover = Takeover::default();
    let service = service_fn(|mut request: http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(takeover.clone());
        router.clone().oneshot(request)
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _ = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let parts = connection.into_parts();
    if let Some(next) = takeover.take() {
        next(Taken { stream: Box::new(parts.io.into_inner()), read: parts.read_buf }).await;
    }
}

struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn connect(url: &str, protocol: &str) -> Self {
        let mut request = format!("ws://{url}/graphql").into_client_request().unwrap();
        if !protocol.is_empty() {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        let stream = TcpStream::connect(url).await.unwrap();
        Client(client_async(request, stream).await.unwrap().0)
    }

    async fn ready(url: &str, token: &str) -> Self {
        let mut client = Self::connect(url, "graphql-transport-ws").await;
        let payload =
            if token.is_empty() { json!({}) } else { json!({"Authorization": format!("Bearer {token}")}) };
        client.send(json!({"type": "connection_init", "payload": payload})).await;
        assert_eq!(client.next().await, json!({"type": "connection_ack"}));
        client
    }

    async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn subscribe(&mut self, id: &str, document: &str, variables: Value) {
        let payload = json!({"query": document, "variables": variables});
        self.send(json!({"type": "subscribe", "id": id, "payload": payload})).await;
    }

    async fn message(&mut self) -> Result<Message, Error> {
        tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.unwrap().unwrap()
    }

    async fn next(&mut self) -> Value {
        match self.message().await.unwrap() {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Sees that the socket is closed with this code.
    async fn closed(mut self, code: u16) {
        loop {
            match self.message().await {
                Ok(Message::Close(Some(frame))) => return assert_eq!(frame.code, CloseCode::from(code)),
                Ok(Message::Text(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_socket_carries_queries_mutations_and_subscriptions() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let url = served(&app).await;
    let mut client = Client::ready(&url, &token).await;
    client.subscribe("1", "{ me { email } }", json!({})).await;
    let payload = json!({"data": {"me": {"email": "owner@example.com"}}});
    assert_eq!(client.next().await, json!({"type": "next", "id": "1", "payload": payload}));
    assert_eq!(client.next().await, json!({"type": "complete", "id": "1"}));
    client.subscribe("w", "subscription { rooms { type record { name } } }", json!({})).await;
    assert_eq!(client.next().await["payload"]["data"]["rooms"]["type"], "READY");
    client.subscribe("1", "mutation { createRoom(data: {name: \"Lobby\"}) { created } }", json!({})).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let message = client.next().await;
        seen.push(format!(
            "{} {} {}",
            message["type"].as_str().unwrap(),
            message["id"].as_str().unwrap(),
            message["payload"]["data"]
        ));
    }
    seen.sort();
    assert_eq!(
        seen,
        [
            "complete 1 null",
            "next 1 {\"createRoom\":{\"created\":true}}",
            "next w {\"rooms\":{\"type\":\"ENTER\",\"record\":{\"name\":\"Lobby\"}}}",
        ]
    );
    client.send(json!({"type": "complete", "id": "w"})).await;
    client.send(json!({"type": "ping"})).await;
    assert_eq!(client.next().await, json!({"type": "pong"}));
    app.create(&token, "Room", json!({"name": "Attic"})).await;
    client.subscribe("e", "{ nothing }", json!({})).await;
    let error = client.next().await;
    assert_eq!(
        (&error["type"], &error["id"], &error["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("e"), &json!("invalid_document"))
    );
}

#[tokio::test]
async fn a_subscription_on_a_socket_goes_on_behind_an_event() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let url = served(&app).await;
    let with_owner = "subscription($last: String) { rooms(lastEventId: $last, snapshot: false) { type id record { name owner { email } } } }";
    for document in [WATCH, with_owner] {
        let mut client = Client::ready(&url, &token).await;
        client.subscribe("w", document, json!({"snapshot": false})).await;
        assert_eq!(client.next().await["payload"]["data"]["rooms"]["type"], "READY");
        app.create(&token, "Room", json!({"name": "Lobby"})).await;
        let entered = client.next().await["payload"]["data"]["rooms"].take();
        assert_eq!((&entered["type"], &entered["record"]["name"]), (&json!("ENTER"), &json!("Lobby")));
        drop(client);
        app.create(&token, "Room", json!({"name": "Attic"})).await;
        let mut client = Client::ready(&url, &token).await;
        client.subscribe("w", document, json!({"snapshot": false, "last": entered["id"]})).await;
        assert_eq!(client.next().await["payload"]["data"]["rooms"]["type"], "READY");
        let missed = client.next().await["payload"]["data"]["rooms"].take();
        assert_eq!(missed["record"]["name"], "Attic");
        if document == with_owner {
            assert_eq!(missed["record"]["owner"]["email"], "owner@example.com");
        }
        let bad = json!({"snapshot": false, "last": "x"});
        client.subscribe("bad", document, bad).await;
        let mut refused = client.next().await;
        while refused["id"] == "w" {
            refused = client.next().await;
        }
        assert_eq!(refused["payload"][0]["extensions"]["code"], "invalid_event_id");
    }
}

#[tokio::test]
async fn who_does_not_keep_to_the_protocol_is_told_by_the_code() {
    let app = App::chat();
    let url = served(&app).await;
    Client::connect(&url, "").await.closed(4406).await;
    let mut client = Client::connect(&url, "graphql-transport-ws").await;
    client.subscribe("1", "{ __typename }", json!({})).await;
    client.closed(4401).await;
    let mut client = Client::connect(&url, "graphql-transport-ws").await;
    client.send(json!({"type": "connection_init", "payload": {"token": "x"}})).await;
    client.closed(4403).await;
    let mut client = Client::ready(&url, "").await;
    client.send(json!({"type": "connection_init"})).await;
    client.closed(4429).await;
    let mut client = Client::ready(&url, "").await;
    client.send(json!({"type": "nonsense"})).await;
    client.closed(4400).await;
    let mut client = Client::ready(&url, "").await;
    for _ in 0..2 {
        client.subscribe("same", "subscription { rooms { type } }", json!({})).await;
    }
    client.closed(4409).await;
}

#[tokio::test]
async fn operations_on_a_socket_have_a_bound_and_a_token_that_ends_ends_them() {
    let app = App::chat();
    let (_, token) = app.account("owner").await;
    let url = served(&app).await;
    let mut client = Client::ready(&url, &token).await;
    client.subscribe("w", "subscription { rooms { type } }", json!({})).await;
    assert_eq!(client.next().await["payload"]["data"]["rooms"]["type"], "READY");
    app.data(&token, "mutation { logout }", json!({})).await;
    let end = client.next().await;
    assert_eq!(
        (&end["type"], &end["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("unauthenticated"))
    );
    client.closed(4403).await;
    let app = App::with_settings("[live]\nmessages_per_second = 1000\n");
    let url = served(&app).await;
    let mut client = Client::ready(&url, "").await;
    for id in 0..101 {
        client.subscribe(&id.to_string(), "subscription { rooms { type } }", json!({})).await;
    }
    let mut told = client.next().await;
    while told["id"] != "100" {
        told = client.next().await;
    }
    assert_eq!(
        (&told["type"], &told["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("too_many_subscriptions"))
    );
    client.send(json!({"type": "complete", "id": "0"})).await;
    client.subscribe("next", "{ __typename }", json!({})).await;
    while told["id"] != "next" {
        told = client.next().await;
    }
    assert_eq!(told["payload"]["data"]["__typename"], "Query");
}

#[tokio::test]
async fn sockets_of_an_account_have_a_bound_and_close_when_the_server_stops() {
    let app = App::with_settings("[live]\nsockets_per_caller = 2\n");
    let (_, token) = app.account("owner").await;
    let url = served(&app).await;
    let first = Client::ready(&url, &token).await;
    let second = Client::ready(&url, &token).await;
    // Without a token in the header it is nobody's until it says whose it is.
    let mut third = Client::connect(&url, "graphql-transport-ws").await;
    third.send(json!({"type": "connection_init", "payload": {"token": token}})).await;
    third.closed(1013).await;
    let refused = app.engine.refused_sockets().map(|(code, count)| (code.as_str(), count));
    assert_eq!(refused, [("too_many_sockets", 1), ("busy", 0)]);
    drop(first);
    let started = std::time::Instant::now();
    while app.engine.sockets() > 1 {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let again = Client::ready(&url, &token).await;
    app.engine.close_watches();
    second.closed(1001).await;
    again.closed(1001).await;
}

#[tokio::test]
async fn who_sends_too_much_is_let_go() {
    let app = App::with_settings("[live]\nmessages_per_second = 20\n");
    let url = served(&app).await;
    let mut client = Client::ready(&url, "").await;
    for _ in 0..40 {
        client.send(json!({"type": "ping"})).await;
    }
    client.closed(4429).await;
}

#[tokio::test]
async fn pages_of_others_may_open_no_socket() {
    let app = App::with_settings("[live]\norigins = [\"https://app.example.org\"]\n");
    let url = served(&app).await;
    for (origin, status) in [("https://app.example.org", 101), ("https://evil.example", 403)] {
        let mut request = format!("ws://{url}/graphql").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let stream = TcpStream::connect(&url).await.unwrap();
        let answered = match client_async(request, stream).await {
            Ok((_, response)) => response.status(),
            Err(Error::Http(response)) => response.status(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(answered, status, "{origin}");
    }
}

/// More than the system keeps of what is under way, in both directions.
const MUCH: usize = 64 << 20;

#[tokio::test]
async fn who_takes_no_answers_to_its_pings_is_not_read() {
    use tokio::io::AsyncWriteExt;
    let app = App::chat();
    let url = served(&app).await;
    let mut client = Client::ready(&url, "").await;
    // A client's frame: final, of 125 bytes, masked with zeros.
    let ping = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
    let (pings, mut sent) = (ping.repeat(500), 0);
    let connection = client.0.get_mut();
    while tokio::time::timeout(Duration::from_secs(2), connection.write_all(&pings)).await.is_ok() {
        sent += pings.len();
        assert!(sent < MUCH, "all is read, and the answers pile up");
    }
    // Who begins to take them is served as ever.
    assert_eq!(client.message().await.unwrap(), Message::Pong(vec![b'x'; 125].into()));
}

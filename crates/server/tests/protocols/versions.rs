//! Watchers of two versions of an API, over each protocol: one write, and each is told in its own terms.

use crate::grpc::{Grpc, path};
use crate::live::{Live, exchange, next};
use crate::support::{Client, Project, Server};
use prost_reflect::{DynamicMessage, MethodDescriptor};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tungstenite::client::IntoClientRequest;

const DEPRECATED: &str = "@1793491200";

struct World {
    ann: Client,
    server: Server,
    _project: Project,
}

impl World {
    fn new() -> Self {
        let project = Project::example("versions");
        let server = project.serve();
        let (ann, _) = server.client().registered("ann@example.org", "correct horse");
        World { ann, server, _project: project }
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.ann.token.as_ref().unwrap())
    }

    /// Writes in the newest version.
    fn task(&self, title: &str, price: &str) {
        let task = json!({"title": title, "price": price, "contact": "Ada King"});
        self.ann.post("/v2/tasks", &task).expect(201);
    }
}

#[test]
fn the_socket_tells_watchers_in_the_terms_of_their_version() {
    let world = World::new();
    let mut sockets = [(1, "todo"), (2, "task")].map(|(version, model)| {
        let mut socket = Live::new(world.server.address).open_version(version);
        let token = world.ann.token.as_ref().unwrap();
        let answer = exchange(&mut socket, &json!({"id": 1, "type": "auth", "token": token}));
        let end = json!({"version": 1, "deprecated": "2026-11-01T00:00:00.000000Z", "sunset": "2027-06-30T00:00:00.000000Z", "link": "https://example.org/tasks/moving-to-v2"});
        assert_eq!(answer["ok"]["api"], if version == 1 { end } else { Value::Null });
        let watch = json!({"id": 2, "type": "watch", "operation": format!("{model}.watch"), "snapshot": false});
        assert_eq!(exchange(&mut socket, &watch)["ok"], json!({}));
        socket
    });
    world.task("Sweep", "2.50");
    let expected = [
        json!({"name": "Sweep", "cents": 250, "state": "todo", "first_name": "Ada", "last_name": "King"}),
        json!({"title": "Sweep", "price": "2.50", "state": "open", "contact": "Ada King"}),
    ];
    for (socket, expected) in sockets.iter_mut().zip(expected) {
        let record = loop {
            let told = next(socket);
            let events = told["events"].as_array().unwrap_or_else(|| panic!("{told}"));
            if let Some(event) = events.iter().find(|event| event["event"] == "enter") {
                break event["record"].clone();
            }
        };
        expected.as_object().unwrap().iter().for_each(|(name, value)| {
            assert_eq!(&record[name], value, "{name} of {record}");
        });
        assert_eq!(record.get("title").is_some(), expected.get("title").is_some(), "{record}");
    }
    let call = json!({"id": 3, "type": "call", "operation": "todo.list", "parameters": {"filter": "state == 'todo'", "fields": "cents"}});
    assert_eq!(exchange(&mut sockets[0], &call)["ok"]["items"], json!([{"cents": 250}]));
    let unknown = exchange(&mut sockets[1], &call);
    assert!(unknown["error"]["code"].is_string(), "version 2 has no todos: {unknown}");
}

#[test]
fn grpc_tells_watchers_in_the_terms_of_their_version_and_when_it_ends() {
    let world = World::new();
    let (grpc, bearer) = (Grpc::new(world.server.address), world.bearer());
    let ann = [("authorization", bearer.as_str())];
    let older = grpc.method_in("tasks.v1", "TodoService", "Watch");
    let newer = grpc.method_in("tasks.v2", "TaskService", "Watch");
    let open = |method: &MethodDescriptor| {
        grpc.connection.stream(&path(method), &ann, &grpc.request(method, &json!({"snapshot": false})))
    };
    let (mut first, mut second) = (open(&older), open(&newer));
    world.task("Sweep", "2.50");
    let entered = |method: &MethodDescriptor, stream: &mut crate::grpc::connection::Stream<'_>| loop {
        let bytes = stream.next().expect("an event");
        let event = DynamicMessage::decode(method.output(), bytes.as_slice()).unwrap();
        if event.has_field_by_name("enter") {
            return event.get_field_by_name("enter").unwrap().as_message().unwrap().clone();
        }
    };
    let todo = entered(&older, &mut first);
    assert_eq!(todo.get_field_by_name("cents").unwrap().as_i64(), Some(250));
    assert_eq!(todo.get_field_by_name("last_name").unwrap().as_str(), Some("King"));
    let task = entered(&newer, &mut second);
    assert_eq!(task.get_field_by_name("price").unwrap().as_str(), Some("2.50"));
    let listed = |package, service| {
        let method = grpc.method_in(package, service, "List");
        let called = grpc.call(&method, &ann, &json!({}));
        assert_eq!(called.status(), 0, "{called:?}");
        called.headers.get("deprecation").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(listed("tasks.v1", "TodoService").as_deref(), Some(DEPRECATED));
    assert_eq!(listed("tasks.v2", "TaskService"), None);
    // Who is refused hears of it too.
    let refused =
        grpc.call(&grpc.method_in("tasks.v1", "TodoService", "List"), &ann, &json!({"filter": "cents > 1"}));
    assert_eq!(refused.status(), 3);
    assert_eq!(refused.headers["deprecation"], DEPRECATED);
}

#[test]
fn graphql_tells_watchers_in_the_terms_of_their_version_and_when_it_ends() {
    let world = World::new();
    let subscribe = |path: &str, document: &str| {
        let body = json!({"query": document}).to_string();
        let mut stream = TcpStream::connect(world.server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\ncontent-type: application/json\r\nauthorization: {}\r\ncontent-length: {}\r\n\r\n",
            world.bearer(),
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let begun = read_until(&mut stream, "\r\n\r\n");
        assert!(begun.starts_with("HTTP/1.1 200"), "{begun}");
        (stream, begun)
    };
    let (mut older, head) = subscribe(
        "/v1/graphql",
        "subscription { todos(snapshot: false) { type record { name cents state } } }",
    );
    assert!(head.contains(&format!("deprecation: {DEPRECATED}")), "{head}");
    let (mut newer, head) = subscribe(
        "/v2/graphql",
        "subscription { tasks(snapshot: false) { type record { title price state } } }",
    );
    assert!(!head.contains("deprecation"), "{head}");
    let acknowledged = |version: u32| {
        let url = format!("ws://{}/v{version}/graphql", world.server.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let stream = TcpStream::connect(world.server.address).unwrap();
        let (mut socket, _) = tungstenite::client(request, stream).unwrap();
        exchange(&mut socket, &json!({"type": "connection_init"}))
    };
    assert_eq!(acknowledged(1)["payload"]["api"]["sunset"], "2027-06-30T00:00:00.000000Z");
    assert_eq!(acknowledged(2), json!({"type": "connection_ack"}));
    world.task("Sweep", "2.50");
    let told = read_until(&mut older, "Sweep\"");
    let told = told + &read_until(&mut older, "}}");
    assert!(told.contains("\"cents\":250"), "{told}");
    let told = read_until(&mut newer, "Sweep\"");
    let told = told + &read_until(&mut newer, "}}");
    assert!(told.contains("2.50"), "{told}");
    let ask = |document: &str| world.ann.post("/v1/graphql", &json!({"query": document})).json();
    let found = ask("{ todos(where: \"state == 'todo'\") { nodes { name state } } }");
    assert_eq!(found["data"]["todos"]["nodes"], json!([{"name": "Sweep", "state": "todo"}]));
    let filtered = ask("{ todos(where: \"cents > 1\") { nodes { name } } }");
    assert_eq!(filtered["errors"][0]["extensions"]["code"], "invalid_filter", "{filtered}");
    let typed = ask("{ todos(filter: {cents: {gt: 1}}) { nodes { name } } }");
    assert_eq!(typed["errors"][0]["extensions"]["code"], "invalid_filter", "{typed}");
}

/// What a stream says, up to a text.
fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let (mut found, mut byte) = (Vec::new(), [0]);
    while !found.ends_with(text.as_bytes()) {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "it ended: {}", String::from_utf8_lossy(&found));
        found.push(byte[0]);
    }
    String::from_utf8(found).unwrap()
}

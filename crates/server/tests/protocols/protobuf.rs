//! Asks by REST in Protocol Buffers: its addresses and headers, with the messages that gRPC has.

use crate::grpc::{self, Grpc, problem};
use crate::rest;
use crate::scenario::{Driver, Outcome, Step};
use crate::support::{Answer, Project, Server, raw};
use prost::Message;
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use std::net::SocketAddr;

const PROTOBUF: &str = "application/protobuf";

pub(crate) struct Protobuf {
    address: SocketAddr,
    grpc: Grpc,
}

impl Protobuf {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Protobuf { address, grpc: Grpc::new(address) }
    }
}

impl Driver for Protobuf {
    fn ask(&mut self, step: &Step, token: Option<&str>) -> Outcome {
        let method = self.grpc.method_of(&step.operation);
        let (verb, path) = rest::place(step);
        let path = format!("{path}{}", rest::query(step));
        let mut headers = format!("accept: {PROTOBUF}\r\n");
        token.iter().for_each(|token| headers += &format!("authorization: Bearer {token}\r\n"));
        step.if_match.iter().for_each(|version| headers += &format!("if-match: \"{version}\"\r\n"));
        let of_body =
            Step { id: None, name: None, if_match: None, parameters: <_>::default(), ..step.clone() };
        let body = step.body.as_ref().map(|_| grpc::message_of(&method, &of_body).encode_to_vec());
        let answer = send(self.address, verb, &path, &headers, body.as_deref());
        if answer.status >= 400 {
            assert_eq!(answer.header("content-type"), Some(PROTOBUF), "{}", step.says);
            return problem::outcome_of(&answer.body);
        }
        assert_eq!(answer.header("content-type").is_some(), answer.status != 204, "{}", step.says);
        let message = DynamicMessage::decode(method.output(), answer.body.as_slice()).unwrap();
        grpc::outcome(&step.operation, &message)
    }
}

fn send(address: SocketAddr, verb: &str, path: &str, headers: &str, body: Option<&[u8]>) -> Answer {
    let mut head = format!("{verb} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}");
    if let Some(body) = body {
        head += &format!("content-type: {PROTOBUF}\r\ncontent-length: {}\r\n", body.len());
    }
    raw(address, &[format!("{head}\r\n").as_bytes(), body.unwrap_or_default()].concat())
}

struct World {
    grpc: Grpc,
    bearer: String,
    server: Server,
    _project: Project,
}

impl World {
    fn new() -> Self {
        let project = crate::project();
        let server = project.serve();
        let (ann, _) = server.client().registered("ann@example.org", "correct horse");
        let bearer = format!("Bearer {}", ann.token.unwrap());
        World { grpc: Grpc::new(server.address), bearer, server, _project: project }
    }

    fn send(&self, verb: &str, path: &str, more: &str, body: Option<&[u8]>) -> Answer {
        let headers = format!("authorization: {}\r\naccept: {PROTOBUF}\r\n{more}", self.bearer);
        send(self.server.address, verb, path, &headers, body)
    }

    fn request(&self, service: &str, method: &str, fields: &Value) -> Vec<u8> {
        self.grpc.request(&self.grpc.method(service, method), fields)
    }

    /// The one message that gRPC answers.
    fn by_grpc(&self, service: &str, method: &str, fields: &Value) -> Vec<u8> {
        let method = self.grpc.method(service, method);
        let called = self.grpc.call(&method, &[("authorization", &self.bearer)], fields);
        called.messages().pop().unwrap_or_else(|| panic!("{called:?}"))
    }

    /// Makes a shelf and answers its id.
    fn shelf(&self, name: &str) -> String {
        self.made("/v1/shelves", "ShelfService", &json!({"name": name}))
    }

    /// Makes a book and answers its id.
    fn book(&self, title: &str) -> String {
        let book = json!({"shelf": self.shelf("Kitchen"), "title": title, "price": "1.50", "more": {"a": [1, null]}, "tags": ["x", ""]});
        self.made("/v1/books", "BookService", &book)
    }

    fn made(&self, path: &str, service: &str, record: &Value) -> String {
        let body = self.request(service, "Create", &json!({"record": record}));
        let answer = self.send("POST", path, "", Some(&body));
        assert_eq!(answer.status, 201, "{answer:?}");
        let location = answer.header("location").unwrap();
        location.rsplit('/').next().unwrap().to_owned()
    }
}

#[test]
fn the_bytes_are_those_of_grpc() {
    let world = World::new();
    let book_id = world.book("Öl");
    let read = world.by_grpc("BookService", "Get", &json!({"id": &book_id, "expand": ["shelf"]}));
    assert_eq!(world.send("GET", &format!("/v1/books/{book_id}?expand=shelf"), "", None).body, read);
    let page = json!({"limit": 1, "count": true, "fields": ["title"]});
    let listed = world.send("GET", "/v1/books?limit=1&count=exact&fields=title", "", None);
    assert_eq!(listed.body, world.by_grpc("BookService", "List", &page));
    let me = world.send("GET", "/v1/auth/me", "", None);
    assert_eq!(me.body, world.by_grpc("AuthService", "Me", &json!({})));
    let gone = world.grpc.call(
        &world.grpc.method("ShelfService", "Get"),
        &[("authorization", &world.bearer), ("x-request-id", "same")],
        &json!({"id": book_id}),
    );
    let refused = world.send("GET", &format!("/v1/shelves/{book_id}"), "x-request-id: same\r\n", None);
    assert_eq!(refused.status, 404);
    assert_eq!(refused.body, problem::status_bytes(&gone));
}

#[test]
fn headers_say_what_they_say_of_json() {
    let world = World::new();
    let path = format!("/v1/books/{}", world.book("Öl"));
    let read = world.send("GET", &path, "", None);
    assert_eq!(read.header("etag"), Some("\"1;protobuf\""));
    assert!(read.header("mainstay-position").is_some());
    assert_eq!(world.send("GET", &path, "if-none-match: \"1;protobuf\"\r\n", None).status, 304);
    let renamed = world.request("BookService", "Update", &json!({"record": {"title": "Wasser"}}));
    let by_tag =
        |tag: &str| world.send("PATCH", &path, &format!("if-match: \"{tag}\"\r\n"), Some(&renamed)).status;
    assert_eq!((by_tag("1;protobuf"), by_tag("1;protobuf")), (200, 412));
    for alias in ["application/x-protobuf", "application/x-protobuffer; q=0.5", "Application/Protobuf"] {
        let headers = format!("authorization: {}\r\naccept: {alias}\r\n", world.bearer);
        let answer = send(world.server.address, "GET", &path, &headers, None);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(PROTOBUF)), "{alias}");
    }
}

#[test]
fn a_write_is_answered_once_more_with_the_same_message() {
    let world = World::new();
    let create = world.request("ShelfService", "Create", &json!({"record": {"name": "Hall"}}));
    let once = |verb: &str, path: &str, body: &[u8]| {
        world.send(verb, path, &format!("idempotency-key: {}\r\n", path.len()), Some(body))
    };
    let first = once("POST", "/v1/shelves", &create);
    let again = once("POST", "/v1/shelves", &create);
    assert_eq!((first.status, again.status, &first.body), (201, 201, &again.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("etag"), first.header("etag"));
    let operation = json!({"op": "BATCH_VERB_CREATE", "shelf_record": {"name": "Attic"}});
    let batch = world.request("BatchService", "Run", &json!({"operations": [operation]}));
    let (first, again) = (once("POST", "/v1/batch", &batch), once("POST", "/v1/batch", &batch));
    assert_eq!((first.status, &first.body), (200, &again.body));
    let key = "idempotency-key: 11\r\naccept: application/json;q=0.9, application/protobuf;q=0.1\r\n";
    let headers = format!("authorization: {}\r\n{key}", world.bearer);
    let other = send(world.server.address, "POST", "/v1/shelves", &headers, Some(&create));
    assert_eq!(other.status, 422, "the answer was kept as a message: {other:?}");
}

#[test]
fn what_is_no_request_of_the_operation_is_refused() {
    let world = World::new();
    let id = world.shelf("Kitchen");
    let path = format!("/v1/shelves/{id}");
    let update = |fields: Value| world.request("ShelfService", "Update", &fields);
    let cases = [
        (
            "the id of another record",
            update(json!({"id": uuid::Uuid::nil().to_string(), "record": {"name": "x"}})),
        ),
        ("a condition", update(json!({"record": {"name": "x"}, "if_version": [1]}))),
        ("a number that is not there", vec![0xf8, 0x07, 1]),
        ("no message", b"{\"name\": \"x\"}".to_vec()),
    ];
    for (says, body) in cases {
        let refused = world.send("PATCH", &path, "", Some(&body));
        let code = problem::problem_of(&refused.body).code;
        assert_eq!((refused.status, code.as_str()), (400, "invalid_message"), "{says}");
    }
    let same = update(json!({"id": id, "record": {"name": "Hall"}}));
    assert_eq!(world.send("PATCH", &path, "", Some(&same)).status, 200);
    let headers =
        format!("authorization: {}\r\ncontent-type: application/protobuf; encoding=json\r\n", world.bearer);
    assert_eq!(send(world.server.address, "PATCH", &path, &headers, None).status, 415);
    let sent = world.send("DELETE", &path, "", Some(&same));
    assert_eq!(sent.status, 400, "a deletion takes no body");
    let system = send(world.server.address, "GET", "/openapi.json", "accept: application/protobuf\r\n", None);
    assert!(system.header("content-type").unwrap().contains("json"));
}

#[test]
fn each_version_has_its_own_messages() {
    let task = "[fields]\ntitle = \"string\"\n[allow]\nread = \"true\"\ncreate = \"true\"\n";
    let renamed = "[models.task.fields.title]\nwas = \"name\"\n";
    let project = Project::of(&[("models/task.toml", task), ("api/v2.toml", renamed)]);
    let server = project.serve();
    let grpc = Grpc::new(server.address);
    let make = grpc.method_in("app.v1", "TaskService", "Create");
    let body = grpc.request(&make, &json!({"record": {"name": "Sweep"}}));
    let accept = format!("accept: {PROTOBUF}\r\n");
    let made = send(server.address, "POST", "/v1/tasks", &accept, Some(&body));
    let field = |method: &prost_reflect::MethodDescriptor, bytes: &[u8], name: &str| {
        let message = DynamicMessage::decode(method.output(), bytes).unwrap();
        message.get_field_by_name(name).unwrap().as_str().unwrap().to_owned()
    };
    assert_eq!(field(&make, &made.body, "name"), "Sweep");
    let path = made.header("location").unwrap().replace("/v1/", "/v2/");
    let read = send(server.address, "GET", &path, &accept, None);
    let get = grpc.method_in("app.v2", "TaskService", "Get");
    assert_eq!(field(&get, &read.body, "title"), "Sweep");
    let refused = send(server.address, "POST", "/v2/tasks", &accept, Some(b""));
    let problem = problem::problem_of(&refused.body);
    assert!(problem.names.contains(&"app.v2.Problem".to_owned()), "{problem:?}");
}

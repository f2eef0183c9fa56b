//! What gRPC has beside its operations: who may, metadata, deadlines, streams, the web, health.

use crate::grpc::connection::{Called, frame};
use crate::grpc::problem::problem;
use crate::grpc::{Grpc, answer, path};
use crate::support::{Project, Server};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};

const UNAUTHENTICATED: i32 = 16;
const NOT_FOUND: i32 = 5;
const DEADLINE_EXCEEDED: i32 = 4;
const INVALID_ARGUMENT: i32 = 3;
const NO_ID: &str = "00000000-0000-7000-8000-000000000000";

struct World {
    grpc: Grpc,
    ann: String,
    server: Server,
    _project: Project,
}

impl World {
    fn new() -> Self {
        let project = crate::project();
        let server = project.serve();
        let (ann, _) = server.client().registered("ann@example.org", "correct horse");
        let bearer = format!("Bearer {}", ann.token.unwrap());
        World { grpc: Grpc::new(server.address), ann: bearer, server, _project: project }
    }

    fn as_ann(&self, service: &str, name: &str, more: &[(&str, &str)], fields: &Value) -> Called {
        let metadata = [&[("authorization", self.ann.as_str())], more].concat();
        self.grpc.call(&self.grpc.method(service, name), &metadata, fields)
    }

    /// Makes a shelf and answers its id.
    fn shelf(&self, name: &str) -> String {
        let called = self.as_ann("ShelfService", "Create", &[], &json!({"record": {"name": name}}));
        text(&self.grpc.method("ShelfService", "Create"), &called, "id")
    }
}

fn text(method: &MethodDescriptor, called: &Called, field: &str) -> String {
    assert_eq!(called.status(), 0, "{called:?}");
    answer(method, called).get_field_by_name(field).unwrap().as_str().unwrap().to_owned()
}

/// What each method is asked with, and what nobody is answered: a status.
fn case(method: &MethodDescriptor) -> Option<(Value, i32)> {
    let service = method.parent_service().name().to_owned();
    let by_id = || json!({"id": NO_ID});
    let record = match service.as_str() {
        "ShelfService" => json!({"name": "Mine", "owner": NO_ID}),
        "BookService" => json!({"shelf": NO_ID, "title": "Mine"}),
        _ => json!({"email": "carl@example.org"}),
    };
    Some(match (service.as_str(), method.name()) {
        (_, "List") => (json!({}), 0),
        (_, "Watch") => (json!({}), 0),
        ("LockService", "Acquire" | "Renew" | "Release") => (json!({"name": "report"}), UNAUTHENTICATED),
        ("LockService", "Get") => (json!({"name": "report"}), NOT_FOUND),
        ("AppService", "Check") => (json!({"platform": "ios", "version": "1.0"}), 0),
        ("BatchService", "Run") => {
            let create = json!({"op": "BATCH_VERB_CREATE", "shelf_record": {"name": "Mine"}});
            (json!({"operations": [create]}), UNAUTHENTICATED)
        }
        ("AuthService", "Register") => (json!({"email": "bob@example.org", "password": "battery staple"}), 0),
        ("AuthService", "Login") => (json!({"email": "x@example.org", "password": "wrong"}), UNAUTHENTICATED),
        ("AuthService", "Refresh") => (json!({"refresh_token": "x"}), UNAUTHENTICATED),
        ("AuthService", "ChangePassword") => {
            (json!({"current_password": "x", "new_password": "y"}), UNAUTHENTICATED)
        }
        ("AuthService", "CreateKey") => (json!({"name": "x", "scopes": ["*"]}), UNAUTHENTICATED),
        ("AuthService", "GetKey" | "DeleteKey") => (by_id(), UNAUTHENTICATED),
        ("AuthService", "Logout" | "Me" | "ListKeys") => (json!({}), UNAUTHENTICATED),
        (_, "Get" | "Delete" | "Restore") => (by_id(), NOT_FOUND),
        (_, "Create") => (json!({"record": record}), UNAUTHENTICATED),
        (_, "Put") => (json!({"id": NO_ID, "record": record}), UNAUTHENTICATED),
        (_, "Update") => (json!({"id": NO_ID, "record": {"id": NO_ID}}), NOT_FOUND),
        ("BookService", "UpdateMany") => {
            (json!({"filter": "true", "record": {"title": "Mine"}}), UNAUTHENTICATED)
        }
        (_, "UpdateMany") => (json!({"filter": "true", "record": {"name": "Mine"}}), UNAUTHENTICATED),
        (_, "DeleteMany") => (json!({"filter": "true"}), UNAUTHENTICATED),
        _ => return None,
    })
}

fn service_of(method: &MethodDescriptor) -> String {
    method.parent_service().name().to_owned()
}

/// Whether the request itself shows who asks, so that the token is not looked at.
fn shows_itself(method: &MethodDescriptor) -> bool {
    method.parent_service().name() == "AuthService"
        && ["Register", "Login", "Refresh"].contains(&method.name())
}

#[test]
fn every_method_is_asked_by_those_who_may_not() {
    let world = World::new();
    let services: Vec<_> =
        world.grpc.pool.services().filter(|service| service.package_name() == "library.v1").collect();
    let mut seen = BTreeSet::new();
    for method in services.iter().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let (fields, expected) =
            case(&method).unwrap_or_else(|| panic!("no case for {}", method.full_name()));
        seen.insert(method.full_name().to_owned());
        let holds = ["Renew", "Release"].contains(&method.name());
        let fencing: &[(&str, &str)] = if holds { &[("fencing-token", "report:1")] } else { &[] };
        let bad = [&[("authorization", "Bearer mallory")], fencing].concat();
        let called = world.grpc.call(&method, &bad, &fields);
        if !shows_itself(&method) && service_of(&method) != "AppService" {
            assert_eq!(
                (called.status(), problem(&called).code.as_str()),
                (UNAUTHENTICATED, "invalid_token"),
                "{}",
                method.full_name()
            );
        }
        if method.is_server_streaming() {
            continue;
        }
        let called = world.grpc.call(&method, fencing, &fields);
        let expected = if method.name() == "Register" { 6 } else { expected };
        assert_eq!(called.status(), expected, "{}: {called:?}", method.full_name());
    }
    assert_eq!(seen.len(), 2 * 10 + 10 + 1 + 10 + 4 + 1, "{seen:?}");
}

#[test]
fn an_error_has_its_details() {
    let world = World::new();
    let called =
        world.as_ann("ShelfService", "Create", &[("x-request-id", "abc")], &json!({"record": {"name": ""}}));
    assert_eq!(called.status(), INVALID_ARGUMENT);
    let found = problem(&called);
    assert_eq!(found.code, "validation_failed");
    assert_eq!(found.fields, [("name".to_owned(), "min_length".to_owned())]);
    let names = ["google.rpc.ErrorInfo", "google.rpc.BadRequest", "library.v1.Problem"];
    assert_eq!(found.names, names);
    assert_eq!(called.headers["x-request-id"], "abc");
    assert!(called.trailer("grpc-message").unwrap().contains("name"), "{called:?}");
    // A batch tells the status of the first of its errors.
    let create = json!({"op": "BATCH_VERB_CREATE", "shelf_record": {"name": "Twice"}});
    let called = world.as_ann("BatchService", "Run", &[], &json!({"operations": [create, create]}));
    assert_eq!((called.status(), problem(&called).code.as_str()), (6, "batch_failed"));
}

#[test]
fn what_is_no_message_is_refused() {
    let world = World::new();
    let path = path(&world.grpc.method("ShelfService", "List"));
    let code = |message: &[u8]| {
        let called = world.grpc.connection.call(&path, &[], message);
        (called.status(), problem(&called).code)
    };
    assert_eq!(code(&[0x0a, 0xff]), (INVALID_ARGUMENT, "invalid_message".to_owned()));
    // A field that is not known would be passed over, and everything be listed.
    assert_eq!(code(&[0x98, 0x06, 0x01]), (INVALID_ARGUMENT, "invalid_message".to_owned()));
    let large = vec![b'x'; 2 << 20];
    assert_eq!(code(&large), (8, "body_too_large".to_owned()));
    let called = world.grpc.connection.send(&path, &[("content-type", "application/json")], Vec::new());
    assert_eq!(called.http_status, 415);
    let called = world.grpc.connection.call("/library.v1.ShelfService/Nothing", &[], &[]);
    assert_eq!(called.http_status, 404);
}

#[test]
fn metadata_are_kept() {
    let world = World::new();
    let once = [("idempotency-key", "k1")];
    let fields = json!({"record": {"name": "Once"}});
    let first = world.as_ann("ShelfService", "Create", &once, &fields);
    let again = world.as_ann("ShelfService", "Create", &once, &fields);
    assert_eq!(first.messages(), again.messages());
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = world.as_ann("ShelfService", "Create", &once, &json!({"record": {"name": "Other"}}));
    assert_eq!(problem(&other).code, "idempotency_key_reused");
    let position = first.headers["mainstay-position"].to_str().unwrap();
    assert_eq!(again.headers["mainstay-position"], position);
    let read = world.as_ann("ShelfService", "List", &[("mainstay-position", position)], &json!({}));
    assert_eq!(read.status(), 0);
    let read = world.as_ann("ShelfService", "List", &[("mainstay-position", "x")], &json!({}));
    assert_eq!(problem(&read).code, "invalid_parameter");
    let fenced = world.as_ann("ShelfService", "Create", &[("fencing-token", "report:1")], &fields);
    assert_eq!(problem(&fenced).code, "fenced");
}

#[test]
fn a_deadline_ends_a_call() {
    let world = World::new();
    let called = world.as_ann("ShelfService", "List", &[("grpc-timeout", "soon")], &json!({}));
    assert_eq!(called.status(), INVALID_ARGUMENT);
    // One that waits for a lock is dropped with its call.
    let lock = json!({"name": "report"});
    assert_eq!(world.as_ann("LockService", "Acquire", &[], &lock).status(), 0);
    let waiting = json!({"name": "report", "wait_ms": 10_000});
    let called = world.as_ann("LockService", "Acquire", &[("grpc-timeout", "200m")], &waiting);
    assert_eq!(called.status(), DEADLINE_EXCEEDED);
}

/// The kind of an event, and its id.
fn event(method: &MethodDescriptor, bytes: Option<Vec<u8>>) -> (String, String) {
    let message = DynamicMessage::decode(method.output(), bytes.expect("an event").as_slice()).unwrap();
    let kind = method.output().oneofs().next().unwrap().fields().find(|field| message.has_field(field));
    let id = message.get_field_by_name("id").unwrap().as_str().unwrap().to_owned();
    (kind.unwrap().name().to_owned(), id)
}

#[test]
fn a_watch_tells_what_happens_and_goes_on_behind_an_event() {
    let world = World::new();
    let method = world.grpc.method("ShelfService", "Watch");
    let ann = [("authorization", world.ann.as_str())];
    let request = |json: Value| DynamicMessage::deserialize(method.input(), json).unwrap().encode_to_vec();
    let id = world.shelf("First");
    let mut events =
        world.grpc.connection.stream(&path(&method), &ann, &request(json!({"filter": "!is_open"})));
    let mut next = || event(&method, events.next());
    assert_eq!(next().0, "snapshot");
    assert_eq!(next().0, "ready");
    world.shelf("Second");
    let (kind, entered) = next();
    assert_eq!(kind, "enter");
    let open = json!({"id": id, "record": {"is_open": true}});
    assert_eq!(world.as_ann("ShelfService", "Update", &[], &open).status(), 0);
    let (kind, left) = next();
    assert_eq!(kind, "leave");
    let behind = json!({"filter": "!is_open", "after": entered});
    let mut again = world.grpc.connection.stream(&path(&method), &ann, &request(behind));
    let mut resumed = event(&method, again.next());
    if resumed.0 == "ready" {
        resumed = event(&method, again.next());
    }
    assert_eq!(resumed, ("leave".to_owned(), left));
    // A deadline is the end of a stream too.
    let limited = [ann[0], ("grpc-timeout", "300m")];
    let mut limited =
        world.grpc.connection.stream(&path(&method), &limited, &request(json!({"snapshot": false})));
    while limited.next().is_some() {}
    assert_eq!(limited.status(), DEADLINE_EXCEEDED);
    // So is the end of the program, which says so and does not wait.
    let World { server, grpc, .. } = &world;
    server.signal("TERM");
    let mut last = String::new();
    while let Some(bytes) = events.next() {
        last = event(&method, Some(bytes)).0;
    }
    assert_eq!((last.as_str(), events.status()), ("end", 0));
    drop(again);
    let _ = grpc;
}

#[test]
fn messages_may_be_compressed() {
    let world = World::new();
    world.shelf("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let method = world.grpc.method("ShelfService", "List");
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zipped.write_all(&[0x0a, 4, b't', b'r', b'u', b'e']).unwrap();
    let mut body = frame(&zipped.finish().unwrap());
    body[0] = 1;
    let headers = [
        ("content-type", "application/grpc"),
        ("grpc-encoding", "gzip"),
        ("grpc-accept-encoding", "gzip"),
        ("authorization", world.ann.as_str()),
    ];
    let called = world.grpc.connection.send(&path(&method), &headers, body);
    assert_eq!((called.status(), called.body[0]), (0, 1), "{called:?}");
    let mut message = Vec::new();
    flate2::read::GzDecoder::new(&called.body[5..]).read_to_end(&mut message).unwrap();
    let page = DynamicMessage::decode(method.output(), message.as_slice()).unwrap();
    assert_eq!(page.get_field_by_name("items").unwrap().as_list().unwrap().len(), 1);
    // What grows beyond all bounds is stopped on its way.
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    zipped.write_all(&vec![0; 64 << 20]).unwrap();
    let mut body = frame(&zipped.finish().unwrap());
    body[0] = 1;
    let called = world.grpc.connection.send(&path(&method), &headers, body);
    assert_eq!(called.status(), 8, "{called:?}");
}

#[test]
fn the_web_gets_its_trailers_in_the_body() {
    let world = World::new();
    world.shelf("On the web");
    let path = path(&world.grpc.method("ShelfService", "List"));
    let ask = |content_type: &str, body: Vec<u8>| {
        let headers = [("content-type", content_type), ("authorization", world.ann.as_str())];
        let called = world.grpc.connection.send(&path, &headers, body);
        assert!(called.headers["content-type"].to_str().unwrap().starts_with(content_type), "{called:?}");
        called.body
    };
    let plain = ask("application/grpc-web", frame(&[]));
    let end = plain.windows(14).position(|window| window == b"grpc-status:0\r").unwrap();
    assert_eq!(plain[end - 5], 0x80);
    let encoded = ask("application/grpc-web-text", STANDARD.encode(frame(&[])).into_bytes());
    // Each piece is base64 of its own.
    let decoded: Vec<u8> = String::from_utf8(encoded)
        .unwrap()
        .split_inclusive("==")
        .flat_map(|piece| piece.split_inclusive('='))
        .flat_map(|piece| STANDARD.decode(piece).unwrap_or_default())
        .collect();
    assert!(!decoded.is_empty());
}

#[test]
fn health_is_what_readyz_says() {
    let world = World::new();
    let check = |service: &str| {
        let mut request = Vec::new();
        mainstay_proto::wire::some_text(1, service, &mut request);
        world.grpc.connection.call("/grpc.health.v1.Health/Check", &[], &request)
    };
    for service in ["", "library.v1.ShelfService"] {
        assert_eq!(check(service).messages(), [vec![8, 1]], "{service}");
    }
    assert_eq!(check("library.v1.NoService").status(), NOT_FOUND);
}

#[test]
fn rest_answers_in_http_2_too() {
    let world = World::new();
    let body = json!({"email": "ann@example.org", "password": "correct horse"}).to_string();
    let headers = [("content-type", "application/json")];
    let called = world.grpc.connection.send("/v1/auth/login", &headers, body.into_bytes());
    assert_eq!(called.http_status, 200);
    assert!(String::from_utf8(called.body).unwrap().contains("access_token"));
}

#[test]
fn each_version_of_the_api_is_a_package_of_its_own() {
    let task = "[fields]\ntitle = \"string\"\n[allow]\nread = \"true\"\ncreate = \"true\"\n";
    let renamed = "[models.task.fields.title]\nwas = \"name\"\n";
    let project = Project::of(&[("models/task.toml", task), ("api/v2.toml", renamed)]);
    let printed = project.run(&["proto", "--out", "proto"]).expect(0);
    printed.says(&["app/v1/app.proto", "app/v2/app.proto"]);
    project.run(&["proto", "--api-version", "1"]).expect(0).says(&["package app.v1;", " name = "]);
    project.run(&["proto", "--api-version", "3"]).expect(1).complains(&["no_such_version"]);
    let server = project.serve();
    let grpc = Grpc::new(server.address);
    let method = |package: &str, name: &str| grpc.method_in(package, "TaskService", name);
    let (make, read) = (method("app.v1", "Create"), method("app.v2", "Get"));
    let made = grpc.call(&make, &[], &json!({"record": {"name": "Sweep"}}));
    assert_eq!(text(&make, &made, "name"), "Sweep");
    let found = grpc.call(&read, &[], &json!({"id": text(&make, &made, "id")}));
    assert_eq!(text(&read, &found, "title"), "Sweep");
}

#[test]
fn a_client_that_is_too_old_may_ask_what_to_do_and_nothing_else() {
    let project =
        Project::of(&[("models/note.toml", "[fields]\ntext = \"string\"\n[allow]\nread = \"true\"\n")]);
    project.set("[app.ios]\nenforce = true\nminimum = \"2.0\"\nstore = \"2.1\"\n");
    let server = project.serve();
    let grpc = Grpc::new(server.address);
    let old = [("client-version", "ios/1.0")];
    let (list, check) = (grpc.method("NoteService", "List"), grpc.method("AppService", "Check"));
    let called = grpc.call(&list, &old, &json!({}));
    assert_eq!((called.status(), problem(&called).code.as_str()), (9, "client_outdated"));
    assert_eq!(grpc.call(&list, &[("client-version", "ios/2.0")], &json!({})).status(), 0);
    let asked = json!({"platform": "ios", "version": "1.0"});
    assert_eq!(text(&check, &grpc.call(&check, &old, &asked), "status"), "hard");
}

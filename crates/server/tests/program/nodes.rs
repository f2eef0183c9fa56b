//! Several nodes over one database.

use crate::support::{Client, Engine, Events, Project, Server, is_left_out};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

const ONE_PROCESS: &str = "a file is one process's alone";
/// What is withdrawn on one node is withdrawn on all within this, with time to spare for a busy machine.
const SOON: Duration = Duration::from_secs(3);
const PASSWORD: &str = "correct horse";

/// The client, as it would ask another node.
fn at(node: &Server, client: &Client) -> Client {
    Client { address: node.address, ..client.clone() }
}

/// Waits until a condition holds.
#[track_caller]
fn soon(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < SOON, "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn room(client: &Client, name: &str) -> Value {
    client.post("/v1/rooms", &json!({"name": name})).expect(201)
}

#[test]
fn a_node_takes_what_another_gave() {
    if is_left_out(Engine::Postgres, ONE_PROCESS) {
        return;
    }
    let project = Project::example("chat");
    let (one, other) = (project.serve(), project.serve());
    let (ann, _) = one.client().registered("ann@example.org", PASSWORD);
    let rooms: Vec<Value> = (0..3).map(|number| room(&ann, &format!("Room {number}"))).collect();
    // The token, the cursor, and the answer that was kept.
    let page = ann.get("/v1/rooms?limit=2").expect(200);
    let next = page["next"].as_str().unwrap();
    let rest = at(&other, &ann).get(&format!("/v1/rooms?limit=2&cursor={next}")).expect(200);
    assert_eq!(rest["items"][0]["id"], rooms[2]["id"]);
    let message = json!({"room": rooms[0]["id"], "text": "once"});
    let first = ann.post_once("a-key", "/v1/messages", &message).expect(201);
    let again = at(&other, &ann).post_once("a-key", "/v1/messages", &message).expect(201);
    assert_eq!(again, first);
    assert_eq!(ann.get("/v1/messages").expect(200)["items"].as_array().unwrap().len(), 1);
    // What ends on the one ends on the other.
    let ann_there = at(&other, &ann);
    assert_eq!(ann_there.get("/v1/auth/me").status, 200);
    assert_eq!(ann.send("POST", "/v1/auth/logout", None).status, 204);
    assert_eq!(ann.get("/v1/auth/me").status, 401);
    soon(|| ann_there.get("/v1/auth/me").status == 401);
}

#[test]
fn a_watch_goes_on_at_another_node() {
    if is_left_out(Engine::Postgres, ONE_PROCESS) {
        return;
    }
    let project = Project::example("chat");
    let (one, other) = (project.serve(), project.serve());
    let (ann, _) = one.client().registered("ann@example.org", PASSWORD);
    let room = room(&ann, "Lobby")["id"].as_str().unwrap().to_owned();
    let list = format!("/v1/messages?filter=room=='{room}'");
    let say = |client: &Client, text: &str| {
        client.post("/v1/messages", &json!({"room": room, "text": text})).expect(201);
    };
    let mut watch = Events::open(&at(&other, &ann), &list);
    assert_eq!(watch.next().unwrap().name, "ready");
    say(&ann, "one");
    let told = watch.next().unwrap();
    assert_eq!((told.name.as_str(), &told.data["record"]["text"]), ("enter", &json!("one")));
    drop(watch);
    say(&at(&other, &ann), "two");
    let mut resumed = Events::resume(&ann, &list, &told.id.unwrap());
    assert_eq!(resumed.next().unwrap().name, "ready");
    let missed = resumed.next().unwrap();
    assert_eq!((missed.name.as_str(), &missed.data["record"]["text"]), ("enter", &json!("two")));
    say(&at(&other, &ann), "three");
    assert_eq!(resumed.next().unwrap().data["record"]["text"], "three");
}

#[test]
fn a_watch_ends_with_its_session_on_whichever_node() {
    if is_left_out(Engine::Postgres, ONE_PROCESS) {
        return;
    }
    let project = Project::example("chat");
    let (one, other) = (project.serve(), project.serve());
    let (ann, _) = one.client().registered("ann@example.org", PASSWORD);
    let mut watch = Events::open(&at(&other, &ann), "/v1/rooms");
    assert_eq!(watch.next().unwrap().name, "ready");
    let started = Instant::now();
    assert_eq!(ann.send("POST", "/v1/auth/logout", None).status, 204);
    let end = watch.next().unwrap();
    assert_eq!((end.name.as_str(), &end.data), ("end", &json!({"reason": "unauthenticated"})));
    assert!(started.elapsed() < SOON);
}

fn with_master_key(project: &Project, key: &str) -> Option<Server> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    program.env("MAINSTAY_MASTER_KEY", key);
    Server::try_to_start(program, &project.path(""), &["serve"])
}

#[test]
fn a_master_key_is_the_same_on_all_nodes_or_they_do_not_start() {
    if is_left_out(Engine::Postgres, "keys in files need none") {
        return;
    }
    let project = Project::example("chat");
    let before = project.serve();
    let (ann, _) = before.client().registered("ann@example.org", PASSWORD);
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let sealed = with_master_key(&project, key).unwrap();
    assert_eq!(at(&sealed, &ann).get("/v1/auth/me").status, 200, "tokens stay good");
    assert_eq!(project.data().sql("SELECT count(*) FROM _mainstay_key WHERE NOT is_sealed"), "0");
    assert_eq!(ann.get("/v1/auth/me").status, 200, "who has the keys already goes on");
    for (key, complaint) in [
        ("", "error[bad_key]: a key in the database cannot be used"),
        ("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "sealed with another master key"),
        ("short", "error[bad_master_key]"),
    ] {
        assert!(with_master_key(&project, key).is_none(), "{key}");
        assert!(sealed.log().contains(complaint), "{}", sealed.log());
    }
}

/// It has room to listen and to read, and none to ask for its keys: those are not at fault.
#[test]
fn a_node_that_gets_too_few_connections_does_not_start() {
    if is_left_out(Engine::Postgres, "files need no connections") {
        return;
    }
    let project = Project::example("chat");
    drop(project.serve());
    let role = format!("scarce_{}", std::process::id());
    let tables = "GRANT ALL ON ALL TABLES IN SCHEMA public TO";
    project.data().sql(&format!("CREATE ROLE {role} LOGIN CONNECTION LIMIT 2; {tables} {role}"));
    let settings = project.read("mainstay.toml");
    let url = settings.lines().find_map(|line| line.strip_prefix("url = ")).unwrap().trim_matches('"');
    let mut program = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    program.env("MAINSTAY_DATA_URL", url.replacen("postgres@", &format!("{role}@"), 1));
    let started = Server::try_to_start(program, &project.path(""), &["serve"]);
    project.data().sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    assert!(started.is_none());
    let log = project.read("server.log");
    for part in ["error[database_unreachable]: the keys", "too many connections", "one more node"] {
        assert!(log.contains(part), "no {part:?} in:\n{log}");
    }
}

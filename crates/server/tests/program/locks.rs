//! Locks, over one node or, where the engine has several, over three.

use crate::support::{Answer, Client, Engine, Project, Server, engine};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

const PASSWORD: &str = "correct horse";
const LOCK: &str = "/v1/locks/job";
/// Longer than any of these tests.
const LEASE_MS: u32 = 300_000;

fn project() -> Project {
    let project = Project::example("chat");
    project.set("[locks]\nallow = \"auth.id != null\"");
    project
}

fn nodes(project: &Project) -> Vec<Server> {
    let count = if engine() == Engine::Postgres { 3 } else { 1 };
    (0..count).map(|_| project.serve()).collect()
}

fn at(node: &Server, client: &Client) -> Client {
    Client { address: node.address, ..client.clone() }
}

fn take(client: &Client, wait_ms: u32) -> Answer {
    client.post(LOCK, &json!({"lease_ms": LEASE_MS, "wait_ms": wait_ms}))
}

/// Asks as the holder of a lock.
fn held(client: &Client, lock: &Value, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let header = format!("fencing-token: {}\r\n", lock["token"].as_str().unwrap());
    client.ask(method, path, &header, body.map(Value::to_string).as_deref())
}

fn release(client: &Client, lock: &Value) -> Answer {
    held(client, lock, "DELETE", LOCK, None)
}

#[test]
fn of_those_who_contend_on_all_nodes_one_holds_the_lock() {
    let project = project();
    let nodes = nodes(&project);
    let (ann, _) = nodes[0].client().registered("ann@example.org", PASSWORD);
    let is_held = AtomicBool::new(false);
    let numbers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for contender in 0..6 {
            let client = at(&nodes[contender % nodes.len()], &ann);
            let (is_held, numbers) = (&is_held, &numbers);
            scope.spawn(move || {
                for _ in 0..5 {
                    let lock = take(&client, 25_000).expect(200);
                    assert!(!is_held.swap(true, Ordering::SeqCst), "two hold it");
                    numbers.lock().unwrap().push(lock["fencing"].as_i64().unwrap());
                    let room = json!({"name": lock["token"]});
                    held(&client, &lock, "POST", "/v1/rooms", Some(&room)).expect(201);
                    is_held.store(false, Ordering::SeqCst);
                    assert_eq!(release(&client, &lock).status, 204);
                    held(&client, &lock, "POST", "/v1/rooms", Some(&room)).expect_problem(412, "fenced");
                }
            });
        }
    });
    let numbers = numbers.into_inner().unwrap();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let rooms = ann.get("/v1/rooms?limit=100").expect(200);
    assert_eq!((numbers.len(), rooms["items"].as_array().unwrap().len()), (30, 30));
}

/// The lock is in the store and not in the node: who held it through a node that was killed goes on through another.
#[test]
fn a_lock_outlives_the_node_that_gave_it() {
    let project = project();
    let mut first = project.serve();
    let (ann, _) = first.client().registered("ann@example.org", PASSWORD);
    let lock = take(&ann, 0).expect(200);
    first.signal("KILL");
    first.wait();
    let second = project.serve();
    let ann = at(&second, &ann);
    take(&ann, 0).expect_problem(409, "lock_held");
    assert_eq!(ann.get(LOCK).expect(200)["token"], lock["token"]);
    held(&ann, &lock, "POST", "/v1/rooms", Some(&json!({"name": "still"}))).expect(201);
    let renewed = held(&ann, &lock, "PATCH", LOCK, Some(&json!({"lease_ms": LEASE_MS}))).expect(200);
    assert_eq!(renewed["fencing"], lock["fencing"]);
    assert_eq!(release(&ann, &lock).status, 204);
    let next = take(&ann, 0).expect(200);
    assert!(next["fencing"].as_i64() > lock["fencing"].as_i64());
    held(&ann, &lock, "POST", "/v1/rooms", Some(&json!({"name": "late"}))).expect_problem(412, "fenced");
}

/// Doctors of whom at least one stays on call: each pair tries to leave at once, from two nodes.
#[test]
fn a_batch_that_checks_keeps_writes_from_skew() {
    const DOCTOR: &str = "[fields]\nward = \"int\"\non_call = { type = \"bool\", default = true }\n\
        [allow]\nread = \"true\"\ncreate = \"true\"\nupdate = \"true\"\n";
    let project = Project::of(&[("models/doctor.toml", DOCTOR)]);
    let nodes = nodes(&project);
    let clients: Vec<Client> = nodes.iter().map(Server::client).collect();
    for ward in 0..15 {
        let doctor = || clients[0].post("/v1/doctors", &json!({"ward": ward})).expect(201)["id"].clone();
        let filter = format!("ward == {ward} && on_call");
        let leave = |client: &Client, id: &Value| {
            client.post(
                "/v1/batch",
                &json!({"operations": [
                    {"op": "check", "model": "doctor", "filter": filter, "expect": 2},
                    {"op": "update", "model": "doctor", "id": id, "data": {"on_call": false}},
                ]}),
            )
        };
        let (one, two) = (doctor(), doctor());
        let answers = std::thread::scope(|scope| {
            let (first, last) = (&clients[0], clients.last().unwrap());
            let leaving = [scope.spawn(|| leave(first, &one)), scope.spawn(|| leave(last, &two))];
            leaving.map(|thread| thread.join().unwrap().status)
        });
        let left = answers.iter().filter(|status| **status == 200).count();
        assert!(left <= 1 && answers.iter().all(|status| [200, 409, 422].contains(status)), "{answers:?}");
        let query = format!("/v1/doctors?count=exact&filter=ward=={ward}%26%26on_call");
        assert_eq!(clients[0].get(&query).expect(200)["count"], 2 - left);
    }
}

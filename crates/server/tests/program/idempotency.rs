//! `Idempotency-Key`, where it counts: behind a crash, and in a race.

use crate::chat::Chat;
use crate::support::{Answer, Client, Data};
use serde_json::{Value, json};
use std::thread;

/// What is the same in every answer to one request.
fn seen(answer: &Answer) -> (u16, Vec<&str>, &[u8]) {
    let passing = ["x-request-id:", "idempotency-replayed:", "date:"];
    let is_kept = |line: &&str| !passing.iter().any(|name| line.to_ascii_lowercase().starts_with(name));
    let mut head: Vec<&str> = answer.head.lines().filter(is_kept).collect();
    head.sort_unstable();
    (answer.status, head, &answer.body)
}

fn is_replayed(answer: &Answer) -> bool {
    answer.head.to_ascii_lowercase().contains("idempotency-replayed: true")
}

/// Sends a request many times at once, each on a connection of its own.
fn race(client: &Client, path: &str, body: &Value) -> Vec<Answer> {
    thread::scope(|scope| {
        let send = || client.post_once("race", path, body);
        let racers: Vec<_> = (0..32).map(|_| scope.spawn(send)).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

#[track_caller]
fn check_one_answer(answers: &[Answer]) {
    assert_eq!(answers.iter().filter(|answer| !is_replayed(answer)).count(), 1);
    for answer in answers {
        assert_eq!(seen(answer), seen(&answers[0]));
    }
}

#[test]
fn an_answer_outlives_a_crash() {
    let mut chat = Chat::new();
    let message = json!({"room": chat.room, "text": "once"});
    let first = chat.ann.post_once("crash", "/v1/messages", &message);
    first.expect(201);
    let credentials = json!({"email": "ann@example.org", "password": "correct horse"});
    let login = chat.ann.post_once("login", "/v1/auth/login", &credentials);
    login.expect(200);
    chat.server.signal("KILL");
    chat.server.wait();
    chat.server = chat.project.serve();
    let ann = Client { address: chat.server.address, ..chat.ann.clone() };
    let second = ann.post_once("crash", "/v1/messages", &message);
    assert!(is_replayed(&second), "{}", second.head);
    assert_eq!(seen(&second), seen(&first));
    assert_eq!(seen(&ann.post_once("login", "/v1/auth/login", &credentials)), seen(&login));
    assert_eq!(chat.messages(&ann, "order=created_at"), ["Hello?", "once"]);
    let other = json!({"room": chat.room, "text": "twice"});
    ann.post_once("crash", "/v1/messages", &other).expect_problem(422, "idempotency_key_reused");
    // No copy of a token in the clear.
    let token = login.json()["refresh_token"].as_str().unwrap().to_owned();
    let stored = chat.project.data().stored();
    assert!(!stored.windows(token.len()).any(|window| window == token.as_bytes()));
}

/// Makes the data what they were before the position of a write was kept beside its answer.
fn make_older(data: &Data) {
    let mut schema: Value =
        serde_json::from_str(data.sql("SELECT value FROM _mainstay_meta WHERE key = 'schema'").trim())
            .unwrap();
    let tables = schema["tables"].as_array_mut().unwrap();
    let kept = tables.iter_mut().find(|table| table["name"] == "_idempotency_key").unwrap();
    kept["columns"].as_array_mut().unwrap().retain(|column| column["name"] != "position");
    let schema = schema.to_string().replace('\'', "''");
    data.sql(&format!(
        "ALTER TABLE _idempotency_key DROP COLUMN position;
        UPDATE _mainstay_meta SET value = '{schema}' WHERE key = 'schema'; SELECT 1"
    ));
}

#[test]
fn answers_of_an_older_version_are_still_given() {
    let mut chat = Chat::new();
    let credentials = json!({"email": "ann@example.org", "password": "correct horse"});
    let login = chat.ann.post_once("login", "/v1/auth/login", &credentials);
    login.expect(200);
    assert!(chat.server.stop().success());
    make_older(chat.project.data());
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    chat.project.run(&serve).expect(1).complains(&["error[schema_differs]", "_idempotency_key"]);
    chat.project.run(&["migrate", "apply"]).expect(0).says(&["applied"]);
    chat.server = chat.project.serve();
    let ann = Client { address: chat.server.address, ..chat.ann.clone() };
    let again = ann.post_once("login", "/v1/auth/login", &credentials);
    assert!(is_replayed(&again), "{}", again.head);
    assert_eq!(seen(&again), seen(&login));
    let message = json!({"room": chat.room, "text": "once"});
    let first = ann.post_once("new", "/v1/messages", &message);
    first.expect(201);
    assert_eq!(seen(&ann.post_once("new", "/v1/messages", &message)), seen(&first));
}

#[test]
fn of_many_at_once_one_takes_effect() {
    let chat = Chat::new();
    let answers = race(&chat.ann, "/v1/messages", &json!({"room": chat.room, "text": "once"}));
    answers[0].expect(201);
    check_one_answer(&answers);
    assert_eq!(chat.messages(&chat.ann, "order=created_at"), ["Hello?", "once"]);
}

#[test]
fn a_refresh_in_a_race_gives_one_pair_of_tokens() {
    let chat = Chat::new();
    let credentials = json!({"email": "ann@example.org", "password": "correct horse"});
    let nobody = chat.server.client();
    let tokens = nobody.post("/v1/auth/login", &credentials).expect(200);
    let answers = race(&nobody, "/v1/auth/refresh", &json!({"refresh_token": tokens["refresh_token"]}));
    let fresh = answers[0].expect(200);
    check_one_answer(&answers);
    let token = fresh["access_token"].as_str().unwrap().to_owned();
    Client { token: Some(token), ..nobody }.get("/v1/auth/me").expect(200);
}

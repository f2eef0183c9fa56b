//! Who gets in after the move: what was given out before has to work.

use crate::house::House;
use crate::random::Random;
use crate::support::{Client, Events};
use serde_json::json;

#[test]
fn tokens_keys_positions_and_watches_go_on() {
    let house = House::new(&mut Random::seeded("doors"));
    let server = house.serve();
    let (ann, id) = server.client().registered("ann@example.org", "correct horse");
    let note = |client: &Client, text: &str| client.post("/v1/notes", &json!({"owner": "ann", "text": text}));
    note(&ann, "first").expect(201);
    let mut events = Events::open(&ann, "/v1/notes");
    let last = loop {
        let event = events.next().unwrap();
        if let (Some(id), "ready") = (event.id, event.name.as_str()) {
            break id;
        }
    };
    let second = note(&ann, "second");
    second.expect(201);
    let position = second.header("mainstay-position").unwrap();
    let once = ann.post_once("key-1", "/v1/notes", &json!({"owner": "ann", "text": "third"}));
    once.expect(201);
    house.r#move().expect(0);
    drop(events);
    assert!(server.stop().success());

    let moved = house.serve_moved();
    let ann = Client { address: moved.address, ..ann };
    assert_eq!(ann.get("/v1/auth/me").expect(200)["id"], json!(id), "the access token of before");
    moved.client().logged_in("ann@example.org", "correct horse");
    // The answer of before, and no second note.
    let again = ann.post_once("key-1", "/v1/notes", &json!({"owner": "ann", "text": "third"}));
    assert_eq!(again.expect(201)["id"], once.json()["id"]);
    assert_eq!(ann.get("/v1/notes").expect(200)["items"].as_array().unwrap().len(), 3);
    // A position of before is one of now,
    let read = ann.ask("GET", "/v1/notes", &format!("mainstay-position: {position}\r\n"), None);
    read.expect(200);
    // and a watch goes on behind it, with what was missed and nothing else.
    let mut resumed = Events::resume(&ann, "/v1/notes", &last);
    resumed.expect("ready", "");
    resumed.expect("enter", "second");
    resumed.expect("enter", "third");
    note(&ann, "fourth").expect(201);
    resumed.expect("enter", "fourth");
}

#[test]
fn an_old_file_can_be_taken_back() {
    let house = House::new(&mut Random::seeded("back"));
    let server = house.serve();
    house.r#move().expect(0);
    house.project.run(&["move", "--take-back"]).expect(1).complains(&["error[data_in_use]"]);
    assert!(server.stop().success());
    house.project.run(&["move", "--take-back"]).expect(0).complains(&["takes writes again"]);
    let server = house.project.serve();
    server.client().post("/v1/notes", &json!({"owner": "ann", "text": "here"})).expect(201);
}

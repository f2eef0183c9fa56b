//! The chat, from registration to reading.

use crate::support::{Client, Project, Server};
use serde_json::{Value, json};

/// A server with a room of Ann's, in which Ann has spoken.
pub(crate) struct Chat {
    pub(crate) project: Project,
    pub(crate) server: Server,
    pub(crate) ann: Client,
    pub(crate) room: String,
}

impl Chat {
    pub(crate) fn new() -> Chat {
        Chat::with(|_| {})
    }

    /// With something more in the project.
    pub(crate) fn with(prepare: impl FnOnce(&Project)) -> Chat {
        let project = Project::example("chat");
        prepare(&project);
        let server = project.serve();
        let (ann, _) = server.client().registered("ann@example.org", "correct horse");
        let room = ann.post("/v1/rooms", &json!({"name": "Kitchen"})).expect(201);
        let room = room["id"].as_str().unwrap().to_owned();
        let chat = Chat { project, server, ann, room };
        chat.say("Hello?").expect(201);
        chat
    }

    pub(crate) fn say(&self, text: &str) -> crate::support::Answer {
        self.ann.post("/v1/messages", &json!({"room": self.room, "text": text}))
    }

    pub(crate) fn messages(&self, client: &Client, query: &str) -> Vec<String> {
        let answer = client.get(&format!("/v1/messages?{query}")).expect(200);
        let text = |item: &Value| item["text"].as_str().unwrap().to_owned();
        answer["items"].as_array().unwrap().iter().map(text).collect()
    }
}

#[test]
fn members_read_and_strangers_see_nothing() {
    let chat = Chat::new();
    chat.say("Anybody here?").expect(201);
    let (bob, bob_id) = chat.server.client().registered("bob@example.org", "battery staple");

    let room = format!("/v1/rooms/{}", chat.room);
    bob.get(&room).expect_problem(404, "not_found");
    assert_eq!(chat.messages(&bob, ""), [""; 0]);
    let message = json!({"room": chat.room, "text": "me"});
    assert!([403, 404, 422].contains(&bob.post("/v1/messages", &message).status));

    chat.ann.post("/v1/members", &json!({"room": chat.room, "user": bob_id})).expect(201);
    assert_eq!(bob.get(&room).expect(200)["name"], "Kitchen");
    bob.post("/v1/messages", &message).expect(201);
    assert_eq!(chat.messages(&bob, "order=created_at"), ["Hello?", "Anybody here?", "me"]);
    assert_eq!(chat.messages(&chat.ann, "filter=text.startsWith('Any')"), ["Anybody here?"]);

    bob.patch(&room, &json!({"name": "Bob's"})).expect_problem(403, "forbidden");
    chat.server.client().get(&room).expect_problem(404, "not_found");
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let Chat { project, server, ann, room } = Chat::new();
    assert!(server.stop().success());
    let server = project.serve();
    // The token is good too: the keys are part of the data.
    let ann = Client { address: server.address, ..ann };
    assert_eq!(ann.get(&format!("/v1/rooms/{room}")).expect(200)["name"], "Kitchen");
    let chat = Chat { project, server, ann, room };
    assert_eq!(chat.messages(&chat.ann, ""), ["Hello?"]);
}

#[test]
fn the_reference_is_served() {
    let chat = Chat::new();
    let client = chat.server.client();
    assert_eq!(client.get("/healthz").status, 200);
    assert_eq!(client.get("/readyz").status, 200);
    assert!(client.get("/openapi.json").expect(200)["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(client.get("/docs").status, 200);
}

//! `mainstay key`

use crate::support::{Client, Engine, Project, engine};
use serde_json::json;

fn with_account() -> Project {
    let project = Project::example("chat");
    let create = ["user", "create", "--email", "ann@example.org", "--password-stdin"];
    project.run_with_input(&create, "correct horse\n").expect(0);
    project
}

const CREATE: [&str; 6] = ["key", "create", "--email", "ann@example.org", "--name", "importer"];

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn made(project: &Project, scope: &str) -> String {
    let made = project.run(&[&CREATE[..], &["--scope", scope]].concat()).expect(0);
    made.stdout.trim_end().to_owned()
}

fn status(client: &Client, key: &str, path: &str) -> u16 {
    Client { token: Some(key.to_owned()), ..client.clone() }.get(path).status
}

#[test]
fn a_key_works_within_its_scopes_until_it_is_revoked() {
    let project = with_account();
    let key = made(&project, "room.list");
    project
        .run(&["key", "list", "--email", "ann@example.org"])
        .expect(0)
        .says(&[&key[..12], "\timporter\troom.list\tdoes not end\tnot used yet\n"]);
    let server = project.serve();
    let client = server.client();
    assert_eq!(status(&client, &key, "/v1/rooms"), 200);
    assert_eq!(status(&client, &key, "/v1/messages"), 403);
    let ann = client.logged_in("ann@example.org", "correct horse");
    let by_api = ann.post("/v1/auth/keys", &json!({"name": "other", "scopes": ["*"]})).expect(201);
    let by_api = by_api["key"].as_str().unwrap().to_owned();
    assert_eq!(status(&client, &by_api, "/v1/messages"), 200);
    if engine() == Engine::Sqlite {
        // The server has the data open, and can do it itself.
        project.run(&["key", "revoke", "--prefix", &key]).expect(1).complains(&["error[data_in_use]", "API"]);
    }
    let id = ann.get("/v1/auth/keys").expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(ann.send("DELETE", &format!("/v1/auth/keys/{id}"), None).status, 204);
    assert_eq!(status(&client, &key, "/v1/rooms"), 401);
    server.stop();
    project
        .run(&["key", "revoke", "--prefix", &key])
        .expect(1)
        .complains(&["error[no_such_key]", &key[..12]]);
    project.run(&["key", "revoke", "--prefix", &by_api]).expect(0).complains(&["revoked 1 key"]);
    let server = project.serve();
    assert_eq!(status(&server.client(), &by_api, "/v1/messages"), 401);
}

#[test]
fn a_key_is_kept_nowhere_as_it_is() {
    let project = with_account();
    project.set("[log]\nlevel = \"trace\"");
    let key = made(&project, "*");
    let server = project.serve();
    assert_eq!(status(&server.client(), &key, "/v1/rooms"), 200);
    assert_eq!(status(&server.client(), &format!("{key}0"), "/v1/rooms"), 401);
    let log = server.logged("\"status\":401");
    server.stop();
    assert!(log.contains("/v1/rooms"), "{log}");
    let secret = key.rsplit('_').next().unwrap();
    assert!(!log.contains(secret), "{log}");
    let stored = project.data().stored();
    assert!(contains(&stored, &key[..12]), "the key is not there");
    assert!(!contains(&stored, secret));
}

#[test]
fn what_is_wrong_with_a_key_is_said() {
    let project = with_account();
    let create = |more: &[&str]| project.run(&[&CREATE[..], more].concat());
    create(&["--scope", "rooms.list"]).expect(1).complains(&[
        "error[validation_failed]",
        "scopes: ",
        "did you mean `room.list`?",
    ]);
    create(&[]).expect(2).complains(&["--scope"]);
    create(&["--scope", "*", "--expires-in-days", "0"]).expect(2).complains(&["--expires-in-days"]);
    project
        .run(&["key", "list", "--email", "eve@example.org"])
        .expect(1)
        .complains(&["error[no_such_account]"]);
    create(&["--scope", "*", "--expires-in-days", "90"]).expect(0).complains(&["shown this once"]);
}

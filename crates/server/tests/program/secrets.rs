//! Secrets do not get out: passwords, tokens and secret fields are in no log, no answer and no feed.

use crate::support::Project;
use rusqlite::Connection;
use serde_json::json;

const PASSWORD: &str = "canary-password-4711";
const SECRET: &str = "canary-secret-0815";

#[test]
fn no_canary_gets_out() {
    let model = "[fields]\nname = { type = \"string\", index = true }\nkey = \"secret\"\n\
                 [allow]\nread = \"name != ''\"\ncreate = \"name != ''\"\nupdate = \"name != ''\"\n";
    let project = Project::of(&[("models/gate.toml", model)]);
    project.set("[log]\nlevel = \"trace\"");
    let server = project.serve();
    let (ann, _) = server.client().registered("ann@example.org", PASSWORD);
    let made = ann.post("/v1/gates", &json!({"name": "North", "key": SECRET})).expect(201);
    let path = format!("/v1/gates/{}", made["id"].as_str().unwrap());
    let changed = ann.patch(&path, &json!({"key": format!("{SECRET}-2")})).expect(200);
    let read = ann.get(&path).expect(200);
    let refused =
        ann.send("POST", "/v1/gates", Some(&format!("{{\"name\": 1, \"key\": \"{SECRET}\"}}"))).expect(422);
    let filtered = ann.get(&format!("/v1/gates?filter=key=='{SECRET}'")).expect(400);
    let tokens =
        server.client().post("/v1/auth/login", &json!({"email": "ann@example.org", "password": PASSWORD}));
    let refresh_token = tokens.expect(200)["refresh_token"].as_str().unwrap().to_owned();
    let wrong = json!({"email": "ann@example.org", "password": format!("{PASSWORD}-wrong")});
    server.client().post("/v1/auth/login", &wrong).expect_problem(401, "invalid_credentials");
    let access_token = ann.token.unwrap();
    for answer in [made, changed, read, refused] {
        assert!(!answer.to_string().contains(SECRET), "{answer}");
    }
    assert!(!filtered["detail"].to_string().contains(SECRET), "{filtered}");

    let mut server = server;
    server.signal("TERM");
    server.wait();
    let log = server.log();
    assert!(log.contains("/v1/gates"), "the log has nothing: {log}");
    let feed = feed(&project);
    assert!(feed.contains("North"), "the feed has nothing: {feed}");
    for canary in [PASSWORD, SECRET, &access_token, &refresh_token] {
        assert!(!log.contains(canary), "the log has {canary}");
        assert!(!feed.contains(canary), "the feed has {canary}");
    }
    let database = std::fs::read(project.path("data/mainstay.db")).unwrap();
    for canary in [PASSWORD, &access_token, &refresh_token] {
        let found = database.windows(canary.len()).any(|window| window == canary.as_bytes());
        assert!(!found, "the database has {canary}");
    }
}

fn feed(project: &Project) -> String {
    let database = Connection::open(project.path("data/mainstay.db")).unwrap();
    let mut statement = database
        .prepare(r#"SELECT coalesce("before", '') || coalesce("after", '') FROM "_mainstay_change""#)
        .unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

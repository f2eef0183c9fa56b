//! Secrets do not get out. Canaries are put wherever a secret can be, also where it should never be sent; then all that the program ever
//! emits is searched for them.

use crate::support::{Client, Project, Server, raw};
use serde_json::{Value, json};

const PASSWORD: &str = "canary-password-4711";
const NEW_PASSWORD: &str = "canary-password-4712";
const WRONG_PASSWORD: &str = "canary-password-4713";
const SECRETS: [&str; 5] = [
    "canary-secret-created",
    "canary-secret-updated",
    "canary-secret-put",
    "canary-secret-of-a-batch",
    "canary-secret-refused",
];
const MODEL: &str = "[fields]\nname = { type = \"string\", index = true }\nkey = \"secret\"\n\
    [allow]\nread = \"name != ''\"\ncreate = \"name != ''\"\nupdate = \"name != ''\"\ndelete = \"name != ''\"\n";

/// Text that was sent or handed out, and must be found nowhere.
type Canaries = Vec<String>;

/// A project with a secret field, with all that can be logged.
fn project() -> Project {
    let project = Project::of(&[("models/gate.toml", MODEL)]);
    project.set("[log]\nlevel = \"trace\"");
    project
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

/// Uses passwords, tokens and keys as they are meant to be. Answers what they were.
fn use_accounts(server: &Server) -> (Client, Canaries) {
    let client = server.client();
    let login = |password: &str| {
        client.post("/v1/auth/login", &json!({"email": "ann@example.org", "password": password}))
    };
    let (ann, _) = client.registered("ann@example.org", PASSWORD);
    let tokens = login(PASSWORD).expect(200);
    login(WRONG_PASSWORD).expect_problem(401, "invalid_credentials");
    let fresh =
        client.post("/v1/auth/refresh", &json!({"refresh_token": tokens["refresh_token"]})).expect(200);
    client
        .post("/v1/auth/refresh", &json!({"refresh_token": tokens["refresh_token"]}))
        .expect_problem(401, "token_reused");
    let key = ann.post("/v1/auth/keys", &json!({"name": "importer", "scopes": ["*"]})).expect(201);
    let key = text(&key, "key");
    let client_with = |token: &str| Client { token: Some(token.to_owned()), address: client.address };
    assert_eq!(client_with(&key).get("/v1/gates").status, 200);
    client_with(&format!("{key}0")).get("/v1/gates").expect(401);
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    assert!(ann.post("/v1/auth/password", &change).status < 300);
    let again = login(NEW_PASSWORD).expect(200);
    let mut canaries = vec![ann.token.clone().unwrap(), key.rsplit('_').next().unwrap().to_owned()];
    for tokens in [&tokens, &fresh, &again] {
        canaries.extend([text(tokens, "access_token"), text(tokens, "refresh_token")]);
    }
    canaries.extend([PASSWORD, NEW_PASSWORD, WRONG_PASSWORD].map(str::to_owned));
    (ann, canaries)
}

/// Writes secret fields in every way that there is. Answers what the writer and the others were told.
fn write_secrets(server: &Server, ann: &Client) -> Vec<String> {
    let made = ann.post("/v1/gates", &json!({"name": "North", "key": SECRETS[0]}));
    let path = format!("/v1/gates/{}", text(&made.expect(201), "id"));
    let batch = json!({"operations": [{"op": "create", "model": "gate", "data": {"name": "South", "key": SECRETS[3]}}]});
    let put = format!("/v1/gates/{}", uuid::Uuid::now_v7());
    let answers = [
        made,
        ann.patch(&path, &json!({"key": SECRETS[1]})),
        ann.send("PUT", &put, Some(&json!({"name": "West", "key": SECRETS[2]}).to_string())),
        ann.post("/v1/batch", &batch),
        ann.post("/v1/gates", &json!({"name": 1, "key": SECRETS[4]})),
        ann.post("/v1/gates", &json!({"name": "East", "key": [SECRETS[4]]})),
        ann.patch(&path, &json!({"key": {"a": SECRETS[4]}})),
        ann.get(&format!("/v1/gates?filter=key=='{}'", SECRETS[0])),
        ann.get(&format!("/v1/gates?order=key,{}", SECRETS[0])),
        ann.get(&path),
        server.client().get(&path),
        server.client().get("/v1/gates"),
    ];
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses[..3], [201, 200, 201], "the secrets are written");
    answers.into_iter().map(|answer| String::from_utf8(answer.body).unwrap()).collect()
}

/// Requests of somebody who puts secrets where they do not belong; `C` is where one stands.
const MISPLACED: [&str; 16] = [
    "GET /v1/gates?filter=key%3D%3D'C' HTTP/1.1\r\n",
    "GET /v1/gates?C=1 HTTP/1.1\r\n",
    "GET /v1/auth/me?access_token=C HTTP/1.1\r\n",
    "GET /C HTTP/1.1\r\n",
    "GET /v1/gates/C HTTP/1.1\r\n",
    "GET http://user:C@host/v1/gates HTTP/1.1\r\n",
    "C /v1/gates HTTP/1.1\r\n",
    "GET /v1/gates HTTP/1.1\r\nC: 1\r\n",
    "GET /v1/gates HTTP/1.1\r\nAuthorization: Bearer C\r\n",
    "GET /v1/gates HTTP/1.1\r\nAuthorization: Basic C\r\n",
    "GET /v1/gates HTTP/1.1\r\nAuthorization: C C C\r\n",
    "GET /v1/gates HTTP/1.1\r\nCookie: session=C\r\nUser-Agent: C\r\nReferer: https://C/\r\n",
    "GET /v1/gates HTTP/1.1\r\nX-Request-Id: C?\r\nIf-None-Match: C\r\nAccept: C\r\n",
    "GET /v1/gates HTTP/1.1\r\nX-Forwarded-For: C\r\nForwarded: for=C\r\n",
    "GET /v1/gates HTTP/1.1\r\nAuthorization Bearer C\r\n",
    "GET /v1/gates HTTP/1.1\r\nHost: C C\r\n",
];

/// Bodies of such, for each operation that takes one.
const MISPLACED_IN_BODIES: [&str; 8] = [
    r#"{"name": "x", "key": "C", nonsense"#,
    r#"{"name": "x", "key": "C", "key": "C"}"#,
    r#"{"name": "x", "key": "C", "C": 1}"#,
    r#"{"email": "a@example.org", "password": "C", "C": "C"}"#,
    r#"{"email": "C", "password": "C"}"#,
    r#"{"refresh_token": "C"}"#,
    r#"["C"]"#,
    "\"C\u{0}",
];

fn misplace(server: &Server, ann: &Client) -> Canaries {
    let mut canaries = Vec::new();
    let mut canary = || {
        canaries.push(format!("canary-misplaced-{:03}-end", canaries.len()));
        canaries.last().unwrap().clone()
    };
    for request in MISPLACED {
        let host = if request.contains("Host") { "" } else { "Host: x\r\n" };
        let request = format!("{request}{host}Connection: close\r\n\r\n").replace('C', "\u{1}");
        let request = request.replace("\u{1}onnection", "Connection").replace("\u{1}ookie", "Cookie");
        raw(server.address, request.replace('\u{1}', &canary()).as_bytes());
    }
    for path in
        ["/v1/gates", "/v1/batch", "/v1/auth/register", "/v1/auth/login", "/v1/auth/refresh", "/v1/auth/keys"]
    {
        for body in MISPLACED_IN_BODIES {
            let (body, key) = (body.replace('C', &canary()), canary());
            let token = ann.token.as_deref().unwrap();
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
                 Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            raw(server.address, format!("{head}{body}").as_bytes());
        }
    }
    canaries
}

/// What the program shows to whoever asks.
fn documents(server: &Server) -> String {
    let documents = ["/metrics", "/openapi.json", "/docs", "/.well-known/jwks.json", "/nowhere"]
        .map(|path| String::from_utf8(server.client().get(path).body).unwrap());
    documents.concat()
}

/// Every value in the exports of the model.
fn exports(project: &Project) -> String {
    let export = |format: &str| {
        let done = project.run(&["export", "gate", "--role", "admin", "--format", format]).expect(0);
        done.stdout + &done.stderr
    };
    ["jsonl", "json", "csv"].map(export).concat()
}

#[track_caller]
fn check_absent(place: &str, bytes: &[u8], canaries: &[String]) {
    for canary in canaries {
        let at = bytes.windows(canary.len()).position(|window| window == canary.as_bytes());
        if let Some(at) = at {
            let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 200)];
            panic!("{place} has {canary}: {}", String::from_utf8_lossy(around));
        }
    }
}

fn check_format(format: &str) {
    let project = project();
    let server = Server::start(&project.path(""), &["serve", "--log-format", format]);
    let (ann, credentials) = use_accounts(&server);
    let ann = ann.logged_in("ann@example.org", NEW_PASSWORD);
    let answers = write_secrets(&server, &ann);
    let misplaced = misplace(&server, &ann);
    let mut everything = documents(&server);
    let mut credentials = [credentials, vec![ann.token.unwrap()]].concat();
    let backup = project.path("copy.backup");
    project.run(&["backup", backup.to_str().unwrap()]).expect(0);
    let mut server = server;
    server.signal("TERM");
    server.wait();
    let log = server.log();

    let secrets = SECRETS.map(str::to_owned).to_vec();
    for answer in answers {
        check_absent("an answer", answer.as_bytes(), &secrets);
    }
    assert!(log.contains("/v1/gates/{id}") && log.contains("committed"), "the log has nothing: {log}");
    let feed = project.data().sql(r#"SELECT * FROM "_mainstay_change""#);
    let exports = exports(&project);
    assert!(feed.contains("North") && exports.contains("North"), "nothing is there: {feed} {exports}");
    everything += &exports;
    let all = [credentials.clone(), secrets, misplaced].concat();
    check_absent("the log", log.as_bytes(), &all);
    check_absent("the feed", feed.as_bytes(), &all);
    check_absent("metrics, documents or exports", everything.as_bytes(), &all);
    // What opens an account is not even at rest, neither in the database nor in a copy of it.
    credentials.retain(|canary| canary != WRONG_PASSWORD);
    check_absent("the database", &project.data().stored(), &credentials);
    check_absent("the backup", &std::fs::read(backup).unwrap(), &credentials);
}

#[test]
fn no_canary_gets_out_where_logs_are_json() {
    check_format("json");
}

#[test]
fn no_canary_gets_out_where_logs_are_text() {
    check_format("pretty");
}

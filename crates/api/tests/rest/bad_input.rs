//! Bad input, each with its error.

use crate::support::{App, Ask, PASSWORD, SETTINGS, delete, get, patch, post, put};
use axum::body::{Body, Bytes};
use futures::stream;
use mainstay_ports::Store;
use mainstay_testkit::{Call, Fault, Faults, FaultyStore};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

const ID: &str = "0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e90";

fn raw(body: impl Into<Vec<u8>>) -> Ask {
    post("/v1/rooms").bytes(body).header("content-type", "application/json")
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be() {
    let app = App::chat();
    for (ask, status, code) in [
        (raw(""), 400, "invalid_json"),
        (raw("{"), 400, "invalid_json"),
        (raw("{\"name\": \"a\"} x"), 400, "invalid_json"),
        (raw("[]"), 400, "invalid_json"),
        (raw("{\"name\": \"a\", \"name\": \"b\"}"), 400, "duplicate_key"),
        (raw("{\"name\": [[[[[[[1]]]]]]]}"), 400, "json_too_deep"),
        (raw(b"{\"name\": \"\xff\"}".to_vec()), 400, "not_utf8"),
        (raw(format!("{{\"name\": \"{}\"}}", "x".repeat(3_000))), 413, "body_too_large"),
        (post("/v1/rooms").bytes("{}"), 415, "unsupported_media_type"),
        (post("/v1/rooms").bytes("{}").header("content-type", "text/plain"), 415, "unsupported_media_type"),
        (raw("{}").header("content-encoding", "gzip"), 400, "invalid_body"),
        (raw("{}").header("content-encoding", "deflate"), 415, "unsupported_media_type"),
        (raw("{}").header("content-encoding", "gzip, br"), 415, "unsupported_media_type"),
        (raw("{}").header("content-encoding", "Identity"), 401, "unauthenticated"),
        (raw("{}").header("content-type", "application/json"), 415, "unsupported_media_type"),
        (
            post("/v1/rooms").bytes("{}").header("content-type", "application/merge-patch+json"),
            415,
            "unsupported_media_type",
        ),
        (raw("{}"), 401, "unauthenticated"),
        (raw("{\"name\": 1}"), 422, "validation_failed"),
        (raw("{\"name\": \"a\\u0000\"}"), 422, "validation_failed"),
        (raw("{\"name\": \"a\", \"id\": \"1\"}"), 422, "validation_failed"),
        (delete(format!("/v1/rooms/{ID}")).bytes("x"), 400, "invalid_json"),
        (delete(format!("/v1/rooms/{ID}")).bytes("{\"a\": 1}"), 400, "invalid_json"),
    ] {
        app.refuse(ask, status, code).await;
    }
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let app = App::chat();
    for path in
        ["/", "/v1", "/v1/rooms/", "/v1/room", "/v1/_sessions", &format!("/v1/rooms/{ID}/x"), "/docs/"]
    {
        app.refuse(get(path), 404, "not_found").await;
    }
    let reply = app.refuse(put("/v1/rooms").json(&json!({})), 405, "method_not_allowed").await;
    assert_eq!(reply.header("allow"), "GET,HEAD,POST,PATCH,DELETE");
    let reply = app.refuse(get("/v1/batch"), 405, "method_not_allowed").await;
    assert_eq!(reply.header("allow"), "POST");
    app.refuse(crate::support::ask("BREW", "/v1/rooms"), 405, "method_not_allowed").await;
    app.refuse(crate::support::ask("OPTIONS", "/healthz"), 405, "method_not_allowed").await;
}

#[tokio::test]
async fn ids_and_parameters_that_are_none() {
    let app = App::chat();
    for (path, code) in [
        ("/v1/rooms/1", "invalid_id"),
        ("/v1/rooms/%ff", "invalid_id"),
        ("/v1/rooms/0197a3c28a407cc19d5e2f6b1c4d8e90", "invalid_id"),
        ("/v1/rooms?limit=0", "invalid_limit"),
        ("/v1/rooms?limit=many", "invalid_limit"),
        ("/v1/rooms?colour=red", "invalid_parameter"),
        ("/v1/rooms?limit=1&limit=2", "invalid_parameter"),
        ("/v1/rooms?filter=%zz", "invalid_parameter"),
        ("/v1/rooms?order=colour", "invalid_order"),
        ("/v1/rooms?fields=name,,owner", "invalid_fields"),
        ("/v1/rooms?fields=colour", "invalid_fields"),
        ("/v1/rooms?expand=name", "invalid_expand"),
        ("/v1/messages?expand=room.owner.x.y", "invalid_expand"),
        ("/v1/rooms?filter=name", "invalid_filter"),
        ("/v1/rooms?filter=name%20==%201", "invalid_filter"),
        ("/v1/rooms?filter=colour%20==%201", "invalid_filter"),
        ("/v1/rooms?cursor=x", "invalid_cursor"),
        ("/v1/rooms?cursor=", "invalid_cursor"),
    ] {
        app.refuse(get(path), 400, code).await;
    }
    app.refuse(get(format!("/v1/rooms/{ID}?limit=1")), 400, "invalid_parameter").await;
    app.refuse(post("/v1/rooms?x=1").json(&json!({"name": "a"})), 400, "invalid_parameter").await;
}

#[tokio::test]
async fn filters_that_are_hostile() {
    let app = App::chat();
    let deep = format!("{}true{}", "(".repeat(2_000), ")".repeat(2_000));
    let nots = format!("{}true", "!".repeat(5_000));
    let long = format!("name == '{}'", "x".repeat(60_000));
    let many = vec!["name == 'a'"; 2_000].join(" || ");
    let nested = "members.exists(a, a.room.members.exists(b, b.room.members.exists(c, c.room.members.exists(d, true))))";
    for filter in [&deep, &nots, &long, &many] {
        let encoded = filter.replace(' ', "+").replace('|', "%7C");
        app.refuse(get(format!("/v1/rooms?filter={encoded}")), 400, "invalid_filter").await;
    }
    let reply = app.send(get(format!("/v1/rooms?filter={}", nested.replace(' ', "+")))).await;
    assert!(reply.status == 200 || reply.json()["code"] == "invalid_filter", "{}", reply.body);
}

#[tokio::test]
async fn tokens_that_are_none() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let tampered = format!("{}AAAA", &ada[..ada.len() - 4]);
    for value in ["Bearer", "Bearer ", "Bearer x", "Basic YTpi", "", &format!("Bearer {tampered}")] {
        let ask = get("/v1/rooms").header("authorization", value);
        let reply = app.refuse(ask, 401, "invalid_token").await;
        assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    app.refuse(get("/v1/rooms").token(&ada).token(&ada), 401, "invalid_token").await;
    app.clock.advance(Duration::from_secs(16 * 60));
    app.refuse(get("/v1/rooms").token(&ada), 401, "invalid_token").await;
    // What is about the program does not look at tokens.
    for path in ["/healthz", "/readyz", "/docs", "/openapi.json", "/.well-known/jwks.json"] {
        assert_eq!(app.send(get(path).token("x")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_token_that_has_expired_does_not_keep_one_from_a_new_one() {
    let app = App::chat();
    let credentials = json!({"email": "ada@example.com", "password": PASSWORD});
    let with_token = |path: &str, body: &serde_json::Value| post(path).token("expired").json(body);
    assert_eq!(app.send(with_token("/v1/auth/register", &credentials)).await.status, 201);
    let tokens = app.send(with_token("/v1/auth/login", &credentials)).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let refresh = json!({"refresh_token": tokens.json()["refresh_token"]});
    assert_eq!(app.send(with_token("/v1/auth/refresh", &refresh)).await.status, 200);
    app.refuse(post("/v1/auth/logout").token("expired"), 401, "invalid_token").await;
}

#[tokio::test]
async fn accounts_with_faults() {
    let app = App::chat();
    app.account("ada").await;
    let register = |body| post("/v1/auth/register").json(&body);
    for (ask, status, code) in [
        (register(json!({})), 422, "validation_failed"),
        (register(json!({"email": "x", "password": PASSWORD})), 422, "validation_failed"),
        (register(json!({"email": "b@example.com", "password": "short"})), 422, "validation_failed"),
        (register(json!({"email": "b@example.com", "password": PASSWORD, "x": 1})), 422, "validation_failed"),
        (
            register(json!({"email": "b@example.com", "password": PASSWORD, "id": ID})),
            422,
            "validation_failed",
        ),
        (register(json!({"email": "ADA@example.com", "password": PASSWORD})), 409, "unique_conflict"),
        (post("/v1/auth/login").json(&json!({"email": "ada@example.com"})), 422, "validation_failed"),
        (post("/v1/auth/login").json(&json!({"email": 1, "password": null})), 422, "validation_failed"),
        (post("/v1/auth/refresh").json(&json!({"refresh_token": ""})), 401, "invalid_token"),
        (
            post("/v1/auth/login").json(&json!({"email": "no@example.com", "password": "x"})),
            401,
            "invalid_credentials",
        ),
    ] {
        app.refuse(ask, status, code).await;
    }
}

#[tokio::test]
async fn guessing_a_password_has_to_wait() {
    let app = App::chat();
    app.account("ada").await;
    let guess = || post("/v1/auth/login").json(&json!({"email": "ada@example.com", "password": "guess"}));
    for _ in 0..5 {
        app.refuse(guess(), 401, "invalid_credentials").await;
    }
    let reply = app.refuse(guess(), 429, "too_many_failures").await;
    assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn registration_can_be_closed() {
    let settings = format!("{}\n[accounts]\nregister = false\n", SETTINGS);
    let app =
        App::of(&[("mainstay.toml", &settings), ("models/thing.toml", "[fields]\nname = \"string\"\n")]);
    let body = json!({"email": "a@example.com", "password": PASSWORD});
    app.refuse(post("/v1/auth/register").json(&body), 403, "registration_closed").await;
}

#[tokio::test]
async fn a_store_that_fails() {
    for (fault, status, code) in
        [(Fault::Busy, 503, "busy"), (Fault::DiskFull, 507, "disk_full"), (Fault::Failed, 500, "internal")]
    {
        let app = failing(Call::Transact, fault);
        let registration = json!({"email": "a@example.com", "password": PASSWORD});
        let reply = app.refuse(post("/v1/auth/register").json(&registration), status, code).await;
        assert_eq!(reply.header("retry-after"), if code == "busy" { "1" } else { "" });
    }
    let app = failing(Call::Query, Fault::Timeout);
    app.refuse(get("/v1/things"), 503, "query_timeout").await;
    let app = failing(Call::Position, Fault::Failed);
    app.refuse(get("/readyz"), 503, "busy").await;
    assert_eq!(app.send(get("/healthz")).await.status, 200);
    assert_eq!(app.send(get("/readyz")).await.status, 200);
}

const THING: &str = "[fields]\nname = \"string\"\n[allow]\nread = \"true\"\n";

fn failing(call: Call, fault: Fault) -> App {
    let faults = Faults::seeded(1).nth(call, 1, fault);
    let files = [("mainstay.toml", SETTINGS), ("models/thing.toml", THING)];
    App::over(&files, |store| -> Arc<dyn Store> { Arc::new(FaultyStore::new(store, faults)) })
}

/// Requests have little time here, so that tests need not wait for long.
const IMPATIENT: &str = "[server]\nrequest_timeout_ms = 100\n";

#[tokio::test]
async fn a_store_that_dawdles() {
    let faults = Faults::seeded(1).nth(Call::Query, 1, Fault::Delay(Duration::from_secs(60)));
    let files = [("mainstay.toml", IMPATIENT), ("models/thing.toml", THING)];
    let app = App::over(&files, |store| -> Arc<dyn Store> { Arc::new(FaultyStore::new(store, faults)) });
    app.refuse(get("/v1/things"), 408, "request_timeout").await;
}

#[tokio::test]
async fn a_body_that_never_ends() {
    let app = App::of(&[("mainstay.toml", IMPATIENT), ("models/thing.toml", THING)]);
    let endless = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
    });
    let mut request = post("/v1/things").header("content-type", "application/json").request();
    *request.body_mut() = Body::from_stream(endless);
    let response = app.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 408);
    assert_eq!(response.headers()["connection"], "close");
}

#[tokio::test]
async fn faults_in_a_patch_are_reported_together() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    let room = app.send(post("/v1/rooms").token(&ada).json(&json!({"name": "Den"}))).await.id();
    let change = json!({"name": null, "version": "x", "colour": "red"});
    let reply = app
        .refuse(patch(format!("/v1/rooms/{room}")).token(&ada).json(&change), 422, "validation_failed")
        .await;
    let errors: Vec<(String, String)> = reply.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (error["field"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = [("name", "required"), ("colour", "unknown_field")];
    assert_eq!(errors, expected.map(|(field, code)| (field.to_owned(), code.to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_beyond_the_queue_are_told_to_come_back() {
    let settings = "[accounts]\nfailures_per_address = 0\n\
        [accounts.password]\nmemory_kib = 8192\niterations = 1\nworkers = 1\nqueue = 2\n";
    let app = App::of(&[("mainstay.toml", settings)]);
    let emails: Vec<String> = (0..30).map(|number| format!("a{number}@example.com")).collect();
    let logins = emails.iter().map(|email| {
        app.send(post("/v1/auth/login").json(&json!({"email": email, "password": "wrong password"})))
    });
    let replies = futures::future::join_all(logins).await;
    let busy: Vec<_> = replies.iter().filter(|reply| reply.status == 503).collect();
    assert!(!busy.is_empty(), "none of them had to wait too long");
    for reply in &busy {
        assert_eq!((reply.json()["code"].as_str(), reply.header("retry-after")), (Some("busy"), "1"));
    }
    let tried = replies.iter().filter(|reply| reply.status == 401).count();
    assert_eq!(tried + busy.len(), 30);
    assert!(tried >= 2, "{tried}");
    assert!(app.engine.measures().password_busy.get() >= busy.len() as u64);
}

//! The example `chat`, from registering to deleting: what each request is answered with.

use crate::support::{App, PASSWORD, Reply, delete, get, patch, post};
use serde_json::{Value, json};

const TIME: &str = "2026-11-21T08:30:00.000000Z";

fn room(id: &str, name: &str, owner: &str, version: i64) -> Value {
    json!({"id": id, "name": name, "owner": owner, "created_at": TIME, "updated_at": TIME, "version": version, "deleted_at": null})
}

#[tokio::test]
async fn people_talk_in_a_room_that_nobody_else_sees() {
    let app = App::chat();
    let registration = json!({"email": "Ada@Example.com", "password": PASSWORD, "name": "Ada"});
    let reply = app
        .check(
            post("/v1/auth/register").json(&registration),
            201,
            json!({
                "id": "#1", "email": "ada@example.com", "name": "Ada", "roles": [],
                "created_at": TIME, "updated_at": TIME, "version": 1, "deleted_at": null,
            }),
        )
        .await;
    assert_eq!(reply.header("location"), format!("/v1/users/{}", reply.id()));

    let credentials = json!({"email": "ada@example.com", "password": PASSWORD});
    let tokens = json!({
        "access_token": "<access_token>", "token_type": "Bearer", "expires_in": 900, "refresh_token": "<refresh_token>",
    });
    let reply = app.check(post("/v1/auth/login").json(&credentials), 200, tokens).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let ada = reply.json()["access_token"].as_str().unwrap().to_owned();

    let reply = app
        .check(post("/v1/rooms").token(&ada).json(&json!({"name": "Den"})), 201, room("#2", "Den", "#1", 1))
        .await;
    let room_path = format!("/v1/rooms/{}", reply.id());
    let room_id = reply.id();
    assert_eq!(reply.header("location"), room_path);
    assert_eq!(reply.header("etag"), "\"1\"");
    assert_ne!(reply.header("mainstay-position"), "");

    app.check(get(&room_path).token(&ada), 200, room("#2", "Den", "#1", 1)).await;
    let reply = app
        .check(
            patch(&room_path).token(&ada).json(&json!({"name": "Attic"})),
            200,
            room("#2", "Attic", "#1", 2),
        )
        .await;
    assert_eq!(reply.header("etag"), "\"2\"");

    // A stranger: the room does not exist, until she is a member.
    let (bob_id, bob) = app.account("bob").await;
    let message = json!({"room": room_id, "text": "Hello"});
    app.refuse(get(&room_path).token(&bob), 404, "not_found").await;
    app.refuse(get(&room_path), 404, "not_found").await;
    app.refuse(patch(&room_path).token(&bob).json(&json!({"name": "Mine"})), 404, "not_found").await;
    app.refuse(post("/v1/messages").token(&bob).json(&message), 403, "forbidden").await;
    let nothing = json!({"items": [], "next": null, "position": "<position>"});
    app.check(get("/v1/rooms").token(&bob), 200, nothing.clone()).await;
    app.check(get("/v1/rooms"), 200, nothing).await;

    let member = json!({"room": room_id, "user": bob_id});
    app.refuse(post("/v1/members").token(&bob).json(&member), 403, "forbidden").await;
    let reply = app.send(post("/v1/members").token(&ada).json(&member)).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    app.refuse(post("/v1/members").token(&ada).json(&member), 409, "unique_conflict").await;
    app.check(get(&room_path).token(&bob), 200, room("#2", "Attic", "#1", 2)).await;
    app.refuse(patch(&room_path).token(&bob).json(&json!({"name": "Mine"})), 403, "forbidden").await;

    let reply = app.send(post("/v1/messages").token(&bob).json(&message)).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    let page = json!({
        "items": [{
            "text": "Hello",
            "expand": {"author": null, "room": {
                "id": "#2", "name": "Attic", "owner": "#1",
                "created_at": TIME, "updated_at": TIME, "version": 2, "deleted_at": null,
            }},
        }],
        "next": null, "position": "<position>", "count": 1,
    });
    let list = "/v1/messages?filter=text.startsWith(%22H%22)&order=-created_at&fields=text&expand=author,room&count=exact";
    app.check(get(list).token(&ada), 200, page).await;

    let reply = app.check(delete(&room_path).token(&ada), 204, Value::Null).await;
    assert_ne!(reply.header("mainstay-position"), "");
    app.refuse(get(&room_path).token(&ada), 404, "not_found").await;
    let reply = app.send(post(format!("{room_path}/restore")).token(&ada)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let reply = app.send(get("/v1/messages").token(&bob)).await;
    assert_eq!(reply.json()["items"].as_array().unwrap().len(), 1, "{}", reply.body);
}

#[tokio::test]
async fn an_account_that_wrote_something_stays_while_its_messages_do() {
    let app = App::chat();
    let (ada_id, ada) = app.account("ada").await;
    let admin = app.admin().await;
    let room = app.send(post("/v1/rooms").token(&ada).json(&json!({"name": "Den"}))).await.id();
    let message = json!({"room": room, "text": "Hello"});
    let message = app.send(post("/v1/messages").token(&ada).json(&message)).await.id();
    let account = format!("/v1/users/{ada_id}");
    app.refuse(delete(&account).token(&admin), 409, "restricted").await;
    // So does the owner of a room.
    app.check(delete(format!("/v1/messages/{message}")).token(&ada), 204, Value::Null).await;
    app.refuse(delete(&account).token(&admin), 409, "restricted").await;
    app.check(delete(format!("/v1/rooms/{room}")).token(&ada), 204, Value::Null).await;
    app.check(delete(&account).token(&admin), 204, Value::Null).await;
    // The token is remembered, and worth nothing any more.
    app.refuse(get("/v1/auth/me").token(&ada), 401, "invalid_token").await;
}

#[tokio::test]
async fn pages_follow_one_another() {
    let app = App::chat();
    let (_, ada) = app.account("ada").await;
    for name in ["a", "b", "c"] {
        app.send(post("/v1/rooms").token(&ada).json(&json!({"name": name}))).await;
    }
    let names = |reply: &Reply| -> Vec<Value> {
        reply.json()["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
    };
    let first = app.send(get("/v1/rooms?order=-name&limit=2").token(&ada)).await;
    assert_eq!(names(&first), ["c", "b"], "{}", first.body);
    let cursor = first.json()["next"].as_str().unwrap().to_owned();
    let second = app.send(get(format!("/v1/rooms?order=-name&limit=2&cursor={cursor}")).token(&ada)).await;
    assert_eq!(names(&second), ["a"]);
    assert_eq!(second.json()["next"], Value::Null);

    let other = if cursor.starts_with('A') { 'B' } else { 'A' };
    let tampered = format!("/v1/rooms?order=-name&cursor={other}{}", &cursor[1..]);
    app.refuse(get(tampered).token(&ada), 400, "invalid_cursor").await;
    let elsewhere = format!("/v1/rooms?order=name&cursor={cursor}");
    app.refuse(get(elsewhere).token(&ada), 400, "invalid_cursor").await;
}

#[tokio::test]
async fn a_page_of_large_records_ends_early() {
    const MAX_PAGE_BYTES: usize = 8 << 20;
    const SHELF: &str =
        "[fields]\nnumber = \"int\"\ntext = \"json\"\n[allow]\nread = \"true\"\ncreate = \"true\"\n";
    let app = App::of(&[("mainstay.toml", "[limits]\nbody_bytes = 1048576\n"), ("models/shelf.toml", SHELF)]);
    let text = "x".repeat(1_000_000);
    for number in 0..10 {
        let reply = app.send(post("/v1/shelfs").json(&json!({"number": number, "text": text}))).await;
        assert_eq!(reply.status, 201, "{number}");
    }
    let mut numbers = Vec::new();
    let mut sizes = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.send(get(format!("/v1/shelfs?order=number&limit=10{cursor}"))).await;
        assert!(page.body.len() < MAX_PAGE_BYTES + 1_000);
        let page = page.json();
        let items = page["items"].as_array().unwrap();
        numbers.extend(items.iter().map(|item| item["number"].as_i64().unwrap()));
        sizes.push(items.len());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((numbers, sizes), ((0..10).collect(), vec![8, 2]));
}

#[tokio::test]
async fn sessions_are_refreshed_and_ended() {
    let app = App::chat();
    app.account("ada").await;
    let credentials = json!({"email": "ada@example.com", "password": PASSWORD});
    let tokens = app.send(post("/v1/auth/login").json(&credentials)).await.json();
    let refresh = json!({"refresh_token": tokens["refresh_token"]});

    let renewed = app.send(post("/v1/auth/refresh").json(&refresh)).await;
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    let token = renewed.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(app.send(get("/v1/auth/me").token(&token)).await.json()["email"], "ada@example.com");

    let reply = app.refuse(post("/v1/auth/refresh").json(&refresh), 401, "token_reused").await;
    assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    app.refuse(get("/v1/auth/me").token(&token), 401, "invalid_token").await;

    let token = app.login("ada@example.com").await;
    app.check(post("/v1/auth/logout").token(&token), 204, Value::Null).await;
    app.refuse(get("/v1/auth/me").token(&token), 401, "invalid_token").await;

    let token = app.login("ada@example.com").await;
    let change = json!({"current_password": PASSWORD, "new_password": "battery staple"});
    app.check(post("/v1/auth/password").token(&token).json(&change), 204, Value::Null).await;
    app.refuse(post("/v1/auth/login").json(&credentials), 401, "invalid_credentials").await;
}

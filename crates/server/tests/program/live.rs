//! The socket, as its page has it.

use crate::chat::Chat;
use crate::metrics;
use crate::support::live::{Live, enter, presence, publish, subscribe};
use crate::support::{Client, Engine, PATIENCE, Server, is_left_out, raw};
use serde_json::json;
use std::time::{Duration, Instant};
use tungstenite::Message;

const CHANNEL: &str = "pattern = \"room/{room}\"\n[variables]\nroom = \"room\"\n\
    [allow]\nsubscribe = \"room.allow.read\"\npublish = \"room.is_member\"\npresent = \"room.allow.read\"\n";
const LOBBY: &str = "pattern = \"lobby\"\n\
    [allow]\nsubscribe = \"true\"\npublish = \"auth.id != null\"\npresent = \"auth.id != null\"\n";
const PASSWORD: &str = "battery staple";

/// A chat with channels, and these settings.
fn chat(settings: &str) -> Chat {
    Chat::with(|project| {
        project.write("channels/room.toml", CHANNEL);
        project.write("channels/lobby.toml", LOBBY);
        project.set(settings);
    })
}

/// Bob, in the room.
fn bob(chat: &Chat) -> (Client, String, String) {
    let (bob, id) = chat.server.client().registered("bob@example.org", PASSWORD);
    let member = chat.ann.post("/v1/members", &json!({"room": chat.room, "user": id})).expect(201);
    (bob, id, format!("/v1/members/{}", member["id"].as_str().unwrap()))
}

#[test]
fn one_socket_has_it_all() {
    let chat = chat("");
    let (bob, bob_id, _) = bob(&chat);
    let name = format!("room/{}", chat.room);
    let (mut ann, mut bob) = (Live::open(&chat.ann), Live::open(&bob));
    let heard = ann.ok(subscribe(&name));
    ann.told(heard, &json!({"event": "ready"}));
    let who = ann.ok(presence(&name));
    ann.told(who, &json!({"event": "here", "members": []}));
    let filter = format!("room == '{}'", chat.room);
    let watch =
        json!({"type": "watch", "operation": "message.watch", "parameters": {"filter": filter, "limit": 9}});
    let watched = ann.ok(watch.clone());
    let hello = ann.told(watched, &json!({"event": "snapshot"}));
    assert_eq!(hello["record"]["text"], "Hello?");
    ann.told(watched, &json!({"event": "ready", "count": 1}));

    let stay = bob.ok(enter(&name, json!({"typing": false})));
    let joined = ann.told(who, &json!({"event": "join"}));
    assert_eq!(
        (&joined["member"]["user"], &joined["member"]["state"]),
        (&json!(bob_id), &json!({"typing": false}))
    );
    bob.ok(json!({"type": "state", "of": stay, "state": {"typing": true}}));
    assert_eq!(ann.told(who, &json!({"event": "update"}))["member"]["state"], json!({"typing": true}));
    bob.ok(publish(&name, json!(["ä", {"a": null}])));
    ann.told(heard, &json!({"event": "message", "user": bob_id, "data": ["ä", {"a": null}]}));

    let call = json!({"type": "call", "operation": "message.create", "idempotency_key": "once",
        "body": {"room": chat.room, "text": "Hi"}});
    let made = bob.ask(call.clone());
    assert_eq!((&made["status"], &made["ok"]["text"]), (&json!(201), &json!("Hi")));
    let again = bob.ask(call);
    assert_eq!((&again["ok"], &again["replayed"]), (&made["ok"], &json!(true)));
    let entered = ann.told(watched, &json!({"event": "enter", "operation": "create", "record": made["ok"]}));
    let id = &made["ok"]["id"];
    let update = |version: i64| json!({"type": "call", "operation": "message.update", "record_id": id, "if_match": version, "body": {"text": "Hi!"}});
    bob.refused(update(7), "version_mismatch");
    assert_eq!(bob.ask(update(1))["ok"]["version"], 2);
    ann.told(watched, &json!({"event": "change", "operation": "update"}));
    bob.ok(json!({"type": "call", "operation": "message.delete", "record_id": id}));
    ann.told(watched, &json!({"event": "leave", "record_id": id}));

    // What is ended is silent, and a watch goes on behind an event.
    ann.ok(json!({"type": "end", "of": watched}));
    ann.refused(json!({"type": "end", "of": watched}), "invalid_parameter");
    let mut behind = watch;
    behind["last_event_id"] = entered["event_id"].clone();
    let watched = ann.ok(behind);
    ann.told(watched, &json!({"event": "ready"}));
    ann.told(watched, &json!({"event": "change"}));
    ann.told(watched, &json!({"event": "leave"}));
    // Who goes has left.
    drop(bob);
    ann.told(who, &json!({"event": "leave"}));
    ann.is_silent();
}

#[test]
fn who_may_not_is_refused_whatever_it_asks_for() {
    let chat = chat("");
    let (eve, _) = chat.server.client().registered("eve@example.org", PASSWORD);
    let name = format!("room/{}", chat.room);
    let nobody = chat.server.client();
    let asked = [
        subscribe(&name),
        presence(&name),
        enter(&name, json!(1)),
        publish(&name, json!(1)),
        json!({"type": "call", "operation": "message.create", "body": {"room": chat.room, "text": "x"}}),
    ];
    for (client, code) in [(&nobody, "unauthenticated"), (&eve, "forbidden")] {
        let mut live = Live::open(client);
        for request in &asked {
            live.refused(request.clone(), code);
        }
        live.refused(subscribe("room/7"), "not_found");
        live.refused(json!({"type": "call", "operation": "message.fly"}), "not_found");
        live.refused(json!({"type": "call", "operation": "channel.publish"}), "invalid_parameter");
        live.refused(json!({"type": "watch", "operation": "message.list"}), "invalid_parameter");
        live.refused(json!({"type": "dance"}), "invalid_parameter");
    }
    // A key is for what its scopes name.
    let key =
        chat.ann.post("/v1/auth/keys", &json!({"name": "k", "scopes": ["channel.subscribe"]})).expect(201);
    let key = Client { token: key["key"].as_str().map(str::to_owned), ..nobody };
    let mut live = Live::open(&key);
    live.ok(subscribe(&name));
    for request in &asked[1..] {
        live.refused(request.clone(), "insufficient_scope");
    }
}

#[test]
fn a_socket_is_asked_for_as_the_rfc_has_it() {
    let chat = chat("[live]\nsockets_per_caller = 2\norigins = [\"https://app.example.org\"]");
    chat.ann.get("/v1/live").expect_problem(426, "upgrade_required");
    let refused = |client: &Client, headers: &[(&'static str, &str)]| Live::try_open(client, headers).err();
    let wrong = Client { token: Some("x".to_owned()), ..chat.server.client() };
    assert_eq!(refused(&wrong, &[]), Some(401));
    assert_eq!(refused(&chat.ann, &[("origin", "https://evil.example")]), Some(403));
    assert_eq!(refused(&chat.ann, &[("origin", "https://app.example.org")]), None);
    let own = format!("http://{}", chat.ann.address);
    assert_eq!(refused(&chat.ann, &[("origin", &own)]), None);
    assert_eq!(refused(&chat.ann, &[("sec-websocket-version", "8")]), Some(426));
    assert_eq!(refused(&chat.ann, &[("sec-websocket-protocol", "chat")]), Some(400));
    let accepted = raw(
        chat.ann.address,
        b"GET /v1/live HTTP/1.1\r\nhost: x\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n\
          sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
          sec-websocket-protocol: chat, mainstay.v1.msgpack\r\n\r\n\x88\x80\0\0\0\0",
    );
    assert_eq!(accepted.status, 101);
    assert_eq!(accepted.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(accepted.header("sec-websocket-protocol"), Some("mainstay.v1.msgpack"));
    let started = Instant::now();
    let _two = loop {
        // Those that were closed before may still be on their way out.
        let two = (Live::try_open(&chat.ann, &[]), Live::try_open(&chat.ann, &[]));
        if let (Ok(one), Ok(two)) = two {
            break (one, two);
        }
        assert!(started.elapsed() < PATIENCE);
    };
    assert_eq!(refused(&chat.ann, &[]), Some(429));
}

#[test]
fn rights_that_end_end_what_stands_on_them() {
    let chat = chat("[accounts]\naccess_token_seconds = 4");
    let (bob, _, membership) = bob(&chat);
    let name = format!("room/{}", chat.room);
    let mut live = Live::open(&chat.server.client());
    let answer = live.ask(json!({"type": "auth", "token": bob.token}));
    assert!(answer["ok"]["user"].is_string(), "{answer}");
    let heard = live.ok(subscribe(&name));
    let stay = live.ok(enter(&name, json!(1)));
    live.told(heard, &json!({"event": "ready"}));
    // Another token of the same account goes on.
    let again = chat.server.client().logged_in("bob@example.org", PASSWORD);
    let answer = live.ask(json!({"type": "auth", "token": again.token}));
    assert!(answer["ok"]["user"].is_string(), "{answer}");
    assert_eq!(bob.send("POST", "/v1/auth/logout", None).status, 204);
    live.refused(json!({"type": "auth", "token": bob.token}), "invalid_token");
    live.is_silent();
    assert_eq!(chat.ann.send("DELETE", &membership, None).status, 204);
    live.told(heard, &json!({"event": "reset", "reason": "rights_changed"}));
    live.told(stay, &json!({"event": "reset", "reason": "rights_changed"}));
    live.refused(publish(&name, json!(1)), "forbidden");
    // And then the token runs out.
    let (code, reason) = live.closed();
    assert_eq!((code, reason.as_str()), (4001, "unauthenticated"));
}

#[test]
fn who_goes_beyond_a_bound_is_told() {
    let chat = chat("[live]\nsubscriptions = 2\nmessage_bytes = 2000\nmessages_per_second = 20");
    let mut live = Live::open(&chat.ann);
    live.ok(subscribe("lobby"));
    live.ok(presence("lobby"));
    live.refused(enter("lobby", json!(1)), "too_many_subscriptions");
    live.ok(json!({"type": "end", "of": 1}));
    live.refused(enter("lobby", json!("x".repeat(1_100))), "message_too_large");
    live.ok(enter("lobby", json!(1)));
    live.refused(json!({"type": "ping", "x": 1}), "invalid_parameter");
    for _ in 0..40 {
        live.socket.send(Message::text("{\"id\": 99, \"type\": \"ping\"}")).unwrap();
    }
    let mut codes = Vec::new();
    while codes.len() < 40 {
        let message = live.read();
        if message.get("events").is_none() {
            codes.push(message["error"]["code"].as_str().map(str::to_owned));
        }
    }
    let refused = codes.iter().flatten().filter(|code| *code == "too_many_messages").count();
    assert!((10..=30).contains(&refused), "{codes:?}");
    live.socket.send(Message::text(format!("{{\"id\":1,\"x\":\"{}\"}}", "x".repeat(2_000)))).unwrap();
    assert_eq!(live.closed(), (1009, "message_too_large".to_owned()));

    let closed = |message: Message| {
        let mut live = Live::open(&chat.ann);
        live.socket.send(message).unwrap();
        live.closed()
    };
    assert_eq!(closed(Message::binary(vec![0x80])), (1003, "wrong_kind".to_owned()));
    let mut live = Live::open(&chat.ann);
    live.socket.send(Message::text("nonsense")).unwrap();
    assert_eq!(live.read()["error"]["code"], "invalid_json");
}

#[test]
fn who_does_not_answer_or_read_is_dropped() {
    let chat = chat(
        "[live]\nping_ms = 300\nstall_ms = 500\nmessages_per_second = 100000\n[limits]\nwatch_buffer_bytes = 4194304",
    );
    let mut alive = Live::open(&chat.ann);
    let mut silent = Live::open(&chat.ann);
    // A client that reads answers pings.
    let until = Instant::now() + Duration::from_millis(900);
    while Instant::now() < until {
        alive.ok(json!({"type": "ping"}));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(silent.closed(), (4003, "idle".to_owned()));

    let mut slow = Live::open(&chat.ann);
    slow.ok(subscribe("lobby"));
    let started = Instant::now();
    // Some megabytes fill what the system takes over, and then nothing goes on.
    while !chat.server.log().contains("too_slow") {
        alive.ok(publish("lobby", json!("x".repeat(15_000))));
        assert!(started.elapsed() < PATIENCE, "{}", chat.server.log());
    }
}

#[test]
fn a_server_that_stops_says_so() {
    let mut chat = chat("");
    let mut live = Live::open(&chat.ann);
    let heard = live.ok(subscribe("lobby"));
    live.told(heard, &json!({"event": "ready"}));
    chat.server.signal("TERM");
    let (code, reason) = live.closed();
    assert_eq!((code, reason.as_str()), (1001, "shutting_down"));
    assert!(chat.server.wait().success());
}

#[test]
fn what_happens_on_one_node_is_heard_on_others_and_the_dead_are_gone() {
    if is_left_out(Engine::Postgres, "a file is one process's alone") {
        return;
    }
    let chat = chat("");
    let (other, third): (Server, Server) = (chat.project.serve(), chat.project.serve());
    let at = |node: &Server| Client { address: node.address, ..chat.ann.clone() };
    let (mut here, mut there, mut dying) =
        (Live::open(&chat.ann), Live::open(&at(&other)), Live::open(&at(&third)));
    let heard = here.ok(subscribe("lobby"));
    here.told(heard, &json!({"event": "ready"}));
    let who = here.ok(presence("lobby"));
    here.told(who, &json!({"event": "here", "members": []}));
    // Larger than a notification of PostgreSQL holds.
    for length in [1, 5_000, 16_000] {
        let data = json!("ä".repeat(length / 2));
        there.ok(publish("lobby", data.clone()));
        here.told(heard, &json!({"event": "message", "data": data}));
    }
    there.ok(enter("lobby", json!("there")));
    assert_eq!(here.told(who, &json!({"event": "join"}))["member"]["state"], "there");
    dying.ok(enter("lobby", json!("dying")));
    assert_eq!(here.told(who, &json!({"event": "join"}))["member"]["state"], "dying");
    let killed = Instant::now();
    // With SIGKILL.
    drop(third);
    assert_eq!(here.told(who, &json!({"event": "leave"}))["member"]["state"], "dying");
    assert!(killed.elapsed() < Duration::from_secs(9), "{:?}", killed.elapsed());
    // One that stops is gone at once.
    let stopped = Instant::now();
    assert!(other.stop().success());
    assert_eq!(here.told(who, &json!({"event": "leave"}))["member"]["state"], "there");
    assert!(stopped.elapsed() < Duration::from_secs(4), "{:?}", stopped.elapsed());
    here.is_silent();
}

#[test]
fn what_happens_on_sockets_is_counted() {
    let chat = chat("[live]\nsockets_per_caller = 1\nsubscriptions = 2\nmessages_per_second = 50");
    let name = format!("room/{}", chat.room);
    let mut live = Live::open(&chat.ann);
    live.ok(subscribe(&name));
    live.ok(json!({"type": "watch", "operation": "message.watch"}));
    live.refused(subscribe(&name), "too_many_subscriptions");
    live.ok(publish("lobby", json!(1)));
    assert_eq!(Live::try_open(&chat.ann, &[]).err(), Some(429));
    let page = metrics::page(chat.server.address);
    let check = |series: &str, expected: f64| assert_eq!(metrics::value(&page, series), expected, "{series}");
    check("mainstay_sockets_open", 1.0);
    check(r#"mainstay_watchers{of="records"}"#, 1.0);
    check(r#"mainstay_watchers{of="channel"}"#, 1.0);
    check(r#"mainstay_watchers{of="member"}"#, 0.0);
    check(r#"mainstay_sockets_refused_total{code="too_many_sockets"}"#, 1.0);
    check(r#"mainstay_live_refused_total{code="too_many_subscriptions"}"#, 1.0);
    check("mainstay_live_opened_total", 1.0);
    check("mainstay_live_received_total", 4.0);
    check("mainstay_channel_messages_total", 1.0);
    assert!(metrics::value(&page, "mainstay_live_sent_total") >= 4.0);
    drop(live);
    let closed = || {
        let page = metrics::page(chat.server.address);
        metrics::value(&page, r#"mainstay_live_closed_total{reason="client"}"#)
    };
    let started = Instant::now();
    while closed() < 1.0 {
        assert!(started.elapsed() < PATIENCE);
    }
}

//! Watching lists, as a client of HTTP sees it.

use crate::chat::Chat;
use crate::support::{Answer, Client, Events, PATIENCE, Project, Server, raw, watch_request};
use serde_json::json;
use std::io::Read;
use std::time::{Duration, Instant};

fn messages(query: &str) -> String {
    format!("/v1/messages?{query}")
}

fn request(client: &Client, query: &str, more: &str) -> String {
    watch_request(client, &messages(query), more)
}

fn open(client: &Client, query: &str) -> Events {
    Events::open(client, &messages(query))
}

fn resume(client: &Client, query: &str, id: &str) -> Events {
    Events::resume(client, &messages(query), id)
}

fn filter(chat: &Chat) -> String {
    format!("filter=room=='{}'", chat.room)
}

/// Bob, in the room, and the path of his membership.
fn bob(chat: &Chat) -> (Client, String) {
    let (bob, id) = chat.server.client().registered("bob@example.org", "battery staple");
    let member = chat.ann.post("/v1/members", &json!({"room": chat.room, "user": id})).expect(201);
    (bob, format!("/v1/members/{}", member["id"].as_str().unwrap()))
}

fn delete(client: &Client, path: &str) {
    assert_eq!(client.send("DELETE", path, None).status, 204);
}

#[test]
fn a_watch_begins_with_what_is_there_and_goes_on_with_what_changes() {
    let chat = Chat::new();
    let mut events = open(&chat.ann, &filter(&chat));
    for header in
        ["content-type: text/event-stream\r\n", "cache-control: no-store\r\n", "x-accel-buffering: no\r\n"]
    {
        assert!(events.head.contains(header), "{}", events.head);
    }
    events.expect("snapshot", "Hello?");
    let ready = events.expect("ready", "");
    assert_eq!(ready.data, json!({"count": 1, "more": false}));
    let path = format!("/v1/messages/{}", chat.say("Hi").expect(201)["id"].as_str().unwrap());
    assert_eq!(events.expect("enter", "Hi").data["operation"], "create");
    chat.ann.patch(&path, &json!({"text": "Hi!"})).expect(200);
    events.expect("change", "Hi!");
    delete(&chat.ann, &path);
    events.expect("leave", "");
    assert!(chat.ann.send("POST", &format!("{path}/restore"), None).status == 200);
    assert_eq!(events.expect("enter", "Hi!").data["operation"], "restore");
}

#[test]
fn the_parameters_of_a_watch() {
    let chat = Chat::new();
    chat.say("Anybody?").expect(201);
    let mut events = open(&chat.ann, "snapshot=false");
    assert_eq!(events.expect("ready", "").data["count"], 0);
    let mut events = open(&chat.ann, "order=-created_at&limit=1&fields=text");
    let shown = events.expect("snapshot", "Anybody?");
    assert_eq!(shown.data["record"], json!({"text": "Anybody?"}));
    assert_eq!(events.expect("ready", "").data, json!({"count": 1, "more": true}));
    chat.say("Me").expect(201);
    assert_eq!(events.expect("enter", "Me").data["record"], json!({"text": "Me"}));
    let head = raw(
        chat.server.address,
        request(&chat.ann, "", "connection: close\r\n").replacen("GET", "HEAD", 1).as_bytes(),
    );
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert!(!head.head.contains("content-length"), "nobody knows how long it is going to be: {}", head.head);
    let refuse = |query: &str, more: &str, status: u16, code: &str| {
        let request = request(&chat.ann, query, &format!("connection: close\r\n{more}"));
        raw(chat.server.address, request.as_bytes()).expect_problem(status, code);
    };
    refuse("filter=nothing", "", 400, "invalid_filter");
    refuse("order=nothing", "", 400, "invalid_order");
    refuse("limit=501", "", 400, "invalid_limit");
    refuse("snapshot=maybe", "", 400, "invalid_parameter");
    refuse("cursor=x", "", 400, "invalid_parameter");
    refuse("", "last-event-id: 42\r\n", 400, "invalid_event_id");
    refuse("", "last-event-id: a\r\nlast-event-id: b\r\n", 400, "invalid_event_id");
}

#[test]
fn a_watch_resumes_also_after_a_restart() {
    let Chat { project, server, ann, room } = Chat::new();
    let query = format!("filter=room=='{room}'&snapshot=false");
    let mut events = open(&ann, &query);
    let first = events.expect("ready", "").id.unwrap();
    let say =
        |ann: &Client, text: &str| ann.post("/v1/messages", &json!({"room": room, "text": text})).expect(201);
    say(&ann, "one");
    let one = events.expect("enter", "one").id.unwrap();
    say(&ann, "two");
    events.expect("enter", "two");
    server.signal("TERM");
    assert_eq!(events.expect_end("end", "shutting_down").id, None);
    let mut server = server;
    assert!(server.wait().success());
    let server = project.serve();
    let ann = Client { address: server.address, ..ann };
    say(&ann, "three");
    let mut events = resume(&ann, &query, &one);
    events.expect("ready", "");
    events.expect("enter", "two");
    events.expect("enter", "three");
    let mut events = resume(&ann, &query, &first);
    events.expect("ready", "");
    for text in ["one", "two", "three"] {
        events.expect("enter", text);
    }
}

#[test]
fn an_id_that_is_not_of_this_watch_is_a_reset() {
    let chat = Chat::new();
    let query = format!("{}&snapshot=false", filter(&chat));
    let id = open(&chat.ann, &query).expect("ready", "").id.unwrap();
    let check = |client: &Client, query: &str, id: &str, reason: &str| {
        let reset = resume(client, query, id).expect_end("reset", reason);
        // A browser forgets its last id, so that it begins anew.
        assert_eq!(reset.id.as_deref(), Some(""), "{reset:?}");
    };
    let altered = |place: usize| {
        let mut altered = id.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        String::from_utf8(altered).unwrap()
    };
    check(&chat.ann, &query, &altered(31), "other_query");
    check(&chat.ann, &query, &altered(15), "other_query");
    check(&chat.ann, &query, &altered(0), "history_gone");
    check(&chat.ann, "filter=text=='x'", &id, "other_query");
    let (stranger, _) = chat.server.client().registered("eve@example.org", "battery staple");
    check(&stranger, &query, &id, "other_query");
    let other = Chat::new();
    check(&other.ann, &format!("filter=room=='{}'", other.room), &id, "history_gone");
}

#[test]
fn a_right_that_is_withdrawn_ends_the_stream_within_a_second() {
    let chat = Chat::new();
    let (bob, membership) = bob(&chat);
    let mut events = open(&bob, &filter(&chat));
    events.expect("snapshot", "Hello?");
    events.expect("ready", "");
    delete(&chat.ann, &membership);
    let started = Instant::now();
    chat.say("not for Bob").expect(201);
    events.expect_end("reset", "rights_changed");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    open(&bob, &filter(&chat)).expect("ready", "");

    let mut events = open(&chat.ann, &format!("{}&snapshot=false", filter(&chat)));
    events.expect("ready", "");
    assert_eq!(chat.ann.send("POST", "/v1/auth/logout", None).status, 204);
    let started = Instant::now();
    events.expect_end("end", "unauthenticated");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn a_token_that_expires_ends_the_stream() {
    let project = Project::example("chat");
    project.set("[accounts]\naccess_token_seconds = 2");
    let server = project.serve();
    let (ann, _) = server.client().registered("ann@example.org", "correct horse");
    let mut events = open(&ann, "");
    events.expect("ready", "");
    events.expect_end("end", "unauthenticated");
}

#[test]
fn nobody_is_told_of_what_nobody_may_see() {
    let chat = Chat::new();
    let mut events = open(&chat.server.client(), "");
    assert_eq!(events.expect("ready", "").data["count"], 0);
    chat.say("secret").expect(201);
    events.reader.get_ref().set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut rest = String::new();
    // It ends with the patience, not with the stream.
    assert!(events.reader.read_to_string(&mut rest).is_err(), "{rest}");
    assert_eq!(rest.trim(), "");
}

#[test]
fn a_heartbeat_keeps_the_last_id_young() {
    let project = Project::example("chat");
    project.write(
        "mainstay.toml",
        "[server]\nheartbeat_ms = 50\n[accounts.password]\nmemory_kib = 512\niterations = 1\n",
    );
    let server = project.serve();
    let (ann, _) = server.client().registered("ann@example.org", "correct horse");
    let mut events = open(&ann, "");
    let ready = events.expect("ready", "").id.unwrap();
    ann.post("/v1/rooms", &json!({"name": "Kitchen"})).expect(201);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let line = events.line().unwrap();
        if let Some(id) = line.strip_prefix("id: ")
            && id != ready
        {
            break;
        }
        assert!(Instant::now() < deadline, "the id stays {ready}");
    }
}

#[test]
fn history_that_is_gone_is_a_reset() {
    let Chat { project, server, ann, room } = Chat::new();
    let query = format!("filter=room=='{room}'&snapshot=false");
    let id = open(&ann, &query).expect("ready", "").id.unwrap();
    ann.post("/v1/messages", &json!({"room": room, "text": "lost"})).expect(201);
    assert!(server.stop().success());
    // As trimming leaves it.
    let last = project.data().sql(r#"SELECT max("offset") FROM "_mainstay_change""#);
    project.data().sql(r#"DELETE FROM "_mainstay_change""#);
    let note = format!(r#"INSERT INTO "_mainstay_meta" ("key", "value") VALUES ('feed_start', '{last} 0')"#);
    project.data().sql(&note);
    let server = project.serve();
    let ann = Client { address: server.address, ..ann };
    let mut events = resume(&ann, &query, &id);
    events.expect("ready", "");
    events.expect_end("reset", "history_gone");
}

/// Watchers that stop reading cost no more than their bound, and the others are served as before.
#[test]
fn a_thousand_watchers_that_stop_reading() {
    let chat = Chat::new();
    let query = format!("{}&snapshot=false", filter(&chat));
    let streams: Vec<Events> = (0..1_000).map(|_| open(&chat.ann, &query)).collect();
    let mut reader = open(&chat.ann, &query);
    reader.expect("ready", "");
    let before = memory_kib(&chat.server);
    let text = "x".repeat(3_900);
    for _ in 0..30 {
        chat.say(&text).expect(201);
        reader.expect("enter", &text);
    }
    let grown = memory_kib(&chat.server).saturating_sub(before);
    assert!(grown < 150 << 10, "{grown} KiB for 1,000 watchers");
    drop(streams);
    assert_eq!(chat.ann.get("/readyz").status, 200);
}

/// More waits than the system's own buffers hold: who begins to read again gets what was on its way, is told, and is let go.
#[test]
fn a_watcher_that_falls_behind_is_told_and_dropped() {
    let chat = Chat::new();
    let mut slow = open(&chat.ann, &format!("{}&snapshot=false", filter(&chat)));
    slow.expect("ready", "");
    let data = json!({"room": chat.room, "text": "\u{20ac}".repeat(4_000)});
    let operation = json!({"op": "create", "model": "message", "data": data});
    let batch = json!({"operations": vec![operation; 10]});
    for _ in 0..200 {
        chat.ann.post("/v1/batch", &batch).expect(200);
    }
    let events: Vec<_> = std::iter::from_fn(|| slow.next()).collect();
    let last = events.last().unwrap();
    // Each has 12 kB. Most of what it did not take has waited nowhere.
    assert!(events.len() < 150, "{} events had been written", events.len());
    assert_eq!((last.name.as_str(), &last.data["reason"]), ("end", &json!("too_slow")));
    let page = String::from_utf8(chat.ann.get("/metrics").body).unwrap();
    assert!(page.contains("mainstay_watches_ended_total{reason=\"too_slow\"} 1\n"), "{page}");
}

/// The memory that a server has, as Linux tells it.
fn memory_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn too_many_watches_are_refused() {
    let project = Project::example("chat");
    project.set("[limits]\nwatchers = 2\nwatchers_per_caller = 1");
    let server = project.serve();
    let (ann, _) = server.client().registered("ann@example.org", "correct horse");
    let (bob, _) = server.client().registered("bob@example.org", "correct horse");
    let refused = |client: &Client| -> Answer {
        raw(server.address, request(client, "", "connection: close\r\n").as_bytes())
    };
    let _first = open(&ann, "");
    refused(&ann).expect_problem(429, "too_many_watchers");
    let _second = open(&bob, "");
    refused(&server.client()).expect_problem(503, "busy");
}

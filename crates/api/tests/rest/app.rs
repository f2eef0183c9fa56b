//! Whether clients are new enough, and what becomes of those that are not.

use crate::support::{App, Ask, SETTINGS, get, post};
use serde_json::{Value, json};

const CLIENTS: &str = "[app.ios]\nstore = \"3.2.1\"\nminimum = \"3\"\nrecommended = \"3.2\"\nenforce = true\n\
    message = \"Please update.\"\nlink = \"https://example.com/ios\"\n[app.ios.texts.de]\nmessage = \"Bitte neu.\"\n\
    [app.android]\nstore = \"9\"\nminimum = \"9\"\n[app.web]\nstore = \"2\"\nminimum = \"2\"\nrollout_percent = 50\nenforce = true\n";

fn app() -> App {
    App::of(&[
        ("mainstay.toml", &format!("{SETTINGS}{CLIENTS}")),
        ("models/note.toml", "[allow]\nread = \"true\"\n"),
    ])
}

#[tokio::test]
async fn a_client_is_told_what_to_do() {
    let app = app();
    let answer = |status: &str, reason: &str, told: [Value; 2]| {
        let [message, link] = told;
        json!({
            "status": status, "reason": reason, "minimum": "3.0.0", "recommended": "3.2.0", "store": "3.2.1",
            "message": message, "link": link,
        })
    };
    let check = |query: &str| get(format!("/v1/app/check?{query}"));
    let link = json!("https://example.com/ios");
    let soft = answer("soft", "below_recommended", [json!("Please update."), link.clone()]);
    let reply = app.check(check("platform=ios&version=3.1"), 200, soft).await;
    assert_eq!(
        (reply.header("vary"), reply.header("cache-control")),
        ("accept-language", "private, no-cache")
    );
    let hard = answer("hard", "below_minimum", [json!("Bitte neu."), link]);
    let german = check("platform=iOS&version=2.9-beta").header("accept-language", "de-AT");
    let reply = app.check(german.token("expired"), 200, hard.clone()).await;
    assert_eq!(reply.header("content-language"), "de");
    app.check(check("platform=ios&version=2&language=de").header("accept-language", "en"), 200, hard).await;
    let ok = |reason| answer("ok", reason, [Value::Null, Value::Null]);
    app.check(check("platform=ios&version=3.2.0%2B7"), 200, ok("current")).await;
    app.check(check("platform=ios&version=new"), 200, ok("unknown_version")).await;
    app.check(check("platform=ios"), 200, ok("unknown_version")).await;
    for query in ["", "platform=symbian&version=1"] {
        let reply = app.send(check(query)).await.json();
        assert_eq!((&reply["status"], &reply["reason"]), (&json!("ok"), &json!("unknown_platform")));
    }
    app.refuse(check("os=ios"), 400, "invalid_parameter").await;
}

#[tokio::test]
async fn a_client_that_is_too_old_is_refused() {
    let app = app();
    let of = |ask: Ask, version: &str| ask.header("client-version", version);
    let reply = app.refuse(of(get("/v1/notes"), "ios/2.9; device=x"), 426, "client_outdated").await;
    assert_eq!((reply.header("upgrade"), reply.header("connection")), ("ios/3.0.0", "upgrade"));
    app.refuse(of(post("/v1/auth/login"), "iOS/2"), 426, "client_outdated").await;
    for served in
        ["ios/3.0.0", "ios/3.1 (7)", "ios", "ios/", "ios/two", "symbian/1", "android/1", "web/1", "/", ""]
    {
        assert_eq!(app.send(of(get("/v1/notes"), served)).await.status, 200, "{served}");
    }
    let twice = of(of(get("/v1/notes"), "ios/2"), "ios/2");
    assert_eq!(app.send(twice).await.status, 200, "two versions are none");
    for exempt in ["/v1/app/check?platform=ios&version=2", "/healthz", "/openapi.json", "/docs"] {
        assert_eq!(app.send(of(get(exempt), "ios/2")).await.status, 200, "{exempt}");
    }
}

#[tokio::test]
async fn a_rollout_refuses_only_devices_that_it_has_reached() {
    let app = app();
    let mut refused = 0;
    for device in 0..100 {
        let ask = get("/v1/notes").header("client-version", format!("web/1; device={device}"));
        refused += usize::from(app.send(ask).await.status == 426);
    }
    assert!((30..70).contains(&refused), "{refused} of 100 devices at 50 %");
}

#[tokio::test]
async fn clients_of_a_version_that_has_ended_can_still_ask() {
    let settings = format!("{SETTINGS}{CLIENTS}");
    let app = App::of(&[
        ("mainstay.toml", &settings),
        ("models/note.toml", "[allow]\nread = \"true\"\n"),
        ("api/v2.toml", ""),
    ]);
    app.refuse(get("/v1/notes"), 404, "not_found").await;
    for path in ["/v1/app/check", "/v2/app/check"] {
        let answer = app.send(get(format!("{path}?platform=ios&version=2"))).await.json();
        assert_eq!(answer["status"], "hard", "{path}");
    }
}

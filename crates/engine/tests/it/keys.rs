//! API keys: whom they stand for, until when, and what is remembered of their use.

use crate::support::{App, code, nobody, user_id};
use mainstay_engine::{Action, Caller, Code, Command, Input, MadeKey};
use mainstay_testkit::{Call, Fault, Faults};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const MINUTE: Duration = Duration::from_secs(60);

async fn key(app: &App, caller: &Caller, fields: Value) -> MadeKey {
    let input = Input::from_json(app.engine.key_model(), fields.as_object().unwrap()).unwrap();
    app.engine.create_key(caller, input).await.unwrap()
}

async fn any_key(app: &App, caller: &Caller) -> MadeKey {
    key(app, caller, json!({"name": "x", "scopes": ["*"]})).await
}

fn id(made: &MadeKey) -> Uuid {
    made.view.record.id()
}

/// Whom a key lets in as; `None` for nobody.
async fn let_in(app: &App, key: &MadeKey) -> Option<Uuid> {
    let caller = app.with_token(&key.key).await;
    caller.map_err(|error| assert_eq!(error.code, Code::InvalidToken)).ok().map(|caller| user_id(&caller))
}

#[tokio::test]
async fn a_key_ends_when_it_expires() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let fields = json!({"name": "x", "scopes": ["*"], "expires_at": "2026-11-21T09:30:00Z"});
    let short = key(&app, &ann, fields).await;
    let long = any_key(&app, &ann).await;
    assert_eq!(let_in(&app, &short).await, Some(user_id(&ann)));
    app.clock.advance(Duration::from_secs(3_600));
    assert_eq!(let_in(&app, &short).await, None);
    app.clock.advance(MINUTE * 60 * 24 * 365);
    assert_eq!(let_in(&app, &long).await, Some(user_id(&ann)));
}

#[tokio::test]
async fn a_key_has_the_roles_that_its_account_has_now() {
    let app = App::chat();
    let admin = app.account("admin@example.org", &["admin"]).await;
    let ann = app.account("ann@example.org", &[]).await;
    let made = any_key(&app, &ann).await;
    let roles = async || app.with_token(&made.key).await.unwrap().identity.unwrap().roles.clone();
    assert!(roles().await.is_empty());
    app.update(&admin, "user", user_id(&ann), json!({"roles": ["editor"]})).await.unwrap();
    assert_eq!(roles().await, ["editor"]);
    app.update(&admin, "user", user_id(&ann), json!({"roles": []})).await.unwrap();
    assert!(roles().await.is_empty());
}

#[tokio::test]
async fn keys_go_with_their_account_and_come_back_with_it() {
    let app = App::chat();
    let admin = app.account("admin@example.org", &["admin"]).await;
    let ann = app.account("ann@example.org", &[]).await;
    let (kept, revoked) = (any_key(&app, &ann).await, any_key(&app, &ann).await);
    assert!(let_in(&app, &kept).await.is_some());
    app.clock.advance(MINUTE);
    app.engine.revoke_key(&ann, id(&revoked)).await.unwrap();
    app.clock.advance(MINUTE);
    app.delete(&admin, "user", user_id(&ann)).await.unwrap();
    assert_eq!(let_in(&app, &kept).await, None);
    let model = app.engine.application().user().id;
    let restore = Command { model, action: Action::Restore { id: user_id(&ann), if_version: None } };
    app.engine.write(&admin, "user.restore", restore).await.unwrap();
    assert_eq!(let_in(&app, &kept).await, Some(user_id(&ann)));
    assert_eq!(let_in(&app, &revoked).await, None);
}

#[tokio::test]
async fn no_more_keys_are_made_at_once_than_one_after_the_other() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let fields = json!({"name": "x", "scopes": ["*"]});
    let make = || async {
        let input = Input::from_json(app.engine.key_model(), fields.as_object().unwrap()).unwrap();
        app.engine.create_key(&ann, input).await
    };
    let made = futures::future::join_all((0..120).map(|_| make())).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 100);
    assert_eq!(app.engine.keys(&ann, None).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_revocation_counts_also_when_nobody_waits_for_its_answer() {
    // The account, its credential and its session are written first, then the key, then its end, which takes longer than the caller waits.
    let delay = Fault::Delay(Duration::from_millis(50));
    let app = App::with_faults(Faults::seeded(1).nth(Call::Transact, 4, delay));
    let ann = app.account("ann@example.org", &[]).await;
    let made = any_key(&app, &ann).await;
    assert!(let_in(&app, &made).await.is_some());
    let revocation = tokio::time::timeout(Duration::from_millis(5), app.engine.revoke_key(&ann, id(&made)));
    assert!(revocation.await.is_err(), "it was not delayed: the count of writes before it is wrong");
    let ended = async {
        while let_in(&app, &made).await.is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
    assert!(ended.is_ok(), "the key still lets in");
}

#[tokio::test]
async fn the_last_use_is_written_by_maintenance_and_at_most_once_a_minute() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let made = any_key(&app, &ann).await;
    let last_use = async || app.json(&app.engine.key(&ann, id(&made)).await.unwrap())["last_used_at"].clone();
    for (use_it, expected) in [
        (false, Value::Null),
        (true, json!("2026-11-21T08:30:30.000000Z")),
        // Half a minute later it is not noted again.
        (true, json!("2026-11-21T08:30:30.000000Z")),
        (true, json!("2026-11-21T08:31:30.000000Z")),
        (false, json!("2026-11-21T08:31:30.000000Z")),
    ] {
        if use_it {
            let_in(&app, &made).await.unwrap();
        }
        let before = last_use().await;
        app.engine.maintain().await.unwrap();
        assert_eq!(last_use().await, expected, "before it was {before}");
        app.clock.advance(MINUTE / 2);
    }
    // One that was revoked before its use was written holds up nothing.
    app.clock.advance(MINUTE);
    let_in(&app, &made).await.unwrap();
    app.engine.revoke_key(&ann, id(&made)).await.unwrap();
    app.engine.maintain().await.unwrap();
}

#[tokio::test]
async fn an_account_has_so_many_keys_and_no_more() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let mut last = any_key(&app, &ann).await;
    for _ in 1..100 {
        last = any_key(&app, &ann).await;
    }
    let fields = json!({"name": "x", "scopes": ["*"]});
    let input = Input::from_json(app.engine.key_model(), fields.as_object().unwrap()).unwrap();
    assert_eq!(code(app.engine.create_key(&ann, input).await.map(drop)), Code::TooManyKeys);
    assert_eq!(app.engine.keys(&ann, None).await.unwrap().len(), 100);
    app.engine.revoke_key(&ann, id(&last)).await.unwrap();
    any_key(&app, &ann).await;
    assert_eq!(code(app.engine.keys(&nobody(), None).await), Code::Unauthenticated);
}

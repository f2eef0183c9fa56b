//! A request that is sent twice takes effect once.

use crate::support::{App, PASSWORD, code, nobody, user_id};
use mainstay_engine::{
    Action, Caller, Code, Command, Done, Error, Idempotency, Input, Login, PasswordChange, Written,
};
use mainstay_ports::Position;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What the answers of these tests say of what was done.
fn tell(done: &Done<'_>) -> Vec<u8> {
    match done {
        Done::Written(written) => written[0].id.unwrap().to_string(),
        Done::Count(count) => count.to_string(),
        Done::Registered(view) => format!("account {}", view.record.id()),
        Done::Tokens(tokens) => format!("{} {}", tokens.access_token, tokens.refresh_token),
        Done::Key(made) => made.key.clone(),
        Done::Lock(lock) => format!("{} {}", lock.name, lock.fencing),
        Done::Nothing => "done".to_owned(),
    }
    .into_bytes()
}

fn asked(app: &App, caller: &Caller, key: &str, body: &str) -> Arc<Idempotency> {
    Arc::new(app.engine.idempotency(caller, key, &[b"POST", body.as_bytes()], Box::new(tell)))
}

fn once(caller: &Caller, idempotency: &Arc<Idempotency>) -> Caller {
    Caller { idempotency: Some(idempotency.clone()), ..caller.clone() }
}

async fn new_room(app: &App, caller: &Caller, name: &str) -> Result<Written, Error> {
    let model = app.engine.application().model_named("room").unwrap();
    let input = Input::from_json(model, json!({ "name": name }).as_object().unwrap()).unwrap();
    let command = Command { model: model.id, action: Action::Create { id: None, input } };
    app.engine.write(caller, "room.create", command).await.map(|(written, _)| written)
}

/// The answer and the position that were kept.
async fn kept(app: &App, idempotency: &Idempotency) -> Option<(String, Option<Position>)> {
    let kept = app.engine.replay(idempotency).await.unwrap()?;
    Some((String::from_utf8(kept.answer).unwrap(), kept.position))
}

async fn replayed(app: &App, idempotency: &Idempotency) -> Option<String> {
    kept(app, idempotency).await.map(|(answer, _)| answer)
}

#[tokio::test]
async fn an_answer_is_kept_when_the_write_is() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let request = asked(&app, &ann, "key", "body");
    assert_eq!(replayed(&app, &request).await, None);
    let refused = app.delete(&once(&ann, &request), "room", user_id(&ann)).await;
    assert_eq!(code(refused), Code::NotFound);
    assert_eq!(replayed(&app, &request).await, None, "what was refused had no effect");
    let written = new_room(&app, &once(&ann, &request), "Den").await.unwrap();
    let answer = written.id.unwrap().to_string();
    let behind = app.engine.position().await.unwrap();
    assert_eq!(kept(&app, &request).await, Some((answer.clone(), Some(behind))));
    // Another that started before the first was done.
    assert_eq!(code(new_room(&app, &once(&ann, &request), "Den").await), Code::Busy);
    assert_eq!(replayed(&app, &request).await.unwrap(), answer);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_account() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let bob = app.account("bob@example.org", &[]).await;
    new_room(&app, &once(&ann, &asked(&app, &ann, "key", "body")), "Den").await.unwrap();
    assert_eq!(code(app.engine.replay(&asked(&app, &ann, "key", "other")).await), Code::IdempotencyKeyReused);
    for (caller, key) in [(&ann, "other"), (&bob, "key"), (&nobody(), "key")] {
        assert_eq!(replayed(&app, &asked(&app, caller, key, "body")).await, None, "{key}");
    }
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let request = asked(&app, &ann, "key", "body");
    new_room(&app, &once(&ann, &request), "Den").await.unwrap();
    app.clock.advance(DAY - Duration::from_secs(1));
    assert!(replayed(&app, &request).await.is_some());
    assert_eq!(app.engine.maintain().await.unwrap().answers, 0);
    app.clock.advance(Duration::from_secs(1));
    // The record is still there and must not stand in the way.
    assert_eq!(replayed(&app, &request).await, None);
    new_room(&app, &once(&ann, &request), "Attic").await.unwrap();
    app.clock.advance(DAY + Duration::from_secs(1));
    assert_eq!(app.engine.maintain().await.unwrap().answers, 1);
}

#[tokio::test]
async fn an_answer_that_is_too_large_to_keep_undoes_the_write() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let large = Box::new(|_: &Done<'_>| vec![b'x'; (8 << 20) + 1]);
    let request = Arc::new(app.engine.idempotency(&ann, "key", &[], large));
    assert_eq!(code(new_room(&app, &once(&ann, &request), "Den").await), Code::AnswerTooLarge);
    new_room(&app, &ann, "Den").await.unwrap();
}

#[tokio::test]
async fn a_refresh_that_is_sent_twice_does_not_end_the_session() {
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    let tokens = app.login("ann@example.org", PASSWORD).await.unwrap();
    let request = asked(&app, &nobody(), "key", "refresh");
    let caller = once(&nobody(), &request);
    let fresh = app.engine.refresh(&caller, &tokens.refresh_token).await.unwrap();
    assert_eq!(code(app.engine.refresh(&caller, &tokens.refresh_token).await.map(|_| ())), Code::Busy);
    assert_eq!(
        replayed(&app, &request).await.unwrap(),
        format!("{} {}", fresh.access_token, fresh.refresh_token)
    );
    app.with_token(&fresh.access_token).await.unwrap();
    // Without the key it is still a theft.
    let reused = app.engine.refresh(&nobody(), &tokens.refresh_token).await;
    assert_eq!(code(reused.map(|_| ())), Code::TokenReused);
}

#[tokio::test]
async fn a_change_of_password_that_is_sent_twice_counts_no_failure() {
    let app = App::chat();
    let ann = app.account("ann@example.org", &[]).await;
    let request = asked(&app, &ann, "key", "password");
    let change = || PasswordChange { current: PASSWORD.to_owned(), new: "battery staple".to_owned() };
    app.engine.change_password(&once(&ann, &request), change()).await.unwrap();
    for _ in 0..5 {
        assert_eq!(code(app.engine.change_password(&once(&ann, &request), change()).await), Code::Busy);
    }
    let login = Login { email: "ann@example.org".to_owned(), password: "battery staple".to_owned() };
    app.engine.login(&nobody(), login).await.map(|_| ()).unwrap();
}

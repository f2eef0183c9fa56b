//! Several engines on one store, as several nodes have one database.

use crate::support::{App, PASSWORD, nobody, place, user_id};
use futures::future::join_all;
use mainstay_engine::{Caller, Code, Input, PasswordChange};
use mainstay_testkit::{Call, Fault, Faults, Place};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What is withdrawn is withdrawn everywhere within this.
const SOON: Duration = Duration::from_secs(1);

fn follow(app: &App) {
    let engine = app.engine.clone();
    tokio::spawn(async move { engine.follow_other_nodes().await });
}

/// Two nodes that hear of each other.
async fn two() -> (App, App) {
    let one = App::node();
    let other = one.beside(Faults::seeded(0), 0);
    follow(&other);
    sleep(Duration::from_millis(20)).await;
    (one, other)
}

/// The token of a new session, remembered by a node.
async fn token(one: &App, other: &App, email: &str) -> String {
    let token = one.login(email, PASSWORD).await.unwrap().access_token;
    for _ in 0..2 {
        other.with_token(&token).await.unwrap();
    }
    assert!(other.engine.measures().tokens_remembered.get() > 0, "it is remembered");
    token
}

/// Waits until a node refuses a token.
async fn refused(node: &App, token: &str) {
    let started = Instant::now();
    while node.with_token(token).await.is_ok() {
        assert!(started.elapsed() < SOON, "it is not refused");
        sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(node.with_token(token).await.unwrap_err().code, Code::InvalidToken);
}

#[tokio::test]
async fn a_session_that_ends_on_one_node_ends_on_the_others() {
    let (one, other) = two().await;
    one.account("ann@example.org", &[]).await;
    let first = token(&one, &other, "ann@example.org").await;
    let second = token(&one, &other, "ann@example.org").await;
    let caller = one.with_token(&first).await.unwrap();
    let change = PasswordChange { current: PASSWORD.to_owned(), new: "better horse".to_owned() };
    one.engine.change_password(&caller, change).await.unwrap();
    refused(&other, &second).await;
    one.engine.logout(&caller).await.unwrap();
    refused(&other, &first).await;
}

#[tokio::test]
async fn an_account_that_changes_on_one_node_changes_on_the_others() {
    let (one, other) = two().await;
    let admin = one.account("root@example.org", &["admin"]).await;
    let ann = user_id(&one.account("ann@example.org", &["editor"]).await);
    let token = token(&one, &other, "ann@example.org").await;
    one.update(&admin, "user", ann, json!({"roles": []})).await.unwrap();
    let started = Instant::now();
    while !other.with_token(&token).await.unwrap().identity.unwrap().roles.is_empty() {
        assert!(started.elapsed() < SOON, "the role was not withdrawn");
        sleep(Duration::from_millis(2)).await;
    }
    one.delete(&admin, "user", ann).await.unwrap();
    refused(&other, &token).await;
}

#[tokio::test]
async fn a_key_that_is_revoked_on_one_node_is_revoked_on_the_others() {
    let (one, other) = two().await;
    let ann = one.account("ann@example.org", &[]).await;
    let fields = json!({"name": "x", "scopes": ["*"]});
    let input = Input::from_json(one.engine.key_model(), fields.as_object().unwrap()).unwrap();
    let made = one.engine.create_key(&ann, input).await.unwrap();
    for _ in 0..2 {
        other.with_token(&made.key).await.unwrap();
    }
    one.engine.revoke_key(&ann, made.view.record.id()).await.unwrap();
    refused(&other, &made.key).await;
}

/// How many of three requests with a token were answered from memory.
async fn remembered(node: &App, token: &str) -> u64 {
    let before = node.engine.measures().tokens_remembered.get();
    for _ in 0..3 {
        node.with_token(token).await.unwrap();
    }
    node.engine.measures().tokens_remembered.get() - before
}

#[tokio::test]
async fn a_node_that_does_not_hear_of_others_remembers_nobody() {
    let one = App::node();
    one.account("ann@example.org", &[]).await;
    let token = one.login("ann@example.org", PASSWORD).await.unwrap().access_token;
    assert_eq!(remembered(&one, &token).await, 0);
    follow(&one);
    sleep(Duration::from_millis(20)).await;
    assert_eq!(remembered(&one, &token).await, 2);
    // The feed cannot be read any more: what was heard counts for a second, and no longer.
    let deaf = one.beside(Faults::seeded(0).sometimes(Call::Changes, 1.0, Fault::Failed), 0);
    follow(&deaf);
    sleep(Duration::from_millis(20)).await;
    assert_eq!(remembered(&deaf, &token).await, 2);
    sleep(SOON).await;
    assert_eq!(remembered(&deaf, &token).await, 0);
}

#[tokio::test]
async fn a_store_of_one_process_needs_nobody_to_be_heard() {
    if place() != Place::Memory {
        return;
    }
    let app = App::chat();
    app.account("ann@example.org", &[]).await;
    app.engine.follow_other_nodes().await;
    let token = app.login("ann@example.org", PASSWORD).await.unwrap().access_token;
    assert_eq!(remembered(&app, &token).await, 2);
}

async fn login(node: &App, password: &str) -> Option<Code> {
    node.login("ann@example.org", password).await.err().map(|error| error.code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_several_nodes_are_counted_together() {
    let one = App::node();
    let others = [one.beside(Faults::seeded(0), 0), one.beside(Faults::seeded(0), 0)];
    one.account("ann@example.org", &[]).await;
    for node in others.iter().chain([&one]) {
        assert_eq!(login(node, "wrong horse").await, Some(Code::InvalidCredentials));
    }
    for node in others.iter().chain([&one]) {
        assert_eq!(login(node, PASSWORD).await, Some(Code::TooManyFailures));
    }
    // Sent at once, each node lets as many through as may fail, and then there is a delay everywhere.
    for node in others.iter().chain([&one]) {
        node.clock.advance(Duration::from_secs(7_200));
    }
    let guesses =
        others.iter().chain([&one]).flat_map(|node| (0..20).map(move |_| login(node, "wrong horse")));
    let outcomes = join_all(guesses).await;
    let tried = outcomes.iter().filter(|code| **code == Some(Code::InvalidCredentials)).count();
    assert!((3..=9).contains(&tried), "{tried} of 60");
    assert_eq!(login(&others[0], PASSWORD).await, Some(Code::TooManyFailures));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_tidy_up_at_once() {
    let one = App::node();
    let nodes = [one.beside(Faults::seeded(0), 0), one.beside(Faults::seeded(0), 5), one];
    let admin = nodes[0].account("root@example.org", &["admin"]).await;
    for number in 0..20 {
        let user = nodes[0].account(&format!("{number}@example.org"), &[]).await;
        nodes[0].delete(&admin, "user", user_id(&user)).await.unwrap();
    }
    nodes.iter().for_each(|node| node.clock.advance(Duration::from_secs(32 * 86_400)));
    let rounds = join_all(nodes.iter().map(|node| node.engine.maintain())).await;
    let removed: u64 = rounds.into_iter().map(|round| round.unwrap().records).sum();
    assert_eq!(removed, 40, "the accounts and their credentials, each once");
}

/// A clock that is wrong by half a minute, as one may be before anybody notices.
const SKEW_SECONDS: i64 = 30;

#[tokio::test]
async fn what_a_node_with_another_clock_gives_is_good_on_the_others() {
    for skew in [SKEW_SECONDS, -SKEW_SECONDS] {
        let one = App::node();
        let other = one.beside(Faults::seeded(0), skew);
        one.account("ann@example.org", &[]).await;
        for (from, to) in [(&one, &other), (&other, &one)] {
            let tokens = from.login("ann@example.org", PASSWORD).await.unwrap();
            to.with_token(&tokens.access_token).await.unwrap();
            let next = to.engine.refresh(&nobody(), &tokens.refresh_token).await.unwrap();
            from.with_token(&next.access_token).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_delay_counts_on_a_node_whose_clock_is_behind() {
    let one = App::node();
    let behind = one.beside(Faults::seeded(0), -SKEW_SECONDS);
    one.account("ann@example.org", &[]).await;
    // So many failures that the delay is the longest.
    for _ in 0..14 {
        login(&one, "wrong horse").await;
        one.clock.advance(Duration::from_secs(901));
        behind.clock.advance(Duration::from_secs(901));
    }
    login(&one, "wrong horse").await;
    assert_eq!(login(&one, PASSWORD).await, Some(Code::TooManyFailures));
    let refused = behind.login("ann@example.org", PASSWORD).await.err().unwrap();
    assert_eq!((refused.code, refused.retry_after_seconds), (Code::TooManyFailures, Some(900)));
}

#[tokio::test]
async fn a_record_does_not_grow_younger_on_a_node_whose_clock_is_behind() {
    let one = App::node();
    let behind = one.beside(Faults::seeded(0), -SKEW_SECONDS);
    let admin: Caller = one.account("root@example.org", &["admin"]).await;
    let ann = user_id(&one.account("ann@example.org", &[]).await);
    let first = one.update(&admin, "user", ann, json!({"roles": ["a"]})).await.unwrap();
    let second = behind.update(&admin, "user", ann, json!({"roles": ["b"]})).await.unwrap();
    assert_eq!(second.record.version(), first.record.version() + 1);
    assert!(second.record.updated_at() >= first.record.updated_at());
}

//! Locks: who holds one, for how long, and what becomes of those who believe that they do.

use crate::support::{App, code, id, nobody};
use futures::future::join_all;
use mainstay_engine::{
    AcquireLock, Action, Caller, Code, Command, Engine, Error, FencingToken, Input, Lease, Lock, LockName,
    Matching,
};
use mainstay_ports::Isolation;
use mainstay_testkit::Faults;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const SETTINGS: &str = "[accounts.password]\nmemory_kib = 512\niterations = 1\n\
    [locks]\nallow = \"auth.id != null && name.startsWith('job-')\"\n";
const NOTE: &str = "[fields]\ntext = \"string\"\n[allow]\nread = \"true\"\ncreate = \"auth.id != null\"\n\
    update = \"auth.id != null\"\ndelete = \"auth.id != null\"\n";
const MODELS: &[(&str, &str)] = &[("models/note.toml", NOTE)];

fn app() -> App {
    App::with(SETTINGS, MODELS)
}

fn name(text: &str) -> LockName {
    LockName::parse(text).unwrap()
}

fn for_ms(lease_ms: i64, wait_ms: i64) -> AcquireLock {
    AcquireLock::new(Some(lease_ms), Some(wait_ms), None).unwrap()
}

async fn take(engine: &Engine, caller: &Caller, lock: &str) -> Result<Lock, Error> {
    engine.acquire_lock(caller, &name(lock), &for_ms(10_000, 0)).await
}

/// The caller as the holder of a lock.
fn holding(caller: &Caller, lock: &Lock) -> Caller {
    let token = FencingToken { name: lock.name.clone(), fencing: lock.fencing };
    Caller { fencing: vec![token], ..caller.clone() }
}

async fn write(app: &App, holder: &Caller) -> Result<(), Code> {
    let written = app.create(holder, "note", json!({"text": "x"})).await;
    written.map(drop).map_err(|error| error.code)
}

#[tokio::test]
async fn one_holds_a_lock_and_each_holder_has_a_greater_number() {
    let app = app();
    let (ann, ben) = (app.account("ann@example.org", &[]).await, app.account("ben@example.org", &[]).await);
    let first = take(&app.engine, &ann, "job-1").await.unwrap();
    assert_eq!((first.lease_ms, first.account), (10_000, ann.identity.as_ref().unwrap().user));
    let refused = take(&app.engine, &ben, "job-1").await.unwrap_err();
    assert_eq!((refused.code, refused.retry_after_seconds), (Code::LockHeld, Some(10)));
    assert_eq!(code(take(&app.engine, &ann, "job-1").await), Code::LockHeld, "not even its holder, twice");
    take(&app.engine, &ben, "job-2").await.unwrap();
    app.engine.release_lock(&holding(&ann, &first), &first.name).await.unwrap();
    let second = take(&app.engine, &ben, "job-1").await.unwrap();
    app.clock.advance(Duration::from_millis(9_999));
    assert_eq!(code(take(&app.engine, &ann, "job-1").await), Code::LockHeld);
    app.clock.advance(Duration::from_millis(1));
    let third = take(&app.engine, &ann, "job-1").await.unwrap();
    // The clock goes back: the lease seems longer, the number does not care.
    app.clock.set(1_000_000);
    app.engine.release_lock(&holding(&ann, &third), &third.name).await.unwrap();
    let fourth = take(&app.restarted().engine, &ann, "job-1").await.unwrap();
    let numbers = [&first, &second, &third, &fourth].map(|lock| lock.fencing);
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[tokio::test]
async fn a_stale_holder_writes_nothing() {
    let app = app();
    let (ann, ben) = (app.account("ann@example.org", &[]).await, app.account("ben@example.org", &[]).await);
    let note = app.create(&ann, "note", json!({"text": "first"})).await.unwrap();
    let first = take(&app.engine, &ann, "job-1").await.unwrap();
    let stale = holding(&ann, &first);
    assert_eq!(write(&app, &stale).await, Ok(()));
    // Expired and taken by nobody; then taken by another; then released.
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(write(&app, &stale).await, Err(Code::Fenced));
    let second = take(&app.engine, &ben, "job-1").await.unwrap();
    let model = app.engine.application().model_named("note").unwrap();
    let fields = |text: &str| Input::from_json(model, json!({"text": text}).as_object().unwrap()).unwrap();
    let note = id(&note);
    for action in [
        Action::Create { id: None, input: fields("x") },
        Action::Update { id: note, input: fields("x"), if_version: None },
        Action::Put { id: note, input: fields("x"), if_version: None, only_create: false },
        Action::Delete { id: note, if_version: None },
        Action::Restore { id: note, if_version: None },
    ] {
        let command = Command { model: model.id, action };
        assert_eq!(code(app.engine.write(&stale, "x", command.clone()).await), Code::Fenced);
        assert_eq!(
            code(app.engine.write_all(&stale, "batch", vec![command], Isolation::default()).await),
            Code::Fenced
        );
    }
    let all = Matching { filter: "true".to_owned(), limit: None };
    let updated = app.engine.update_many(&stale, model.id, &all, fields("x"), &[]).await;
    assert_eq!(code(updated), Code::Fenced);
    assert_eq!(code(app.engine.delete_many(&stale, model.id, &all).await), Code::Fenced);
    let holder = holding(&ben, &second);
    assert_eq!(write(&app, &holder).await, Ok(()));
    app.engine.release_lock(&holder, &second.name).await.unwrap();
    assert_eq!(write(&app, &holder).await, Err(Code::Fenced));
    assert_eq!(write(&app, &ann).await, Ok(()), "who names no lock needs none");
}

#[tokio::test]
async fn every_lock_that_is_named_has_to_be_held() {
    let app = app();
    let ann = app.account("ann@example.org", &[]).await;
    let (one, two) =
        (take(&app.engine, &ann, "job-1").await.unwrap(), take(&app.engine, &ann, "job-2").await.unwrap());
    let both = Caller {
        fencing: [holding(&ann, &one).fencing, holding(&ann, &two).fencing].concat(),
        ..ann.clone()
    };
    assert_eq!(write(&app, &both).await, Ok(()));
    app.engine.release_lock(&holding(&ann, &two), &two.name).await.unwrap();
    assert_eq!(write(&app, &both).await, Err(Code::Fenced));
    assert_eq!(write(&app, &holding(&ann, &one)).await, Ok(()));
}

#[tokio::test]
async fn the_holder_alone_renews_and_releases() {
    let app = app();
    let (ann, ben) = (app.account("ann@example.org", &[]).await, app.account("ben@example.org", &[]).await);
    let lock = take(&app.engine, &ann, "job-1").await.unwrap();
    let lease = Lease::of(20_000).unwrap();
    let seen = app.engine.lock(&ben, &lock.name).await.unwrap();
    assert_eq!(seen, lock);
    // The number is no secret; the account counts as well.
    let thief = holding(&ben, &seen);
    assert_eq!(code(app.engine.release_lock(&thief, &lock.name).await), Code::Fenced);
    assert_eq!(code(app.engine.renew_lock(&thief, &lock.name, lease).await), Code::Fenced);
    assert_eq!(code(app.engine.renew_lock(&ann, &lock.name, lease).await), Code::InvalidParameter);
    app.clock.advance(Duration::from_secs(9));
    let renewed = app.engine.renew_lock(&holding(&ann, &lock), &lock.name, lease).await.unwrap();
    assert_eq!((renewed.fencing, renewed.lease_ms), (lock.fencing, 20_000));
    app.clock.advance(Duration::from_secs(19));
    assert_eq!(code(take(&app.engine, &ben, "job-1").await), Code::LockHeld);
    app.clock.advance(Duration::from_secs(1));
    let late = app.engine.renew_lock(&holding(&ann, &lock), &lock.name, lease).await;
    assert_eq!(code(late), Code::Fenced, "what has ended is not renewed");
    assert_eq!(code(app.engine.lock(&ben, &lock.name).await), Code::NotFound);
    assert_eq!(code(app.engine.release_lock(&holding(&ann, &lock), &lock.name).await), Code::Fenced);
}

#[tokio::test]
async fn the_rule_says_who_may() {
    let app = app();
    let ann = app.account("ann@example.org", &[]).await;
    assert_eq!(code(take(&app.engine, &ann, "other").await), Code::Forbidden);
    assert_eq!(code(take(&app.engine, &nobody(), "job-1").await), Code::Forbidden);
    let lock = take(&app.engine, &ann, "job-1").await.unwrap();
    assert_eq!(code(app.engine.lock(&nobody(), &lock.name).await), Code::NotFound);
    let stranger = holding(&nobody(), &lock);
    assert_eq!(code(app.engine.release_lock(&stranger, &lock.name).await), Code::Forbidden);
    let without = App::with("[accounts.password]\nmemory_kib = 512\niterations = 1\n", MODELS);
    let ann = without.account("ann@example.org", &[]).await;
    assert_eq!(code(take(&without.engine, &ann, "job-1").await), Code::Forbidden, "no rule, no locks");
}

#[tokio::test]
async fn bounds_are_kept() {
    let check = |lease_ms, wait_ms, holder: usize, expected: Option<&str>| {
        let found = AcquireLock::new(lease_ms, wait_ms, Some("x".repeat(holder))).err();
        assert_eq!(found.map(|error| error.fields[0].field.clone()).as_deref(), expected);
    };
    check(None, None, 0, None);
    check(Some(100), Some(0), 200, None);
    check(Some(3_600_000), Some(60_000), 1, None);
    check(Some(99), None, 0, Some("lease_ms"));
    check(Some(3_600_001), None, 0, Some("lease_ms"));
    check(None, Some(60_001), 0, Some("wait_ms"));
    check(None, Some(-1), 0, Some("wait_ms"));
    check(None, None, 201, Some("holder"));
}

#[tokio::test]
async fn who_waits_gets_the_lock_when_it_is_released() {
    let app = app();
    let ann = app.account("ann@example.org", &[]).await;
    let lock = take(&app.engine, &ann, "job-1").await.unwrap();
    let waiter = {
        let (engine, ann, name) = (app.engine.clone(), ann.clone(), lock.name.clone());
        tokio::spawn(async move { engine.acquire_lock(&ann, &name, &for_ms(5_000, 20_000)).await })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiter.is_finished());
    app.engine.release_lock(&holding(&ann, &lock), &lock.name).await.unwrap();
    let next = tokio::time::timeout(Duration::from_secs(5), waiter).await.unwrap().unwrap().unwrap();
    assert!(next.fencing > lock.fencing);
    let started = Instant::now();
    let impatient = app.engine.acquire_lock(&ann, &lock.name, &for_ms(5_000, 100)).await;
    assert_eq!(code(impatient), Code::LockHeld);
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_wait_each_holds_it_once() {
    let app = app();
    let ann = app.account("ann@example.org", &[]).await;
    let take_turns = (0..20).map(|_| async {
        let lock = app.engine.acquire_lock(&ann, &name("job-1"), &for_ms(60_000, 30_000)).await.unwrap();
        assert_eq!(write(&app, &holding(&ann, &lock)).await, Ok(()));
        app.engine.release_lock(&holding(&ann, &lock), &lock.name).await.unwrap();
        lock.fencing
    });
    let numbers: BTreeSet<i64> = join_all(take_turns).await.into_iter().collect();
    assert_eq!(numbers.len(), 20);
}

#[tokio::test]
async fn a_lock_that_was_forgotten_goes_on_with_greater_numbers() {
    let app = app();
    let ann = app.account("ann@example.org", &[]).await;
    let first = take(&app.engine, &ann, "job-1").await.unwrap();
    app.clock.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(app.engine.maintain().await.unwrap().locks, 0);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.engine.maintain().await.unwrap().locks, 1);
    let ann = app
        .with_token(&app.login("ann@example.org", crate::support::PASSWORD).await.unwrap().access_token)
        .await
        .unwrap();
    assert!(take(&app.engine, &ann, "job-1").await.unwrap().fencing > first.fencing);
}

/// One node is an hour ahead: by its own clock every lease has ended.
#[tokio::test]
async fn leases_go_by_the_clock_that_all_share() {
    let here = App::node_with(SETTINGS, MODELS);
    let ahead = here.beside(Faults::seeded(0), 3_600);
    let ann = here.account("ann@example.org", &[]).await;
    let lock = take(&here.engine, &ann, "job-1").await.unwrap();
    assert_eq!(code(take(&ahead.engine, &ann, "job-1").await), Code::LockHeld);
    assert_eq!(write(&ahead, &holding(&ann, &lock)).await, Ok(()));
    here.clock.advance(Duration::from_secs(10));
    assert_eq!(write(&here, &holding(&ann, &lock)).await, Err(Code::Fenced));
    let next = take(&ahead.engine, &ann, "job-1").await.unwrap();
    assert!(next.fencing > lock.fencing);
    assert_eq!(code(take(&here.engine, &ann, "job-1").await), Code::LockHeld);
}

/// Each of them looks several times, and keeps its place meanwhile.
#[tokio::test]
async fn no_more_wait_than_may() {
    let app = app();
    let ann = app.account("ann@example.org", &[]).await;
    let lock = take(&app.engine, &ann, "job-1").await.unwrap();
    let wait = |_| async {
        let waited = app.engine.acquire_lock(&ann, &lock.name, &for_ms(1_000, 1_200)).await;
        code(waited)
    };
    let codes = join_all((0..1_010).map(wait)).await;
    let count = |code| codes.iter().filter(|other| **other == code).count();
    assert_eq!((count(Code::LockHeld), count(Code::Busy)), (1_000, 10));
}

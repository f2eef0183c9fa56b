//! The change feed.

use super::Open;
use super::world::{Who, World, record, text};
use crate::{Changes, Operation, Position};
use futures::FutureExt as _;
use futures::future::join;
use mainstay_expr::Value;

pub async fn the_feed_tells_every_change_in_order(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let position = world.position().await;
    let id = world.room(owner, "a").await;
    world.must(Who::Account(owner), world.update("room", id, &[("topic", text("b"))])).await;
    world.must(Who::Account(owner), world.delete("room", id)).await;
    world.must(Who::Account(owner), world.restore("room", id)).await;
    let shelf = world.made("shelf", &[("name", text("c"))]).await;
    world.must(Who::System, world.delete("shelf", shelf)).await;
    let changes = world.changes_after(position).await;
    let told: Vec<_> = changes.iter().map(|change| (change.model, change.id, change.operation)).collect();
    let (rooms, shelves) = (world.model_id("room"), world.model_id("shelf"));
    let expected = [
        (rooms, id, Operation::Create),
        (rooms, id, Operation::Update),
        (rooms, id, Operation::Delete),
        (rooms, id, Operation::Restore),
        (shelves, shelf, Operation::Create),
        (shelves, shelf, Operation::Delete),
    ];
    assert_eq!(told, expected);
    assert!(changes.is_sorted_by(|a, b| a.offset < b.offset));
    assert_eq!(changes.last().unwrap().offset, world.position().await.offset);
}

pub async fn a_change_has_the_record_before_and_after(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let position = world.position().await;
    let id = world.room(owner, "a").await;
    let created = world.get("room", id).await;
    let update = world.update("room", id, &[("topic", text("b"))]);
    let committed = world.run(Who::Account(owner), vec![update]).await.unwrap();
    let updated = Some(record(&committed.outcomes[0]));
    let changes = world.changes_after(position).await;
    assert_eq!((&changes[0].before, &changes[0].after), (&None, &created));
    assert_eq!((&changes[1].before, &changes[1].after), (&created, &updated));
    let change = &changes[1];
    assert_eq!((change.actor, change.request_id.as_str()), (Some(owner), "request"));
    assert_eq!((change.at, change.offset), (world.now(), committed.position.offset));
}

pub async fn a_refused_transaction_leaves_no_change(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let position = world.position().await;
    let id = world.new_id();
    let steps = vec![
        world.create("room", id, &[("name", text("a")), ("owner", Value::Uuid(owner))]),
        world.delete("room", world.new_id()),
    ];
    world.must_not_all(Who::Account(owner), steps, vec![(1, crate::Rejection::NotFound)]).await;
    assert_eq!(world.changes_after(position).await, []);
    assert_eq!(world.position().await, position);
}

pub async fn the_feed_has_no_secrets(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let position = world.position().await;
    let values = [("name", text("a")), ("owner", Value::Uuid(owner)), ("code", text("4711"))];
    let id = world.new_id();
    world.must(Who::Account(owner), world.create("room", id, &values)).await;
    world.must(Who::Account(owner), world.update("room", id, &[("code", text("4712"))])).await;
    let changes = world.changes_after(position).await;
    assert_eq!(changes.len(), 2);
    let code = world.field("room", "code");
    let records = changes.iter().flat_map(|change| [&change.before, &change.after]).flatten();
    assert!(records.into_iter().all(|record| record.get(code).is_null()));
    assert_eq!(world.get("room", id).await.unwrap().get(code), &text("4712"));
}

pub async fn internal_models_are_not_in_the_feed(open: Open) {
    let world = World::open(open);
    let user = world.account().await;
    let position = world.position().await;
    assert!(world.model("_credential").internal);
    let values = [("user", Value::Uuid(user)), ("hash", text("hash"))];
    let id = world.made("_credential", &values).await;
    assert!(world.get("_credential", id).await.is_some());
    assert_eq!(world.changes_after(position).await, []);
}

pub async fn what_nodes_remember_is_announced_without_its_record(open: Open) {
    let world = World::open(open);
    let user = world.account().await;
    let position = world.position().await;
    let now = Value::Timestamp(world.now());
    let values = [("user", Value::Uuid(user)), ("expires_at", now.clone()), ("last_used_at", now.clone())];
    let (first, second) = (world.made("_session", &values).await, world.made("_session", &values).await);
    world.must(Who::System, world.update("_session", first, &[("revoked_at", now)])).await;
    world.must(Who::System, world.delete("_session", second)).await;
    let changes = world.changes_after(position).await;
    let told: Vec<_> = changes.iter().map(|change| (change.model, change.id, change.operation)).collect();
    let sessions = world.model_id("_session");
    assert_eq!(told, [(sessions, first, Operation::Update), (sessions, second, Operation::Delete)]);
    assert!(changes.iter().all(|change| change.before.is_none() && change.after.is_none()));
}

pub async fn what_was_touched_is_told_up_to_the_end(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let (start, models) = (world.position().await, [world.model_id("room"), world.model_id("_session")]);
    let now = Value::Timestamp(world.now());
    let values = [("user", Value::Uuid(owner)), ("expires_at", now.clone()), ("last_used_at", now.clone())];
    let session = world.made("_session", &values).await;
    let room = world.room(owner, "a").await;
    world.must(Who::System, world.update("_session", session, &[("revoked_at", now)])).await;
    world.made("sample", &[("number", Value::Int(1))]).await;
    let Changes::Some { changes, position } = world.store.touched(&models, start).await.unwrap() else {
        panic!("the feed can serve its own positions");
    };
    assert_eq!(changes.iter().map(|change| change.id).collect::<Vec<_>>(), [room, session]);
    assert!(changes.iter().all(|change| change.before.is_none() && change.after.is_none()));
    assert_eq!(position, world.position().await);
    let nothing = Changes::Some { changes: Vec::new(), position };
    assert_eq!(world.store.touched(&models, position).await.unwrap(), nothing);
    let foreign = Position { epoch: position.epoch ^ 1, ..position };
    assert_eq!(world.store.touched(&models, foreign).await.unwrap(), Changes::Reset { position });
}

pub async fn the_feed_is_read_in_portions(open: Open) {
    let world = World::open(open);
    let mut position = world.position().await;
    for number in 0..5 {
        world.made("sample", &[("number", Value::Int(number))]).await;
    }
    let mut numbers = Vec::new();
    for expected in [2, 2, 1, 0] {
        let Changes::Some { changes, position: next } = world.store.changes(position, 2).await.unwrap()
        else {
            panic!("the feed can serve its own positions");
        };
        assert_eq!(changes.len(), expected);
        let after = changes.iter().map(|change| change.after.as_ref().unwrap());
        numbers.extend(after.map(|record| record.get(world.field("sample", "number")).as_int().unwrap()));
        position = next;
    }
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert_eq!(position, world.position().await);
}

pub async fn a_position_that_cannot_be_served_is_reset(open: Open) {
    let world = World::open(open);
    world.account().await;
    let end = world.position().await;
    let foreign = Position { epoch: end.epoch ^ 1, ..end };
    let future = Position { offset: end.offset + 1, ..end };
    for position in [foreign, future, Position { offset: u64::MAX, ..end }] {
        let changes = world.store.changes(position, 10).await.unwrap();
        assert_eq!(changes, Changes::Reset { position: end }, "{position:?}");
    }
}

pub async fn a_waiter_is_woken(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let end = world.position().await;
    if end.offset > 0 {
        world.store.wait_beyond(Position { offset: end.offset - 1, ..end }).await;
    }
    assert!(world.store.wait_beyond(end).now_or_never().is_none());
    join(world.store.wait_beyond(end), world.room(owner, "wake up")).await;
    assert!(world.position().await.offset > end.offset);
}

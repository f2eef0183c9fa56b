//! What has to be so for a transaction to take effect, though it writes nothing of it.

use super::Open;
use super::world::{Who, World, record, text};
use crate::{Check, CheckMany, Fence, Outcome, Rejection, Restore, Step, StoreError, Transaction};
use futures::future::join_all;
use mainstay_expr::{Predicate, Value};
use uuid::Uuid;

fn check(world: &World, model: &str, id: Uuid) -> Check {
    Check { model: world.model_id(model), id, if_version: None, require: None }
}

fn check_many(world: &World, filter: &str, at_least: u32, at_most: Option<u32>) -> Step {
    let filter = world.condition("sample", filter, None);
    Step::CheckMany(CheckMany { model: world.model_id("sample"), filter, at_least, at_most })
}

fn numbered(world: &World, number: i64) -> Step {
    world.create("sample", world.new_id(), &[("number", Value::Int(number))])
}

pub async fn a_record_that_was_read_is_as_it_was(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let (read, written) = (world.room(owner, "read").await, world.room(owner, "written").await);
    let seen_with = |if_version, require: Option<&str>| {
        let require = require.map(|source| world.condition("room", source, Some(owner)));
        let check = Step::Check(Check { if_version, require, ..check(&world, "room", read) });
        vec![check, world.update("room", written, &[("topic", text(&format!("{if_version:?}")))])]
    };
    let who = Who::Account(owner);
    let position = world.position().await;
    let committed = world.run(who, seen_with(Some(1), Some("owner == auth.id"))).await.unwrap();
    assert_eq!(record(&committed.outcomes[0]), world.get("room", read).await.unwrap());
    assert_eq!(world.changes_after(position).await.len(), 1, "of what was written alone");
    let stale = Rejection::VersionMismatch { current: Some(1) };
    world.must_not_all(who, seen_with(Some(2), None), vec![(0, stale)]).await;
    let failed = vec![(0, Rejection::RequirementFailed)];
    world.must_not_all(who, seen_with(None, Some("seats == 3")), failed).await;
    world.must(Who::System, world.delete("room", read)).await;
    world.must_not_all(who, seen_with(None, None), vec![(0, Rejection::NotFound)]).await;
    assert_eq!(world.get("room", written).await.unwrap().version(), 2);
}

pub async fn a_check_tells_nothing_of_what_one_may_not_see(open: Open) {
    let world = World::open(open);
    let (owner, other) = (world.account().await, world.account().await);
    let room = world.room(owner, "secret").await;
    let one = || Step::Check(Check { if_version: Some(7), ..check(&world, "room", room) });
    world.must_not(Who::Account(other), one(), Rejection::NotFound).await;
    let all = |at_least| {
        let (model, filter) = (world.model_id("room"), Predicate::Const(true));
        Step::CheckMany(CheckMany { model, filter, at_least, at_most: Some(at_least) })
    };
    world.run(Who::Account(other), vec![all(0)]).await.unwrap();
    world.run(Who::Account(owner), vec![all(1)]).await.unwrap();
    world.must_not(Who::Account(other), all(1), Rejection::RequirementFailed).await;
}

pub async fn as_many_match_as_are_expected(open: Open) {
    let world = World::open(open);
    let gone = world.made("sample", &[("number", Value::Int(1))]).await;
    world.must(Who::System, world.delete("sample", gone)).await;
    for number in [1, 1, 2] {
        world.made("sample", &[("number", Value::Int(number))]).await;
    }
    for (filter, at_least, at_most, holds) in [
        ("number == 1", 2, Some(2), true),
        ("number == 1", 1, None, true),
        ("number == 1", 3, None, false),
        ("number == 1", 0, Some(1), false),
        ("number == 9", 0, Some(0), true),
        ("number == 9", 1, None, false),
        ("number == 9", 0, None, true),
    ] {
        let step = check_many(&world, filter, at_least, at_most);
        match world.run(Who::System, vec![step]).await {
            Ok(committed) => assert!(holds && matches!(committed.outcomes[..], [Outcome::Count(_)])),
            Err(StoreError::Rejected(rejections)) => {
                assert!(!holds && rejections == [(0, Rejection::RequirementFailed)], "{rejections:?}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    // Earlier steps of the same transaction count.
    let steps = vec![numbered(&world, 9), check_many(&world, "number == 9", 1, Some(1))];
    world.run(Who::System, steps).await.unwrap();
}

pub async fn a_fence_that_fell_refuses_everything(open: Open) {
    let world = World::open(open);
    let (owner, other) = (world.account().await, world.account().await);
    let room = world.room(owner, "guarded").await;
    let run = async |who: Who, seats: i64| {
        let (model, require) =
            (world.model_id("room"), world.condition("room", &format!("seats == {seats}"), None));
        let steps = vec![numbered(&world, seats), world.delete("sample", world.new_id())];
        let transaction = world.transaction(who, steps);
        let fences = vec![Fence { model, id: room, require }];
        match world.store.transact(Transaction { fences, ..transaction }).await {
            Err(StoreError::Rejected(rejections)) => rejections,
            other => panic!("{other:?}"),
        }
    };
    world.must(Who::System, world.update("room", room, &[("seats", Value::Int(1))])).await;
    // While it stands, the steps are tried; when it fell, none of them is.
    let tried = [(1, Rejection::NotFound)];
    assert_eq!(run(Who::Account(owner), 1).await, tried);
    let fell = [(2, Rejection::Fenced)];
    assert_eq!(run(Who::Account(owner), 2).await, fell);
    assert_eq!(run(Who::Account(other), 1).await, fell, "who may not see it cannot stand on it");
    world.must(Who::System, world.delete("room", room)).await;
    assert_eq!(run(Who::System, 1).await, tried, "what is required is all that counts");
    assert!(world.ids(world.all("sample")).await.is_empty());
}

/// Holders of a number write under it while others count it up. A write must never follow one that was made under a greater number.
pub async fn no_write_follows_one_of_a_later_holder(open: Open) {
    let world = World::open(open);
    let lock = world.made("sample", &[("number", Value::Int(0))]).await;
    let position = world.position().await;
    let number = world.field("sample", "number");
    join_all((0..8).map(|_| async {
        for _ in 0..12 {
            let seen = world.get("sample", lock).await.unwrap();
            let held = seen.get(number).as_int().unwrap() + 1;
            let take = world.changed("sample", lock, &[("number", Value::Int(held))]);
            let take = Step::Update(crate::Update { if_version: Some(seen.version()), ..take });
            if world.run(Who::System, vec![take]).await.is_err() {
                continue;
            }
            for _ in 0..3 {
                let require = world.condition("sample", &format!("number == {held}"), None);
                let fences = vec![Fence { model: world.model_id("sample"), id: lock, require }];
                let write = world.create("sample", world.new_id(), &[("number", Value::Int(held))]);
                let transaction = world.transaction(Who::System, vec![write]);
                match world.store.transact(Transaction { fences, ..transaction }).await {
                    Ok(_) => {}
                    Err(StoreError::Rejected(rejections)) => {
                        assert_eq!(rejections, [(1, Rejection::Fenced)]);
                        break;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }))
    .await;
    let changes = world.changes_after(position).await;
    let holders = changes.iter().filter_map(|change| change.after.as_ref()?.get(number).as_int());
    let holders: Vec<i64> = holders.collect();
    assert!(holders.is_sorted() && holders.len() > 16, "{holders:?}");
}

pub async fn a_version_that_differs_stops_a_restoration(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let room = world.room(owner, "gone").await;
    let restore = |if_version| Step::Restore(Restore { model: world.model_id("room"), id: room, if_version });
    let who = Who::Account(owner);
    let differs = |current| Rejection::VersionMismatch { current: Some(current) };
    world.must_not(who, restore(Some(2)), differs(1)).await;
    world.must_not(who, restore(Some(1)), Rejection::NotDeleted).await;
    world.must(who, world.delete("room", room)).await;
    world.must_not(who, restore(Some(1)), differs(2)).await;
    let stranger = Who::Account(world.account().await);
    world.must_not(stranger, restore(Some(1)), Rejection::NotFound).await;
    assert_eq!(world.must(who, restore(Some(2))).await.version(), 3);
}

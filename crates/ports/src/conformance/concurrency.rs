//! Many at once.

use super::Open;
use super::world::{Who, World, record, text};
use crate::{Operation, Outcome, Purge, Rejection, Step, StoreError, Update};
use futures::future::join_all;
use mainstay_expr::{Predicate, Value};
use std::collections::BTreeSet;

pub async fn concurrent_writes_all_count(open: Open) {
    let world = World::open(open);
    let position = world.position().await;
    let create = async |number| world.made("sample", &[("number", Value::Int(number))]).await;
    let ids: BTreeSet<_> = join_all((0..100).map(create)).await.into_iter().collect();
    assert_eq!(ids.len(), 100);
    let stored: BTreeSet<_> = world.ids(world.all("sample")).await.into_iter().collect();
    assert_eq!(stored, ids);
    let changes = world.changes_after(position).await;
    assert_eq!(changes.iter().map(|change| change.id).collect::<BTreeSet<_>>(), ids);
    assert!(changes.is_sorted_by(|a, b| a.offset < b.offset));
}

pub async fn one_of_many_duplicates_wins(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let values = [("name", text("the one")), ("owner", Value::Uuid(owner))];
    let create = |_| world.run(Who::Account(owner), vec![world.create("room", world.new_id(), &values)]);
    let results = join_all((0..50).map(create)).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let taken = [(0, Rejection::Unique(vec![world.field("room", "name")]))];
    for refused in results.into_iter().filter_map(Result::err) {
        assert!(matches!(&refused, StoreError::Rejected(rejections) if *rejections == taken), "{refused:?}");
    }
    assert_eq!(world.ids(world.all("room")).await.len(), 1);
}

pub async fn no_update_is_lost(open: Open) {
    let world = World::open(open);
    let id = world.made("sample", &[("number", Value::Int(0))]).await;
    let number = world.field("sample", "number");
    join_all((0..10).map(|_| async {
        loop {
            let seen = world.get("sample", id).await.unwrap();
            let next = Value::Int(seen.get(number).as_int().unwrap() + 1);
            let update = world.changed("sample", id, &[("number", next)]);
            let update = Step::Update(Update { if_version: Some(seen.version()), ..update });
            match world.run(Who::System, vec![update]).await {
                Ok(_) => break,
                Err(StoreError::Rejected(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }))
    .await;
    let record = world.get("sample", id).await.unwrap();
    assert_eq!((record.get(number), record.version()), (&Value::Int(10), 11));
}

pub async fn a_write_is_seen_by_the_next_query(open: Open) {
    let world = World::open(open);
    join_all((0..20).map(|number| {
        let world = &world;
        async move {
            let create = world.create("sample", world.new_id(), &[("number", Value::Int(number))]);
            let committed = world.run(Who::System, vec![create]).await.unwrap();
            let created = record(&committed.outcomes[0]);
            assert_eq!(world.get("sample", created.id()).await.as_ref(), Some(&created));
            let same = world.condition("sample", &format!("number == {number}"), None);
            let page = world.query(world.all("sample").filtered(same)).await;
            assert_eq!(page.rows.len(), 1);
            assert!(page.position.offset >= committed.position.offset);
        }
    }))
    .await;
}

/// Every node tidies up, and none asks whether another does.
pub async fn a_record_is_purged_once(open: Open) {
    let world = World::open(open);
    let ids: BTreeSet<_> = join_all((0..40).map(|_| world.made("sample", &[("number", Value::Int(1))])))
        .await
        .into_iter()
        .collect();
    join_all(ids.iter().map(|id| world.must(Who::System, world.delete("sample", *id)))).await;
    let position = world.position().await;
    let model = world.model_id("sample");
    let purge = |_| Step::Purge(Purge { model, filter: Predicate::Const(true), limit: 100 });
    let purges = join_all((0..4).map(|number| world.run(Who::System, vec![purge(number)]))).await;
    let removed = |result: Result<crate::Committed, StoreError>| match result.unwrap().outcomes[0] {
        Outcome::Count(count) => count,
        Outcome::Record { .. } => panic!("a purge answers how many"),
    };
    assert_eq!(purges.into_iter().map(removed).sum::<u64>(), 40);
    let changes = world.changes_after(position).await;
    assert!(changes.iter().all(|change| change.operation == Operation::Purge));
    assert_eq!(changes.len(), 40);
    assert_eq!(changes.into_iter().map(|change| change.id).collect::<BTreeSet<_>>(), ids);
}

//! What transactions that run at the same time may do to each other: the classic anomalies, as far as transactions of typed steps can come to
//! them. Each case says which level it asks for; what a level does not promise is not tested.
//!
//! Sources: Adya, "Weak Consistency" (1999) for the names G0, G1, G2; Berenson et al., "A Critique of ANSI SQL Isolation Levels" (1995); the
//! cases follow Kleppmann's Hermitage.

use super::Open;
use super::world::{Who, World, record, text};
use crate::{Check, CheckMany, Committed, Isolation, Rejection, Step, StoreError, Transaction, Update};
use futures::future::{join, join_all, join3};
use mainstay_expr::Value;
use uuid::Uuid;

/// How often a race is run. One that is lost once is lost for good.
const ROUNDS: i64 = 20;

async fn run(world: &World, isolation: Isolation, steps: Vec<Step>) -> Result<Committed, StoreError> {
    world.store.transact(Transaction { isolation, ..world.transaction(Who::System, steps) }).await
}

fn set(world: &World, id: Uuid, number: i64) -> Step {
    world.update("sample", id, &[("number", Value::Int(number))])
}

async fn two(world: &World, number: i64) -> [Uuid; 2] {
    let made = async || world.made("sample", &[("number", Value::Int(number))]).await;
    [made().await, made().await]
}

async fn numbers(world: &World, ids: &[Uuid]) -> Vec<i64> {
    let page = world
        .query(crate::Query { selection: crate::Selection::Ids(ids.to_vec()), ..world.all("sample") })
        .await;
    let number = world.field("sample", "number");
    page.rows.iter().map(|row| row.record.get(number).as_int().unwrap()).collect()
}

/// G0. The two are written in either order, so that adapters that lock have to do so in one.
pub async fn no_write_is_dirty(open: Open) {
    let world = World::open(open);
    let [a, b] = two(&world, 0).await;
    for round in 0..ROUNDS {
        let write = async |number: i64, ids: [Uuid; 2]| {
            let steps = ids.map(|id| set(&world, id, number)).to_vec();
            run(&world, Isolation::ReadCommitted, steps).await.unwrap();
        };
        join(write(2 * round + 1, [a, b]), write(2 * round + 2, [b, a])).await;
        let found = numbers(&world, &[a, b]).await;
        assert_eq!(found[0], found[1], "round {round}");
    }
}

/// G1a, G1b: what is taken back, or changed again by the same transaction, is never seen; nor is a part of it (read skew, G-single).
pub async fn no_read_is_of_a_part(open: Open) {
    let world = World::open(open);
    let [a, b] = two(&world, 0).await;
    let refused = || {
        let steps = vec![set(&world, a, -1), set(&world, b, -1), world.delete("sample", world.new_id())];
        run(&world, Isolation::ReadCommitted, steps)
    };
    let write = |number: i64| {
        let steps =
            vec![set(&world, a, -2), set(&world, b, -2), set(&world, a, number), set(&world, b, number)];
        run(&world, Isolation::ReadCommitted, steps)
    };
    let read = async || {
        for _ in 0..10 {
            let found = numbers(&world, &[a, b]).await;
            assert!(found[0] == found[1] && found[0] >= 0, "{found:?}");
        }
    };
    for round in 1..=ROUNDS {
        let (written, refused, ()) = join3(write(round), refused(), read()).await;
        written.unwrap();
        assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    }
}

/// P4. Two who have read the same version cannot both write.
pub async fn of_two_who_read_one_writes(open: Open) {
    let world = World::open(open);
    let [id, _] = two(&world, 0).await;
    for round in 1..=ROUNDS {
        let write = async |number: i64| {
            let update = world.changed("sample", id, &[("number", Value::Int(number))]);
            let step = Step::Update(Update { if_version: Some(round), ..update });
            run(&world, Isolation::ReadCommitted, vec![step]).await
        };
        let (a, b) = join(write(2 * round), write(2 * round + 1)).await;
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        let current = Some(round + 1);
        let lost = a.err().or(b.err()).unwrap();
        let StoreError::Rejected(lost) = lost else { panic!("{lost}") };
        assert_eq!(lost, [(0, Rejection::VersionMismatch { current })]);
    }
}

/// G2-item, by a check of the record that was read: the doctors who may not both go off call. It holds at either level.
pub async fn a_checked_record_keeps_writes_from_skew(open: Open) {
    let world = World::open(open);
    for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
        for _ in 0..ROUNDS {
            let [a, b] = two(&world, 1).await;
            let leave = async |own: Uuid, other: Uuid| {
                let model = world.model_id("sample");
                let check = Check { model, id: other, if_version: Some(1), require: None };
                run(&world, isolation, vec![Step::Check(check), set(&world, own, 0)]).await
            };
            let outcomes = <[_; 2]>::from(join(leave(a, b), leave(b, a)).await);
            at_most_one(&outcomes);
            assert_ne!(numbers(&world, &[a, b]).await, [0, 0]);
        }
    }
}

/// G2-item and G2 by a search, which only serializable transactions are kept from.
pub async fn serializable_searches_keep_writes_from_skew(open: Open) {
    let world = World::open(open);
    for round in 1..=ROUNDS {
        let [a, b] = two(&world, round).await;
        let leave = async |own: Uuid| {
            let filter = world.condition("sample", &format!("number == {round}"), None);
            let model = world.model_id("sample");
            let check = CheckMany { model, filter, at_least: 2, at_most: None };
            run(&world, Isolation::Serializable, vec![Step::CheckMany(check), set(&world, own, 0)]).await
        };
        let outcomes = <[_; 2]>::from(join(leave(a), leave(b)).await);
        at_most_one(&outcomes);
        assert_ne!(numbers(&world, &[a, b]).await, [0, 0]);
    }
}

/// G2, a phantom: of many who find that a place is free, one takes it.
pub async fn a_serializable_search_finds_no_phantom(open: Open) {
    let world = World::open(open);
    for round in 1..=ROUNDS {
        let take = async |_| {
            let (model, filter) =
                (world.model_id("sample"), world.condition("sample", &format!("number == {round}"), None));
            let check = CheckMany { model, filter, at_least: 0, at_most: Some(0) };
            let create = world.create("sample", world.new_id(), &[("number", Value::Int(round))]);
            run(&world, Isolation::Serializable, vec![Step::CheckMany(check), create]).await
        };
        let outcomes = join_all((0..4).map(take)).await;
        at_most_one(&outcomes);
        let same = world.condition("sample", &format!("number == {round}"), None);
        assert!(world.ids(world.all("sample").filtered(same)).await.len() <= 1);
    }
}

/// Serializable transactions that do not meet each other all take effect, also those that other accounts run under rules.
pub async fn serializable_transactions_take_effect(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let create = async |number: i64| {
        let values = [("name", text(&format!("room {number}"))), ("owner", Value::Uuid(owner))];
        let steps = vec![world.create("room", world.new_id(), &values)];
        loop {
            let transaction = world.transaction(Who::Account(owner), steps.clone());
            match world
                .store
                .transact(Transaction { isolation: Isolation::Serializable, ..transaction })
                .await
            {
                Ok(committed) => return record(&committed.outcomes[0]).id(),
                Err(StoreError::Contended | StoreError::Busy) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let mut made = join_all((0..20).map(create)).await;
    made.sort_unstable();
    assert_eq!(world.ids(world.all("room")).await, made);
}

/// The others were refused by what they checked, or gave up.
fn at_most_one(outcomes: &[Result<Committed, StoreError>]) {
    assert!(outcomes.iter().filter(|outcome| outcome.is_ok()).count() <= 1, "{outcomes:?}");
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        match error {
            StoreError::Contended | StoreError::Busy => {}
            StoreError::Rejected(rejections) => assert!(
                matches!(
                    rejections[..],
                    [(0, Rejection::RequirementFailed | Rejection::VersionMismatch { .. })]
                ),
                "{rejections:?}"
            ),
            error => panic!("{error}"),
        }
    }
}

//! What is kept of a transaction's outcomes, in the same transaction.

use super::Open;
use super::world::{Who, World, text};
use crate::{
    Committed, Create, Outcome, Position, Query, Receipt, Record, Rejection, Step, StoreError, Transaction,
};
use futures::future::join_all;
use mainstay_expr::Value;
use std::sync::Arc;
use uuid::Uuid;

const MODEL: &str = "_idempotency_key";

/// A receipt that keeps how many outcomes there were, and the position behind them.
fn receipt(world: &World, id: Uuid) -> Receipt {
    let answer = |outcomes: &[Outcome]| Ok(Value::Bytes(vec![b'x'; outcomes.len()]));
    let values = vec![(world.field(MODEL, "expires_at"), Value::Timestamp(world.now()))];
    Receipt {
        create: Create { model: world.model(MODEL).id, id, values, given: Vec::new() },
        answer_field: world.field(MODEL, "answer"),
        position_field: Some(world.field(MODEL, "position")),
        answer: Arc::new(answer),
    }
}

/// How many outcomes a record was kept of, and the position in it.
fn kept(world: &World, record: &Record) -> (usize, Option<Position>) {
    let bytes = |name| match record.get(world.field(MODEL, name)) {
        Value::Bytes(bytes) => bytes.as_slice(),
        _ => &[],
    };
    (bytes("answer").len(), Position::from_bytes(bytes("position")))
}

async fn run(world: &World, id: Uuid, steps: Vec<Step>) -> Result<Committed, StoreError> {
    let transaction = world.transaction(Who::System, steps);
    world.store.transact(Transaction { receipt: Some(receipt(world, id)), ..transaction }).await
}

async fn stored(world: &World, id: Uuid) -> Option<Record> {
    let page = world.query(Query::one(world.model(MODEL).id, id)).await;
    page.rows.into_iter().next().map(|row| row.record)
}

fn sample(world: &World, note: &str) -> Step {
    world.create("sample", world.new_id(), &[("label", text(note))])
}

pub async fn a_receipt_is_there_when_its_transaction_is(open: Open) {
    let world = World::open(open);
    let (taken, refused) = (world.new_id(), world.new_id());
    let steps = vec![sample(&world, "a"), sample(&world, "b")];
    let committed = run(&world, taken, steps).await.unwrap();
    let record = stored(&world, taken).await.unwrap();
    assert_eq!(kept(&world, &record), (2, Some(committed.position)));
    assert_eq!(committed.outcomes.len(), 2);

    let steps = vec![sample(&world, "c"), world.delete("sample", world.new_id())];
    let error = run(&world, refused, steps).await.unwrap_err();
    assert!(matches!(error, StoreError::Rejected(rejections) if rejections == [(1, Rejection::NotFound)]));
    assert_eq!(stored(&world, refused).await, None);
    assert_eq!(world.ids(world.all("sample")).await.len(), 2);
}

pub async fn a_receipt_that_is_there_refuses_everything(open: Open) {
    let world = World::open(open);
    let id = world.new_id();
    run(&world, id, vec![sample(&world, "first")]).await.unwrap();
    let before = (stored(&world, id).await, world.position().await);
    let error = run(&world, id, vec![sample(&world, "second")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Rejected(rejections) if rejections == [(1, Rejection::Exists)]));
    assert_eq!((stored(&world, id).await, world.position().await), before);
    assert_eq!(world.ids(world.all("sample")).await.len(), 1);
}

pub async fn a_receipt_that_cannot_be_made_refuses_everything(open: Open) {
    let world = World::open(open);
    let id = world.new_id();
    let rejection = || vec![(1, Rejection::AnswerTooLarge { max_bytes: 3 })];
    let answer = Arc::new(move |_: &[Outcome]| Err(StoreError::Rejected(rejection())));
    let transaction = world.transaction(Who::System, vec![sample(&world, "large")]);
    let receipt = Some(Receipt { answer, ..receipt(&world, id) });
    let error = world.store.transact(Transaction { receipt, ..transaction }).await.unwrap_err();
    assert!(matches!(error, StoreError::Rejected(rejections) if rejections == rejection()));
    assert_eq!(stored(&world, id).await, None);
    assert!(world.ids(world.all("sample")).await.is_empty());
}

pub async fn one_of_many_receipts_wins(open: Open) {
    let world = World::open(open);
    let id = world.new_id();
    let results = join_all((0..50).map(|_| run(&world, id, vec![sample(&world, "racing")]))).await;
    let committed: Vec<&Committed> = results.iter().flatten().collect();
    assert_eq!(committed.len(), 1);
    let record = stored(&world, id).await.unwrap();
    assert_eq!(kept(&world, &record), (1, Some(committed[0].position)));
    assert_eq!(world.ids(world.all("sample")).await.len(), 1);
}

/// They are committed together, or one by one: what deletes is of another kind than what does not, and some change nothing or are refused.
pub async fn each_receipt_keeps_its_own_position(open: Open) {
    let world = World::open(open);
    let before = world.position().await;
    let label = [("label", text("a"))];
    let there: Vec<Uuid> = join_all((0..60).map(|_| world.made("sample", &label))).await;
    let work = |(number, id): (usize, Uuid)| {
        let (world, label) = (&world, &label);
        async move {
            let steps = match number % 5 {
                0 => vec![sample(world, "one")],
                1 => vec![sample(world, "one"), world.update("sample", id, &[("label", text("b"))])],
                2 => vec![sample(world, "one"), world.delete("sample", id)],
                3 => vec![world.update("sample", id, label)],
                _ => vec![sample(world, "one"), world.delete("sample", world.new_id())],
            };
            let receipt = world.new_id();
            let ids: Vec<Uuid> = steps.iter().filter_map(id_of).collect();
            (number % 5, ids, receipt, run(world, receipt, steps).await)
        }
    };
    let results = join_all(there.into_iter().enumerate().map(work)).await;
    let changes = world.changes_after(before).await;
    for (kind, ids, receipt, result) in results {
        let Ok(committed) = result else {
            assert_eq!((kind, stored(&world, receipt).await), (4, None));
            continue;
        };
        let record = stored(&world, receipt).await.unwrap();
        assert_eq!(kept(&world, &record), (ids.len(), Some(committed.position)));
        let own = changes.iter().filter(|change| ids.contains(&change.id)).map(|change| change.offset);
        assert!(kind == 3 || own.max() == Some(committed.position.offset), "{kind}: {}", committed.position);
    }
}

/// The record that a step writes.
fn id_of(step: &Step) -> Option<Uuid> {
    match step {
        Step::Create(create) => Some(create.id),
        Step::Update(update) => Some(update.id),
        Step::Delete(delete) => Some(delete.id),
        _ => None,
    }
}

pub async fn a_receipt_need_not_keep_a_position(open: Open) {
    let world = World::open(open);
    let id = world.new_id();
    let receipt = Receipt { position_field: None, ..receipt(&world, id) };
    let transaction = world.transaction(Who::System, vec![sample(&world, "one")]);
    world.store.transact(Transaction { receipt: Some(receipt), ..transaction }).await.unwrap();
    assert_eq!(kept(&world, &stored(&world, id).await.unwrap()), (1, None));
}

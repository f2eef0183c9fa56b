//! Writes to all records that match.

use super::Open;
use super::world::{Who, World, text};
use crate::{
    Change, DeleteMany, Deleted, Operation, Outcome, Query, Rejection, Step, StoreError, UpdateMany,
};
use mainstay_expr::{Predicate, Value};
use serde_json::json;
use uuid::Uuid;

fn update(world: &World, model: &str, filter: Predicate, set: &[(&str, Value)]) -> UpdateMany {
    UpdateMany {
        model: world.model_id(model),
        filter,
        set: set.iter().map(|(name, value)| (world.field(model, name), value.clone())).collect(),
        merge: Vec::new(),
        max_document_bytes: 1_000,
        limit: 100,
    }
}

fn delete(world: &World, model: &str, filter: Predicate) -> Step {
    Step::DeleteMany(DeleteMany { model: world.model_id(model), filter, limit: 100 })
}

async fn count(world: &World, who: Who, step: Step) -> u64 {
    match world.run(who, vec![step]).await.unwrap().outcomes[..] {
        [Outcome::Count(count)] => count,
        ref other => panic!("a number was expected, not {other:?}"),
    }
}

async fn numbers(world: &World) -> Vec<i64> {
    let number = world.field("sample", "number");
    let page = world.query(world.all("sample")).await;
    page.rows.iter().map(|row| row.record.get(number).as_int().unwrap()).collect()
}

async fn samples(world: &World, numbers: std::ops::Range<i64>) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for number in numbers {
        ids.push(world.made("sample", &[("number", Value::Int(number))]).await);
    }
    ids
}

fn told(changes: &[Change]) -> Vec<(Uuid, Operation)> {
    changes.iter().map(|change| (change.id, change.operation)).collect()
}

pub async fn what_matches_is_updated(open: Open) {
    let world = World::open(open);
    let ids = samples(&world, 0..5).await;
    world.must(Who::System, world.delete("sample", ids[3])).await;
    let position = world.position().await;
    let filter = world.condition("sample", "number >= 2", None);
    let step = Step::UpdateMany(update(&world, "sample", filter.clone(), &[("number", Value::Int(9))]));
    assert_eq!(count(&world, Who::System, step.clone()).await, 2);
    assert_eq!(numbers(&world).await, [0, 1, 9, 9]);
    let expected = [(ids[2], Operation::Update), (ids[4], Operation::Update)];
    assert_eq!(told(&world.changes_after(position).await), expected);
    // They are as they shall be, so that nothing changes; they match all the same.
    let position = world.position().await;
    assert_eq!(count(&world, Who::System, step).await, 2);
    assert_eq!(world.position().await, position);
    assert_eq!(count(&world, Who::System, delete(&world, "sample", filter)).await, 2);
    assert_eq!(numbers(&world).await, [0, 1]);
}

/// The update moves records along an index that the condition uses, and to where it holds as well.
pub async fn each_match_is_touched_once(open: Open) {
    let world = World::open(open);
    let ids = samples(&world, 0..50).await;
    let filter = world.condition("sample", "number < 100", None);
    let step = Step::UpdateMany(update(&world, "sample", filter, &[("number", Value::Int(99))]));
    assert_eq!(count(&world, Who::System, step).await, 50);
    for id in ids {
        assert_eq!(world.get("sample", id).await.unwrap().version(), 2);
    }
}

/// Each record that is written makes the next one match, which comes later by the ids and by the index alike.
pub async fn what_comes_to_match_meanwhile_is_not_touched(open: Open) {
    let world = World::open(open);
    let mut chain = vec![world.made("folder", &[("name", text("a first"))]).await];
    for number in 0..10 {
        let values = [("name", text(&format!("b {number}"))), ("parent", Value::Uuid(chain[number]))];
        chain.push(world.made("folder", &values).await);
    }
    let filter = world.condition("folder", "name == 'a first' || parent.name == 'moved'", None);
    let step = || Step::UpdateMany(update(&world, "folder", filter.clone(), &[("name", text("moved"))]));
    assert_eq!(count(&world, Who::System, step()).await, 1);
    assert_eq!(count(&world, Who::System, step()).await, 1, "the one below the first");
    let mut versions = Vec::new();
    for id in &chain[..3] {
        versions.push(world.get("folder", *id).await.unwrap().version());
    }
    assert_eq!(versions, [2, 2, 1]);
}

pub async fn a_match_is_seen_by_who_asks(open: Open) {
    let world = World::open(open);
    let (owner, other) = (world.account().await, world.account().await);
    let mine = [world.room(owner, "a").await, world.room(owner, "b").await];
    let theirs = world.room(other, "c").await;
    let all = || Predicate::Const(true);
    let step = Step::UpdateMany(update(&world, "room", all(), &[("topic", text("ours"))]));
    assert_eq!(count(&world, Who::Account(owner), step).await, 2);
    assert_eq!(world.get("room", theirs).await.unwrap().version(), 1);
    assert_eq!(count(&world, Who::Account(owner), delete(&world, "room", all())).await, 2);
    assert_eq!(world.ids(world.all("room")).await, [theirs]);
    for id in mine {
        world.must(Who::Account(owner), world.restore("room", id)).await;
    }
}

pub async fn one_refusal_refuses_all(open: Open) {
    let world = World::open(open);
    let (owner, member) = (world.account().await, world.account().await);
    let who = Who::Account(member);
    let own = world.room(member, "own").await;
    let shared = world.room(owner, "shared").await;
    world.made("member", &[("room", Value::Uuid(shared)), ("user", Value::Uuid(member))]).await;
    let all = || Predicate::Const(true);
    let position = world.position().await;
    let refused = || Rejection::Records(vec![(shared, Rejection::Forbidden)]);
    let rename = Step::UpdateMany(update(&world, "room", all(), &[("topic", text("mine"))]));
    world.must_not(who, rename, refused()).await;
    world.must_not(who, delete(&world, "room", all()), refused()).await;
    // Two cannot have one name, be they changed by one step.
    world.room(member, "another").await;
    let owned = world.condition("room", "owner == auth.id", Some(member));
    let named = Step::UpdateMany(update(&world, "room", owned, &[("name", text("same"))]));
    let taken = Rejection::Unique(vec![world.field("room", "name")]);
    let rejected = world.run(who, vec![named]).await.unwrap_err();
    let StoreError::Rejected(rejections) = rejected else { panic!("{rejected:?}") };
    assert!(matches!(&rejections[..], [(0, Rejection::Records(of))] if of.len() == 1 && of[0].1 == taken));
    let changes = told(&world.changes_after(position).await);
    assert_eq!(changes.len(), 1, "the new room alone: {changes:?}");
    assert_eq!(world.get("room", own).await.unwrap().version(), 1);
}

pub async fn fields_keep_their_own_rules_in_many(open: Open) {
    let world = World::open(open);
    let (owner, other) = (world.account().await, world.account().await);
    let room = world.room(owner, "guarded").await;
    let cases = [
        ("pinned", Value::Bool(true), Rejection::FieldForbidden(world.field("room", "pinned"))),
        ("name", Value::Null, Rejection::Required(world.field("room", "name"))),
        ("owner", Value::Uuid(other), Rejection::Forbidden),
    ];
    for (name, value, expected) in cases {
        let step = Step::UpdateMany(update(&world, "room", Predicate::Const(true), &[(name, value)]));
        world.must_not(Who::Account(owner), step, Rejection::Records(vec![(room, expected)])).await;
    }
}

pub async fn more_matches_than_allowed_are_refused(open: Open) {
    let world = World::open(open);
    samples(&world, 0..3).await;
    for (limit, expected) in [(3, Ok(3)), (2, Err(Rejection::TooManyMatches { limit: 2 }))] {
        let filter = Predicate::Const(true);
        let change = UpdateMany { limit, ..update(&world, "sample", filter, &[("number", Value::Int(7))]) };
        let removal = DeleteMany { model: change.model, filter: change.filter.clone(), limit };
        match expected {
            Ok(matching) => assert_eq!(count(&world, Who::System, Step::UpdateMany(change)).await, matching),
            Err(rejection) => {
                world.must_not(Who::System, Step::UpdateMany(change), rejection.clone()).await;
                world.must_not(Who::System, Step::DeleteMany(removal), rejection).await;
            }
        }
    }
    assert_eq!(numbers(&world).await, [7, 7, 7]);
}

pub async fn a_match_may_go_with_another(open: Open) {
    let world = World::open(open);
    let top = world.made("folder", &[("name", text("top"))]).await;
    let inner = world.made("folder", &[("name", text("inner")), ("parent", Value::Uuid(top))]).await;
    world.made("folder", &[("name", text("innermost")), ("parent", Value::Uuid(inner))]).await;
    let position = world.position().await;
    assert_eq!(count(&world, Who::System, delete(&world, "folder", Predicate::Const(true))).await, 3);
    let deleted = Query { deleted: Deleted::Only, ..world.all("folder") };
    assert_eq!(world.ids(deleted).await.len(), 3);
    assert_eq!(world.changes_after(position).await.len(), 3, "each of them once");
    world.must(Who::System, world.restore("folder", top)).await;
    assert_eq!(world.ids(world.all("folder")).await.len(), 3, "what went together comes back together");
}

pub async fn a_match_that_is_restricted_refuses_all(open: Open) {
    let world = World::open(open);
    let empty = world.made("shelf", &[("name", text("empty"))]).await;
    let full = world.made("shelf", &[("name", text("full"))]).await;
    world.made("book", &[("title", text("heavy")), ("shelf", Value::Uuid(full))]).await;
    let restricted =
        Rejection::Restricted { model: world.model_id("book"), field: world.field("book", "shelf") };
    let step = delete(&world, "shelf", Predicate::Const(true));
    world.must_not(Who::System, step, Rejection::Records(vec![(full, restricted)])).await;
    assert!(world.get("shelf", empty).await.is_some());
}

pub async fn a_patch_is_merged_into_each_document(open: Open) {
    let world = World::open(open);
    let document = |json: &str| Value::Json(json.to_owned());
    let first = world.made("sample", &[("document", document(r#"{"a":1,"b":2}"#))]).await;
    let second = world.made("sample", &[("label", text("without"))]).await;
    let field = world.field("sample", "document");
    let mut change = update(&world, "sample", Predicate::Const(true), &[]);
    change.merge = vec![(field, json!({"b": null, "c": {"d": 3}}))];
    assert_eq!(count(&world, Who::System, Step::UpdateMany(change.clone())).await, 2);
    for (id, expected) in [(first, r#"{"a":1,"c":{"d":3}}"#), (second, r#"{"c":{"d":3}}"#)] {
        assert_eq!(*world.get("sample", id).await.unwrap().get(field), document(expected));
    }
    change.max_document_bytes = 15;
    let message = "must have at most 15 bytes when merged".to_owned();
    let too_large = Rejection::Records(vec![(first, Rejection::Check { field: Some(field), message })]);
    world.must_not(Who::System, Step::UpdateMany(change), too_large).await;
}

//! Creating, changing and replacing records.

use super::Open;
use super::world::{Who, World, record, text};
use crate::{Outcome, Put, Rejection, Step};
use mainstay_expr::{Decimal, Value};
use mainstay_model::base;
use uuid::Uuid;

pub async fn a_created_record_is_read_back(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let id = world.new_id();
    let values = [("name", text("Café ☕")), ("owner", Value::Uuid(owner)), ("code", text("4711"))];
    let committed = world.run(Who::Account(owner), vec![world.create("room", id, &values)]).await.unwrap();
    let Outcome::Record { record, created, readable, hidden } = &committed.outcomes[0] else {
        panic!("a creation has a record");
    };
    assert_eq!((*created, *readable, hidden.is_empty()), (true, true, true));
    assert_eq!((record.id(), record.version(), record.deleted_at()), (id, 1, None));
    assert_eq!(record.get(base::CREATED_AT), &Value::Timestamp(world.now()));
    assert_eq!(record.updated_at(), world.now());
    assert_eq!(record.get(world.field("room", "topic")), &Value::Null);
    assert_eq!(world.get("room", id).await.as_ref(), Some(record));
    assert_eq!(world.get("room", world.new_id()).await, None);
}

pub async fn a_value_of_every_type_survives(open: Open) {
    let world = World::open(open);
    for values in [usual_values(), least_values(), greatest_values()] {
        let id = world.made("sample", &values).await;
        let stored = world.get("sample", id).await.unwrap();
        for (name, value) in &values {
            assert_eq!(stored.get(world.field("sample", name)), value, "{name}");
        }
    }
}

fn usual_values() -> Vec<(&'static str, Value)> {
    vec![
        ("flag", Value::Bool(true)),
        ("number", Value::Int(-42)),
        ("ratio", Value::Float(0.1)),
        ("amount", Value::Decimal(Decimal::new(-1_250, 2).unwrap())),
        ("label", text("žluťoučký kůň 🐎\n\"quoted\"")),
        ("state", text("open")),
        ("link", Value::Uuid(Uuid::from_u128(0x0123_4567_89ab_cdef))),
        ("day", Value::Date(-1)),
        ("hour", Value::Time(1)),
        ("moment", Value::Timestamp(1_795_248_000_000_001)),
        ("span", Value::Duration(-1)),
        ("document", Value::Json(r#"{"a":[1,null,"x"]}"#.to_owned())),
        ("data", Value::Bytes(vec![0, 255, 128])),
        ("tags", Value::List(vec![text("a"), text("b,c"), text("\"")])),
        ("links", Value::List(vec![Value::Uuid(Uuid::from_u128(1)), Value::Uuid(Uuid::max())])),
    ]
}

fn least_values() -> Vec<(&'static str, Value)> {
    vec![
        ("flag", Value::Bool(false)),
        ("number", Value::Int(i64::MIN)),
        ("ratio", Value::Float(f64::MIN)),
        ("amount", Value::Decimal(Decimal::new(-999_999_999_999_999_999, 2).unwrap())),
        ("label", text("")),
        ("link", Value::Uuid(Uuid::nil())),
        ("day", Value::Date(-719_162)),
        ("hour", Value::Time(0)),
        ("moment", Value::Timestamp(-62_135_596_800_000_000)),
        ("data", Value::Bytes(Vec::new())),
        ("tags", Value::List(Vec::new())),
        ("document", Value::Json("null".to_owned())),
    ]
}

fn greatest_values() -> Vec<(&'static str, Value)> {
    vec![
        ("number", Value::Int(i64::MAX)),
        ("ratio", Value::Float(f64::MAX)),
        ("amount", Value::Decimal(Decimal::new(999_999_999_999_999_999, 2).unwrap())),
        ("label", text("\u{10ffff}\u{ffff}\u{1}")),
        ("link", Value::Uuid(Uuid::max())),
        ("day", Value::Date(2_932_896)),
        ("hour", Value::Time(86_399_999_999)),
        ("moment", Value::Timestamp(253_402_300_799_999_999)),
        ("span", Value::Duration(i64::MAX)),
        ("data", Value::Bytes(vec![7; 65_536])),
    ]
}

pub async fn an_id_is_used_once(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let id = world.room(owner, "first").await;
    let again = world.create("room", id, &[("name", text("second")), ("owner", Value::Uuid(owner))]);
    world.must_not(Who::Account(owner), again.clone(), Rejection::Exists).await;
    // As a client sends it that has got no answer: all that is unique in it is taken, by itself.
    let same = world.create("room", id, &[("name", text("first")), ("owner", Value::Uuid(owner))]);
    world.must_not(Who::Account(owner), same, Rejection::Exists).await;
    world.must(Who::Account(owner), world.delete("room", id)).await;
    world.must_not(Who::Account(owner), again, Rejection::Exists).await;
}

pub async fn an_update_changes_what_it_names(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let id = world.room(owner, "old").await;
    let before = world.get("room", id).await.unwrap();
    let after = world.must(Who::Account(owner), world.update("room", id, &[("topic", text("talk"))])).await;
    let mut expected = before.clone();
    expected.set(world.field("room", "topic"), text("talk"));
    expected.set(base::VERSION, Value::Int(2));
    expected.set(base::UPDATED_AT, Value::Timestamp(world.now()));
    assert_eq!(after, expected);
    assert_eq!(world.get("room", id).await, Some(expected));
    let missing = world.update("room", world.new_id(), &[("topic", text("talk"))]);
    world.must_not(Who::Account(owner), missing, Rejection::NotFound).await;
}

pub async fn an_update_to_the_same_changes_nothing(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let id = world.room(owner, "same").await;
    let before = world.get("room", id).await.unwrap();
    let position = world.position().await;
    let after = world.must(Who::Account(owner), world.update("room", id, &[("name", text("same"))])).await;
    assert_eq!(after, before);
    assert_eq!(world.changes_after(position).await, []);
}

pub async fn a_version_that_differs_stops_a_write(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let who = Who::Account(owner);
    let id = world.room(owner, "one").await;
    let update = |version| {
        let update = world.changed("room", id, &[("topic", text(&format!("behind {version}")))]);
        Step::Update(crate::Update { if_version: Some(version), ..update })
    };
    world.must(who, update(1)).await;
    world.must_not(who, update(1), Rejection::VersionMismatch { current: Some(2) }).await;
    let delete = crate::Delete { model: world.model_id("room"), id, if_version: Some(7) };
    world.must_not(who, Step::Delete(delete), Rejection::VersionMismatch { current: Some(2) }).await;
    assert_eq!(world.get("room", id).await.unwrap().version(), 2);
}

pub async fn a_requirement_stops_an_update(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let id = world.room(owner, "counter").await;
    let raise = |from: i64| {
        let require = world.condition("room", &format!("seats == {from}"), None);
        let update = world.changed("room", id, &[("seats", Value::Int(from + 1))]);
        Step::Update(crate::Update { require: Some(require), ..update })
    };
    world.must(Who::System, world.update("room", id, &[("seats", Value::Int(1))])).await;
    world.must(Who::System, raise(1)).await;
    world.must_not(Who::System, raise(1), Rejection::RequirementFailed).await;
}

pub async fn put_creates_or_replaces(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let who = Who::Account(owner);
    let id = world.new_id();
    let put = |name: &str, if_version, only_create| {
        let values = [("name", text(name)), ("owner", Value::Uuid(owner))];
        Step::Put(Put { create: world.new_record("room", id, &values), if_version, only_create })
    };
    world.must_not(who, put("early", Some(1), false), Rejection::VersionMismatch { current: None }).await;
    let committed = world.run(who, vec![put("first", None, true)]).await.unwrap();
    assert!(matches!(committed.outcomes[0], Outcome::Record { created: true, .. }));
    world.must_not(who, put("again", None, true), Rejection::Exists).await;
    world.must(who, world.update("room", id, &[("topic", text("replaced, so gone"))])).await;
    let committed = world.run(who, vec![put("second", Some(2), false)]).await.unwrap();
    assert!(matches!(committed.outcomes[0], Outcome::Record { created: false, .. }));
    let replaced = record(&committed.outcomes[0]);
    assert_eq!(replaced.get(world.field("room", "name")), &text("second"));
    assert_eq!(replaced.get(world.field("room", "topic")), &Value::Null);
    assert_eq!((replaced.id(), replaced.version()), (id, 3));
    world.must(who, world.delete("room", id)).await;
    world.must_not(who, put("third", None, false), Rejection::Exists).await;
}

pub async fn time_does_not_run_backwards_for_a_record(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let id = world.room(owner, "clock").await;
    let before = world.get("room", id).await.unwrap();
    world.set_now(before.updated_at() - 3_600_000_000);
    let after = world.must(Who::Account(owner), world.update("room", id, &[("topic", text("late"))])).await;
    assert_eq!(after.updated_at(), before.updated_at());
    let deleted = world.must(Who::Account(owner), world.delete("room", id)).await;
    assert_eq!(deleted.deleted_at(), Some(before.updated_at()), "else it would be purged before its time");
}

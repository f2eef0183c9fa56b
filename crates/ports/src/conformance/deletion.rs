//! Deleting, restoring and purging.

use super::Open;
use super::world::{Who, World, text};
use crate::{Deleted, Outcome, Purge, Query, Rejection, Step};
use mainstay_expr::{Predicate, Value};
use uuid::Uuid;

async fn count(world: &World, model: &str, deleted: Deleted) -> usize {
    world.query(Query { deleted, ..world.all(model) }).await.rows.len()
}

pub async fn a_deleted_record_is_out_of_sight_until_restored(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let who = Who::Account(owner);
    let id = world.room(owner, "now and then").await;
    world.room(owner, "always").await;
    let deleted = world.must(who, world.delete("room", id)).await;
    assert_eq!((deleted.deleted_at(), deleted.version()), (Some(world.now()), 2));
    assert_eq!(world.get("room", id).await, None);
    let one = Query { deleted: Deleted::Include, ..Query::one(world.model_id("room"), id) };
    assert_eq!(world.query(one).await.rows[0].record, deleted);
    for (deleted, expected) in [(Deleted::Exclude, 1), (Deleted::Include, 2), (Deleted::Only, 1)] {
        assert_eq!(count(&world, "room", deleted).await, expected, "{deleted:?}");
    }
    let update = world.update("room", id, &[("topic", text("ghosts"))]);
    world.must_not(who, update, Rejection::NotFound).await;
    world.must_not(who, world.delete("room", id), Rejection::NotFound).await;
    let restored = world.must(who, world.restore("room", id)).await;
    assert_eq!((restored.deleted_at(), restored.version()), (None, 3));
    assert_eq!(world.get("room", id).await, Some(restored));
}

pub async fn a_deleted_record_frees_its_unique_values(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let who = Who::Account(owner);
    let first = world.room(owner, "name").await;
    world.must(who, world.delete("room", first)).await;
    let second = world.room(owner, "name").await;
    let taken = Rejection::Unique(vec![world.field("room", "name")]);
    world.must_not(who, world.restore("room", first), taken).await;
    world.must(who, world.update("room", second, &[("name", text("another"))])).await;
    world.must(who, world.restore("room", first)).await;
}

pub async fn deletion_and_restoration_cascade(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let who = Who::Account(owner);
    let room = world.room(owner, "house").await;
    let message = [("room", Value::Uuid(room)), ("author", Value::Uuid(owner)), ("text", text("hello"))];
    let earlier = world.made("message", &message).await;
    world.must(who, world.delete("message", earlier)).await;
    let ids = [world.made("message", &message).await, world.made("message", &message).await];
    world.made("member", &[("room", Value::Uuid(room)), ("user", Value::Uuid(owner))]).await;
    world.must(who, world.delete("room", room)).await;
    assert_eq!(count(&world, "message", Deleted::Exclude).await, 0);
    assert_eq!(count(&world, "member", Deleted::Exclude).await, 0);
    world.must(who, world.restore("room", room)).await;
    let mut found = world.ids(world.all("message")).await;
    found.sort();
    assert_eq!(found, ids, "what was deleted before on its own stays deleted");
    assert_eq!(count(&world, "member", Deleted::Exclude).await, 1);
}

pub async fn a_tree_is_deleted_and_restored_as_one(open: Open) {
    let world = World::open(open);
    let top = world.made("folder", &[("name", text("0"))]).await;
    let mut parent = top;
    for depth in 1..100 {
        let values = [("name", text(&depth.to_string())), ("parent", Value::Uuid(parent))];
        parent = world.made("folder", &values).await;
    }
    world.must(Who::System, world.delete("folder", top)).await;
    assert_eq!(count(&world, "folder", Deleted::Only).await, 100);
    world.must(Who::System, world.restore("folder", top)).await;
    assert_eq!(count(&world, "folder", Deleted::Exclude).await, 100);
    // A ring comes to an end too, both ways.
    world.must(Who::System, world.update("folder", top, &[("parent", Value::Uuid(parent))])).await;
    world.must(Who::System, world.delete("folder", parent)).await;
    assert_eq!(count(&world, "folder", Deleted::Only).await, 100);
    world.must(Who::System, world.restore("folder", parent)).await;
    assert_eq!(count(&world, "folder", Deleted::Exclude).await, 100);
}

pub async fn a_record_that_points_to_two_is_restored_once(open: Open) {
    let world = World::open(open);
    let top = world.made("folder", &[("name", text("top"))]).await;
    let middle = world.made("folder", &[("name", text("middle")), ("beside", Value::Uuid(top))]).await;
    let values = [("name", text("leaf")), ("parent", Value::Uuid(top)), ("beside", Value::Uuid(middle))];
    let leaf = world.made("folder", &values).await;
    world.must(Who::System, world.delete("folder", top)).await;
    let position = world.position().await;
    world.must(Who::System, world.restore("folder", top)).await;
    let mut restored: Vec<Uuid> =
        world.changes_after(position).await.iter().map(|change| change.id).collect();
    restored.sort();
    let mut expected = [top, middle, leaf];
    expected.sort();
    assert_eq!(restored, expected);
}

pub async fn a_ref_can_become_null(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let room = world.room(owner, "replies").await;
    let mut values =
        vec![("room", Value::Uuid(room)), ("author", Value::Uuid(owner)), ("text", text("hello"))];
    let first = world.made("message", &values).await;
    values.push(("reply_to", Value::Uuid(first)));
    let reply = world.made("message", &values).await;
    world.must(Who::Account(owner), world.delete("message", first)).await;
    let reply = world.get("message", reply).await.unwrap();
    assert_eq!(reply.get(world.field("message", "reply_to")), &Value::Null);
    assert_eq!(reply.version(), 2);
}

pub async fn a_ref_can_restrict(open: Open) {
    let world = World::open(open);
    let shelf = world.made("shelf", &[("name", text("a"))]).await;
    let book = world.made("book", &[("title", text("b")), ("shelf", Value::Uuid(shelf))]).await;
    let restricted =
        Rejection::Restricted { model: world.model_id("book"), field: world.field("book", "shelf") };
    world.must_not(Who::System, world.delete("shelf", shelf), restricted).await;
    world.must(Who::System, world.delete("book", book)).await;
    world.must(Who::System, world.delete("shelf", shelf)).await;
    // What the book stood on is gone for good, so that it cannot come back as it was.
    let missing = Rejection::RefNotFound(world.field("book", "shelf"));
    world.must_not(Who::System, world.restore("book", book), missing).await;
}

pub async fn a_hard_deletion_leaves_nothing(open: Open) {
    let world = World::open(open);
    let id = world.made("shelf", &[("name", text("a"))]).await;
    let position = world.position().await;
    world.must(Who::System, world.delete("shelf", id)).await;
    assert_eq!(count(&world, "shelf", Deleted::Include).await, 0);
    let changes = world.changes_after(position).await;
    assert_eq!((changes.len(), &changes[0].after, changes[0].before.is_some()), (1, &None, true));
    world.must_not(Who::System, world.restore("shelf", id), Rejection::NotFound).await;
    world.made("shelf", &[("name", text("a"))]).await;
}

pub async fn what_is_not_deleted_is_not_restored(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let id = world.room(owner, "alive").await;
    world.must_not(Who::Account(owner), world.restore("room", id), Rejection::NotDeleted).await;
    world.must_not(Who::System, world.restore("room", world.new_id()), Rejection::NotFound).await;
}

pub async fn a_purge_removes_deleted_records_alone(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(world.room(owner, name).await);
    }
    for id in &ids[..3] {
        world.must(Who::System, world.delete("room", *id)).await;
    }
    let position = world.position().await;
    for (limit, expected) in [(2, 2), (2, 1), (2, 0)] {
        assert_eq!(purge(&world, limit).await, expected);
    }
    assert_eq!(world.ids(Query { deleted: Deleted::Include, ..world.all("room") }).await, [ids[3]]);
    let purged: Vec<Uuid> = world.changes_after(position).await.iter().map(|change| change.id).collect();
    assert_eq!(purged.len(), 3);
    world.must_not(Who::System, world.restore("room", ids[0]), Rejection::NotFound).await;
}

async fn purge(world: &World, limit: u32) -> u64 {
    let filter = Predicate::Not(Box::new(world.condition("room", "name == ''", None)));
    let purge = Step::Purge(Purge { model: world.model_id("room"), filter, limit });
    match world.run(Who::System, vec![purge]).await.unwrap().outcomes[..] {
        [Outcome::Count(count)] => count,
        ref other => panic!("a purge answers a number, not {other:?}"),
    }
}

//! Several steps in one transaction.

use super::Open;
use super::world::{Who, World, record, text};
use crate::{Rejection, Step};
use mainstay_expr::Value;

pub async fn later_steps_see_earlier_ones(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let (room, message) = (world.new_id(), world.new_id());
    let post = [("room", Value::Uuid(room)), ("author", Value::Uuid(owner)), ("text", text("first"))];
    let steps = vec![
        world.create("room", room, &[("name", text("new")), ("owner", Value::Uuid(owner))]),
        world.create("message", message, &post),
        world.update("room", room, &[("topic", text("set"))]),
        world.update("room", room, &[("topic", text("set again"))]),
        world.delete("message", message),
    ];
    let committed = world.run(Who::Account(owner), steps).await.unwrap();
    assert_eq!(committed.outcomes.len(), 5);
    assert_eq!(record(&committed.outcomes[3]).version(), 3);
    assert_eq!(world.get("room", room).await, Some(record(&committed.outcomes[3])));
    assert_eq!(world.get("message", message).await, None);
}

pub async fn all_steps_or_none(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let kept = world.room(owner, "kept").await;
    let before = world.get("room", kept).await;
    let new = world.new_id();
    let steps = vec![
        world.create("room", new, &[("name", text("new")), ("owner", Value::Uuid(owner))]),
        world.update("room", kept, &[("topic", text("changed"))]),
        world.delete("room", kept),
        world.delete("room", world.new_id()),
    ];
    world.must_not_all(Who::Account(owner), steps, vec![(3, Rejection::NotFound)]).await;
    assert_eq!(world.get("room", kept).await, before);
    assert_eq!(world.get("room", new).await, None);
    world.room(owner, "new").await;
}

pub async fn a_batch_has_no_duplicates_either(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let room =
        |name| world.create("room", world.new_id(), &[("name", text(name)), ("owner", Value::Uuid(owner))]);
    let taken = Rejection::Unique(vec![world.field("room", "name")]);
    let steps = vec![room("a"), room("b"), room("a")];
    world.must_not_all(Who::Account(owner), steps, vec![(2, taken)]).await;
    let id = world.room(owner, "c").await;
    let steps: Vec<Step> = vec![world.delete("room", id), room("c")];
    world.run(Who::Account(owner), steps).await.unwrap();
}

pub async fn a_batch_names_every_refused_step(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let good = world.room(owner, "good").await;
    let steps = vec![
        world.update("room", world.new_id(), &[("topic", text("x"))]),
        world.update("room", good, &[("topic", text("fine"))]),
        world.update("room", good, &[("name", Value::Null)]),
        world.restore("room", good),
    ];
    let expected = vec![
        (0, Rejection::NotFound),
        (2, Rejection::Required(world.field("room", "name"))),
        (3, Rejection::NotDeleted),
    ];
    world.must_not_all(Who::Account(owner), steps, expected).await;
}

/// What a later step of a refused batch learned of an earlier one must not be believed afterwards; nor what was so before a change.
pub async fn nothing_stands_on_what_a_refused_batch_wrote(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let room = world.new_id();
    let make = || world.create("room", room, &[("name", text("new")), ("owner", Value::Uuid(owner))]);
    let post = [("room", Value::Uuid(room)), ("author", Value::Uuid(owner)), ("text", text("first"))];
    let say = || world.create("message", world.new_id(), &post);
    let steps = vec![make(), say(), world.delete("room", world.new_id())];
    world.must_not_all(Who::Account(owner), steps, vec![(2, Rejection::NotFound)]).await;
    world.must_not(Who::System, say(), Rejection::RefNotFound(world.field("message", "room"))).await;
    world.run(Who::Account(owner), vec![make(), say()]).await.unwrap();
    world.must(Who::Account(owner), say()).await;
    world.must(Who::System, world.delete("room", room)).await;
    world.must_not(Who::System, say(), Rejection::RefNotFound(world.field("message", "room"))).await;
    world.must(Who::System, world.restore("room", room)).await;
    world.must(Who::Account(owner), say()).await;
}

//! Access rules, which no way to write can pass by.

use super::Open;
use super::world::{Who, World, text};
use crate::{Outcome, Purge, Rejection, Step};
use mainstay_expr::{FieldId, Predicate, Value};

pub async fn what_one_may_not_see_is_not_there(open: Open) {
    let world = World::open(open);
    let (owner, stranger) = (world.account().await, Who::Account(world.account().await));
    let id = world.room(owner, "private").await;
    let steps = [
        world.update("room", id, &[("topic", text("mine"))]),
        world.delete("room", id),
        world.restore("room", id),
    ];
    for step in steps {
        world.must_not(stranger, step, Rejection::NotFound).await;
    }
}

pub async fn a_rule_forbids_what_one_may_see(open: Open) {
    let world = World::open(open);
    let (owner, member) = (world.account().await, world.account().await);
    let room = world.room(owner, "shared").await;
    let values = [("room", Value::Uuid(room)), ("user", Value::Uuid(member))];
    let membership = world.made("member", &values).await;
    let who = Who::Account(member);
    world.must_not(who, world.update("room", room, &[("topic", text("mine"))]), Rejection::Forbidden).await;
    world.must_not(who, world.delete("room", room), Rejection::Forbidden).await;
    // There is no rule at all for updating a member: that denies, the owner too.
    let update = world.update("member", membership, &[("user", Value::Uuid(owner))]);
    world.must_not(Who::Account(owner), update, Rejection::Forbidden).await;
    let for_another = [("name", text("gift")), ("owner", Value::Uuid(owner))];
    world.must_not(who, world.create("room", world.new_id(), &for_another), Rejection::Forbidden).await;
    let purge = Purge { model: world.model_id("room"), filter: Predicate::Const(true), limit: 1 };
    world.must_not(Who::Account(owner), Step::Purge(purge), Rejection::Forbidden).await;
}

pub async fn a_rule_walks_relations(open: Open) {
    let world = World::open(open);
    let (owner, member) = (world.account().await, world.account().await);
    let room = world.room(owner, "talk").await;
    let post = |text_of| {
        let values = [("room", Value::Uuid(room)), ("author", Value::Uuid(member)), ("text", text(text_of))];
        world.create("message", world.new_id(), &values)
    };
    world.must_not(Who::Account(member), post("too early"), Rejection::Forbidden).await;
    let id = world.new_id();
    let join = world.create("member", id, &[("room", Value::Uuid(room)), ("user", Value::Uuid(member))]);
    world.must_not(Who::Account(member), join.clone(), Rejection::Forbidden).await;
    world.must(Who::Account(owner), join).await;
    world.must(Who::Account(member), post("hello")).await;
    world.must(Who::Account(owner), world.delete("member", id)).await;
    world.must_not(Who::Account(member), post("too late"), Rejection::Forbidden).await;
}

pub async fn a_field_rule_guards_its_field(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let pinned = world.field("room", "pinned");
    let id = world.room(owner, "guarded").await;
    let pin = world.update("room", id, &[("pinned", Value::Bool(true))]);
    world.must_not(Who::Account(owner), pin.clone(), Rejection::FieldForbidden(pinned)).await;
    world.must(Who::Moderator(owner), pin.clone()).await;
    // Writing what is there already changes nothing, which nobody has to be allowed.
    world.must(Who::Account(owner), pin).await;
    let values = [("name", text("new")), ("owner", Value::Uuid(owner)), ("pinned", Value::Bool(true))];
    let create = world.create("room", world.new_id(), &values);
    world.must_not(Who::Account(owner), create, Rejection::FieldForbidden(pinned)).await;
}

pub async fn an_outcome_says_what_the_caller_may_see(open: Open) {
    let world = World::open(open);
    let (owner, member) = (world.account().await, world.account().await);
    let room = world.room(owner, "outcome").await;
    world.made("member", &[("room", Value::Uuid(room)), ("user", Value::Uuid(member))]).await;
    let flagged = world.field("message", "flagged");
    for (author, hidden) in [(owner, vec![]), (member, vec![flagged])] {
        let values = [("room", Value::Uuid(room)), ("author", Value::Uuid(author)), ("text", text("hello"))];
        let create = world.create("message", world.new_id(), &values);
        let committed = world.run(Who::Account(author), vec![create]).await.unwrap();
        check(&committed.outcomes[0], true, &hidden);
    }
    let book = world.create("book", world.new_id(), &[("title", text("on no shelf yet"))]);
    let committed = world.run(Who::Account(owner), vec![book]).await.unwrap();
    check(&committed.outcomes[0], false, &[]);
}

fn check(outcome: &Outcome, readable: bool, hidden: &[FieldId]) {
    let Outcome::Record { readable: is_readable, hidden: are_hidden, .. } = outcome else {
        panic!("a write has a record");
    };
    assert_eq!((*is_readable, are_hidden.as_slice()), (readable, hidden));
}

pub async fn the_engine_needs_no_rule(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let id = world.room(owner, "any").await;
    world.must(Who::System, world.update("room", id, &[("pinned", Value::Bool(true))])).await;
    world.must(Who::System, world.delete("room", id)).await;
    world.must(Who::System, world.restore("room", id)).await;
    // Validations hold all the same.
    let update = world.update("room", id, &[("name", Value::Null)]);
    world.must_not(Who::System, update, Rejection::Required(world.field("room", "name"))).await;
}

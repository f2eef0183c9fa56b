//! What a record must be like, whoever writes it.

use super::Open;
use super::world::{Who, World, text};
use crate::Rejection;
use mainstay_expr::Value;

pub async fn a_required_field_has_a_value(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let required = Rejection::Required(world.field("room", "name"));
    let nameless = world.create("room", world.new_id(), &[("owner", Value::Uuid(owner))]);
    world.must_not(Who::Account(owner), nameless, required.clone()).await;
    let id = world.room(owner, "named").await;
    world.must_not(Who::Account(owner), world.update("room", id, &[("name", Value::Null)]), required).await;
}

pub async fn a_check_holds(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let id = world.room(owner, "echo").await;
    let expected = Rejection::Check { field: None, message: "a topic says more than the name".to_owned() };
    world.must_not(Who::Account(owner), world.update("room", id, &[("topic", text("echo"))]), expected).await;
    world.must(Who::Account(owner), world.update("room", id, &[("topic", text("another"))])).await;
}

pub async fn an_immutable_field_stays(open: Open) {
    let world = World::open(open);
    let (owner, heir) = (world.account().await, world.account().await);
    let id = world.room(owner, "kept").await;
    let give = world.update("room", id, &[("owner", Value::Uuid(heir))]);
    world.must_not(Who::Account(owner), give.clone(), Rejection::Forbidden).await;
    world.must_not(Who::System, give, Rejection::Immutable(world.field("room", "owner"))).await;
    world.must(Who::Account(owner), world.update("room", id, &[("owner", Value::Uuid(owner))])).await;
}

pub async fn a_ref_points_to_a_live_record(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let missing = Rejection::RefNotFound(world.field("message", "room"));
    let post = |room| {
        let values = [("room", Value::Uuid(room)), ("author", Value::Uuid(owner)), ("text", text("hello"))];
        world.create("message", world.new_id(), &values)
    };
    world.must_not(Who::System, post(world.new_id()), missing.clone()).await;
    let room = world.room(owner, "gone").await;
    world.must(Who::System, post(room)).await;
    world.must(Who::System, world.delete("room", room)).await;
    world.must_not(Who::System, post(room), missing).await;
}

pub async fn live_records_differ_in_unique_fields(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let who = Who::Account(owner);
    let room = world.room(owner, "taken").await;
    let other = world.room(owner, "other").await;
    let taken = Rejection::Unique(vec![world.field("room", "name")]);
    let again =
        world.create("room", world.new_id(), &[("name", text("taken")), ("owner", Value::Uuid(owner))]);
    world.must_not(who, again, taken.clone()).await;
    world.must_not(who, world.update("room", other, &[("name", text("taken"))]), taken).await;
    let join = |room| {
        world.create("member", world.new_id(), &[("room", Value::Uuid(room)), ("user", Value::Uuid(owner))])
    };
    world.must(who, join(room)).await;
    world.must(who, join(other)).await;
    let both = vec![world.field("member", "room"), world.field("member", "user")];
    world.must_not(who, join(room), Rejection::Unique(both)).await;
    // A model whose deleted records are not kept has unique fields all the same.
    world.made("shelf", &[("name", text("a"))]).await;
    let again = world.create("shelf", world.new_id(), &[("name", text("a"))]);
    world.must_not(Who::System, again, Rejection::Unique(vec![world.field("shelf", "name")])).await;
}

pub async fn null_is_never_a_duplicate_alone(open: Open) {
    let world = World::open(open);
    let user = world.account().await;
    let taken = Rejection::Unique(vec![world.field("seat", "row"), world.field("seat", "number")]);
    let seat = |row: Option<i64>, number: Option<i64>| {
        let value = |part: Option<i64>| part.map_or(Value::Null, Value::Int);
        world.create("seat", world.new_id(), &[("row", value(row)), ("number", value(number))])
    };
    for (row, number) in [(None, None), (Some(1), None), (None, Some(1)), (Some(1), Some(1))] {
        world.must(Who::Account(user), seat(row, number)).await;
    }
    for (row, number) in [(None, None), (Some(1), None), (None, Some(1))] {
        world.must(Who::Account(user), seat(row, number)).await;
    }
    world.must_not(Who::Account(user), seat(Some(1), Some(1)), taken).await;
}

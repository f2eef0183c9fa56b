//! What of a predicate is about other records, and which changes of them matter.

use super::fixture::{Chat, MESSAGE, ROOM, USER};
use super::show::show;
use super::sound;
use mainstay_expr::{Frame, ModelId, Predicate, Touch, Use, Value, Vars};
use uuid::Uuid;

const MEMBER: ModelId = ModelId(2);
const ME: u128 = 7;
const ROOM_1: u128 = 0x11;

fn id(number: u128) -> Value {
    Value::Uuid(Uuid::from_u128(number))
}

/// A rule as it is for account 7.
fn mine(source: &str) -> Predicate {
    let vars = Vars { auth_id: Some(Uuid::from_u128(ME)), ..Vars::default() };
    sound(source, Use::Rule).predicate.reduce(&Frame { vars: Some(&vars), ..Frame::default() })
}

fn room_is_1() -> String {
    format!("room == '{}'", Uuid::from_u128(ROOM_1))
}

#[track_caller]
fn check_pinned(source: &str, expected: &str) {
    let pinned = mine(source).pinned();
    assert_eq!(show(&Chat::new(), &pinned), expected, "{source}");
    assert_eq!(pinned.pinned(), pinned, "{source}: pinning twice changes nothing");
}

#[test]
fn an_equality_pins_its_field() {
    check_pinned("likes == 1 && likes > 0", "likes == 1");
    check_pinned("likes == 1 && likes > 1", "false");
    check_pinned("likes == 1 && likes == 2", "false");
    check_pinned("likes == 1 && 1 == likes", "likes == 1");
    check_pinned("likes == dislikes && likes == 1", "(1 == dislikes and likes == 1)");
    check_pinned("likes == 1 || likes > 0", "(likes == 1 or likes > 0)");
    check_pinned("likes == null && likes < 3", "false");
    let (me, room) = (Uuid::from_u128(ME), Uuid::from_u128(ROOM_1));
    check_pinned(
        &format!("{} && room.is_owner", room_is_1()),
        &format!("(room == {room} and some room#1[id = {room}]{{#1.owner == {me}}})"),
    );
}

#[track_caller]
fn check_questions(source: &str, expected: &[&str], left: &str) {
    let chat = Chat::new();
    let pinned = mine(source).pinned();
    let questions: Vec<String> = pinned.questions().iter().map(|question| show(&chat, question)).collect();
    assert_eq!(questions, expected, "{source}");
    assert_eq!(show(&chat, &pinned.answered(&mut |_| Some(true))), left, "{source}");
}

#[test]
fn what_asks_of_others_alone_is_a_question() {
    let (me, room) = (Uuid::from_u128(ME), Uuid::from_u128(ROOM_1));
    let owned = format!("some room#1[id = {room}]{{#1.owner == {me}}}");
    check_questions("likes > 1", &[], "likes > 1");
    check_questions("room.is_owner", &[], &format!("some room#1[id = room]{{#1.owner == {me}}}"));
    let room_1 = room_is_1();
    check_questions(&format!("{room_1} && room.is_owner"), &[&owned], &format!("room == {room}"));
    // Two questions in one junction are one: it matters only what they come to together.
    check_questions(
        &format!("{room_1} && (likes > 1 || room.is_owner || room.members.exists(m, m.user == auth.id))"),
        &[&format!("({owned} or some member#1[room = {room}]{{#1.user == {me}}})")],
        &format!("room == {room}"),
    );
    let not_owned = format!("!{owned}");
    check_questions(&format!("{room_1} && !room.is_owner"), &[&not_owned], &format!("room == {room}"));
}

struct Case {
    model: ModelId,
    before: Option<Vec<Value>>,
    after: Option<Vec<Value>>,
}

fn change(model: ModelId, before: &[Value], after: &[Value]) -> Case {
    let record = |values: &[Value]| (!values.is_empty()).then(|| values.to_vec());
    Case { model, before: record(before), after: record(after) }
}

/// How many searches of a rule a change of another record may make a difference to.
#[track_caller]
fn check_shifts(source: &str, case: &Case, expected: usize) {
    let predicate = mine(source).pinned();
    let touch = Touch { model: case.model, before: case.before.as_deref(), after: case.after.as_deref() };
    let shifts = predicate.shifts(&touch);
    assert_eq!(shifts.len(), expected, "{source}: {shifts:?}");
}

#[test]
fn a_change_of_a_membership() {
    let in_room_1 = format!("{} && room.allow.read", room_is_1());
    let member = |room: u128, user: u128| [id(1), id(room), id(user)];
    let joins = |room, user| change(MEMBER, &[], &member(room, user));
    let leaves = |room, user| change(MEMBER, &member(room, user), &[]);
    for make in [&joins as &dyn Fn(u128, u128) -> Case, &leaves] {
        check_shifts(&in_room_1, &make(ROOM_1, ME), 1);
        check_shifts(&in_room_1, &make(ROOM_1, 8), 0);
        check_shifts(&in_room_1, &make(0x12, ME), 0);
        check_shifts("room.allow.read", &make(0x12, ME), 1);
        check_shifts("room.allow.read", &make(0x12, 8), 0);
        check_shifts("likes == 1", &make(ROOM_1, ME), 0);
    }
    check_shifts(&in_room_1, &change(MEMBER, &member(ROOM_1, ME), &member(ROOM_1, ME)), 0);
    check_shifts(&in_room_1, &change(MEMBER, &member(ROOM_1, ME), &member(0x12, ME)), 1);
    check_shifts("room.allow.read", &change(MEMBER, &member(ROOM_1, ME), &member(0x12, ME)), 1);
    check_shifts(&in_room_1, &change(MEMBER, &member(0x12, ME), &member(0x13, ME)), 0);
}

#[test]
fn a_change_of_a_room() {
    let in_room_1 = format!("{} && room.allow.read", room_is_1());
    let room = |id_of: u128, name: &str, owner: u128| [id(id_of), Value::Text(name.into()), id(owner)];
    let check = |before: &[Value], after: &[Value], expected| {
        check_shifts(&in_room_1, &change(ROOM, before, after), expected);
    };
    check(&room(ROOM_1, "a", 8), &room(ROOM_1, "b", 8), 0);
    check(&room(ROOM_1, "a", ME), &room(ROOM_1, "b", ME), 0);
    check(&room(ROOM_1, "a", ME), &room(ROOM_1, "a", 8), 1);
    check(&room(ROOM_1, "a", 9), &room(ROOM_1, "a", 8), 0);
    check(&room(ROOM_1, "a", 8), &[], 1);
    check(&room(0x12, "a", ME), &[], 0);
    // Of a room that nobody named, it depends on its members whether a stranger's matters.
    let new = change(ROOM, &[], &room(0x12, "a", 8));
    check_shifts("room.allow.read", &new, 1);
    let touch = Touch { model: ROOM, before: None, after: new.after.as_deref() };
    let shift = mine("room.allow.read").shifts(&touch).remove(0);
    assert!(shift.before.is_none() && shift.is_condition_alone);
    assert!(shift.after.is_some_and(|condition| condition.is_question()));
}

#[test]
fn a_change_of_what_is_looked_up() {
    let source = "room.name == 'a'";
    let room = |name: &str, owner: u128| [id(ROOM_1), Value::Text(name.into()), id(owner)];
    check_shifts(source, &change(ROOM, &room("a", 1), &room("a", 2)), 0);
    check_shifts(source, &change(ROOM, &room("a", 1), &room("b", 1)), 1);
    check_shifts(source, &change(ROOM, &room("a", 1), &[]), 1);
    check_shifts(source, &change(USER, &[id(1)], &[]), 0);
    check_shifts(source, &change(MESSAGE, &[id(1)], &[]), 0);
}

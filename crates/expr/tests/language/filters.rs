//! Filters see what their author may see, and nothing by negation.

use super::fixture::Chat;
use super::show::show;
use super::sound;
use mainstay_expr::{Frame, Predicate, Use, Vars};

#[track_caller]
fn check(source: &str, expected: &str) {
    let predicate = sound(source, Use::Filter).predicate;
    assert_eq!(show(&Chat::new(), &predicate), expected, "{source}");
}

/// What the read rule of a room becomes for the room bound at a level.
fn room_guard(level: u8) -> String {
    let inner = level + 1;
    format!(
        "(($AuthId != null and #{level}.owner == $AuthId) or some member#{inner}[room = #{level}.id]{{($AuthId != null and #{inner}.user == $AuthId)}})"
    )
}

#[test]
fn the_record_itself_needs_no_guard() {
    check("likes > 1", "likes > 1");
    check("room == key || mine", "(room == key or ($AuthId != null and author == $AuthId))");
}

#[test]
fn a_step_along_a_ref_sees_what_the_author_may_read() {
    check("room.name == 'a'", &format!("room>#1.name{{{}}} == \"a\"", room_guard(1)));
    check("!(author.name == 'a')", "!author>#1.name{$AuthId != null} == \"a\"");
    check(
        "room.owner.name == 'a'",
        &format!("room>#1.owner{{{}}}>#2.name{{$AuthId != null}} == \"a\"", room_guard(1)),
    );
    check("room.id == key", &format!("room>#1.id{{{}}} == key", room_guard(1)));
}

#[test]
fn a_search_among_children_sees_what_the_author_may_read() {
    let rule = "some room#2[id = #1.room]{(($AuthId != null and #2.owner == $AuthId) or some member#3[room = #2.id]{($AuthId != null and #3.user == $AuthId)})}";
    check(
        "replies.exists(r, r.likes > 1)",
        &format!("some message#1[reply_to = id]{{(({rule} or #1.draft) and #1.likes > 1)}}"),
    );
    check(
        "replies.all(r, r.likes > 1)",
        &format!("!some message#1[reply_to = id]{{(({rule} or #1.draft) and !#1.likes > 1)}}"),
    );
}

#[test]
fn a_guarded_field_of_the_record_drops_it_from_the_whole_filter() {
    check("note == 'x'", "($AuthId != null and author == $AuthId and note == \"x\")");
    check("!(note == 'x')", "($AuthId != null and author == $AuthId and !note == \"x\")");
    check(
        "draft || note == 'x' || note == 'y'",
        "($AuthId != null and author == $AuthId and (draft or note == \"x\" or note == \"y\"))",
    );
}

#[test]
fn a_guarded_field_of_another_record_hides_that_record() {
    check("!(author.email == 'x')", "!author>#1.email{($AuthId != null and #1.id == $AuthId)} == \"x\"");
    check("author.name == 'x'", "author>#1.name{$AuthId != null} == \"x\"");
    let filter = sound("replies.exists(r, !(r.note == 'x'))", Use::Filter).predicate;
    let shown = show(&Chat::new(), &filter);
    assert!(
        shown.contains("and $AuthId != null and #1.author == $AuthId and !#1.note == \"x\")}"),
        "{shown}"
    );
}

#[test]
fn a_guard_stays_with_the_record_that_was_mentioned() {
    let filter =
        sound("replies.exists(r, r.author.email == 'x' && r.note == 'y') && note == 'z'", Use::Filter);
    let shown = show(&Chat::new(), &filter.predicate);
    assert!(shown.starts_with("($AuthId != null and author == $AuthId and some message#1["), "{shown}");
    assert!(
        shown.contains("and $AuthId != null and #1.author == $AuthId and #1.author>#2.email{"),
        "{shown}"
    );
    assert!(shown.contains("{($AuthId != null and #2.id == $AuthId)} == \"x\""), "{shown}");
    assert_eq!(shown.matches("author == $AuthId").count(), 2, "{shown}");
}

#[test]
fn deferral_asks_the_rule_as_it_is() {
    check("room.allow.read", &format!("some room#1[id = room]{{{}}}", room_guard(1)));
    check(
        "!room.is_owner",
        &format!(
            "!some room#1[id = room]{{({} and $AuthId != null and #1.owner == $AuthId)}}",
            room_guard(1)
        ),
    );
}

#[test]
fn what_nobody_may_see_is_null() {
    let nobody = Vars::default();
    let frame = Frame { vars: Some(&nobody), ..Frame::default() };
    let check = |source: &str, expected: bool| {
        let predicate = sound(source, Use::Filter).predicate;
        assert_eq!(predicate.reduce(&frame), Predicate::Const(expected), "{source}");
    };
    check("author.email == null", true);
    check("author.email == 'x'", false);
    check("author.allow.read", false);
}

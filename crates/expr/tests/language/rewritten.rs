//! Filters in other names.

use super::fixture::{Chat, MESSAGE, ROOM, USER};
use mainstay_expr::{Fault, Mentioned, rewrite_filter};

/// The names that another version has.
fn rename(mentioned: &Mentioned<'_>) -> Result<Option<String>, String> {
    Ok(Some(match mentioned {
        Mentioned::Member(MESSAGE, "text") => "body".to_owned(),
        Mentioned::Member(ROOM, "name") => "title".to_owned(),
        Mentioned::Member(ROOM, "members") => "people".to_owned(),
        Mentioned::Member(USER, "name") => "full_name".to_owned(),
        Mentioned::Member(MESSAGE, "score") => return Err("`score` is computed".to_owned()),
        Mentioned::Value(_, "poll") => "it's a\npoll".to_owned(),
        Mentioned::Text(_) => return Err("its values have other names".to_owned()),
        _ => return Ok(None),
    }))
}

fn rewritten(source: &str) -> Result<String, Vec<Fault>> {
    rewrite_filter(source, MESSAGE, &Chat::new(), &rename)
}

#[test]
fn names_are_changed_where_they_stand_and_nothing_else_is() {
    let check = |source: &str, expected: &str| {
        assert_eq!(rewritten(source).unwrap_or_else(|faults| panic!("{faults:#?}")), expected);
    };
    check("likes > 1", "likes > 1");
    check("text == 'text'", "body == 'text'");
    check("  text.startsWith( text ) // text", "  body.startsWith( body ) // text");
    check("room.name == title", "room.title == title");
    check("room.owner.name == author . name", "room.owner.full_name == author . full_name");
    check("has(room.name) && !(text == null)", "has(room.title) && !(body == null)");
    check(
        "room.members.exists(text, text.user.name == 'x' && likes > 0)",
        "room.people.exists(text, text.user.full_name == 'x' && likes > 0)",
    );
    check("mine && room.is_owner && room.allow.read", "mine && room.is_owner && room.allow.read");
    check("size(text) > 1 ? text == 'a' : draft", "size(body) > 1 ? body == 'a' : draft");
}

#[test]
fn values_of_enums_are_changed_where_they_are_compared() {
    let check = |source: &str, expected: &str| assert_eq!(rewritten(source).unwrap(), expected);
    check("kind == 'poll' && text == 'poll'", r"kind == 'it\'s a\u000apoll' && body == 'poll'");
    check("kind in ['plain', \"poll\"]", r"kind in ['plain', 'it\'s a\u000apoll']");
    check("'poll' != kind", r"'it\'s a\u000apoll' != kind");
}

#[test]
fn what_cannot_be_said_is_refused_with_its_place() {
    let check = |source: &str, marked: &str| {
        let faults = rewritten(source).expect_err(source);
        let spans: Vec<&str> = faults.iter().map(|fault| &source[fault.span.clone()]).collect();
        assert_eq!(spans, [marked], "{faults:#?}");
    };
    check("likes > 1 && score > 2.5", "score");
    check("kind > 'plain'", "kind");
    check("kind == title", "kind");
    check("kind.startsWith('p')", "kind");
    check("size(kind) == 3", "kind");
    check("txt == 'a'", "txt");
    check("kind == 'pool'", "'pool'");
}

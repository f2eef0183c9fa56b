//! What holds of a record, nulls included.

use super::fixture::{Chat, MESSAGE};
use super::sound;
use mainstay_expr::{Decimal, Frame, Predicate, Use, Value, Vars, parse_timestamp};

/// A message of which everything is null but for these fields.
fn message(values: &[(&str, Value)]) -> Vec<Value> {
    let chat = Chat::new();
    let fields = chat.fields(MESSAGE).iter();
    fields
        .map(|(field, _)| {
            let given = values.iter().find(|(name, _)| name == field);
            given.map_or(Value::Null, |(_, value)| value.clone())
        })
        .collect()
}

#[track_caller]
fn check(source: &str, values: &[(&str, Value)], expected: bool) {
    check_with(&Vars::default(), source, values, expected);
}

#[track_caller]
fn check_with(vars: &Vars, source: &str, values: &[(&str, Value)], expected: bool) {
    let record = message(values);
    let frame = Frame { vars: Some(vars), record: Some(&record), ..Frame::default() };
    let answer = sound(source, Use::Rule).predicate.reduce(&frame);
    assert_eq!(answer, Predicate::Const(expected), "{source} of {values:?}");
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn null_is_a_value_to_equality() {
    check("likes == null", &[], true);
    check("likes != null", &[], false);
    check("likes == dislikes", &[], true);
    check("likes == dislikes", &[("likes", Value::Int(0))], false);
    check("likes != 3", &[], true);
    check("likes == null", &[("likes", Value::Int(0))], false);
}

#[test]
fn null_has_no_order() {
    for source in ["likes < 3", "likes <= 3", "likes > 3", "likes >= 3", "likes <= dislikes"] {
        check(source, &[], false);
        check(&format!("!({source})"), &[], true);
    }
}

#[test]
fn null_is_in_no_list_and_no_text() {
    check("likes in [1]", &[], false);
    check("!(likes in [1])", &[], true);
    check("'a' in tags", &[], false);
    check("text in tags", &[("tags", Value::List(vec![Value::Null]))], false);
    check("text.contains('')", &[], false);
    check("text.contains('')", &[("text", text(""))], true);
    check("text.startsWith(title)", &[("text", text("a"))], false);
}

#[test]
fn null_passes_through_functions() {
    check("size(text) == null", &[], true);
    check("size(tags) > 0", &[], false);
    check("text.lowerAscii() == null", &[], true);
    check("likes + 1 == null", &[], true);
    check("sent - seen == null", &[("sent", Value::Timestamp(0))], true);
}

#[test]
fn a_null_bool_is_false() {
    check("draft", &[], false);
    check("!draft", &[], true);
    check("draft == false", &[], false);
    check("draft != true", &[], true);
    check("draft ? true : likes == null", &[], true);
}

#[test]
fn text_is_compared_by_code_point() {
    check("text < 'a'", &[("text", text("Z"))], true);
    check("text < '\\uffff'", &[("text", text("\u{10000}"))], false);
    check("text == 'é'", &[("text", text("e\u{301}"))], false);
    check("size(text) == 2", &[("text", text("e\u{301}"))], true);
    check("text.lowerAscii() == 'Éa'", &[("text", text("ÉA"))], true);
    check("text.endsWith('b')", &[("text", text("ab"))], true);
}

#[test]
fn numbers() {
    check("score == 0.0", &[("score", Value::Float(-0.0))], true);
    check("score < 0.1", &[("score", Value::Float(0.099))], true);
    check("price == 1.5", &[("price", Value::Decimal(Decimal::new(150, 2).unwrap()))], true);
    check("price < 10", &[("price", Value::Decimal(Decimal::new(999, 2).unwrap()))], true);
    check("likes + 1 == null", &[("likes", Value::Int(i64::MAX))], true);
    check("likes + 1 > 0", &[("likes", Value::Int(i64::MAX))], false);
    check("likes * likes == 9", &[("likes", Value::Int(-3))], true);
}

#[test]
fn instants() {
    let vars = Vars { now: parse_timestamp("2026-11-21T08:30:00Z").unwrap(), ..Vars::default() };
    let sent = |text: &str| [("sent", Value::Timestamp(parse_timestamp(text).unwrap()))];
    check_with(&vars, "now - sent <= duration('24h')", &sent("2026-11-20T08:30:00Z"), true);
    check_with(&vars, "now - sent <= duration('24h')", &sent("2026-11-20T08:29:59.999999Z"), false);
    check_with(&vars, "sent + duration('1h') > now", &sent("2026-11-21T07:30:00.000001Z"), true);
    check_with(&vars, "sent == '2026-11-21T10:30:00+02:00'", &sent("2026-11-21T08:30:00Z"), true);
}

#[test]
fn the_caller() {
    let id = uuid::Uuid::from_u128(7);
    let vars = Vars {
        auth_id: Some(id),
        roles: vec!["editor".to_owned()],
        claims: vec![("plan".to_owned(), "pro".to_owned())],
        address: "::1".to_owned(),
        operation: "message.list".to_owned(),
        now: 0,
    };
    let mine = [("author", Value::Uuid(id))];
    check_with(&vars, "author == auth.id", &mine, true);
    check_with(&Vars::default(), "author == auth.id", &mine, false);
    // Nobody's id is null, and so is the author of a message without one; but nobody is not its author.
    check_with(&Vars::default(), "author == auth.id", &[], false);
    check_with(&Vars::default(), "author != auth.id", &[], true);
    check_with(&Vars::default(), "auth.id == null", &[], true);
    check_with(&vars, "'editor' in auth.roles && !('admin' in auth.roles)", &[], true);
    check_with(&vars, "auth.claims.plan == 'pro' && auth.claims.other == null", &[], true);
    check_with(&vars, "request.address == '::1' && request.operation.startsWith('message.')", &[], true);
}

//! What a record's values become in another version.

use super::fixture::{Chat, MESSAGE};
use mainstay_expr::{Decimal, FieldId, Formula, Type, Value, compile_formula};

const SCALE_2: Type = Type::Decimal { scale: 2 };

fn message(values: &[(&str, Value)]) -> Vec<Value> {
    let chat = Chat::new();
    let fields = chat.fields(MESSAGE);
    let of = |(name, _): &(&str, Type)| values.iter().find(|(field, _)| field == name);
    fields.iter().map(|field| of(field).map_or(Value::Null, |(_, value)| value.clone())).collect()
}

#[track_caller]
fn formula(source: &str, ty: &Type) -> Formula {
    compile_formula(source, ty, MESSAGE, &Chat::new())
        .unwrap_or_else(|faults| panic!("{source}: {faults:#?}"))
}

#[track_caller]
fn check(source: &str, ty: &Type, values: &[(&str, Value)], expected: &Value) {
    assert_eq!(formula(source, ty).evaluate(&message(values)), *expected, "{source}");
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn texts_are_put_together_and_taken_apart() {
    let named = [("title", text("Ada")), ("text", text("Lovelace King"))];
    check("title + ' ' + text", &Type::Text, &named, &text("Ada Lovelace King"));
    check("title + note", &Type::Text, &named, &Value::Null);
    check("text.split(' ')[1]", &Type::Text, &named, &text("King"));
    check("(title + ' ' + text).split(' ', 2)[1]", &Type::Text, &named, &text("Lovelace King"));
    check("text.split(' ')[2]", &Type::Text, &named, &Value::Null);
    check("note.split(' ')[0]", &Type::Text, &named, &Value::Null);
}

#[test]
fn values_are_chosen_by_conditions() {
    let source = "draft ? 'draft' : likes > 10 ? 'liked' : 'sent'";
    check(source, &Type::Text, &[("draft", Value::Bool(true))], &text("draft"));
    check(source, &Type::Text, &[("likes", Value::Int(11))], &text("liked"));
    check(source, &Type::Text, &[], &text("sent"));
    check("kind == 'poll'", &Type::Bool, &[("kind", text("poll"))], &Value::Bool(true));
    check("draft", &Type::Bool, &[("draft", Value::Bool(true))], &Value::Bool(true));
    check("true", &Type::Bool, &[], &Value::Bool(true));
    check("title != null ? title : 'none'", &Type::Text, &[], &text("none"));
}

#[test]
fn types_are_turned_into_each_other_where_nothing_is_lost() {
    let decimal = |mantissa, scale| Value::Decimal(Decimal::new(mantissa, scale).unwrap());
    check("string(likes)", &Type::Text, &[("likes", Value::Int(7))], &text("7"));
    check("'#' + string(likes)", &Type::Text, &[("likes", Value::Int(7))], &text("#7"));
    check("int(text)", &Type::Int, &[("text", text("42"))], &Value::Int(42));
    check("int(text)", &Type::Int, &[("text", text("x"))], &Value::Null);
    check("int(score)", &Type::Int, &[("score", Value::Float(3.0))], &Value::Int(3));
    check("int(score)", &Type::Int, &[("score", Value::Float(3.5))], &Value::Null);
    check("float(likes)", &Type::Float, &[("likes", Value::Int(3))], &Value::Float(3.0));
    check("decimal(likes, 2)", &SCALE_2, &[("likes", Value::Int(1234))], &decimal(1234, 2));
    check("int(price, 2)", &Type::Int, &[("price", decimal(1234, 2))], &Value::Int(1234));
    check("int(price, 3)", &Type::Int, &[("price", decimal(1234, 2))], &Value::Int(12_340));
    check("int(price, 1)", &Type::Int, &[("price", decimal(1234, 2))], &Value::Null);
    check("decimal(likes)", &SCALE_2, &[("likes", Value::Int(12))], &decimal(1200, 2));
    check("string(price)", &Type::Text, &[("price", decimal(1234, 2))], &text("12.34"));
    check("date(text)", &Type::Date, &[("text", text("1970-01-02"))], &Value::Date(1));
    check("string(draft)", &Type::Text, &[("draft", Value::Bool(true))], &text("true"));
    check("int(draft)", &Type::Int, &[("draft", Value::Bool(true))], &Value::Int(1));
}

#[test]
fn a_formula_knows_its_fields() {
    let fields = formula("likes > 3 ? title : text.split(' ')[0] + title", &Type::Text).fields();
    assert_eq!(fields, [FieldId(7), FieldId(5), FieldId(4)]);
}

#[test]
fn what_is_no_formula_is_refused_with_its_place() {
    let faults = |source: &str, ty: &Type, expected: &[(&str, &str)]| {
        let found = compile_formula(source, ty, MESSAGE, &Chat::new()).expect_err(source);
        let shown: Vec<_> = found.iter().map(|fault| (fault.code, &source[fault.span.clone()])).collect();
        assert_eq!(shown, expected, "{source}: {found:#?}");
    };
    faults("auth.id", &Type::Uuid, &[("expr_unsupported", "auth")]);
    faults("now", &Type::Timestamp, &[("expr_unsupported", "now")]);
    faults("room.name", &Type::Text, &[("expr_unsupported", "name")]);
    faults("likes", &Type::Text, &[("expr_type", "likes")]);
    faults("string(likes)", &Type::Int, &[("expr_type", "string(likes)")]);
    faults("tags[0]", &Type::Text, &[("expr_unsupported", "tags[0]")]);
    faults("text.split(' ')[likes]", &Type::Text, &[("expr_type", "likes")]);
    faults("decimal(likes, 19)", &SCALE_2, &[("expr_type", "decimal")]);
    faults("pin", &Type::Text, &[("expr_secret", "pin")]);
    faults("titel", &Type::Text, &[("expr_unknown_name", "titel")]);
}

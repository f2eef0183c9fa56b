//! Values and records as JSON and as plain text.

use crate::support::load;
use mainstay_expr::{Decimal, Value};
use mainstay_model::{Application, Field, Model, base, json};
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;

static APPLICATION: LazyLock<Application> = LazyLock::new(|| {
    let text = r#"
        [fields]
        bool = { type = "bool", optional = true }
        int = { type = "int", optional = true }
        float = { type = "float", optional = true }
        decimal = { type = "decimal", scale = 2, optional = true }
        text = { type = "text", optional = true }
        uuid = { type = "uuid", optional = true }
        date = { type = "date", optional = true }
        time = { type = "time", optional = true }
        timestamp = { type = "timestamp", optional = true }
        duration = { type = "duration", optional = true }
        json = { type = "json", optional = true }
        bytes = { type = "bytes", optional = true }
        state = { type = "enum", values = ["open", "closed"], optional = true }
        tags = { type = "list", of = "string", optional = true, max_length = 3 }
        prices = { type = "list", of = "decimal", scale = 1, optional = true }
        owner = { type = "ref", model = "user", optional = true }
        secret = { type = "secret", optional = true }
        rank = { type = "int", min = 1, max = 5 }
        name = { type = "string", min_length = 2, max_length = 4, pattern = "[a-zé]*" }
        blob = { type = "bytes", max_length = 2 }
    "#;
    load(&[("models/thing.toml", text)])
});

fn thing() -> &'static Model {
    APPLICATION.model_named("thing").unwrap()
}

fn field(name: &str) -> &'static Field {
    thing().field_named(name).unwrap()
}

/// A field takes this JSON as a value that is written as `expected`, or refuses it with this code.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "the cases read better without `&`")]
fn check(name: &str, given: serde_json::Value, expected: Result<&str, &str>) {
    let found = json::decode(field(name), &given).map(|value| {
        let mut out = Vec::new();
        json::encode(&value, &mut out);
        String::from_utf8(out).unwrap()
    });
    let found = found.as_ref().map(String::as_str).map_err(|invalid| invalid.code);
    assert_eq!(found, expected, "{name}: {given}");
}

#[test]
fn types_are_strict() {
    check("bool", json!(true), Ok("true"));
    check("bool", json!(1), Err("type"));
    check("int", json!(i64::MIN), Ok("-9223372036854775808"));
    check("int", json!(9_223_372_036_854_775_808_u64), Err("type"));
    check("int", json!(1.0), Err("type"));
    check("int", json!(1.5), Err("type"));
    check("int", json!("1"), Err("type"));
    check("float", json!(1), Ok("1.0"));
    check("float", json!(1e300), Ok("1e+300"));
    check("float", json!("1"), Err("type"));
    check("text", json!("a\"\\\n\u{1}é"), Ok(r#""a\"\\\n\u0001é""#));
    check("text", json!("a\0"), Err("invalid_character"));
    check("text", json!(1), Err("type"));
    check("state", json!("open"), Ok("\"open\""));
    check("state", json!("opn"), Err("enum"));
    check("secret", json!("s3cret"), Ok("\"s3cret\""));
}

#[test]
fn null_needs_an_optional_field() {
    check("int", json!(null), Ok("null"));
    check("rank", json!(null), Err("required"));
    check("json", json!(null), Ok("null"));
}

#[test]
fn decimals_are_exact() {
    check("decimal", json!("12.5"), Ok("\"12.50\""));
    check("decimal", json!("-0.01"), Ok("\"-0.01\""));
    check("decimal", json!(12), Ok("\"12.00\""));
    check("decimal", json!(12.0), Ok("\"12.00\""));
    check("decimal", json!(0.1), Ok("\"0.10\""));
    check("decimal", json!(0.1 + 0.2), Err("scale"));
    check("decimal", json!(1e21), Err("format"));
    check("decimal", json!("1.234"), Err("scale"));
    check("decimal", json!("1.230"), Ok("\"1.23\""));
    check("decimal", json!("12345678901234567"), Err("format"));
    check("decimal", json!("1e3"), Err("format"));
    check("decimal", json!(true), Err("type"));
}

#[test]
fn numbers_that_stand_for_several_decimals_are_refused() {
    let number = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    for written in ["1234567890123456.78", "999999999999999.99", "9007199254740993.01", "-90071992547409.91"]
    {
        check("decimal", number(written), Err("format"));
        check("decimal", json!(written), Ok(&format!("\"{written}\"")));
    }
    for written in ["1234567890123.45", "-9999999999999.99", "9007199254740993"] {
        let decimal = if written.contains('.') { written.to_owned() } else { format!("{written}.00") };
        check("decimal", number(written), Ok(&format!("\"{decimal}\"")));
    }
}

#[test]
fn times_that_are_nearly_right_say_what_is_wrong() {
    let check = |name: &str, text: &str, expected: &str| {
        let message = json::decode(field(name), &json!(text)).unwrap_err().message;
        assert!(message.contains(expected), "{text}: {message}");
    };
    check("timestamp", "2026-11-21T08:30:00.1234567Z", "at most 6 digits after the point");
    check("time", "08:30:00.0000001", "at most 6 digits after the point");
    check("duration", "P999999999999D", "of less than 292,000 years");
    check("duration", "P1Y", "without years and months");
}

#[test]
fn ids_times_and_bytes() {
    check(
        "uuid",
        json!("01890A5D-AC96-774B-BCCE-B302099A8057"),
        Ok("\"01890a5d-ac96-774b-bcce-b302099a8057\""),
    );
    check("uuid", json!("01890a5dac96774bbcceb302099a8057"), Err("format"));
    check("owner", json!("{01890a5d-ac96-774b-bcce-b302099a80}"), Err("format"));
    check("owner", json!(7), Err("type"));
    check("date", json!("2026-11-21"), Ok("\"2026-11-21\""));
    check("date", json!("2026-02-30"), Err("format"));
    check("time", json!("08:30"), Ok("\"08:30:00\""));
    check("timestamp", json!("2026-11-21T09:30:00+01:00"), Ok("\"2026-11-21T08:30:00.000000Z\""));
    check("timestamp", json!("2026-11-21"), Err("format"));
    check("duration", json!("PT90M"), Ok("\"PT1H30M\""));
    check("duration", json!("P1Y"), Err("format"));
    check("bytes", json!("aGk="), Ok("\"aGk=\""));
    check("bytes", json!("aGk"), Err("format"));
}

#[test]
fn lists_and_documents() {
    check("tags", json!(["a", "b"]), Ok(r#"["a","b"]"#));
    check("tags", json!([]), Ok("[]"));
    check("tags", json!("a"), Err("type"));
    check("tags", json!(["a", null]), Err("type"));
    check("tags", json!(["1", "2", "3", "4"]), Err("max_length"));
    check("tags", json!(["a".repeat(256)]), Err("max_length"));
    check("prices", json!(["1.5", 2]), Ok(r#"["1.5","2.0"]"#));
    check("json", json!({"b": [1, 2.5, "x"], "a": null}), Ok(r#"{"b":[1,2.5,"x"],"a":null}"#));
    check("json", json!({"a\0": 1}), Err("invalid_character"));
    check("json", nested(32), Ok(&nested(32).to_string()));
    check("json", nested(33), Err("format"));
}

fn nested(levels: usize) -> serde_json::Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn constraints() {
    check("rank", json!(0), Err("min"));
    check("rank", json!(5), Ok("5"));
    check("rank", json!(6), Err("max"));
    check("name", json!("é"), Err("min_length"));
    check("name", json!("éééé"), Ok("\"éééé\""));
    check("name", json!("abcde"), Err("max_length"));
    check("name", json!("ab1"), Err("pattern"));
    check("name", json!("ab\n"), Err("pattern"));
    check("blob", json!("aGk="), Ok("\"aGk=\""));
    check("blob", json!("aGkh"), Err("max_length"));
}

#[test]
fn messages_say_what_to_send() {
    let message = |name: &str, given| json::decode(field(name), &given).unwrap_err().message;
    assert_eq!(message("tags", json!(["a", 1])), "[1]: must be a text");
    assert_eq!(message("state", json!("x")), "must be one of open, closed");
    assert_eq!(message("rank", json!(9)), "must be at most 5");
    assert_eq!(message("name", json!("a")), "must have at least 2 characters");
    assert_eq!(
        message("timestamp", json!("soon")),
        "must be a text with a timestamp as 2026-11-21T08:30:00Z"
    );
}

/// A field reads this text, and writes it as `expected`; or refuses it with this code.
#[track_caller]
fn check_text(name: &str, given: &str, expected: Result<&str, &str>) {
    let found = json::decode_text(field(name), given).map(|value| json::encode_text(&value));
    assert_eq!(found.as_deref().map_err(|invalid| invalid.code), expected, "{name}: {given}");
}

#[test]
fn plain_text() {
    check_text("bool", "true", Ok("true"));
    check_text("bool", "yes", Err("type"));
    check_text("int", "-7", Ok("-7"));
    check_text("int", "7.0", Err("type"));
    check_text("float", "1e3", Ok("1000.0"));
    check_text("float", "NaN", Err("type"));
    check_text("float", "inf", Err("type"));
    check_text("decimal", "1.5", Ok("1.50"));
    check_text("text", "\"quoted\", é", Ok("\"quoted\", é"));
    check_text("text", "", Ok(""));
    check_text("tags", "[\"a\"]", Ok("[\"a\"]"));
    check_text("tags", "a", Err("format"));
    check_text("json", "\"x\"", Ok("\"x\""));
    check_text("timestamp", "2026-11-21T08:30:00Z", Ok("2026-11-21T08:30:00.000000Z"));
    check_text("rank", "6", Err("max"));
    assert_eq!(json::encode_text(&Value::Null), "");
}

#[test]
fn records() {
    let mut values = vec![Value::Null; thing().fields.len()];
    for (name, value) in [
        ("text", Value::Text("a\"b".to_owned())),
        ("int", Value::Int(7)),
        ("secret", Value::Text("hidden".to_owned())),
    ] {
        values[field(name).id.index()] = value;
    }
    let encode = |names: &[&str]| {
        let mut out = Vec::new();
        json::encode_record(thing(), &values, names.iter().map(|name| field(name).id), &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(encode(&["text", "secret", "int", "bool"]), r#"{"text":"a\"b","int":7,"bool":null}"#);
    assert_eq!(encode(&["secret"]), "{}");
    let stored = json::decode_stored(thing(), &encode(&["text", "int"])).unwrap();
    assert_eq!(stored[field("text").id.index()], values[field("text").id.index()]);
    assert_eq!(stored[base::ID.index()], Value::Null);
}

#[test]
fn stored_records_outlive_their_model() {
    let stored = |json| json::decode_stored(thing(), json);
    let values = stored(r#"{"gone":1,"state":"archived","rank":99}"#).unwrap();
    assert_eq!(values[field("state").id.index()], Value::Text("archived".to_owned()));
    assert_eq!(values[field("rank").id.index()], Value::Int(99));
    assert_eq!(stored(r#"{"int":"7"}"#), None);
    assert_eq!(stored("[]"), None);
    assert_eq!(stored("{"), None);
}

/// As when a node of the version before, which does not have the field, adds a record: the database fills it, and the feed has to say so.
#[test]
fn a_field_that_a_record_lacks_has_its_default() {
    let note =
        |field: &str| crate::support::load(&[("models/note.toml", &format!("[fields]\nadded = {field}\n"))]);
    let stored = |field: &str, json: &str| {
        let app = note(field);
        let model = app.model_named("note").unwrap();
        json::decode_stored(model, json).unwrap()[model.field_named("added").unwrap().id.index()].clone()
    };
    assert_eq!(stored("{ type = \"int\", default = 7 }", "{}"), Value::Int(7));
    assert_eq!(stored("{ type = \"int\", default = 7 }", r#"{"added":3}"#), Value::Int(3));
    assert_eq!(stored("{ type = \"int\", default = 7, optional = true }", "{}"), Value::Null);
    assert_eq!(stored("\"int\"", "{}"), Value::Null);
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..12)
        .prop_map(|chars| chars.into_iter().filter(|c| *c != '\0').collect())
}

/// From year 1 to year 9999, where RFC 3339 ends.
const MICROS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;
const DAY_MICROS: i64 = 86_400_000_000;

fn value() -> impl Strategy<Value = (&'static str, Value)> {
    let decimal = |scale| move |mantissa| Value::Decimal(Decimal::new(mantissa, scale).unwrap());
    prop_oneof![
        any::<bool>().prop_map(|bool| ("bool", Value::Bool(bool))),
        any::<i64>().prop_map(|int| ("int", Value::Int(int))),
        proptest::num::f64::NORMAL.prop_map(|float| ("float", Value::Float(float))),
        (-(10_i64.pow(18)) + 1..10_i64.pow(18)).prop_map(move |mantissa| ("decimal", decimal(2)(mantissa))),
        text().prop_map(|text| ("text", Value::Text(text))),
        any::<u128>().prop_map(|id| ("uuid", Value::Uuid(uuid::Uuid::from_u128(id)))),
        any::<u128>().prop_map(|id| ("owner", Value::Uuid(uuid::Uuid::from_u128(id)))),
        MICROS
            .prop_map(|micros| ("date", Value::Date(i32::try_from(micros.div_euclid(DAY_MICROS)).unwrap()))),
        (0..DAY_MICROS).prop_map(|micros| ("time", Value::Time(micros))),
        MICROS.prop_map(|micros| ("timestamp", Value::Timestamp(micros))),
        any::<i64>().prop_map(|micros| ("duration", Value::Duration(micros))),
        text().prop_map(|text| ("json", Value::Json(json!({ "key": [text, 1, null] }).to_string()))),
        proptest::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| ("bytes", Value::Bytes(bytes))),
        prop_oneof!["open", "closed"].prop_map(|state| ("state", Value::Text(state))),
        proptest::collection::vec(text().prop_map(Value::Text), 0..3)
            .prop_map(|tags| ("tags", Value::List(tags))),
        proptest::collection::vec((-999_i64..999).prop_map(move |mantissa| decimal(1)(mantissa)), 0..5)
            .prop_map(|prices| ("prices", Value::List(prices))),
        text().prop_map(|text| ("secret", Value::Text(text))),
        Just(("int", Value::Null)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_can_be_read((name, value) in value()) {
        let mut out = Vec::new();
        json::encode(&value, &mut out);
        let parsed: serde_json::Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(json::decode(field(name), &parsed).unwrap(), value.clone());
        if !value.is_null() {
            prop_assert_eq!(json::decode_text(field(name), &json::encode_text(&value)).unwrap(), value);
        }
    }
}

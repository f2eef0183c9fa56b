//! Every value has a form in each, and comes back from it as it was.

use crate::{Format, read_object, write};
use proptest::prelude::*;
use serde_json::{Map, Number, Value};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => ".*",
        2 => "[a-z]{1,6}",
        1 => prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
        1 => prop::sample::select(vec![
            "null", "yes", "007", "1e5", ".inf", "~", "- a", "a: b", "a #b", " a ", "\u{0}", "\u{feff}", "\u{85}", "\r\n", "]]>", "\u{ffff}", "i",
            "member", "xml", "a:b", "&amp;", "\\u0041", "\u{2028}", "---", "<<", "\t", "'", "\"",
        ]).prop_map(str::to_owned),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
        (-9i8..9).prop_map(Number::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Number),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let object = prop::collection::vec((text(), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            object.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((text(), value()), 0..5).prop_map(|members| members.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_value_comes_back_as_it_was(object in object()) {
        for format in Format::VALUES {
            let written = write(format, &Value::Object(object.clone()));
            let read = read_object(format, &written, 20);
            prop_assert_eq!(read.as_ref(), Ok(&object), "{:?}: {}", format, String::from_utf8_lossy(&written));
        }
    }

    #[test]
    fn what_is_sent_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[\\[\\]{}:,&*!|>'\"%@`#<>/?a1 \\-\n\t]{0,40}") {
        for format in Format::ALL {
            let _ = read_object(format, &bytes, 8);
            let _ = read_object(format, text.as_bytes(), 8);
        }
    }
}

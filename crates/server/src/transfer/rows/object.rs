//! A JSON object, read strictly: in which a key occurs twice means different things to different readers.

use super::{Content, MAX_ROW_BYTES, Unreadable};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Reads a JSON object.
pub(super) fn object(text: &[u8]) -> Result<Content, Unreadable> {
    if text.len() > MAX_ROW_BYTES {
        return Err(Unreadable::TooLong);
    }
    let text = std::str::from_utf8(text).map_err(|_| Unreadable::NotUtf8)?;
    match serde_json::from_str(text) {
        Ok(Strict { repeated: Some(key), .. }) => Err(Unreadable::DuplicateKey { key }),
        Ok(Strict { value: Value::Object(object), .. }) => Ok(Content::Object(object)),
        _ => Err(Unreadable::NotAnObject),
    }
}

/// A value, and a key that occurs twice in an object of it.
struct Strict {
    value: Value,
    repeated: Option<String>,
}

impl<T: Into<Value>> From<T> for Strict {
    fn from(value: T) -> Self {
        Strict { value: value.into(), repeated: None }
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Value::Null.into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Strict, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Strict, A::Error> {
        let (mut values, mut repeated) = (Vec::new(), None);
        while let Some(element) = elements.next_element::<Strict>()? {
            values.push(element.value);
            repeated = repeated.or(element.repeated);
        }
        Ok(Strict { value: Value::Array(values), repeated })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Strict, A::Error> {
        let (mut object, mut repeated) = (Map::new(), None);
        while let Some((key, entry)) = entries.next_entry::<String, Strict>()? {
            repeated = repeated.or(entry.repeated);
            if object.contains_key(&key) {
                repeated = repeated.or(Some(key));
            } else {
                object.insert(key, entry.value);
            }
        }
        Ok(Strict { value: Value::Object(object), repeated })
    }
}

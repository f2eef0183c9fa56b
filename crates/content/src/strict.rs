//! Strict reading of whatever serde can read.
//!
//! Parsers keep the last of two equal keys, or both, and have a depth of their own. A body in which a key occurs twice means different
//! things to different readers, so it is refused here; so is what is nested too deep, and what JSON has no value for.

use crate::fault::Fault;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt::{self, Write};

/// Reads a value. `broken` says what an error of the parser means.
pub(crate) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    max_depth: usize,
    broken: impl FnOnce(D::Error) -> Fault,
) -> Result<Value, Fault> {
    placed(deserializer, max_depth, |error, breach| match breach {
        Some(breach) => breach.fault(max_depth, ""),
        None => broken(error),
    })
}

/// As [`read`], for a parser whose errors say where they are.
pub(crate) fn placed<'de, D: Deserializer<'de>>(
    deserializer: D,
    max_depth: usize,
    explain: impl FnOnce(D::Error, Option<Breach>) -> Fault,
) -> Result<Value, Fault> {
    let breach = RefCell::new(None);
    let strict = Strict { depth_left: max_depth, breach: &breach };
    strict.deserialize(deserializer).map_err(|error| explain(error, breach.take()))
}

/// What parsers themselves do not object to.
pub(crate) enum Breach {
    /// A key that its object already has. The path is found on the way out, from the innermost step to the outermost.
    Duplicate {
        path: Vec<PathStep>,
    },
    TooDeep,
}

impl Breach {
    pub(crate) fn fault(self, max_depth: usize, place: &str) -> Fault {
        match self {
            Breach::Duplicate { path } if place.is_empty() => Fault::duplicate(&path_text(&path), ""),
            Breach::Duplicate { path } => Fault::duplicate(&path_text(&path), &format!(", again{place}")),
            Breach::TooDeep => Fault::too_deep(max_depth, place),
        }
    }
}

pub(crate) enum PathStep {
    Key(String),
    Index(usize),
}

fn path_text(steps: &[PathStep]) -> String {
    let mut text = String::new();
    for step in steps.iter().rev() {
        let written = match step {
            PathStep::Key(key) if text.is_empty() => write!(text, "{key}"),
            PathStep::Key(key) => write!(text, ".{key}"),
            PathStep::Index(index) => write!(text, "[{index}]"),
        };
        written.expect("writing to a string does not fail");
    }
    text
}

/// Reads one value. What is wrong beyond the form goes into `breach`, since an error of the parser can carry only text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth_left: usize,
    breach: &'a RefCell<Option<Breach>>,
}

impl Strict<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Strict { depth_left, ..self }),
            None => Err(self.fail(Breach::TooDeep)),
        }
    }

    fn fail<E: de::Error>(self, breach: Breach) -> E {
        *self.breach.borrow_mut() = Some(breach);
        E::custom("refused")
    }

    /// Adds to the path of a duplicate key, on the way out of the value that holds it.
    fn within(self, step: impl FnOnce() -> PathStep) {
        if let Some(Breach::Duplicate { path }) = &mut *self.breach.borrow_mut() {
            path.push(step());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

const BIG: &str = "an integer has more than 64 bits, or a tag";
/// Extensions of MessagePack, which come as this.
const EXTENSION: &str = "JSON has no extensions";

/// Visits what JSON has a value for. Bytes, tags, extensions and numbers that are none are refused.
impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).map(Value::Number);
        number.ok_or_else(|| E::custom("JSON has no infinities, nor what is not a number"))
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Value, E> {
        Err(E::custom(BIG))
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Value, E> {
        Err(E::custom(BIG))
    }

    fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<Value, E> {
        Err(E::custom("JSON has no bytes but in texts"))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, _: D) -> Result<Value, D::Error> {
        Err(de::Error::custom(EXTENSION))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        loop {
            match seq.next_element_seed(inner) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Value::Array(items)),
                Err(error) => {
                    self.within(|| PathStep::Index(items.len()));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            if object.contains_key(&key) {
                return Err(self.fail(Breach::Duplicate { path: vec![PathStep::Key(key)] }));
            }
            match entries.next_value_seed(inner) {
                Ok(value) => object.insert(key, value),
                Err(error) => {
                    self.within(|| PathStep::Key(key));
                    return Err(error);
                }
            };
        }
        Ok(Value::Object(object))
    }
}

/// A key, which is a text: `String` would take bytes too.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text as key")
    }

    fn visit_str<E>(self, key: &str) -> Result<String, E> {
        Ok(key.to_owned())
    }

    fn visit_string<E>(self, key: String) -> Result<String, E> {
        Ok(key)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, _: D) -> Result<String, D::Error> {
        Err(de::Error::custom(EXTENSION))
    }
}

//! MessagePack and CBOR, which have JSON's values and more.

mod reader;
mod words;

use crate::fault::Fault;
use crate::strict;
use reader::Reader;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::io::Cursor;

pub(crate) fn write_message_pack(value: &Value) -> Vec<u8> {
    rmp_serde::to_vec(value).expect("a JSON value has a form in MessagePack")
}

pub(crate) fn write_cbor(value: &Value) -> Vec<u8> {
    cbor4ii::serde::to_vec(Vec::new(), &WithNull(value)).expect("a JSON value has a form in CBOR")
}

/// A value whose null is written as one: `cbor4ii` writes the unit that `serde_json` makes of it as an empty list.
struct WithNull<'a>(&'a Value);

impl Serialize for WithNull<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_none(),
            Value::Array(items) => serializer.collect_seq(items.iter().map(WithNull)),
            Value::Object(members) => {
                serializer.collect_map(members.iter().map(|(key, value)| (key, WithNull(value))))
            }
            value => value.serialize(serializer),
        }
    }
}

pub(crate) fn read_message_pack(bytes: &[u8], max_depth: usize) -> Result<Value, Fault> {
    let mut deserializer = rmp_serde::Deserializer::new(Cursor::new(bytes));
    let value = strict::read(&mut deserializer, max_depth, |error| {
        broken("MessagePack", &words::message_pack(&error))
    });
    let read = usize::try_from(deserializer.get_ref().position()).unwrap_or(bytes.len());
    end(value, read, bytes.len())
}

pub(crate) fn read_cbor(bytes: &[u8], max_depth: usize) -> Result<Value, Fault> {
    let mut deserializer = cbor4ii::serde::Deserializer::new(Reader::new(bytes));
    let value = strict::read(&mut deserializer, max_depth, |error| broken("CBOR", &words::cbor(&error)));
    let read = bytes.len() - deserializer.into_inner().left();
    end(value, read, bytes.len())
}

fn broken(name: &str, what: &str) -> Fault {
    Fault::Invalid(format!("the body is not {name} with the values of JSON: {what}"))
}

/// Adds the place to what is wrong, and sees that nothing follows.
fn end(value: Result<Value, Fault>, read: usize, length: usize) -> Result<Value, Fault> {
    match value {
        Err(Fault::Invalid(text)) => Err(Fault::Invalid(format!("{text}, after {read} bytes"))),
        Ok(_) if read < length => {
            Err(Fault::Invalid("something follows the end of the body's value".to_owned()))
        }
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], read: fn(&[u8], usize) -> Result<Value, Fault>, expected: &str) {
        let found = match read(bytes, 4) {
            Ok(value) => value.to_string(),
            Err(fault) => format!("{fault:?}"),
        };
        let internals = ["Core", "name:", "found:", "struct", "marker", "IO error"];
        assert!(!internals.iter().any(|word| found.contains(word)), "{bytes:x?}: {found}");
        assert!(found.contains(expected), "{bytes:x?}: {found}");
    }

    #[test]
    fn message_pack_is_read_strictly() {
        let check = |bytes: &[u8], expected: &str| check(bytes, read_message_pack, expected);
        check(b"\x81\xa1a\x93\x01\xff\xc0", r#"{"a":[1,-1,null]}"#);
        check(b"\xca\x3f\x00\x00\x00", "0.5");
        check(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615");
        check(b"\x82\xa1a\x01\xa1a\x02", "DuplicateKey(\"the key `a` occurs twice\")");
        check(b"\x81\xa1b\x92\x01\x82\xa1a\x01\xa1a\x02", "the key `b[1].a` occurs twice");
        check(b"\x81\x01\x02", "Invalid");
        check(b"\x81\xc4\x01a\x02", "Invalid");
        check(b"\xc4\x01a", "Invalid");
        check(b"\xd4\x01\x00", "JSON has no extensions");
        check(b"\x81\xd4\x01\x00\x01", "JSON has no extensions");
        check(b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "Invalid");
        check(b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", "Invalid");
        check(b"\xa1\xff", "Invalid");
        check(b"\xc1", "values of JSON: a byte begins no value, after 1 bytes");
        check(b"\x92\x01", "it ends within a value, after 2 bytes");
        check(b"\x01\x02", "something follows");
        check(b"\x81\xa1a", "with the values of JSON: it ends within a value");
        check(b"\xdf\xff\xff\xff\xff", "it ends within a value");
        check(b"\xdb\xff\xff\xff\xff", "it ends within a value");
        check(&[0x91; 100_000], "TooDeep(\"the body is nested deeper than 4\")");
    }

    #[test]
    fn cbor_is_read_strictly() {
        let check = |bytes: &[u8], expected: &str| check(bytes, read_cbor, expected);
        check(b"\xa1\x61a\x83\x01\x20\xf6", r#"{"a":[1,-1,null]}"#);
        check(b"\xbf\x61a\x9f\x01\xff\xff", r#"{"a":[1]}"#);
        check(b"\xf9\x38\x00", "0.5");
        check(b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615");
        check(b"\xa2\x61a\x01\x61a\x02", "DuplicateKey(\"the key `a` occurs twice\")");
        check(b"\xa1\x01\x02", "Invalid");
        check(b"\xa1\x41a\x02", "Invalid");
        check(b"\x41a", "JSON has no bytes but in texts, after 2 bytes");
        check(b"\xc0\x61a", "values of JSON: JSON has no tags, after 0 bytes");
        check(b"\xf7", "JSON has no `undefined`");
        check(b"\xa1\x61a\xf7", "JSON has no `undefined`, after 3 bytes");
        check(b"\x82\x01\xf7", "JSON has no `undefined`");
        check(b"\x9f\xf7\xff", "JSON has no `undefined`");
        check(b"\x61\xf7", "a text is not UTF-8");
        check(b"\x18\xf7", "247");
        check(b"\xe0", "no simple values");
        check(b"\x1c", "Invalid");
        check(b"\x82\x01", "it ends within a value, after 2 bytes");
        check(b"\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00", "Invalid");
        check(b"\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00", "Invalid");
        check(b"\x61\xff", "Invalid");
        check(b"\xff", "Invalid");
        check(b"\x01\x02", "something follows");
        check(b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "Invalid");
        check(b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff", "Invalid");
        check(&[0x81; 100_000], "TooDeep(\"the body is nested deeper than 4\")");
        check(&[0x9f; 100_000], "TooDeep");
    }
}

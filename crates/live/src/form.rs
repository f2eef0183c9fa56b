//! The forms of messages: JSON in text frames, MessagePack in binary ones. Both say the same; MessagePack is what the JSON would be, written otherwise.

use bytes::Bytes;
use mainstay_api::{parse_message_pack, parse_object};
use mainstay_engine::{Code, Error};
use serde_json::{Map, Value};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// The form of a socket's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    MessagePack,
}

/// How many bytes say how long an event is, in front of it.
const LENGTH: usize = 4;
/// How much deeper a message nests than the body in it: that of a batch has others within.
const ENVELOPE_DEPTH: usize = 4;

impl Form {
    /// The form of a subprotocol.
    pub(crate) fn of(subprotocol: &str) -> Option<Self> {
        [Form::Json, Form::MessagePack].into_iter().find(|form| form.subprotocol() == subprotocol)
    }

    pub(crate) fn subprotocol(self) -> &'static str {
        match self {
            Form::Json => "mainstay.v1.json",
            Form::MessagePack => "mainstay.v1.msgpack",
        }
    }

    /// Reads a message, whose bodies nest no deeper than `max_depth`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(self, bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, Error> {
        let message = match self {
            Form::Json => parse_object(bytes, max_depth + ENVELOPE_DEPTH),
            Form::MessagePack => parse_message_pack(bytes, max_depth + ENVELOPE_DEPTH),
        };
        message.map_err(|error| match error.code {
            // It tells of the message, and clients know the limit on what is in it.
            Code::JsonTooDeep => {
                Error::new(error.code, format!("the body is nested deeper than {max_depth}"))
            }
            _ => error,
        })
    }

    /// A message of this JSON.
    pub(crate) fn message(self, json: Vec<u8>) -> Message {
        match self {
            Form::Json => text(json),
            Form::MessagePack => {
                let mut out = Vec::with_capacity(json.len());
                pack(&json, &mut out);
                Message::Binary(out.into())
            }
        }
    }

    /// Appends an event, with its length in front, so that many can wait in one piece and be put together without being read again.
    pub(crate) fn append(self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = out.len();
        out.extend_from_slice(&[0; LENGTH]);
        match self {
            Form::Json => write(out),
            Form::MessagePack => {
                let mut json = Vec::with_capacity(256);
                write(&mut json);
                pack(&json, out);
            }
        }
        let length = u32::try_from(out.len() - start - LENGTH).expect("an event is smaller than 4 GiB");
        out[start..start + LENGTH].copy_from_slice(&length.to_be_bytes());
    }

    /// The message with these events, of one subscription.
    pub(crate) fn events(self, id: u64, events: &Bytes) -> Message {
        match self {
            Form::Json => {
                let mut out = Vec::with_capacity(events.len() + 48);
                out.extend_from_slice(format!("{{\"id\":{id},\"events\":[").as_bytes());
                for event in parts(events) {
                    out.extend_from_slice(event);
                    out.push(b',');
                }
                out.pop();
                out.extend_from_slice(b"]}");
                text(out)
            }
            Form::MessagePack => Message::Binary(packed_events(id, events).into()),
        }
    }
}

/// `{"id": …, "events": […]}`: a map of two, and a list of what is packed already (MessagePack's `fixmap`, `fixstr`, `uint 64`, `array 32`).
fn packed_events(id: u64, events: &Bytes) -> Vec<u8> {
    let mut out = Vec::with_capacity(events.len() + 48);
    out.extend_from_slice(b"\x82\xa2id\xcf");
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(b"\xa6events\xdd");
    let count = u32::try_from(parts(events).count()).unwrap_or(u32::MAX);
    out.extend_from_slice(&count.to_be_bytes());
    parts(events).for_each(|event| out.extend_from_slice(event));
    out
}

/// The events in a piece.
fn parts(mut events: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = events.split_first_chunk::<LENGTH>()?;
        let (event, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        events = rest;
        Some(event)
    })
}

fn text(json: Vec<u8>) -> Message {
    let text = Utf8Bytes::try_from(Bytes::from(json));
    Message::Text(text.unwrap_or_else(|_| Utf8Bytes::from_static("{}")))
}

/// Appends JSON as MessagePack.
fn pack(json: &[u8], out: &mut Vec<u8>) {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let mut writer = rmp_serde::Serializer::new(out);
    let packed = serde_transcode::transcode(&mut reader, &mut writer);
    packed.expect("JSON of our own can be written as MessagePack");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    fn packed(value: &Value) -> Vec<u8> {
        rmp_serde::to_vec(value).unwrap()
    }

    #[test]
    fn both_forms_say_the_same() {
        let value = json!({"id": 7, "type": "x", "of": [1, -1, 2.5, null, true, "ä"], "in": {"a": {}}});
        let object = value.as_object().unwrap();
        assert_eq!(&Form::Json.read(value.to_string().as_bytes(), 32).unwrap(), object);
        assert_eq!(&Form::MessagePack.read(&packed(&value), 32).unwrap(), object);
        let message = Form::MessagePack.message(value.to_string().into_bytes());
        assert_eq!(rmp_serde::from_slice::<Value>(&message.into_data()).unwrap(), value);
    }

    #[test]
    fn events_are_put_together_without_being_read() {
        for form in [Form::Json, Form::MessagePack] {
            let mut out = Vec::new();
            for number in 0..3 {
                form.append(&mut out, |out| out.extend_from_slice(format!("{{\"n\":{number}}}").as_bytes()));
            }
            let data = form.events(300, &Bytes::from(out)).into_data();
            let found: Value = match form {
                Form::Json => serde_json::from_slice(&data).unwrap(),
                Form::MessagePack => rmp_serde::from_slice(&data).unwrap(),
            };
            assert_eq!(found, json!({"id": 300, "events": [{"n": 0}, {"n": 1}, {"n": 2}]}));
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let check = |bytes: &[u8]| assert!(Form::MessagePack.read(bytes, 4).is_err(), "{bytes:?}");
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        check(&packed(&json!({"a": deep})));
        check(&packed(&json!([1])));
        check(b"");
        check(b"\xc1");
        check(b"\x81");
        check(b"\xdf\xff\xff\xff\xff");
        check(&[packed(&json!({})), vec![0xc0]].concat());
    }

    #[test]
    fn what_is_too_deep_is_told_the_limit() {
        let nested = (0..9).fold(json!(1), |inner, _| json!([inner]));
        let message = json!({"data": nested});
        let check = |form: Form, bytes: &[u8]| {
            let error = form.read(bytes, 4).unwrap_err();
            assert_eq!(error.code, Code::JsonTooDeep);
            assert_eq!(error.message, "the body is nested deeper than 4");
        };
        check(Form::Json, message.to_string().as_bytes());
        check(Form::MessagePack, &packed(&message));
    }

    #[test]
    fn message_pack_is_read_as_strictly_as_by_rest() {
        let check = |bytes: &[u8], expected: Code, text: &str| {
            let error = Form::MessagePack.read(bytes, 4).unwrap_err();
            assert_eq!(error.code, expected, "{bytes:?}");
            assert!(error.message.contains(text), "{}", error.message);
        };
        check(b"\x82\xa1a\x01\xa1a\x02", Code::DuplicateKey, "the key `a` occurs twice");
        check(b"\x81\xa1a", Code::InvalidBody, "it ends within a value");
        // What is no number, bytes, an extension, and keys that are no strings.
        check(b"\x81\xa1a\xcb\x7f\xf8\0\0\0\0\0\0", Code::InvalidBody, "JSON has no infinities");
        check(b"\x81\xa1a\xc4\x01x", Code::InvalidBody, "JSON has no bytes");
        check(b"\x81\xa1a\xd4\x01x", Code::InvalidBody, "JSON has no extensions");
        check(b"\x81\x01\x02", Code::InvalidBody, "a text as key");
        check(b"\x81\xc3\x02", Code::InvalidBody, "a text as key");
    }
}

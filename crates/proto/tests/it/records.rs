//! Records, written by us and read by descriptor, and the other way round.

use crate::support::{THING, application, pool, schema};
use mainstay_engine::{Code, Input, View};
use mainstay_expr::Value;
use mainstay_model::{Model, json};
use mainstay_ports::Record;
use mainstay_proto::{Lock, Messages};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::{Value as Json, json};
use std::sync::Arc;

struct World {
    messages: Messages,
    thing: MessageDescriptor,
}

impl World {
    fn new() -> Self {
        let application = Arc::new(application(&[("thing", THING)]));
        let lock = Lock::default().covering(&application, 1);
        let thing = pool(&schema(&application, &lock)).get_message_by_name("test_it.v1.Thing").unwrap();
        World { messages: Messages::new(application, &lock, 1), thing }
    }

    fn model(&self) -> &Model {
        self.messages.application().model_named("thing").unwrap()
    }

    /// The JSON form that protobuf itself has for a record with these fields.
    fn encoded(&self, fields: &Json) -> Json {
        let input = Input::from_json(self.model(), fields.as_object().unwrap()).unwrap();
        let mut values = vec![Value::Null; self.model().fields.len()];
        input.values.into_iter().for_each(|(field, value)| values[field.index()] = value);
        let view = View {
            model: self.model().id,
            record: Record { values },
            hidden: Vec::new(),
            selected: None,
            expanded: Vec::new(),
        };
        let mut bytes = Vec::new();
        self.messages.encode_record(&view, &mut bytes);
        serde_json::to_value(DynamicMessage::decode(self.thing.clone(), bytes.as_slice()).unwrap()).unwrap()
    }

    fn message(&self, json: &Json) -> Vec<u8> {
        DynamicMessage::deserialize(self.thing.clone(), json).unwrap().encode_to_vec()
    }

    fn decoded(&self, json: &Json) -> Json {
        Json::Object(self.messages.decode_record(self.model().id, &self.message(json), None).unwrap())
    }

    fn masked(&self, json: &Json, mask: &[&str]) -> Result<Json, mainstay_engine::Error> {
        let mask: Vec<String> = mask.iter().map(|path| (*path).to_owned()).collect();
        self.messages.decode_record(self.model().id, &self.message(json), Some(&mask)).map(Json::Object)
    }
}

/// Fields in the JSON form of REST, and in that of protobuf where it is another.
fn fields() -> (Json, Json) {
    let ours = json!({
        "flag": false, "count": 9_007_199_254_740_993_i64, "ratio": 0.5, "price": "12.50", "name": "", "body": "ä\n",
        "code": "0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e90", "day": "2026-11-21", "at": "08:30:00",
        "moment": "1969-12-31T23:59:59.500000Z", "span": "-PT1.5S", "extra": {"a": [1, 2.5, null, true, "x", {}]},
        "blob": "aGk=", "state": "open", "tags": ["a", ""], "ints": [1, -1], "moments": ["2026-11-21T08:30:00.000000Z"],
        "owner": "0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e90", "a_1": 1, "a1": 0,
    });
    let mut theirs = ours.clone();
    theirs["count"] = json!("9007199254740993");
    theirs["moment"] = json!("1969-12-31T23:59:59.500Z");
    theirs["span"] = json!("-1.500s");
    theirs["extra"]["a"] = json!([1.0, 2.5, null, true, "x", {}]);
    theirs["ints"] = json!(["1", "-1"]);
    theirs["moments"] = json!(["2026-11-21T08:30:00Z"]);
    theirs.as_object_mut().unwrap().remove("a_1");
    theirs["a_1_field"] = json!("1");
    theirs["a1"] = json!("0");
    (ours, theirs)
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let (world, (ours, theirs)) = (World::new(), fields());
    assert_eq!(world.encoded(&ours), theirs);
    assert_eq!(world.decoded(&theirs), ours);
}

#[test]
fn every_value_of_the_model_passes_the_models_own_check() {
    let (world, (_, theirs)) = (World::new(), fields());
    let decoded = world.decoded(&theirs);
    for field in world.model().declared() {
        if let Some(value) = decoded.get(&field.name) {
            json::decode(field, value).unwrap();
        }
    }
}

#[test]
fn null_is_not_there_and_a_mask_says_what_is_meant() {
    let world = World::new();
    assert_eq!(world.decoded(&json!({})), json!({}));
    let masked =
        world.masked(&json!({"name": "x", "count": "3"}), &["name", "owner", "tags", "moments"]).unwrap();
    assert_eq!(masked, json!({"name": "x", "owner": null, "tags": [], "moments": null}));
    let twice =
        world.masked(&json!({"name": "x", "tags": ["a"]}), &["name", "tags", "name", "tags"]).unwrap();
    assert_eq!(twice, json!({"name": "x", "tags": ["a"]}));
    let error = world.masked(&json!({}), &["nme"]).unwrap_err();
    assert_eq!(error.fields[0].field, "nme");
}

#[test]
fn fields_that_are_called_alike_are_told_apart() {
    assert_eq!(World::new().masked(&json!({"a_1_field": "3"}), &["a_1_field"]).unwrap(), json!({"a_1": 3}));
}

#[test]
fn a_secret_can_be_written() {
    assert_eq!(World::new().decoded(&json!({"pin": "1234"})), json!({"pin": "1234"}));
}

#[test]
fn what_is_no_record_is_refused() {
    let world = World::new();
    let error = |bytes: &[u8]| world.messages.decode_record(world.model().id, bytes, None).unwrap_err();
    assert_eq!(error(&[0x0a, 0x05]).code, Code::InvalidMessage);
    let unknown = error(&[0xc0, 0x3e, 0x01]);
    assert_eq!((unknown.code, unknown.fields[0].code), (Code::ValidationFailed, "unknown_field"));
    let wrong = world.thing.get_field_by_name("name").unwrap().number() << 3;
    assert_eq!(error(&[u8::try_from(wrong).unwrap(), 1]).fields[0].code, "type");
}

#[test]
fn times_finer_than_a_microsecond_are_refused_as_texts_are() {
    let world = World::new();
    let decoded = world.decoded(&json!({"moment": "2026-11-21T08:30:00.123456789Z"}));
    let error = Input::from_json(world.model(), decoded.as_object().unwrap()).unwrap_err();
    assert_eq!(error.fields[0].code, "format");
}

//! Batches: operations in, results out.

use super::request::{self, Write};
use mainstay_engine::{Code, Error, Written};
use mainstay_proto::wire::Reader;
use mainstay_proto::{Messages, id, malformed, wire};
use serde_json::{Map, Value};

/// The verbs by their numbers.
const VERBS: [&str; 7] = ["", "create", "update", "put", "delete", "restore", "check"];
/// The first number of a record: those before it are the same for all projects.
const FIRST_RECORD: u32 = 16;

/// Reads the request of a batch as the body that it has in JSON.
///
/// # Errors
/// [`Code::InvalidMessage`] for what is none. What is wrong with a record is told of the batch as a whole, before anything is looked at.
pub(super) fn body(messages: &Messages, message: &[u8]) -> Result<Map<String, Value>, Error> {
    let mut operations = Vec::new();
    let mut body = Map::new();
    for field in Reader::new(message) {
        match field.map_err(|_| malformed("a BatchRequest"))? {
            (1, operation) => {
                let operation = operation.bytes().map_err(|_| malformed("a BatchOperation"))?;
                operations.push(Value::Object(self::operation(messages, operation, operations.len())?));
            }
            (2, text) => {
                let text = text.text().map_err(|_| malformed("a BatchRequest"))?;
                body.insert("isolation".to_owned(), Value::from(text));
            }
            (number, _) => return Err(request::unknown("BatchRequest", number)),
        }
    }
    body.insert("operations".to_owned(), Value::Array(operations));
    Ok(body)
}

fn operation(messages: &Messages, message: &[u8], index: usize) -> Result<Map<String, Value>, Error> {
    let malformed = || malformed("a BatchOperation");
    let mut operation = Map::new();
    let mut set = |name: &str, value: Value| operation.insert(name.to_owned(), value);
    let (mut write, mut record, mut named) = (Write::default(), None, "");
    for field in Reader::new(message) {
        let (number, value) = field.map_err(|_| malformed())?;
        let text = || value.text().map_err(|_| malformed());
        match number {
            1 => {
                let verb = usize::try_from(value.int().map_err(|_| malformed())?).unwrap_or(0);
                set("op", Value::from(VERBS.get(verb).copied().unwrap_or_default()));
            }
            2 => {
                named = text()?;
                set("model", Value::from(named));
            }
            3 => drop(set("id", id(text()?))),
            4 => drop(set("as", Value::from(text()?))),
            5 => drop(set("if_version", Value::from(value.int().map_err(|_| malformed())?))),
            6 => write.mask = Some(request::mask(value)?),
            7 => drop(set("filter", Value::from(text()?))),
            8 => drop(set("expect", expected(text()?))),
            number if number >= FIRST_RECORD => {
                let model = messages.model_in_batch(number);
                let model = model.ok_or_else(|| request::unknown("BatchOperation", number))?;
                if *record.get_or_insert(model.id) != model.id {
                    return Err(of_two_models(index));
                }
                set("model", Value::from(model.name.as_str()));
                write.record.extend_from_slice(value.bytes().map_err(|_| malformed())?);
            }
            number => return Err(request::unknown("BatchOperation", number)),
        };
    }
    if let Some(model) = record {
        if !named.is_empty() && named != messages.application().model(model).name {
            return Err(of_two_models(index));
        }
        let mut data = write.fields(messages, model).map_err(|error| of_operation(error, index))?;
        // What every record has is passed over here as in a request of its own, where the id stands beside it.
        if let Some(given) = data.remove("id") {
            operation.entry("id").or_insert(given);
        }
        operation.insert("data".to_owned(), Value::Object(data));
    }
    Ok(operation)
}

/// A number of records, or a word.
fn expected(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from)
}

/// The error for an operation with records of different models, or with one that is not of the `model` that it names.
fn of_two_models(index: usize) -> Error {
    let message = "an operation has one model: that of its record, and of `model` where that is named";
    of_operation(Error::new(Code::InvalidMessage, message), index)
}

/// An error of an operation as the error of its batch.
fn of_operation(error: Error, index: usize) -> Error {
    let message = "at least one operation is not valid, so none took effect";
    Error {
        parts: vec![(mainstay_engine::Part::Operation(index), error)],
        ..Error::new(Code::BatchFailed, message)
    }
}

/// Appends the answer of a batch, but for its position.
pub(super) fn results(messages: &Messages, written: &[Written], out: &mut Vec<u8>) {
    for result in written {
        wire::nested(1, out, |out| self::result(messages, result, out));
    }
}

fn result(messages: &Messages, written: &Written, out: &mut Vec<u8>) {
    if let Some(id) = written.id {
        wire::text(1, &id.to_string(), out);
    }
    for (number, flag) in [(2, written.created), (3, written.deleted)] {
        if flag {
            wire::bool(number, true, out);
        }
    }
    if let Some(view) = written.view.as_ref().filter(|_| !written.deleted) {
        wire::nested(messages.number_in_batch(view.model), out, |out| messages.encode_record(view, out));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use mainstay_model::Project;
    use mainstay_proto::Lock;
    use std::sync::Arc;

    fn messages() -> Messages {
        let model = "[fields]\nname = { type = \"string\", optional = true }\n";
        let files = [("mainstay.toml", ""), ("models/room.toml", model), ("models/thing.toml", model)];
        let application =
            Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
        let application = Arc::new(application.application);
        let lock = Lock::default().covering(&application, 1);
        Messages::new(application, &lock, 1)
    }

    /// The model of an operation that names one, and has a record of each of these.
    fn model(named: &str, records: &[&str]) -> Result<Value, Code> {
        let messages = messages();
        let mut batch = Vec::new();
        wire::nested(1, &mut batch, |out| {
            wire::text(2, named, out);
            for name in records {
                let model = messages.application().model_named(name).unwrap().id;
                wire::nested(messages.number_in_batch(model), out, |_| {});
            }
        });
        let body = body(&messages, &batch).map_err(|error| error.parts[0].1.code)?;
        Ok(body["operations"][0]["model"].clone())
    }

    #[test]
    fn an_operation_is_of_one_model() {
        assert_eq!(model("room", &["room"]), Ok(Value::from("room")));
        assert_eq!(model("", &["room", "room"]), Ok(Value::from("room")));
        assert_eq!(model("thing", &["room"]), Err(Code::InvalidMessage));
        assert_eq!(model("", &["room", "thing"]), Err(Code::InvalidMessage));
    }
}

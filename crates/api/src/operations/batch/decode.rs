//! From the JSON of operations to commands.

use super::names::Names;
use crate::json::kind;
use crate::operations::input::decode_all;
use crate::operations::perform::Context;
use crate::operations::version::lower_filter;
use crate::operations::{Object, names_text};
use mainstay_engine::{Action, Code, Command, Error, Input, Part};
use mainstay_model::Model;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Reads operations one after the other, so that later ones can refer to the ids of earlier ones.
pub(super) struct Decoder<'a> {
    context: Context<'a>,
    names: Names,
}

/// What an operation does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Create,
    Update,
    Put,
    Delete,
    Restore,
    Check,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(context: Context<'a>) -> Self {
        Decoder { context, names: Names::default() }
    }

    /// Reads all operations.
    ///
    /// # Errors
    /// [`Code::BatchFailed`] with everything that is wrong with each.
    pub(super) fn commands(mut self, operations: Vec<Value>) -> Result<Vec<Command>, Error> {
        let mut commands = Vec::with_capacity(operations.len());
        let mut errors = Vec::new();
        for (index, operation) in operations.into_iter().enumerate() {
            match self.command(operation) {
                Ok(command) => commands.push(command),
                Err(error) => errors.push((Part::Operation(index), error)),
            }
        }
        if errors.is_empty() {
            return Ok(commands);
        }
        let message = "at least one operation is not valid, so none took effect";
        Err(Error { parts: errors, ..Error::new(Code::BatchFailed, message) })
    }

    /// The name is noted first: an operation that is not valid should not make those that refer to it look wrong too.
    fn command(&mut self, operation: Value) -> Result<Command, Error> {
        let mut object = Object::new(entries(operation)?);
        let Some(verb) = Verb::take(&mut object) else { return Err(object.faulty()) };
        if verb == Verb::Check && object.entry("id").is_none() {
            return self.check_many(object);
        }
        let id = self.id(verb, &mut object);
        if verb.takes_name() {
            self.names.take(&mut object, id);
        }
        let if_version = if verb.takes_version() { object.optional_int("if_version") } else { None };
        let filter = if verb == Verb::Check { object.optional_text("filter") } else { None };
        let Some(model) = self.model(&mut object) else { return Err(object.faulty()) };
        let input = if verb.takes_data() { self.input(verb, model, &mut object) } else { Input::default() };
        object.end()?;
        let filter = self.filter(model, filter)?;
        Ok(Command { model: model.id, action: verb.action(id, input, if_version, filter) })
    }

    /// A check without an id is of all records that match.
    fn check_many(&self, mut object: Object) -> Result<Command, Error> {
        let filter = object.text("filter");
        let max = self.context.engine().application().config.limits.bulk_records;
        let (at_least, at_most) = expected(&mut object, max);
        let Some(model) = self.model(&mut object) else { return Err(object.faulty()) };
        object.end()?;
        let filter = self.filter(model, Some(filter))?.unwrap_or_default();
        Ok(Command { model: model.id, action: Action::CheckMany { filter, at_least, at_most } })
    }

    /// The id of the operation's record: a new one when a creation gives none.
    fn id(&self, verb: Verb, object: &mut Object) -> Uuid {
        match object.take("id") {
            Some(value) => self.names.id(object, value),
            None if verb == Verb::Create => self.context.engine().new_id(),
            None => {
                object.fault("id", "required", "must have a value");
                Uuid::nil()
            }
        }
    }

    fn model(&self, object: &mut Object) -> Option<&'a Model> {
        let name = object.text("model");
        let model = self.context.operations.application().model_named(&name).filter(|model| !model.internal);
        if model.is_none() && !name.is_empty() {
            object.fault("model", "unknown_model", "is not the name of a model");
        }
        model
    }

    fn input(&self, verb: Verb, model: &Model, object: &mut Object) -> Input {
        let mut data = Object::new(object.object("data"));
        if data.take("id").is_some() {
            data.fault("id", "read_only", "belongs beside `data`");
        }
        self.names.resolve(model, &mut data);
        let input = decode_all(model, data).and_then(|input| match verb {
            Verb::Update => self.context.lower_blindly(model.id, input),
            _ => self.context.lower_record(model.id, input),
        });
        input.unwrap_or_else(|error| {
            object.faults(error.fields);
            Input::default()
        })
    }

    /// A filter in the application's names.
    fn filter(&self, model: &Model, filter: Option<String>) -> Result<Option<String>, Error> {
        let mut filter = filter;
        if let Some(face) = self.context.operations.face() {
            lower_filter(face, model.id, &mut filter)?;
        }
        Ok(filter)
    }
}

impl Verb {
    const NAMES: &'static [(&'static str, Verb)] = &[
        ("create", Verb::Create),
        ("update", Verb::Update),
        ("put", Verb::Put),
        ("delete", Verb::Delete),
        ("restore", Verb::Restore),
        ("check", Verb::Check),
    ];

    fn take(object: &mut Object) -> Option<Self> {
        let name = object.text("op");
        let verb = Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, verb)| *verb);
        if verb.is_none() && !name.is_empty() {
            let known = names_text(Self::NAMES.iter().map(|(known, _)| *known));
            object.fault("op", "enum", format!("is one of {known}"));
        }
        verb
    }

    fn takes_name(self) -> bool {
        matches!(self, Verb::Create | Verb::Put)
    }

    fn takes_version(self) -> bool {
        matches!(self, Verb::Update | Verb::Put | Verb::Delete | Verb::Restore | Verb::Check)
    }

    fn takes_data(self) -> bool {
        matches!(self, Verb::Create | Verb::Update | Verb::Put)
    }

    fn action(self, id: Uuid, input: Input, if_version: Option<i64>, filter: Option<String>) -> Action {
        match self {
            Verb::Create => Action::Create { id: Some(id), input },
            Verb::Update => Action::Update { id, input, if_version },
            Verb::Put => Action::Put { id, input, if_version, only_create: false },
            Verb::Delete => Action::Delete { id, if_version },
            Verb::Restore => Action::Restore { id, if_version },
            Verb::Check => Action::Check { id, filter, if_version },
        }
    }
}

/// Reads how many records are expected: the fewest and, unless any number will do, the most.
fn expected(object: &mut Object, max: u32) -> (u32, Option<u32>) {
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    match object.take("expect") {
        Some(Value::String(text)) if text == "any" => (1, None),
        Some(Value::String(text)) if text == "none" => (0, Some(0)),
        Some(value) => match number(&value).filter(|number| *number <= max) {
            Some(number) => (number, Some(number)),
            None => {
                object.fault("expect", "enum", format!("is `any`, `none` or a number from 0 to {max}"));
                (0, None)
            }
        },
        None => {
            object.fault("expect", "required", "must have a value");
            (0, None)
        }
    }
}

fn entries(operation: Value) -> Result<Map<String, Value>, Error> {
    match operation {
        Value::Object(entries) => Ok(entries),
        other => Err(Error::new(Code::InvalidJson, format!("is {}, an object was expected", kind(&other)))),
    }
}

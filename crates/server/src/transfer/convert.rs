//! From a row to a command.

use super::columns::{Column, Lookup};
use super::ids::Fingerprint;
use super::refs::Refs;
use super::rows::{Content, Row, Unreadable};
use csv::StringRecord;
use mainstay_engine::{Action, Caller, Code, Command, Engine, Error, FieldError, Input};
use mainstay_expr::ModelId;
use mainstay_model::Model;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use uuid::Uuid;

/// Makes the creation that a row asks for.
pub(crate) struct Converter<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) caller: &'a Caller,
    pub(crate) model: ModelId,
    pub(crate) fingerprint: &'a Fingerprint,
    /// The columns of a CSV file, with their names.
    pub(crate) columns: Vec<(String, Column)>,
    pub(crate) refs: Refs,
}

/// Why there is no command.
pub(crate) enum Refused {
    /// The row is wrong.
    Row(Error),
    /// The store did not answer, so nobody knows.
    Failed(Error),
}

/// What a row says, as far as it is read.
struct Parts<V> {
    id: Option<Uuid>,
    values: Vec<(String, V)>,
    errors: Vec<FieldError>,
}

impl<V> Default for Parts<V> {
    fn default() -> Self {
        Parts { id: None, values: Vec::new(), errors: Vec::new() }
    }
}

impl Converter<'_> {
    /// The command of a row.
    pub(crate) async fn command(&mut self, row: Row) -> Result<Command, Refused> {
        let engine = self.engine;
        let model = engine.application().model(self.model);
        let (id, input) = match row.content.map_err(unreadable)? {
            Content::Texts(record) => self.read_texts(model, &record).await?,
            Content::Object(object) => self.read_object(model, object).await?,
        };
        let id = id.unwrap_or_else(|| self.fingerprint.id(&model.name, row.index));
        Ok(Command { model: self.model, action: Action::Create { id: Some(id), input } })
    }

    async fn read_texts(
        &mut self,
        model: &Model,
        record: &StringRecord,
    ) -> Result<(Option<Uuid>, Input), Refused> {
        let mut parts = Parts::default();
        for (index, text) in record.iter().enumerate() {
            let (name, column) = &self.columns[index];
            match *column {
                Column::Ignored(_) => {}
                Column::Id => parts.read_id(text),
                Column::Field(_) => parts.values.push((name.clone(), Cow::Borrowed(text))),
                Column::Lookup(lookup) if text.is_empty() => {
                    parts.values.push((model.field(lookup.field).name.clone(), Cow::Borrowed("")));
                }
                Column::Lookup(lookup) => {
                    let name = name.clone();
                    if let Some(id) = self.look_up(&mut parts.errors, &name, lookup, text).await? {
                        parts
                            .values
                            .push((model.field(lookup.field).name.clone(), Cow::Owned(id.to_string())));
                    }
                }
            }
        }
        let values = parts.values.iter().map(|(name, text)| (name.as_str(), text.as_ref()));
        finish(parts.id, parts.errors, Input::from_text(model, values))
    }

    async fn read_object(
        &mut self,
        model: &Model,
        object: Map<String, Value>,
    ) -> Result<(Option<Uuid>, Input), Refused> {
        let mut parts = Parts::default();
        let mut said = HashMap::new();
        for (name, value) in object {
            let column = Column::named(self.engine.application(), model, &name);
            if let Ok(column) = &column
                && let Some(other) = said.insert(column.field(), name.clone())
            {
                let message = format!("`{other}` and `{name}` say the same field");
                return Err(Refused::Row(Error::new(Code::DuplicateKey, message)));
            }
            match column {
                Err(error) => parts.errors.push(error),
                Ok(Column::Ignored(_)) => {}
                Ok(Column::Id) => parts.read_id(value.as_str().unwrap_or("no text")),
                Ok(Column::Field(_)) => parts.values.push((name, value)),
                Ok(Column::Lookup(lookup)) => {
                    let value = self.look_up_value(&mut parts.errors, &name, lookup, value).await?;
                    parts.values.extend(value.map(|value| (model.field(lookup.field).name.clone(), value)));
                }
            }
        }
        let values = parts.values.into_iter().collect();
        finish(parts.id, parts.errors, Input::from_json(model, &values))
    }

    async fn look_up_value(
        &mut self,
        errors: &mut Vec<FieldError>,
        name: &str,
        lookup: Lookup,
        value: Value,
    ) -> Result<Option<Value>, Refused> {
        let text = match value {
            Value::Null => return Ok(Some(Value::Null)),
            Value::String(text) => text,
            other => other.to_string(),
        };
        Ok(self.look_up(errors, name, lookup, &text).await?.map(|id| Value::from(id.to_string())))
    }

    async fn look_up(
        &mut self,
        errors: &mut Vec<FieldError>,
        name: &str,
        lookup: Lookup,
        text: &str,
    ) -> Result<Option<Uuid>, Refused> {
        let id = self.refs.id(self.engine, self.caller, lookup, text).await.map_err(Refused::Failed)?;
        if id.is_none() {
            let target = &self.engine.application().model(lookup.target).name;
            let message = format!("there is no such {target}, or the caller may not see it");
            errors.push(FieldError::new(name, "ref_not_found", message));
        }
        Ok(id)
    }
}

impl<V> Parts<V> {
    /// An empty id is none: the record gets one.
    fn read_id(&mut self, text: &str) {
        match Uuid::try_parse(text) {
            Ok(id) => self.id = Some(id),
            Err(_) if text.is_empty() => {}
            Err(_) => self.errors.push(FieldError::new("id", "format", "is not a UUID")),
        }
    }
}

/// The faults of refs and those of other fields are reported together.
fn finish(
    id: Option<Uuid>,
    mut errors: Vec<FieldError>,
    input: Result<Input, Error>,
) -> Result<(Option<Uuid>, Input), Refused> {
    match input {
        Ok(input) if errors.is_empty() => Ok((id, input)),
        Ok(_) => Err(Refused::Row(Error::validation(errors))),
        Err(error) => {
            errors.extend(error.fields);
            Err(Refused::Row(Error::validation(errors)))
        }
    }
}

fn unreadable(unreadable: Unreadable) -> Refused {
    Refused::Row(match unreadable {
        Unreadable::NotUtf8 => Error::new(Code::NotUtf8, "the row is not UTF-8"),
        Unreadable::ColumnCount { expected, found } => Error::new(
            Code::ValidationFailed,
            format!("the row has {found} columns and the header {expected}"),
        ),
        Unreadable::NotAnObject => Error::new(Code::InvalidJson, "the row is not a JSON object"),
        Unreadable::DuplicateKey { key } => {
            Error::new(Code::DuplicateKey, format!("the key `{key}` occurs twice in an object"))
        }
        Unreadable::TooLong => Error::new(Code::BodyTooLarge, "the row is longer than 16 MiB"),
    })
}

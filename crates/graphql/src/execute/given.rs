//! Arguments as they were given, taken one after the other.

use mainstay_api::operations::parse_id;
use mainstay_engine::{Code, Error, ListRequest};
use mainstay_ports::Position;
use serde_json::{Map, Value};
use uuid::Uuid;

/// The arguments of a field. The validator has seen that they are of their types; what a scalar of ours holds is seen here.
pub(super) struct Given(pub(super) Map<String, Value>);

impl Given {
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name)? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }

    /// # Errors
    /// [`Code::InvalidId`] for what is not a UUID.
    pub(super) fn id(&mut self, name: &str) -> Result<Option<Uuid>, Error> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let invalid = || Error::new(Code::InvalidId, format!("the argument `{name}` is not a UUID"));
        parse_id(&text).map(Some).ok_or_else(invalid)
    }

    /// # Errors
    /// [`Code::InvalidVariables`] for what is not a whole number of 64 bits.
    pub(super) fn int(&mut self, name: &str) -> Result<Option<i64>, Error> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        let invalid =
            || Error::new(Code::InvalidVariables, format!("the argument `{name}` is not a whole number"));
        value.as_i64().map(Some).ok_or_else(invalid)
    }

    /// The most records; what cannot be a number of records is 0, which no operation takes.
    pub(super) fn limit(&mut self, name: &str) -> Option<u32> {
        let value = self.0.remove(name)?;
        Some(value.as_u64().and_then(|limit| u32::try_from(limit).ok()).unwrap_or(0))
    }

    /// How many records a page may have.
    ///
    /// # Errors
    /// [`Code::InvalidLimit`] for what is no such number.
    pub(super) fn page_size(&mut self, name: &str) -> Result<Option<u32>, Error> {
        let Some(size) = self.limit(name) else { return Ok(None) };
        let message = || format!("`{name}` is a number from 1 to {}", ListRequest::MAX_LIMIT);
        let is_size = (1..=ListRequest::MAX_LIMIT).contains(&size);
        is_size.then_some(Some(size)).ok_or_else(|| Error::new(Code::InvalidLimit, message()))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.0.remove(name)?.as_bool()
    }

    /// # Errors
    /// [`Code::InvalidParameter`] for what is not a position.
    pub(super) fn position(&mut self, name: &str) -> Result<Option<Position>, Error> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let invalid =
            || Error::new(Code::InvalidParameter, "`position` is a position, as it was in an answer");
        text.parse().map(Some).map_err(|_| invalid())
    }

    /// # Errors
    /// [`Code::InvalidVariables`] for what is not an object.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, Error> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => {
                Err(Error::new(Code::InvalidVariables, format!("the argument `{name}` is not an object")))
            }
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.0.remove(name) {
            Some(Value::Array(elements)) => elements,
            Some(other) => vec![other],
            None => Vec::new(),
        }
    }
}

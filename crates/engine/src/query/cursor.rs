//! Cursors: a place in an order, sealed so that only the engine can make and read one.

use crate::seal::Seal;
use crate::{Code, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mainstay_expr::{FieldId, Value};
use mainstay_model::{Model, json};
use mainstay_ports::{Deleted, Keyring, Order};
use uuid::Uuid;

/// Seals cursors and opens them again.
///
/// A cursor is, in base64url and sealed, the values of the last record's order fields and its id as a JSON array,
/// together with the query that it belongs to. So it tells nothing of the values, which may be of
/// fields that a log should not have, and one that was altered, or is used with another query, is recognised instead of
/// answering a page that means nothing.
pub(crate) struct CursorSeal {
    seal: Seal,
}

/// The query that a cursor belongs to.
pub(crate) struct Listed<'a> {
    pub(crate) model: &'a Model,
    pub(crate) order: &'a [Order],
    pub(crate) filter: Option<&'a str>,
    pub(crate) deleted: Deleted,
    /// The ref, and the record that it points to, where only those are listed that point to it.
    pub(crate) of: Option<(FieldId, Uuid)>,
}

const MAX_CURSOR_BYTES: usize = 8_192;

impl CursorSeal {
    pub(crate) fn new(keyring: &dyn Keyring) -> Result<Self, Error> {
        Ok(CursorSeal { seal: Seal::new(keyring, "cursor")? })
    }

    /// The cursor behind a record.
    pub(crate) fn seal(
        &self,
        mut values: Vec<Value>,
        id: Uuid,
        listed: &Listed<'_>,
    ) -> Result<String, Error> {
        values.push(Value::Uuid(id));
        let mut body = Vec::new();
        json::encode(&Value::List(values), &mut body);
        Ok(URL_SAFE_NO_PAD.encode(self.seal.seal(body, &listed.context())?))
    }

    /// The place that a cursor stands for.
    pub(crate) fn open(&self, cursor: &str, listed: &Listed<'_>) -> Result<(Vec<Value>, Uuid), Error> {
        self.read(cursor, listed).ok_or_else(|| {
            Error::new(Code::InvalidCursor, "the cursor was altered or belongs to another query")
        })
    }

    fn read(&self, cursor: &str, listed: &Listed<'_>) -> Option<(Vec<Value>, Uuid)> {
        let cursor = Some(cursor).filter(|cursor| cursor.len() <= MAX_CURSOR_BYTES)?;
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        decode(&self.seal.open(sealed, &listed.context())?, listed.model, listed.order)
    }
}

impl Listed<'_> {
    /// What tells this query from others.
    fn context(&self) -> Vec<u8> {
        let keys = self.order.iter().map(|key| (&self.model.field(key.field).name, key.descending));
        let keys: Vec<_> = keys.collect();
        let query = (&self.model.name, keys, self.filter, self.deleted as u8);
        let of = self.of.map(|(field, id)| (&self.model.field(field).name, id));
        let context = match of {
            Some(of) => serde_json::to_vec(&(query, of)),
            None => serde_json::to_vec(&query),
        };
        context.expect("names, texts and numbers can be written")
    }
}

fn decode(body: &[u8], model: &Model, order: &[Order]) -> Option<(Vec<Value>, Uuid)> {
    let mut values: Vec<serde_json::Value> = serde_json::from_slice(body).ok()?;
    let id = values.pop()?.as_str()?.parse().ok()?;
    let value = |(json, key): (&serde_json::Value, &Order)| match json {
        serde_json::Value::Null => Some(Value::Null),
        json => json::decode_type(&model.field(key.field).ty, json).ok(),
    };
    let decoded: Vec<Value> = values.iter().zip(order).map(value).collect::<Option<_>>()?;
    (decoded.len() == order.len() && values.len() == order.len()).then_some((decoded, id))
}

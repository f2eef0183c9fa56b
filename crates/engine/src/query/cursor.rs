//! Cursors: a place in an order, sealed so that only the engine can make one.

use crate::{Code, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mainstay_expr::Value;
use mainstay_model::{Model, json};
use mainstay_ports::{Keyring, Order};
use ring::hmac;
use uuid::Uuid;

/// Seals cursors and opens them again.
///
/// A cursor is `base64url(tag ‖ values)`: the values of the last record's order fields and its id as a JSON array, and half of
/// their HMAC-SHA-256 together with the model, order and filter. So a cursor that was altered, or is used with another query, is
/// recognised instead of answering a page that means nothing.
pub(crate) struct CursorSeal {
    key: hmac::Key,
}

const TAG_BYTES: usize = 16;
const MAX_CURSOR_BYTES: usize = 8_192;

impl CursorSeal {
    pub(crate) fn new(keyring: &dyn Keyring) -> Result<Self, Error> {
        let secret =
            keyring.secret("cursor", 32).map_err(|error| Error::internal(format!("cursor key: {error}")))?;
        Ok(CursorSeal { key: hmac::Key::new(hmac::HMAC_SHA256, &secret) })
    }

    /// The cursor behind a record.
    pub(crate) fn seal(
        &self,
        mut values: Vec<Value>,
        id: Uuid,
        model: &Model,
        order: &[Order],
        filter: Option<&str>,
    ) -> String {
        values.push(Value::Uuid(id));
        let mut body = Vec::new();
        json::encode(&Value::List(values), &mut body);
        let mut sealed = self.tag(&body, model, order, filter);
        sealed.extend(body);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The place that a cursor stands for.
    pub(crate) fn open(
        &self,
        cursor: &str,
        model: &Model,
        order: &[Order],
        filter: Option<&str>,
    ) -> Result<(Vec<Value>, Uuid), Error> {
        let invalid =
            || Error::new(Code::InvalidCursor, "the cursor was altered or belongs to another query");
        let sealed = Some(cursor).filter(|cursor| cursor.len() <= MAX_CURSOR_BYTES);
        let sealed = sealed.and_then(|cursor| URL_SAFE_NO_PAD.decode(cursor).ok()).ok_or_else(invalid)?;
        let (tag, body) = sealed.split_at_checked(TAG_BYTES).ok_or_else(invalid)?;
        if !equal_in_constant_time(tag, &self.tag(body, model, order, filter)) {
            return Err(invalid());
        }
        decode(body, model, order).ok_or_else(invalid)
    }

    fn tag(&self, body: &[u8], model: &Model, order: &[Order], filter: Option<&str>) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        let keys = order.iter().map(|key| (&model.field(key.field).name, key.descending));
        let query = format!("{:?}", (&model.name, keys.collect::<Vec<_>>(), filter));
        context.update(&(query.len() as u64).to_be_bytes());
        context.update(query.as_bytes());
        context.update(body);
        context.sign().as_ref()[..TAG_BYTES].to_vec()
    }
}

fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn equality_is_by_content() {
        assert!(equal_in_constant_time(b"same", b"same"));
        assert!(!equal_in_constant_time(b"same", b"sane"));
        assert!(!equal_in_constant_time(b"same", b"sam"));
    }
}

//! Requests, as clients send them.

use mainstay_engine::{Code, Error};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// What a client asks for.
pub(crate) enum Request {
    /// To be who shows this token.
    Auth { token: String },
    /// To run an operation.
    Call(Box<Call>),
    /// To watch a list.
    Watch(Box<Watch>),
    /// To hear what is sent on a channel.
    Subscribe { channel: String },
    /// To send on a channel.
    Publish { channel: String, data: Box<RawValue> },
    /// To be present on a channel.
    Enter { channel: String, state: Box<RawValue> },
    /// To have another state where it is present.
    State { of: u64, state: Box<RawValue> },
    /// To see who is present on a channel.
    Presence { channel: String, by_account: bool },
    /// To end what it opened.
    End { of: u64 },
    /// To hear that the socket works. Browsers cannot send pings of the protocol.
    Ping,
}

/// An operation to run.
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) record_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) if_match: Option<Value>,
    pub(crate) only_create: bool,
    pub(crate) position: Option<String>,
    pub(crate) body: Option<Map<String, Value>>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) fencing: Vec<String>,
}

/// A list to watch.
pub(crate) struct Watch {
    pub(crate) operation: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) snapshot: bool,
    pub(crate) last_event_id: Option<String>,
    pub(crate) position: Option<String>,
}

/// The largest id: what JavaScript still counts exactly.
const MAX_ID: u64 = (1 << 53) - 1;

/// Takes the id out of a request.
///
/// # Errors
/// [`Code::InvalidParameter`] when there is none.
pub(crate) fn take_id(message: &mut Map<String, Value>) -> Result<u64, Error> {
    let id = message.remove("id").and_then(|id| id.as_u64()).filter(|id| (1..=MAX_ID).contains(id));
    id.ok_or_else(|| invalid("a request has an `id`: a number of your choice from 1 to 2^53 - 1"))
}

/// Reads a request.
///
/// # Errors
/// [`Code::InvalidParameter`] for what is missing, unknown or of the wrong kind.
pub(crate) fn read(message: Map<String, Value>) -> Result<Request, Error> {
    let mut fields = Fields(message);
    let kind = fields.required("type")?;
    let request = match kind.as_str() {
        "auth" => Request::Auth { token: fields.required("token")? },
        "call" => Request::Call(Box::new(call(&mut fields)?)),
        "watch" => Request::Watch(Box::new(watch(&mut fields)?)),
        "subscribe" => Request::Subscribe { channel: fields.required("channel")? },
        "publish" => Request::Publish { channel: fields.required("channel")?, data: fields.raw("data")? },
        "enter" => Request::Enter { channel: fields.required("channel")?, state: fields.raw("state")? },
        "state" => Request::State { of: fields.of()?, state: fields.raw("state")? },
        "presence" => Request::Presence { channel: fields.required("channel")?, by_account: fields.by()? },
        "end" => Request::End { of: fields.of()? },
        "ping" => Request::Ping,
        _ => {
            let known = "auth, call, watch, subscribe, publish, enter, state, presence, end and ping";
            return Err(invalid(format!("a `type` is one of {known}")));
        }
    };
    fields.require_empty(&kind)?;
    Ok(request)
}

fn call(fields: &mut Fields) -> Result<Call, Error> {
    Ok(Call {
        operation: fields.required("operation")?,
        record_id: fields.text("record_id")?,
        name: fields.text("name")?,
        parameters: fields.parameters()?,
        if_match: fields.0.remove("if_match"),
        only_create: fields.flag("only_create", false)?,
        position: fields.text("position")?,
        body: fields.object("body")?,
        idempotency_key: fields.text("idempotency_key")?,
        fencing: fields.texts("fencing")?,
    })
}

fn watch(fields: &mut Fields) -> Result<Watch, Error> {
    Ok(Watch {
        operation: fields.required("operation")?,
        parameters: fields.parameters()?,
        snapshot: fields.flag("snapshot", true)?,
        last_event_id: fields.text("last_event_id")?.filter(|id| !id.is_empty()),
        position: fields.text("position")?,
    })
}

/// The members of a message, taken out one after the other: what is left is not known.
struct Fields(Map<String, Value>);

impl Fields {
    fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(format!("`{name}` is a string"))),
        }
    }

    fn required(&mut self, name: &str) -> Result<String, Error> {
        self.text(name)?.ok_or_else(|| invalid(format!("`{name}` is missing")))
    }

    fn flag(&mut self, name: &str, default: bool) -> Result<bool, Error> {
        match self.0.remove(name) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(invalid(format!("`{name}` is true or false"))),
        }
    }

    fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, Error> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(invalid(format!("`{name}` is an object"))),
        }
    }

    fn texts(&mut self, name: &str) -> Result<Vec<String>, Error> {
        let wrong = || invalid(format!("`{name}` is a list of strings"));
        match self.0.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                items.into_iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    fn raw(&mut self, name: &str) -> Result<Box<RawValue>, Error> {
        let value = self.0.remove(name).ok_or_else(|| invalid(format!("`{name}` is missing")))?;
        to_raw_value(&value).map_err(|error| Error::internal(error.to_string()))
    }

    fn of(&mut self) -> Result<u64, Error> {
        let of = self.0.remove("of").and_then(|of| of.as_u64());
        of.ok_or_else(|| invalid("`of` is the id of the request that opened it"))
    }

    fn by(&mut self) -> Result<bool, Error> {
        match self.text("by")?.as_deref() {
            None | Some("connection") => Ok(false),
            Some("account") => Ok(true),
            Some(_) => Err(invalid("`by` is `connection` or `account`")),
        }
    }

    /// The parameters of REST's query, by their names.
    fn parameters(&mut self) -> Result<Vec<(String, String)>, Error> {
        let pair = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(number) => Ok((name, number.to_string())),
            _ => Err(invalid(format!("the parameter `{name}` is a string or a number"))),
        };
        self.object("parameters")?.unwrap_or_default().into_iter().map(pair).collect()
    }

    fn require_empty(&self, kind: &str) -> Result<(), Error> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let shown: String = name.chars().take(80).collect();
                Err(invalid(format!("a request of type `{kind}` has no `{shown}`")))
            }
        }
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidParameter, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_unknown_or_wrong_is_refused() {
        let check = |message: Value, expected: &str| {
            let mut message = message.as_object().unwrap().clone();
            let error = take_id(&mut message).and_then(|_| read(message)).err();
            let found = error.map_or_else(String::new, |error| error.message);
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{found}");
        };
        check(json!({"type": "ping"}), "`id`");
        check(json!({"id": 0, "type": "ping"}), "`id`");
        check(json!({"id": 1.5, "type": "ping"}), "`id`");
        check(json!({"id": 1}), "`type` is missing");
        check(json!({"id": 1, "type": "pong"}), "`type` is one of");
        check(json!({"id": 1, "type": "ping"}), "");
        check(json!({"id": 1, "type": "ping", "x": 1}), "has no `x`");
        check(json!({"id": 1, "type": "auth", "token": 7}), "`token` is a string");
        check(json!({"id": 1, "type": "publish", "channel": "a"}), "`data` is missing");
        check(json!({"id": 1, "type": "publish", "channel": "a", "data": null}), "");
        check(json!({"id": 1, "type": "presence", "channel": "a", "by": "x"}), "`by`");
        check(json!({"id": 1, "type": "end", "of": "x"}), "`of`");
        check(json!({"id": 1, "type": "call", "operation": "a", "body": []}), "`body` is an object");
        check(json!({"id": 1, "type": "call", "operation": "a", "parameters": {"limit": 3, "a": "b"}}), "");
        check(json!({"id": 1, "type": "call", "operation": "a", "parameters": {"limit": []}}), "`limit`");
        check(json!({"id": 1, "type": "call", "operation": "a", "fencing": "a:1"}), "`fencing`");
    }
}

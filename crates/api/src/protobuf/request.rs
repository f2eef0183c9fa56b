//! From messages to what is asked of operations.

use super::batch;
use crate::operations::{Ask, Conditions, IfMatch, Parameters, parse_id};
use mainstay_engine::{Code, Error, Operation, OperationKind};
use mainstay_expr::ModelId;
use mainstay_proto::wire::{Malformed, Reader, Wire};
use mainstay_proto::{Messages, WRITE, malformed, timestamp_text};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What a field of a plain message is, and what it is called in JSON.
type Plain = (u32, &'static str, Kind);

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Int,
    Time,
}

/// Reads the request of an operation.
///
/// # Errors
/// [`Code::InvalidMessage`] for what is none, and what is wrong with values.
pub fn ask(messages: &Messages, operation: &Operation, message: &[u8]) -> Result<Ask, Error> {
    use OperationKind as Is;
    match operation.kind {
        Is::Get => get(message),
        Is::List => list(message),
        Is::Create | Is::Update | Is::Put | Is::Delete | Is::UpdateMany | Is::DeleteMany | Is::Restore => {
            write(messages, operation, message)
        }
        Is::Batch => Ok(Ask { body: Some(batch::body(messages, message)?), ..Ask::default() }),
        Is::Register => register(messages, message),
        Is::Login => body(message, &[(1, "email", Kind::Text), (2, "password", Kind::Text)]),
        Is::Refresh => body(message, &[(1, "refresh_token", Kind::Text)]),
        Is::ChangePassword => {
            body(message, &[(1, "current_password", Kind::Text), (2, "new_password", Kind::Text)])
        }
        Is::CreateKey => body(
            message,
            &[(1, "name", Kind::Text), (2, "scopes", Kind::Texts), (3, "expires_at", Kind::Time)],
        ),
        Is::ListKeys => keys(message),
        Is::AppCheck => app_check(message),
        Is::GetKey | Is::DeleteKey => {
            Ok(Ask { id: Some(id(text(message, 1, "KeyRequest")?)?), ..Ask::default() })
        }
        Is::AcquireLock | Is::RenewLock | Is::GetLock | Is::ReleaseLock => lock(operation.kind, message),
        Is::Logout | Is::Me | Is::Watch => Ok(Ask::default()),
        // Those of channels have no method.
        Is::Publish | Is::Subscribe | Is::Enter | Is::WatchPresence => Ok(Ask::default()),
    }
}

/// The error for a field that the request does not have: what it asks for would not be done.
pub(super) fn unknown(what: &str, number: u32) -> Error {
    Error::new(Code::InvalidMessage, format!("{what} has no field with the number {number}"))
}

/// Reads a message field by field. `take` says whether the message has the field.
///
/// # Errors
/// [`Code::InvalidMessage`] for what is no message, or has a field that it does not know.
pub fn each<'a>(
    message: &'a [u8],
    what: &str,
    mut take: impl FnMut(u32, Wire<'a>) -> Result<bool, Malformed>,
) -> Result<(), Error> {
    for field in Reader::new(message) {
        let (number, value) = field.map_err(|Malformed| malformed(what))?;
        if !take(number, value).map_err(|Malformed| malformed(what))? {
            return Err(unknown(what, number));
        }
    }
    Ok(())
}

/// The parameters of a request in the texts that they are in REST.
#[derive(Default)]
pub struct Texts {
    pairs: Vec<(String, String)>,
}

impl Texts {
    /// Sets a parameter, in place of what it was.
    ///
    /// # Errors
    /// Never: it stands where values are read that can be malformed.
    pub fn set(&mut self, name: &str, value: &dyn ToString) -> Result<bool, Malformed> {
        self.pairs.retain(|(known, _)| known != name);
        self.pairs.push((name.to_owned(), value.to_string()));
        Ok(true)
    }

    /// One more of several names.
    ///
    /// # Errors
    /// Never, as [`Texts::set`].
    pub fn add(&mut self, name: &str, value: &str) -> Result<bool, Malformed> {
        match self.pairs.iter_mut().find(|(known, _)| known == name) {
            Some((_, text)) => {
                text.push(',');
                text.push_str(value);
                Ok(true)
            }
            None => self.set(name, &value),
        }
    }

    fn deleted(&mut self, value: i64) -> Result<bool, Malformed> {
        let text = ["exclude", "exclude", "include", "only"];
        self.set("deleted", usize::try_from(value).ok().and_then(|value| text.get(value)).ok_or(Malformed)?)
    }

    /// What they say.
    ///
    /// # Errors
    /// As [`Parameters::read`].
    pub fn parameters(self, kind: OperationKind) -> Result<Parameters, Error> {
        Parameters::read(kind, self.pairs.into_iter().filter(|(_, value)| !value.is_empty()))
    }
}

fn get(message: &[u8]) -> Result<Ask, Error> {
    let (mut id, mut texts) = (None, Texts::default());
    each(message, "GetRequest", |number, value| match number {
        1 => {
            id = Some(value.text()?);
            Ok(true)
        }
        2 => texts.add("fields", value.text()?),
        3 => texts.add("expand", value.text()?),
        4 => texts.deleted(value.int()?),
        _ => Ok(false),
    })?;
    let id = id.map(self::id).transpose()?;
    Ok(Ask { id, parameters: texts.parameters(OperationKind::Get)?, ..Ask::default() })
}

fn list(message: &[u8]) -> Result<Ask, Error> {
    let mut texts = Texts::default();
    each(message, "ListRequest", |number, value| match number {
        1 => texts.set("filter", &value.text()?),
        2 => texts.set("order", &value.text()?),
        3 => texts.add("fields", value.text()?),
        4 => texts.add("expand", value.text()?),
        5 => texts.set("limit", &value.int()?),
        6 => texts.set("cursor", &value.text()?),
        7 => texts.set("count", &if value.bool()? { "exact" } else { "" }),
        8 => texts.deleted(value.int()?),
        _ => Ok(false),
    })?;
    Ok(Ask { parameters: texts.parameters(OperationKind::List)?, ..Ask::default() })
}

/// What requests to write records have.
#[derive(Debug, Default)]
pub(super) struct Write {
    id: Option<Uuid>,
    pub(super) record: Vec<u8>,
    pub(super) mask: Option<Vec<String>>,
    versions: Vec<i64>,
    if_exists: bool,
    only_create: bool,
}

impl Write {
    /// The fields that are meant.
    pub(super) fn fields(&self, messages: &Messages, model: ModelId) -> Result<Map<String, Value>, Error> {
        messages.decode_record(model, &self.record, self.mask.as_deref())
    }

    fn conditions(&self) -> Conditions {
        let if_match = match self.versions.as_slice() {
            [] if self.if_exists => IfMatch::Exists,
            [] => IfMatch::Anything,
            [version] => IfMatch::Version(*version),
            versions => IfMatch::AnyOf(versions.to_vec()),
        };
        Conditions { if_match, only_create: self.only_create }
    }
}

fn write(messages: &Messages, operation: &Operation, message: &[u8]) -> Result<Ask, Error> {
    let (mut write, mut texts) = (Write::default(), Texts::default());
    let (mut id, mut mask) = (None, Vec::new());
    each(message, "the request", |number, value| {
        match number {
            _ if number == WRITE.id => id = Some(value.text()?),
            // The same message twice is both of them together.
            _ if number == WRITE.record => write.record.extend_from_slice(value.bytes()?),
            _ if number == WRITE.mask => mask.push(value),
            _ if number == WRITE.if_version => write.versions.extend(versions(value)?),
            _ if number == WRITE.if_exists => write.if_exists = value.bool()?,
            _ if number == WRITE.only_create => write.only_create = value.bool()?,
            _ if number == WRITE.filter => return texts.set("filter", &value.text()?),
            _ if number == WRITE.limit => return texts.set("limit", &value.int()?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    for part in mask {
        write.mask.get_or_insert_default().extend(self::mask(part)?);
    }
    write.id = id.map(self::id).transpose()?;
    let model = operation.model.filter(|_| has_body(operation.kind));
    let body = model.map(|model| write.fields(messages, model)).transpose()?;
    let parameters = texts.parameters(operation.kind)?;
    Ok(Ask { id: write.id, parameters, conditions: write.conditions(), body, ..Ask::default() })
}

fn has_body(kind: OperationKind) -> bool {
    use OperationKind::{Create, Put, Update, UpdateMany};
    matches!(kind, Create | Put | Update | UpdateMany)
}

/// Integers, one by one or in one piece.
fn versions(value: Wire<'_>) -> Result<Vec<i64>, Malformed> {
    match value {
        Wire::Bytes(bytes) => Reader::new(bytes).packed(false)?.into_iter().map(Wire::int).collect(),
        one => Ok(vec![one.int()?]),
    }
}

/// The paths of a `google.protobuf.FieldMask`.
pub(super) fn mask(value: Wire<'_>) -> Result<Vec<String>, Error> {
    let mut paths = Vec::new();
    let message = value.bytes().map_err(|Malformed| malformed("a FieldMask"))?;
    each(message, "FieldMask", |number, value| {
        if number == 1 {
            paths.push(value.text()?.to_owned());
        }
        Ok(number == 1)
    })?;
    Ok(paths)
}

fn register(messages: &Messages, message: &[u8]) -> Result<Ask, Error> {
    let (mut write, mut own, mut masks) = (Write::default(), Map::new(), Vec::new());
    each(message, "RegisterRequest", |number, value| {
        match number {
            1 => drop(own.insert("email".to_owned(), Value::from(value.text()?))),
            2 => write.record.extend_from_slice(value.bytes()?),
            3 => masks.push(value),
            4 => drop(own.insert("password".to_owned(), Value::from(value.text()?))),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    for part in masks {
        write.mask.get_or_insert_default().extend(mask(part)?);
    }
    let mut body = write.fields(messages, messages.application().user().id)?;
    body.extend(own);
    Ok(Ask { body: Some(body), ..Ask::default() })
}

fn body(message: &[u8], fields: &[Plain]) -> Result<Ask, Error> {
    Ok(Ask { body: Some(plain(message, fields)?), ..Ask::default() })
}

fn plain(message: &[u8], fields: &[Plain]) -> Result<Map<String, Value>, Error> {
    let mut body = Map::new();
    each(message, "the request", |number, value| {
        let Some((_, name, kind)) = fields.iter().find(|(known, ..)| *known == number) else {
            return Ok(false);
        };
        let value = match kind {
            Kind::Text => Value::from(value.text()?),
            Kind::Int => Value::from(value.int()?),
            Kind::Time => Value::from(timestamp_text(value.bytes()?)?),
            Kind::Texts => {
                let list = body.entry(*name).or_insert_with(|| Value::Array(Vec::new()));
                list.as_array_mut().ok_or(Malformed)?.push(Value::from(value.text()?));
                return Ok(true);
            }
        };
        body.insert((*name).to_owned(), value);
        Ok(true)
    })?;
    Ok(body)
}

fn keys(message: &[u8]) -> Result<Ask, Error> {
    let mut texts = Texts::default();
    each(message, "ListKeysRequest", |number, value| match number {
        1 => texts.set("user", &value.text()?),
        _ => Ok(false),
    })?;
    Ok(Ask { parameters: texts.parameters(OperationKind::ListKeys)?, ..Ask::default() })
}

fn app_check(message: &[u8]) -> Result<Ask, Error> {
    const NAMES: [&str; 4] = ["platform", "version", "device", "language"];
    let mut texts = Texts::default();
    each(message, "AppCheckRequest", |number, value| match NAMES.get(number as usize - 1) {
        Some(name) => texts.set(name, &value.text()?),
        None => Ok(false),
    })?;
    Ok(Ask { parameters: texts.parameters(OperationKind::AppCheck)?, ..Ask::default() })
}

fn lock(kind: OperationKind, message: &[u8]) -> Result<Ask, Error> {
    let fields: &[Plain] = match kind {
        OperationKind::AcquireLock => &[
            (1, "name", Kind::Text),
            (2, "lease_ms", Kind::Int),
            (3, "wait_ms", Kind::Int),
            (4, "holder", Kind::Text),
        ],
        OperationKind::RenewLock => &[(1, "name", Kind::Text), (2, "lease_ms", Kind::Int)],
        _ => &[(1, "name", Kind::Text)],
    };
    let mut body = plain(message, fields)?;
    let name = body.remove("name").and_then(|name| name.as_str().map(str::to_owned));
    let takes_body = matches!(kind, OperationKind::AcquireLock | OperationKind::RenewLock);
    Ok(Ask { name, body: takes_body.then_some(body), ..Ask::default() })
}

/// The one text of a message.
fn text<'a>(message: &'a [u8], number: u32, what: &str) -> Result<&'a str, Error> {
    let mut text = "";
    each(message, what, |found, value| {
        if found == number {
            text = value.text()?;
        }
        Ok(found == number)
    })?;
    Ok(text)
}

fn id(text: &str) -> Result<Uuid, Error> {
    parse_id(text).ok_or_else(|| Error::new(Code::InvalidId, "the id is not a UUID"))
}

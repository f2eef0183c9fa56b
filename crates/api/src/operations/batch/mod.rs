//! Several writes, one transaction.

mod decode;
mod names;

use super::perform::Context;
use super::{Ask, Object, Reply, names_text};
use crate::json::kind;
use decode::Decoder;
use mainstay_engine::{Code, Error, Part};
use mainstay_expr::ModelId;
use mainstay_ports::Isolation;
use serde_json::{Map, Value};

pub(super) async fn batch(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let (operations, isolation) = operations(context, ask.take_body()?)?;
    let commands = Decoder::new(context).commands(operations)?;
    let models: Vec<ModelId> = commands.iter().map(|command| command.model).collect();
    let name = &context.operation.name;
    let written = context.engine().write_all(context.caller, name, commands, isolation).await;
    let (written, position) = written.map_err(|error| raised(context, &models, error))?;
    Ok(Reply::Written(written, position))
}

/// What the engine objects to, in the caller's names; each operation has a model of its own.
fn raised(context: Context<'_>, models: &[ModelId], error: Error) -> Error {
    let part = |(part, error)| match part {
        Part::Operation(index) => (part, context.raised_error(models[index], error)),
        Part::Record(_) => (part, error),
    };
    Error { parts: error.parts.into_iter().map(part).collect(), ..error }
}

/// The list of operations in the body, with a length that is allowed, and how it is to be kept from others.
fn operations(context: Context<'_>, body: Map<String, Value>) -> Result<(Vec<Value>, Isolation), Error> {
    let mut object = Object::new(body);
    let isolation = isolation(&mut object);
    let operations = match object.take("operations") {
        Some(Value::Array(operations)) => operations,
        other => {
            let found = other.as_ref().map_or("missing", kind);
            object.fault("operations", "type", format!("is {found}, an array was expected"));
            Vec::new()
        }
    };
    object.end()?;
    let max = context.operations.limits().batch_operations;
    match operations.len() {
        0 => Err(Error::new(Code::InvalidJson, "`operations` is empty")),
        count if count > max => Err(Error::new(
            Code::BatchTooLarge,
            format!("a batch has at most {max} operations, these are {count}"),
        )),
        _ => Ok((operations, isolation)),
    }
}

/// The levels, by the names of the SQL standard.
pub const ISOLATION: [(&str, Isolation); 2] =
    [("read_committed", Isolation::ReadCommitted), ("serializable", Isolation::Serializable)];

fn isolation(object: &mut Object) -> Isolation {
    let Some(name) = object.optional_text("isolation") else { return Isolation::default() };
    let level = ISOLATION.iter().find(|(known, _)| *known == name).map(|(_, level)| *level);
    level.unwrap_or_else(|| {
        let known = names_text(ISOLATION.iter().map(|(known, _)| *known));
        object.fault("isolation", "enum", format!("is one of {known}"));
        Isolation::default()
    })
}

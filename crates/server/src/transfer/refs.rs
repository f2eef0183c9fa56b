//! Refs by a unique field of the record that they point to.

use super::columns::Lookup;
use mainstay_engine::{Caller, Code, Engine, Error, ListRequest};
use mainstay_model::{Field, FieldType};
use std::collections::HashMap;
use uuid::Uuid;

/// What was looked up is remembered, up to this many; then it begins anew.
const CAPACITY: usize = 1_000_000;

/// Finds records, as the caller sees them: what one may not read cannot be pointed to by its code either.
#[derive(Default)]
pub(crate) struct Refs {
    known: HashMap<Lookup, HashMap<String, Option<Uuid>>>,
    count: usize,
}

impl Refs {
    /// The id of the record whose unique field has this value. `None` when the caller sees none.
    pub(crate) async fn id(
        &mut self,
        engine: &Engine,
        caller: &Caller,
        lookup: Lookup,
        text: &str,
    ) -> Result<Option<Uuid>, Error> {
        if let Some(id) = self.known.get(&lookup).and_then(|ids| ids.get(text)) {
            return Ok(*id);
        }
        let id = find(engine, caller, lookup, text).await?;
        if self.count >= CAPACITY {
            self.known.clear();
            self.count = 0;
        }
        self.count += 1;
        self.known.entry(lookup).or_default().insert(text.to_owned(), id);
        Ok(id)
    }
}

async fn find(engine: &Engine, caller: &Caller, lookup: Lookup, text: &str) -> Result<Option<Uuid>, Error> {
    let by = engine.application().model(lookup.target).field(lookup.by);
    let Some(literal) = literal(by, text) else { return Ok(None) };
    let filter = Some(format!("{} == {literal}", by.name));
    match engine
        .list(caller, lookup.target, &ListRequest { filter, limit: 1, ..ListRequest::default() })
        .await
    {
        Ok(answer) => Ok(answer.items.first().map(|view| view.record.id())),
        // The text is no value of the field, so no record has it.
        Err(error) if error.code == Code::InvalidFilter => Ok(None),
        Err(error) => Err(error),
    }
}

/// The value in CEL: a number of an int; else a text, which CEL reads as whatever it is compared with.
fn literal(by: &Field, text: &str) -> Option<String> {
    match by.ty {
        FieldType::Int => text.parse::<i64>().ok().map(|number| number.to_string()),
        _ => Some(serde_json::Value::from(text).to_string()),
    }
}

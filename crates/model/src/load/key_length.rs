//! Indexes whose keys PostgreSQL would not hold.
//!
//! Its entries of indexes are at most a third of a page. A longer one is refused with the write, which is too late: it is said of the model.

use super::draft::{Draft, Drafts, Part};
use super::faults::{Faults, Place};
use crate::{Engine, Field, FieldType, Index, Model};

/// The longest entry of an index (`BTMaxItemSize` of PostgreSQL with pages of 8 KiB).
const MAX_ENTRY_BYTES: usize = 2_704;
/// What an entry has beside its values: the header, which of them are null, and the id at the end.
const ENTRY_BYTES: usize = 32;
/// What a text has beside its bytes: its length, and what brings it to a multiple of 8.
const TEXT_BYTES: usize = 12;
/// The most bytes of a character.
const CHARACTER_BYTES: usize = 4;

/// Reports what only some engine cannot hold.
pub(super) fn check(engine: Engine, drafts: &Drafts, models: &[Model], faults: &mut Faults) {
    if engine != Engine::Postgres {
        return;
    }
    for (model, draft) in drafts.iter().filter_map(|(id, draft)| Some((models.get(id.index())?, draft))) {
        for index in &model.indexes {
            check_index(model, index, draft, faults);
        }
    }
}

fn check_index(model: &Model, index: &Index, draft: &Draft, faults: &mut Faults) {
    let fields = || index.fields.iter().map(|field| model.field(*field));
    let bytes = ENTRY_BYTES + fields().map(bytes_of).fold(0, usize::saturating_add);
    if bytes <= MAX_ENTRY_BYTES {
        return;
    }
    let names: Vec<&str> = fields().map(|field| field.name.as_str()).collect();
    let message = format!("PostgreSQL cannot index {}: a value may be too long", names.join(", "));
    let (texts, others): (Vec<&Field>, Vec<&Field>) = fields().partition(|field| is_text(field));
    let rest = MAX_ENTRY_BYTES.saturating_sub(ENTRY_BYTES + others.into_iter().map(bytes_of).sum::<usize>());
    let length = (rest / texts.len().max(1)).saturating_sub(TEXT_BYTES) / CHARACTER_BYTES;
    let hint = format!("it can where each text has max_length = {length}, or less");
    faults.error("key_too_long", place(&names, draft), message).help(hint);
}

fn is_text(field: &Field) -> bool {
    matches!(field.ty, FieldType::Text)
}

/// The most bytes that a value takes.
fn bytes_of(field: &Field) -> usize {
    match &field.ty {
        FieldType::Text => {
            let characters = field.constraints.max_length.unwrap_or(usize::MAX);
            characters.saturating_mul(CHARACTER_BYTES).saturating_add(TEXT_BYTES)
        }
        FieldType::Enum(values) => values.iter().map(String::len).max().unwrap_or(0) + TEXT_BYTES,
        FieldType::Uuid | FieldType::Ref { .. } => 16,
        _ => 8,
    }
}

/// Where an index is declared: by itself, or with its only field.
fn place(names: &[&str], draft: &Draft) -> Place {
    let own = draft.parts.iter().find_map(|part| declared(names, part));
    let of_field = || {
        let path = ["fields", names.first()?];
        let part = draft.parts.iter().find(|part| part.document.node(&path).is_some())?;
        Some(part.document.place(&path))
    };
    own.or_else(of_field).unwrap_or(Place::NOWHERE)
}

fn declared(names: &[&str], part: &Part) -> Option<Place> {
    let is_it = |index: &super::file::IndexFile| index.fields.as_ref().is_some_and(|fields| fields == names);
    let number = part.file.indexes.iter().position(is_it)?;
    Some(part.document.place(&["indexes", &number.to_string(), "fields"]))
}

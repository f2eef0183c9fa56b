//! What a caller sees of a record.

use mainstay_expr::{FieldId, ModelId};
use mainstay_model::{Model, base};
use mainstay_ports::Record;
use std::sync::Arc;

/// A record as a caller may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Its model.
    pub model: ModelId,
    /// The record; use [`View::fields`] to learn what of it to show.
    pub record: Record,
    /// The fields that the caller may not see.
    pub hidden: Vec<FieldId>,
    /// The fields that the caller asked for; all when `None`.
    pub selected: Option<Arc<[FieldId]>>,
    /// The records that refs point to, where the caller asked for them. `None` inside where there is none that it may see.
    pub expanded: Vec<(FieldId, Option<Arc<View>>)>,
}

impl View {
    /// The fields to show, in the order of answers.
    pub fn fields<'a>(&'a self, model: &'a Model) -> impl Iterator<Item = FieldId> + 'a {
        let shown = move |field: &FieldId| {
            !self.hidden.contains(field)
                && !model.field(*field).is_secret()
                && (model.soft_delete || *field != base::DELETED_AT)
                && self.selected.as_ref().is_none_or(|selected| selected.contains(field))
        };
        model.answer_order.iter().copied().filter(shown)
    }
}

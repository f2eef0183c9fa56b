//! What the checker asks about models.

use crate::{Predicate, Type};
use std::sync::Arc;

/// A model's number within its application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(pub u16);

/// A field's number within its model: its place in a record's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

impl ModelId {
    /// The number as an index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl FieldId {
    /// The number as an index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What a name means after a record and a dot.
#[derive(Debug, Clone)]
pub enum Member {
    /// A field that holds a value.
    Field {
        /// Its place in the record.
        id: FieldId,
        /// Its type; a ref is [`Type::Ref`], an enum [`Type::Text`].
        ty: Type,
        /// The values an enum allows, so that a misspelt literal is found when the project loads.
        variants: Option<Arc<[String]>>,
        /// Whether it may be null.
        optional: bool,
        /// Secret fields cannot be read by any expression.
        secret: bool,
        /// Whether an index begins with it.
        indexed: bool,
    },
    /// The records of `model` whose ref `field` points here: `room.members`.
    Children {
        /// The model of the records.
        model: ModelId,
        /// Its field that points here.
        field: FieldId,
    },
}

/// The models, as the checker sees them.
pub trait Schema {
    /// What `name` means on a record of `model`.
    fn member(&self, model: ModelId, name: &str) -> Option<Member>;
    /// The names that [`Schema::member`] knows, for "did you mean" hints.
    fn member_names(&self, model: ModelId) -> Vec<&str>;
    /// The name of `model` as its file has it.
    fn model_name(&self, model: ModelId) -> &str;
    /// The source of the rule `model.allow.name` (`read`, `create`, `update` or `delete`), for rules that defer
    /// to another model's. `None` when the model has no such rule, which denies.
    fn rule(&self, model: ModelId, name: &str) -> Option<&str>;
    /// The source of a named predicate of `model`.
    fn named_predicate(&self, model: ModelId, name: &str) -> Option<&str>;
    /// The names that [`Schema::named_predicate`] knows, for "did you mean" hints.
    fn predicate_names(&self, model: ModelId) -> Vec<&str>;
    /// The condition under which the caller may see a record of `model`, with `Source::Record` as its root. A filter that
    /// walks a relation sees only what its author may read, so the checker conjoins this to each step.
    /// `None` denies.
    fn read_guard(&self, model: ModelId) -> Option<Arc<Predicate>>;
    /// The condition under which the caller may see one field; `None` where the field has no rule of its own.
    fn field_guard(&self, model: ModelId, field: FieldId) -> Option<Arc<Predicate>>;
}

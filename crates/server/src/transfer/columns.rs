//! What the columns of a file mean to a model.

use mainstay_engine::FieldError;
use mainstay_expr::{FieldId, ModelId};
use mainstay_model::{Application, FieldType, Model, base};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// The record's id.
    Id,
    /// A field that the engine sets anew, as `created_at`; exports have it, and imports pass over it.
    Ignored(FieldId),
    /// A field.
    Field(FieldId),
    /// A ref, by a unique field of the record that it points to: `country.code`.
    Lookup(Lookup),
}

/// A ref by another name than the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lookup {
    /// The ref.
    pub(crate) field: FieldId,
    /// The model that it points to.
    pub(crate) target: ModelId,
    /// The unique field of that model.
    pub(crate) by: FieldId,
}

impl Column {
    /// The field that it says the value of. Two columns for one would contradict each other.
    pub(crate) fn field(self) -> FieldId {
        match self {
            Column::Id => base::ID,
            Column::Ignored(field) | Column::Field(field) | Column::Lookup(Lookup { field, .. }) => field,
        }
    }

    /// The meaning of a column's name.
    pub(crate) fn named(application: &Application, model: &Model, name: &str) -> Result<Column, FieldError> {
        if let Some((field, by)) = name.split_once('.') {
            return lookup(application, model, field, by).map_err(|reason| unknown(name, reason));
        }
        match model.field_named(name) {
            Some(field) if field.id == base::ID => Ok(Column::Id),
            Some(field) if field.id.index() < base::COUNT => Ok(Column::Ignored(field.id)),
            Some(field) => Ok(Column::Field(field.id)),
            None => {
                Err(unknown(name, format!("{} has no such field; it has {}", model.name, field_names(model))))
            }
        }
    }
}

fn lookup(application: &Application, model: &Model, field: &str, by: &str) -> Result<Column, String> {
    let field = model.field_named(field).ok_or_else(|| format!("{} has no field `{field}`", model.name))?;
    let FieldType::Ref { model: target, .. } = field.ty else {
        return Err(format!("`{}` is not a ref", field.name));
    };
    let target = application.model(target);
    let unique = target.field_named(by).filter(|by| by.unique || by.id == base::ID);
    let by = unique.ok_or_else(|| format!("{} has no unique field `{by}`", target.name))?;
    Ok(Column::Lookup(Lookup { field: field.id, target: target.id, by: by.id }))
}

fn unknown(name: &str, reason: String) -> FieldError {
    FieldError::new(name, "unknown_field", reason)
}

fn field_names(model: &Model) -> String {
    model.declared().iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ")
}

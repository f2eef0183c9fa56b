//! Names of fields that clients of an older version give.

use super::Face;
use mainstay_expr::ModelId;

impl Face {
    /// The application's name of a field by which this version can order, compare or be expanded.
    ///
    /// # Errors
    /// Why not: it is not there, or it is computed.
    pub fn lower_name(&self, model: ModelId, name: &str) -> Result<String, String> {
        let known = self.model(model);
        let Some(field) = known.field_named(name) else {
            return Err(format!("{} has no field `{name}`", known.name));
        };
        let newest = &self.steps()[0].model(model).newer_fields;
        match self.lower_field(model, field.id) {
            Some(field) => Ok(newest[field.index()].clone()),
            None => Err(format!("`{name}` is computed in this version of the API")),
        }
    }

    /// A way along refs, as `room.owner`, in the application's names.
    ///
    /// # Errors
    /// The first step that is not there, or is no ref.
    pub fn lower_path(&self, model: ModelId, path: &str) -> Result<String, String> {
        let mut model = model;
        let mut lowered = Vec::new();
        for name in path.split('.') {
            lowered.push(self.lower_name(model, name)?);
            match self.model(model).field_named(name).map(|field| &field.ty) {
                Some(crate::FieldType::Ref { model: to, .. }) => model = *to,
                _ => return Err(format!("`{name}` is not a ref")),
            }
        }
        Ok(lowered.join("."))
    }
}

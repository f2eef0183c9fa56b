//! The types of fields.

use super::draft::Drafts;
use super::faults::Faults;
use super::fields::FieldSource;
use super::file::{OnDeleteName, TypeName};
use super::options;
use super::suggest::nearest;
use crate::{FieldType, OnDelete};
use std::sync::Arc;

const DEFAULT_SCALE: u8 = 2;
/// The longest value of an enum in characters.
const MAX_VARIANT_LENGTH: usize = 255;

/// Reads the types of fields and reports what is wrong with them.
pub(super) struct Types<'a> {
    pub(super) drafts: &'a Drafts,
    pub(super) internal: bool,
    pub(super) faults: &'a mut Faults,
}

impl Types<'_> {
    /// The type of a field. `None` when a fault was reported.
    pub(super) fn read(&mut self, field: &FieldSource<'_>) -> Option<FieldType> {
        let Some(ty) = field.file.r#type else {
            // A type that is not one has been reported by the file's shape.
            if !field.has("type") {
                let message = format!("`{}` has no type", field.name);
                self.faults
                    .error("type_missing", field.place(), message)
                    .help("say what it holds: type = \"string\"");
            }
            return None;
        };
        options::check(field, ty, self.faults);
        match ty {
            TypeName::List => self.list(field),
            TypeName::Ref => self.reference(field),
            ty => self.scalar(field, ty),
        }
    }

    fn scalar(&mut self, field: &FieldSource<'_>, ty: TypeName) -> Option<FieldType> {
        Some(match ty {
            TypeName::Bool => FieldType::Bool,
            TypeName::Int => FieldType::Int,
            TypeName::Float => FieldType::Float,
            TypeName::Decimal => FieldType::Decimal { scale: field.file.scale.unwrap_or(DEFAULT_SCALE) },
            TypeName::String | TypeName::Text => FieldType::Text,
            TypeName::Uuid => FieldType::Uuid,
            TypeName::Date => FieldType::Date,
            TypeName::Time => FieldType::Time,
            TypeName::Timestamp => FieldType::Timestamp,
            TypeName::Duration => FieldType::Duration,
            TypeName::Json => FieldType::Json,
            TypeName::Bytes => FieldType::Bytes,
            TypeName::Secret => FieldType::Secret,
            TypeName::Enum => FieldType::Enum(self.variants(field)?),
            TypeName::List | TypeName::Ref => return None,
        })
    }

    fn variants(&mut self, field: &FieldSource<'_>) -> Option<Arc<[String]>> {
        let values = field.file.values.as_deref().unwrap_or_default();
        if values.is_empty() {
            let given = field.file.values.is_some();
            self.missing(field, "values", given, "an enum needs values, as values = [\"open\", \"closed\"]");
            return None;
        }
        let mut sound = true;
        for (index, value) in values.iter().enumerate() {
            let reason = variant_fault(value, &values[..index]);
            if let Some(reason) = reason {
                let place = field.document.place(&field.within(&["values", &index.to_string()]));
                self.faults.error("bad_enum_value", place, reason);
                sound = false;
            }
        }
        sound.then(|| values.into())
    }

    fn list(&mut self, field: &FieldSource<'_>) -> Option<FieldType> {
        let Some(of) = field.file.of else {
            self.missing(field, "of", false, "a list needs the type of its elements, as of = \"string\"");
            return None;
        };
        if !options::is_element(of) {
            let message = format!("a list cannot hold {}", options::name_of(of));
            let fault = self.faults.error("bad_list", field.value_place("of"), message);
            fault.help("lists hold scalars; a model of its own, with a ref back, holds anything");
            return None;
        }
        self.scalar(field, of).map(|of| FieldType::List(Box::new(of)))
    }

    fn reference(&mut self, field: &FieldSource<'_>) -> Option<FieldType> {
        let Some(name) = field.file.model.as_deref() else {
            self.missing(
                field,
                "model",
                false,
                "a ref needs the model that it points to, as model = \"user\"",
            );
            return None;
        };
        let on_delete = self.on_delete(field);
        let visible = |name: &str| self.internal || !name.starts_with('_');
        if let Some(model) = self.drafts.find(name).filter(|_| visible(name)) {
            return Some(FieldType::Ref { model, on_delete });
        }
        if !self.faults.is_broken(name) {
            let known = self.drafts.iter().map(|(_, draft)| draft.name.as_str()).filter(|name| visible(name));
            let place = field.value_place("model");
            let fault = self.faults.error("unknown_model", place, format!("there is no model `{name}`"));
            fault.did_you_mean(nearest(name, known));
        }
        None
    }

    fn on_delete(&mut self, field: &FieldSource<'_>) -> OnDelete {
        match field.file.on_delete {
            None | Some(OnDeleteName::Restrict) => OnDelete::Restrict,
            Some(OnDeleteName::Cascade) => OnDelete::Cascade,
            Some(OnDeleteName::SetNull) => {
                if field.file.optional != Some(true) {
                    let message = format!("`{}` cannot become null, since it is not optional", field.name);
                    let fault = self.faults.error("bad_on_delete", field.value_place("on_delete"), message);
                    fault.help("add optional = true, or choose restrict or cascade");
                }
                OnDelete::SetNull
            }
        }
    }

    /// Reports an option that the type needs. One that the file has and its type has not (`given`) has been reported with the shape.
    fn missing(&mut self, field: &FieldSource<'_>, option: &str, given: bool, message: &'static str) {
        if given || !field.has(option) {
            self.faults.error("option_missing", field.value_place(option), message);
        }
    }
}

fn variant_fault(value: &str, before: &[String]) -> Option<String> {
    if value.is_empty() || value.contains('\0') {
        return Some("a value of an enum is a text that is not empty and has no U+0000".to_owned());
    }
    if value.chars().count() > MAX_VARIANT_LENGTH {
        return Some(format!("a value of an enum has at most {MAX_VARIANT_LENGTH} characters"));
    }
    before.iter().any(|other| other == value).then(|| format!("`{value}` is already among the values"))
}

//! The fields of a model.

use super::constraints;
use super::default;
use super::document::{Document, Quoted};
use super::draft::{Draft, Drafts};
use super::faults::{Faults, Place};
use super::file::{FieldFile, TypeName};
use super::names;
use super::rules::{Job, Target};
use super::types::Types;
use crate::{Constraints, Field, FieldType, base};
use mainstay_expr::{FieldId, ModelId};

/// The most fields that a model may declare, beside those that each has; SQLite's and PostgreSQL's tables hold more, their statements' parameters do not.
const MAX_FIELDS: usize = 200;

/// A field as its file has it.
pub(super) struct FieldSource<'a> {
    pub(super) document: &'a Document,
    pub(super) name: &'a str,
    pub(super) file: &'a FieldFile,
    /// The way to it in the file: `fields` and its name.
    pub(super) path: Vec<&'a str>,
}

impl FieldSource<'_> {
    /// The way to something within it.
    pub(super) fn within<'s>(&'s self, steps: &[&'s str]) -> Vec<&'s str> {
        [self.path.as_slice(), steps].concat()
    }

    /// The place of its name.
    pub(super) fn place(&self) -> Place {
        self.document.key_place(&self.path)
    }

    /// The place of an option's name.
    pub(super) fn option_place(&self, option: &str) -> Place {
        self.document.key_place(&self.within(&[option]))
    }

    /// The place of an option's value; of the field's name when it has no such option.
    pub(super) fn value_place(&self, option: &str) -> Place {
        if self.has(option) { self.document.place(&self.within(&[option])) } else { self.place() }
    }

    /// Its options in the order of the file.
    pub(super) fn options(&self) -> impl Iterator<Item = &str> {
        self.document.keys(&self.path)
    }

    /// Whether the file has this option, well formed or not.
    pub(super) fn has(&self, option: &str) -> bool {
        self.options().any(|known| known == option)
    }

    /// The text of an option.
    pub(super) fn text(&self, option: &str) -> Option<Quoted> {
        self.document.text(&self.within(&[option]))
    }
}

/// The base fields and the declared ones, and the expressions to compile for them.
pub(super) fn build(
    model: ModelId,
    draft: &Draft,
    drafts: &Drafts,
    faults: &mut Faults,
) -> (Vec<Field>, Vec<Job>) {
    let mut builder = Builder { model, draft, drafts, faults, fields: base_fields(), jobs: Vec::new() };
    for part in &draft.parts {
        for name in part.document.keys(&["fields"]) {
            match part.file.fields.get(name) {
                Some(file) => {
                    let path = vec!["fields", name];
                    builder.add(&FieldSource { document: &part.document, name, file, path });
                }
                // The file's shape was at fault here.
                None => builder.faults.mark_broken(name),
            }
        }
    }
    (builder.fields, builder.jobs)
}

struct Builder<'a> {
    model: ModelId,
    draft: &'a Draft,
    drafts: &'a Drafts,
    faults: &'a mut Faults,
    fields: Vec<Field>,
    jobs: Vec<Job>,
}

impl Builder<'_> {
    fn add(&mut self, source: &FieldSource<'_>) {
        let ty = Types { drafts: self.drafts, internal: self.draft.is_internal(), faults: self.faults }
            .read(source);
        match ty {
            Some(ty) if self.may_add(source) => self.push(source, ty),
            _ => self.faults.mark_broken(source.name),
        }
    }

    fn may_add(&mut self, source: &FieldSource<'_>) -> bool {
        let name = source.name;
        if let Some(taken) = self.fields.iter().position(|field| field.name == name) {
            let owner = if taken < base::COUNT { "every model" } else { "the built-in model" };
            let message = format!("{owner} has the field `{name}` already");
            self.faults.error("name_clash", source.place(), message);
            return false;
        }
        if self.fields.len() == base::COUNT + MAX_FIELDS {
            let message = format!("a model declares at most {MAX_FIELDS} fields");
            self.faults.error("too_many", source.place(), message);
            return false;
        }
        names::check_field(&self.draft.name, name, source.place(), self.faults)
    }

    fn push(&mut self, source: &FieldSource<'_>, ty: FieldType) {
        let was = self.was(source);
        let mut field = Field { id: id(self.fields.len()), was, ..declared(source, ty, self.faults) };
        let computed = default::read(source, &mut field, self.faults);
        self.job(computed, Target::Default(field.id));
        self.job(source.text("read"), Target::FieldRead(field.id));
        self.job(source.text("write"), Target::FieldWrite(field.id));
        self.job(source.text("check"), Target::FieldCheck(field.id));
        self.fields.push(field);
    }

    fn job(&mut self, source: Option<Quoted>, target: Target) {
        self.jobs.extend(source.map(|source| Job { model: self.model, target, source }));
    }

    fn was(&mut self, source: &FieldSource<'_>) -> Option<String> {
        let declared = |name: &str| {
            self.fields[..base::COUNT].iter().any(|field| field.name == name)
                || self.draft.parts.iter().any(|part| part.file.fields.contains_key(name))
        };
        let renamed_before = |name: &str| {
            let other = self.fields.iter().find(|field| field.was.as_deref() == Some(name));
            other.map(|other| other.name.clone())
        };
        names::check_was(source.document, &source.within(&["was"]), declared, renamed_before, self.faults)
    }
}

/// A field as it is declared, but for its place, its default and its rules.
pub(super) fn declared(source: &FieldSource<'_>, ty: FieldType, faults: &mut Faults) -> Field {
    let file = source.file;
    Field {
        constraints: constraints::read(source, &ty, faults),
        index: file.index == Some(true) || matches!(ty, FieldType::Ref { .. }),
        optional: file.optional == Some(true),
        unique: file.unique == Some(true),
        immutable: file.immutable == Some(true),
        doc: file.doc.clone(),
        ..bare(source.name, ty)
    }
}

/// The id of a field at a place.
pub(super) fn id(place: usize) -> FieldId {
    FieldId(u16::try_from(place).expect("MAX_FIELDS and the base fields fit"))
}

/// A required field without options.
fn bare(name: &str, ty: FieldType) -> Field {
    Field {
        id: base::ID,
        name: name.to_owned(),
        ty,
        optional: false,
        default: None,
        unique: false,
        index: false,
        immutable: false,
        read_only: false,
        constraints: Constraints::default(),
        read: None,
        write: None,
        doc: None,
        was: None,
    }
}

/// The fields that every model has, in the order of [`base`].
fn base_fields() -> Vec<Field> {
    let of = |id, name: &str, ty, doc: &str| Field {
        id,
        read_only: true,
        immutable: matches!(id, base::ID | base::CREATED_AT),
        optional: id == base::DELETED_AT,
        unique: id == base::ID,
        doc: Some(doc.to_owned()),
        ..bare(name, ty)
    };
    vec![
        of(base::ID, "id", FieldType::Uuid, "The record's id, a UUID of version 7."),
        of(base::CREATED_AT, "created_at", FieldType::Timestamp, "When it was created."),
        of(base::UPDATED_AT, "updated_at", FieldType::Timestamp, "When it was last changed."),
        of(base::VERSION, "version", FieldType::Int, "1 when created, one more at each change."),
        of(base::DELETED_AT, "deleted_at", FieldType::Timestamp, "When it was deleted; null while it lives."),
    ]
}

/// The length that a type has unless its field says otherwise.
pub(super) fn default_max_length(ty: Option<TypeName>) -> Option<usize> {
    match ty? {
        TypeName::String => Some(255),
        TypeName::Text => Some(100_000),
        TypeName::Bytes => Some(65_536),
        TypeName::List => Some(100),
        TypeName::Secret => Some(4_096),
        _ => None,
    }
}

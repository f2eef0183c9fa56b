//! Which fields a selection comes to (GraphQL, 6.3.2), within the limits.

use super::Group;
use crate::catalog::Catalog;
use crate::error::Failure;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::{DirectiveList, Value};
use apollo_compiler::collections::IndexMap;
use apollo_compiler::executable::{Field, Fragment, Selection, SelectionSet};
use apollo_compiler::parser::LineColumn;
use mainstay_engine::Code;
use mainstay_model::GraphQl;
use std::collections::HashSet;

/// Collects the fields of selections. However fragments are nested, it stops where a limit is exceeded: so the work is bounded, too.
pub(super) struct Collector<'a> {
    document: &'a ExecutableDocument,
    limits: &'a GraphQl,
    is_on: &'a dyn Fn(&str) -> bool,
    fields: u64,
    aliases: usize,
}

/// The fields of an object, by their keys in answers.
struct Fields<'a> {
    groups: IndexMap<&'a str, Group<'a>>,
    /// The fragments that were looked at, each of which counts once.
    visited: HashSet<&'a str>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        document: &'a ExecutableDocument,
        limits: &'a GraphQl,
        is_on: &'a dyn Fn(&str) -> bool,
    ) -> Self {
        Collector { document, limits, is_on, fields: 0, aliases: 0 }
    }

    /// The fields of an object of this type, by their keys.
    ///
    /// # Errors
    /// [`Code::DocumentTooComplex`].
    pub(super) fn collect(
        &mut self,
        catalog: &Catalog,
        ty: &str,
        sets: &[&'a SelectionSet],
    ) -> Result<Vec<Group<'a>>, Failure> {
        let mut fields = Fields { groups: IndexMap::default(), visited: HashSet::new() };
        for set in sets {
            self.add(catalog, ty, set, &mut fields)?;
        }
        Ok(fields.groups.into_values().collect())
    }

    fn add(
        &mut self,
        catalog: &Catalog,
        ty: &str,
        set: &'a SelectionSet,
        fields: &mut Fields<'a>,
    ) -> Result<(), Failure> {
        for selection in &set.selections {
            if !self.is_included(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    self.count(field)?;
                    fields.groups.entry(field.response_key().as_str()).or_default().push(field);
                }
                Selection::InlineFragment(inline) => {
                    if inline.type_condition.as_ref().is_none_or(|other| catalog.is_a(ty, other)) {
                        self.add(catalog, ty, &inline.selection_set, fields)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragment(&spread.fragment_name, fields)
                        && catalog.is_a(ty, fragment.type_condition())
                    {
                        self.add(catalog, ty, &fragment.selection_set, fields)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A fragment that was not looked at before in this object.
    fn fragment(&self, name: &'a str, fields: &mut Fields<'a>) -> Option<&'a Fragment> {
        let is_new = fields.visited.insert(name);
        is_new.then(|| self.document.fragments.get(name).map(|fragment| fragment.as_ref())).flatten()
    }

    fn is_included(&self, directives: &DirectiveList) -> bool {
        let says = |name: &str| {
            directives.get(name).and_then(|directive| directive.specified_argument_by_name("if"))
        };
        let is_on = |value: &Value| match value {
            Value::Boolean(value) => *value,
            Value::Variable(name) => (self.is_on)(name),
            _ => false,
        };
        !says("skip").is_some_and(|value| is_on(value)) && says("include").is_none_or(|value| is_on(value))
    }

    fn count(&mut self, field: &Field) -> Result<(), Failure> {
        self.fields += 1;
        self.aliases += usize::from(field.alias.is_some());
        if self.fields > self.limits.max_complexity {
            return Err(exceeded(format!("it selects more than {} fields", self.limits.max_complexity)));
        }
        if self.aliases > self.limits.max_aliases {
            return Err(exceeded(format!("it has more than {} aliases", self.limits.max_aliases)));
        }
        Ok(())
    }

    /// # Errors
    /// [`Code::DocumentTooComplex`] when objects are nested too deeply.
    pub(super) fn check_depth(&self, depth: usize) -> Result<(), Failure> {
        if depth > self.limits.max_depth {
            return Err(exceeded(format!("it goes deeper than {} levels of objects", self.limits.max_depth)));
        }
        Ok(())
    }

    /// # Errors
    /// [`Code::DocumentTooComplex`] when there are too many root fields.
    pub(super) fn check_roots(&self, count: usize) -> Result<(), Failure> {
        if count > self.limits.max_root_fields {
            return Err(exceeded(format!("it has more than {} root fields", self.limits.max_root_fields)));
        }
        Ok(())
    }

    /// Where a field is in the document.
    pub(super) fn place(&self, field: &Field) -> Option<LineColumn> {
        field.name.location()?.line_column(&self.document.sources)
    }
}

pub(super) fn exceeded(message: String) -> Failure {
    Failure::new(Code::DocumentTooComplex, message)
}

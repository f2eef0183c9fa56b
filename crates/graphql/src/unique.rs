//! Names in input objects, each of which is given once (GraphQL, 5.6.3): the validator does not look, and the last would be taken.

use crate::error::Failure;
use apollo_compiler::ast::{DirectiveList, Value};
use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Name};
use mainstay_engine::Code;
use std::collections::HashSet;

/// Sees that no name is given twice in an input object.
///
/// # Errors
/// [`Code::InvalidDocument`], with the place of the second.
pub(crate) fn check(document: &ExecutableDocument) -> Result<(), Failure> {
    let again = |name: &Name| {
        let message = format!("there can be only one input field named `{name}`");
        let place = name.location().and_then(|location| location.line_column(&document.sources));
        Failure::new(Code::InvalidDocument, message).placed(place)
    };
    let found = document.operations.iter().find_map(|operation| {
        let defaults = operation.variables.iter().find_map(|variable| {
            variable
                .default_value
                .as_ref()
                .and_then(|value| twice(value))
                .or(in_directives(&variable.directives))
        });
        defaults.or(in_directives(&operation.directives)).or_else(|| in_selections(&operation.selection_set))
    });
    let found = found.or_else(|| {
        document.fragments.values().find_map(|fragment| {
            in_directives(&fragment.directives).or_else(|| in_selections(&fragment.selection_set))
        })
    });
    found.map_or(Ok(()), |name| Err(again(name)))
}

fn in_selections(selections: &SelectionSet) -> Option<&Name> {
    selections.selections.iter().find_map(|selection| {
        let own = in_directives(selection.directives());
        own.or_else(|| match selection {
            Selection::Field(field) => {
                let arguments = field.arguments.iter().find_map(|argument| twice(&argument.value));
                arguments.or_else(|| in_selections(&field.selection_set))
            }
            Selection::InlineFragment(inline) => in_selections(&inline.selection_set),
            Selection::FragmentSpread(_) => None,
        })
    })
}

fn in_directives(directives: &DirectiveList) -> Option<&Name> {
    let mut arguments = directives.iter().flat_map(|directive| &directive.arguments);
    arguments.find_map(|argument| twice(&argument.value))
}

/// The first name that is given a second time in a value.
fn twice(value: &Value) -> Option<&Name> {
    match value {
        Value::List(elements) => elements.iter().find_map(|element| twice(element)),
        Value::Object(members) => {
            let mut seen = HashSet::new();
            let again = members.iter().find(|(name, _)| !seen.insert(name.as_str()));
            again.map(|(name, _)| name).or_else(|| members.iter().find_map(|(_, value)| twice(value)))
        }
        _ => None,
    }
}

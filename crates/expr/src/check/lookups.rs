//! What a rule looks for in other models, so that somebody can say which indexes it needs.

use crate::walk::{Node, walk};
use crate::{CompareOp, FieldId, Link, ModelId, Operand, Predicate, Source};

/// A rule looks for a record of `model` that points back by `link` and has a certain value in `field`. An index over both finds it at
/// once; one of `link` alone leads to all that point back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lookup {
    /// The model of the record.
    pub model: ModelId,
    /// Its ref.
    pub link: FieldId,
    /// Its field that is compared.
    pub field: FieldId,
}

/// The lookups of a condition, each once.
pub(super) fn lookups(condition: &Predicate) -> Vec<Lookup> {
    let mut found = Vec::new();
    walk(condition, &mut |node| {
        let Node::Predicate(Predicate::Exists { model, link: Link::From { field: link, .. }, level, filter }) =
            node
        else {
            return;
        };
        for field in equalities(filter, *level) {
            let lookup = Lookup { model: *model, link: *link, field };
            if field != *link && !found.contains(&lookup) {
                found.push(lookup);
            }
        }
    });
    found
}

/// The fields of the bound record that must equal something, whatever else must hold.
fn equalities(filter: &Predicate, level: u8) -> Vec<FieldId> {
    match filter {
        Predicate::All(items) => items.iter().flat_map(|item| equalities(item, level)).collect(),
        Predicate::Compare { op: CompareOp::Equal, left, right } => {
            [left, right].into_iter().find_map(|side| bound_field(side, level)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn bound_field(operand: &Operand, level: u8) -> Option<FieldId> {
    match operand {
        Operand::Field(field) if field.source == Source::Bound(level) => Some(field.field),
        _ => None,
    }
}

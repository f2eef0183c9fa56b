//! Passing over a tree, and moving one under another record.

use crate::{FieldRef, Link, Operand, Predicate, Source, Var};

/// The highest number of a bound record. The numbers are bytes, and a predicate that is moved under another record adds to them.
pub(crate) const MAX_LEVEL: u8 = 200;

/// A node of a predicate.
pub(crate) enum Node<'a> {
    Predicate(&'a Predicate),
    Operand(&'a Operand),
}

/// Calls `visit` with every node, the outer before the inner.
pub(crate) fn walk<'a>(predicate: &'a Predicate, visit: &mut dyn FnMut(Node<'a>)) {
    visit(Node::Predicate(predicate));
    match predicate {
        Predicate::Const(_) => {}
        Predicate::All(items) | Predicate::Any(items) => items.iter().for_each(|item| walk(item, visit)),
        Predicate::Not(inner) => walk(inner, visit),
        Predicate::Compare { left: a, right: b, .. }
        | Predicate::In { item: a, list: b }
        | Predicate::Text { subject: a, needle: b, .. } => {
            walk_operand(a, visit);
            walk_operand(b, visit);
        }
        Predicate::Truth(operand) => walk_operand(operand, visit),
        Predicate::Exists { link, filter, .. } => {
            match link {
                Link::To(id) | Link::From { id, .. } => walk_operand(id, visit),
            }
            walk(filter, visit);
        }
    }
}

fn walk_operand<'a>(operand: &'a Operand, visit: &mut dyn FnMut(Node<'a>)) {
    visit(Node::Operand(operand));
    match operand {
        Operand::Value(_) | Operand::Var(_) | Operand::Field(_) => {}
        Operand::Lookup { via, guard, value, .. } => {
            walk_operand(via, visit);
            walk(guard, visit);
            walk_operand(value, visit);
        }
        Operand::Arithmetic { left, right, .. } => {
            walk_operand(left, visit);
            walk_operand(right, visit);
        }
        Operand::Size { of, .. } => walk_operand(of, visit),
        Operand::LowerAscii(inner) => walk_operand(inner, visit),
    }
}

impl Operand {
    /// Calls `found` with each field in it.
    pub(crate) fn fields(&self, found: &mut dyn FnMut(FieldRef)) {
        walk_operand(self, &mut |node| found_in(&node, found));
    }
}

fn found_in(node: &Node<'_>, found: &mut dyn FnMut(FieldRef)) {
    if let Node::Operand(Operand::Field(field)) = node {
        found(*field);
    }
}

impl Predicate {
    /// Calls `found` with each field in it.
    pub(crate) fn fields(&self, found: &mut dyn FnMut(FieldRef)) {
        walk(self, &mut |node| found_in(&node, found));
    }

    /// Whether a variable for which `is_meant` answers yes occurs in it.
    pub fn mentions(&self, is_meant: &dyn Fn(&Var) -> bool) -> bool {
        let mut found = false;
        walk(self, &mut |node| found |= matches!(node, Node::Operand(Operand::Var(var)) if is_meant(var)));
        found
    }
}

/// The highest number of a bound record in a predicate; 0 when it binds none.
pub(crate) fn max_level(predicate: &Predicate) -> u8 {
    let mut highest = 0;
    walk(predicate, &mut |node| highest = highest.max(level(&node)));
    highest
}

fn level(node: &Node<'_>) -> u8 {
    match node {
        Node::Predicate(Predicate::Exists { level, .. }) | Node::Operand(Operand::Lookup { level, .. }) => {
            *level
        }
        _ => 0,
    }
}

/// Moves a predicate about [`Source::Record`] under a bound record: its root becomes `root`, and the records that it binds itself get
/// numbers beyond `offset`. `None` when a number would exceed [`MAX_LEVEL`].
pub(crate) fn reroot(predicate: &Predicate, root: Source, offset: u8) -> Option<Predicate> {
    let fits = max_level(predicate).checked_add(offset).is_some_and(|level| level <= MAX_LEVEL);
    fits.then(|| Move { root, offset }.predicate(predicate))
}

#[derive(Clone, Copy)]
struct Move {
    root: Source,
    offset: u8,
}

impl Move {
    fn predicate(self, predicate: &Predicate) -> Predicate {
        match predicate {
            Predicate::Const(value) => Predicate::Const(*value),
            Predicate::All(items) => Predicate::All(items.iter().map(|item| self.predicate(item)).collect()),
            Predicate::Any(items) => Predicate::Any(items.iter().map(|item| self.predicate(item)).collect()),
            Predicate::Not(inner) => Predicate::Not(Box::new(self.predicate(inner))),
            Predicate::Compare { op, left, right } => {
                Predicate::Compare { op: *op, left: self.operand(left), right: self.operand(right) }
            }
            Predicate::In { item, list } => {
                Predicate::In { item: self.operand(item), list: self.operand(list) }
            }
            Predicate::Text { test, subject, needle } => {
                Predicate::Text { test: *test, subject: self.operand(subject), needle: self.operand(needle) }
            }
            Predicate::Truth(operand) => Predicate::Truth(self.operand(operand)),
            Predicate::Exists { model, link, level, filter } => Predicate::Exists {
                model: *model,
                link: self.link(link),
                level: level + self.offset,
                filter: Box::new(self.predicate(filter)),
            },
        }
    }

    fn link(self, link: &Link) -> Link {
        match link {
            Link::To(id) => Link::To(self.operand(id)),
            Link::From { field, id } => Link::From { field: *field, id: self.operand(id) },
        }
    }

    fn operand(self, operand: &Operand) -> Operand {
        match operand {
            Operand::Value(_) | Operand::Var(_) => operand.clone(),
            Operand::Field(FieldRef { source, field }) => {
                Operand::Field(FieldRef { source: self.source(*source), field: *field })
            }
            Operand::Lookup { via, model, level, guard, value } => Operand::Lookup {
                via: Box::new(self.operand(via)),
                model: *model,
                level: level + self.offset,
                guard: Box::new(self.predicate(guard)),
                value: Box::new(self.operand(value)),
            },
            Operand::Arithmetic { op, left, right, ty } => Operand::Arithmetic {
                op: *op,
                left: Box::new(self.operand(left)),
                right: Box::new(self.operand(right)),
                ty: ty.clone(),
            },
            Operand::Size { of, list } => Operand::Size { of: Box::new(self.operand(of)), list: *list },
            Operand::LowerAscii(inner) => Operand::LowerAscii(Box::new(self.operand(inner))),
        }
    }

    fn source(self, source: Source) -> Source {
        match source {
            Source::Bound(level) => Source::Bound(level + self.offset),
            Source::Record => self.root,
            Source::Old | Source::New => source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompareOp, FieldId, ModelId, Value};

    fn field(source: Source) -> Operand {
        Operand::Field(FieldRef { source, field: FieldId(1) })
    }

    /// A record bound at `level`, linked to `root`, with a step along its ref at the level after.
    fn nested(root: Source, level: u8) -> Predicate {
        let name = Operand::Lookup {
            via: Box::new(field(Source::Bound(level))),
            model: ModelId(0),
            level: level + 1,
            guard: Box::new(Predicate::Truth(field(Source::Bound(level + 1)))),
            value: Box::new(field(Source::Bound(level + 1))),
        };
        let filter =
            Predicate::Compare { op: CompareOp::Equal, left: name, right: Operand::Value(Value::Null) };
        let link = Link::To(field(root));
        Predicate::Exists { model: ModelId(0), link, level, filter: Box::new(filter) }
    }

    #[test]
    fn a_moved_predicate_is_about_its_new_root_and_numbers_its_records_anew() {
        let moved = reroot(&nested(Source::Record, 1), Source::Bound(5), 5);
        assert_eq!(moved, Some(nested(Source::Bound(5), 6)));
        assert_eq!(max_level(&nested(Source::Record, 1)), 2);
    }

    #[test]
    fn numbers_do_not_run_over() {
        let check = |offset: u8, fits: bool| {
            let moved = reroot(&nested(Source::Record, 1), Source::Record, offset);
            assert_eq!(moved.is_some(), fits, "{offset}");
        };
        check(MAX_LEVEL - 2, true);
        check(MAX_LEVEL - 1, false);
        check(u8::MAX, false);
    }
}

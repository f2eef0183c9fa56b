//! Telling what is asked of the record under judgement from what is asked of others.
//!
//! Readers with different rights can share work only as far as their predicates are alike. What a reader's predicate asks of other
//! records (is this account a member of that room?) has an answer of its own, found once; with the answers put in, what is left is about
//! the record alone and is the same for many readers.

use crate::walk::{Node, walk};
use crate::{CompareOp, FieldId, FieldRef, ModelId, Operand, Predicate, Scope, Source, Value, Var};

impl Predicate {
    /// The equalities between a field of the record under judgement and a value that hold wherever the predicate does.
    pub fn implied(&self) -> Vec<(FieldId, Value)> {
        let conjuncts = match self {
            Predicate::All(items) => items.as_slice(),
            single => std::slice::from_ref(single),
        };
        conjuncts.iter().filter_map(equality).collect()
    }

    /// The same condition, with fields that can have only one value replaced by it wherever else they are spoken of: `room == R &&
    /// room.open` becomes `room == R && R.open`. The predicate has to be reduced, and so is the result.
    pub fn pinned(&self) -> Predicate {
        let Predicate::All(items) = self else { return self.clone() };
        let mut items = items.clone();
        loop {
            let pins = Pins(Predicate::All(items.clone()).implied());
            let mut kept: Vec<FieldId> = Vec::new();
            let pinned = items.iter().map(|item| match equality(item) {
                // The first equality of a field stays, to say what the value is. A second one is put to the test.
                Some((field, _)) if !kept.contains(&field) => {
                    kept.push(field);
                    item.clone()
                }
                _ => item.reduce(&pins),
            });
            match Predicate::All(pinned.collect()).reduce(&Nothing) {
                // A conjunct may have become an equality that pins another field.
                Predicate::All(next) if next != items => items = next,
                done => return done,
            }
        }
    }

    /// The same condition where these fields of the record under judgement have these values.
    pub fn given(&self, facts: &[(FieldId, Value)]) -> Predicate {
        self.reduce(&Pins(facts.to_vec()))
    }

    /// The questions in a reduced predicate: its largest parts that ask about other records and not about the record under judgement.
    pub fn questions(&self) -> Vec<Predicate> {
        let mut questions = Vec::new();
        self.answered(&mut |question| {
            questions.push(question.clone());
            None
        });
        questions
    }

    /// A reduced predicate with its questions answered, as far as `answer` knows them.
    pub fn answered(&self, answer: &mut dyn FnMut(&Predicate) -> Option<bool>) -> Predicate {
        self.put(answer).reduce(&Nothing)
    }

    fn put(&self, answer: &mut dyn FnMut(&Predicate) -> Option<bool>) -> Predicate {
        if self.is_question() {
            return answer(self).map_or_else(|| self.clone(), Predicate::Const);
        }
        match self {
            Predicate::All(items) => Predicate::All(put_items(items, Predicate::All, answer)),
            Predicate::Any(items) => Predicate::Any(put_items(items, Predicate::Any, answer)),
            Predicate::Not(inner) => Predicate::Not(Box::new(inner.put(answer))),
            other => other.clone(),
        }
    }

    /// Whether it asks about other records, and not about the record under judgement.
    pub fn is_question(&self) -> bool {
        self.asks() && self.is_closed()
    }

    /// Whether its every field is of a record that it binds itself. Records bound around a part of a predicate have lower numbers than those
    /// bound within, so a number that nobody has here is of one around.
    fn is_closed(&self) -> bool {
        let mut bound = Vec::new();
        walk(self, &mut |node| {
            if let Node::Predicate(Predicate::Exists { level, .. })
            | Node::Operand(Operand::Lookup { level, .. }) = node
            {
                bound.push(*level);
            }
        });
        let is_bound = |source: Source| matches!(source, Source::Bound(level) if bound.contains(&level));
        !self.any(|node| matches!(node, Node::Operand(Operand::Field(field)) if !is_bound(field.source)))
    }

    /// Whether it asks about other records.
    pub fn asks(&self) -> bool {
        !self.asked_models().is_empty()
    }

    /// The models whose records it asks about, each once.
    pub fn asked_models(&self) -> Vec<ModelId> {
        let mut models = Vec::new();
        walk(self, &mut |node| {
            if let Node::Predicate(Predicate::Exists { model, .. })
            | Node::Operand(Operand::Lookup { model, .. }) = node
                && !models.contains(model)
            {
                models.push(*model);
            }
        });
        models
    }

    fn any(&self, test: impl Fn(&Node<'_>) -> bool) -> bool {
        let mut found = false;
        walk(self, &mut |node| found |= test(&node));
        found
    }
}

/// The items of a junction; those that are questions become one, since only their common answer matters.
fn put_items(
    items: &[Predicate],
    join: fn(Vec<Predicate>) -> Predicate,
    answer: &mut dyn FnMut(&Predicate) -> Option<bool>,
) -> Vec<Predicate> {
    let (mut questions, others): (Vec<_>, Vec<_>) = items.iter().cloned().partition(Predicate::is_question);
    let question = if questions.len() > 1 { Some(join(questions)) } else { questions.pop() };
    let put = question.into_iter().chain(others).map(|item| item.put(answer));
    put.collect()
}

fn equality(predicate: &Predicate) -> Option<(FieldId, Value)> {
    let Predicate::Compare { op: CompareOp::Equal, left, right } = predicate else { return None };
    match (left, right) {
        (Operand::Field(FieldRef { source: Source::Record, field }), Operand::Value(value))
        | (Operand::Value(value), Operand::Field(FieldRef { source: Source::Record, field })) => {
            Some((*field, value.clone()))
        }
        _ => None,
    }
}

/// Knows nothing: reducing in it only simplifies.
struct Nothing;

impl Scope for Nothing {
    fn var(&self, _: &Var) -> Option<Value> {
        None
    }

    fn field(&self, _: Source, _: FieldId) -> Option<&Value> {
        None
    }
}

/// Knows fields of the record under judgement.
struct Pins(Vec<(FieldId, Value)>);

impl Scope for Pins {
    fn var(&self, _: &Var) -> Option<Value> {
        None
    }

    fn field(&self, source: Source, field: FieldId) -> Option<&Value> {
        let pin = self.0.iter().find(|(pinned, _)| source == Source::Record && *pinned == field);
        pin.map(|(_, value)| value)
    }
}

//! What closed predicates came to, remembered from one command to the next.
//!
//! Whether somebody is a member of a room is asked with each message and changes seldom. Since nobody but the writer writes, it knows
//! when an answer may have become another: when a model that the question asks about was written since.

use foldhash::quality::RandomState;
use mainstay_expr::{ModelId, Predicate};
use std::collections::HashMap;
use std::hash::BuildHasher;

/// The answers, as far as they are remembered.
pub(crate) struct Answers {
    /// How often each model was written.
    writes: Vec<u64>,
    known: HashMap<u64, Known>,
    /// Twice as fast for a large key as the one of the standard library, and as random at each start.
    hasher: RandomState,
}

struct Known {
    closed: Predicate,
    answer: bool,
    /// The models that it asks about, each with how often it had been written.
    asked: Box<[(ModelId, u64)]>,
}

/// The most answers that are remembered; then it starts anew.
const CAPACITY: usize = 4_096;

impl Answers {
    /// None yet, for an application of this many models.
    pub(crate) fn new(models: usize) -> Self {
        Answers { writes: vec![0; models], known: HashMap::new(), hasher: RandomState::default() }
    }

    /// What a closed predicate comes to, if that is known.
    pub(crate) fn get(&self, closed: &Predicate) -> Option<bool> {
        let known = self.known.get(&self.hasher.hash_one(closed))?;
        let is_fresh = |(model, writes): &(ModelId, u64)| self.writes[model.index()] == *writes;
        (known.closed == *closed && known.asked.iter().all(is_fresh)).then_some(known.answer)
    }

    /// Remembers what a closed predicate comes to.
    pub(crate) fn put(&mut self, closed: &Predicate, answer: bool) {
        if self.known.len() >= CAPACITY {
            self.known.clear();
        }
        let asked = closed.asked_models().into_iter().map(|model| (model, self.writes[model.index()]));
        let known = Known { closed: closed.clone(), answer, asked: asked.collect() };
        self.known.insert(self.hasher.hash_one(closed), known);
    }

    /// Notes that a model is written.
    pub(crate) fn note_write(&mut self, model: ModelId) {
        self.writes[model.index()] += 1;
    }

    /// Forgets everything, since writes were taken back.
    pub(crate) fn forget(&mut self) {
        self.known.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_expr::{Link, Operand, Value};
    use uuid::Uuid;

    const A: ModelId = ModelId(0);
    const B: ModelId = ModelId(1);

    fn exists(model: ModelId, id: u128, filter: Predicate) -> Predicate {
        let link = Link::To(Operand::Value(Value::Uuid(Uuid::from_u128(id))));
        Predicate::Exists { model, link, level: 1, filter: Box::new(filter) }
    }

    #[test]
    fn an_answer_lasts_until_a_model_that_it_is_about_is_written() {
        let mut answers = Answers::new(2);
        let a = exists(A, 1, Predicate::Const(true));
        let other = exists(A, 2, Predicate::Const(true));
        let both = exists(B, 1, exists(A, 1, Predicate::Const(true)));
        answers.put(&a, true);
        answers.put(&both, false);
        assert_eq!(
            [answers.get(&a), answers.get(&other), answers.get(&both)],
            [Some(true), None, Some(false)]
        );
        answers.note_write(B);
        assert_eq!([answers.get(&a), answers.get(&both)], [Some(true), None]);
        answers.put(&both, true);
        answers.note_write(A);
        assert_eq!([answers.get(&a), answers.get(&both)], [None, None]);
        answers.put(&a, false);
        assert_eq!(answers.get(&a), Some(false));
        answers.forget();
        assert_eq!(answers.get(&a), None);
    }
}

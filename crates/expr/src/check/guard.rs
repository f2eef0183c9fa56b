//! What the author of a filter may see: the conditions that keep a filter from probing what is hidden.

use super::checker::{Checked, Checker, Mention};
use super::{Use, code};
use crate::position::Anchor;
use crate::walk::{MAX_LEVEL, reroot};
use crate::{FieldId, ModelId, Predicate, Source, cost};
use std::sync::Arc;

impl Checker<'_> {
    /// Remembers that a filter mentions a field.
    pub(super) fn mention(&mut self, source: Source, model: ModelId, field: FieldId) {
        let mention = Mention { source, model, field };
        if self.usage == Use::Filter && !self.mentions.contains(&mention) {
            self.mentions.push(mention);
        }
    }

    /// The condition under which a filter's author sees a bound record, and the fields of it that were mentioned.
    pub(super) fn guard_of_bound(&mut self, model: ModelId, level: u8, anchor: Anchor) -> Checked<Predicate> {
        if self.usage != Use::Filter {
            return Ok(Predicate::Const(true));
        }
        let source = Source::Bound(level);
        let record = match self.schema.read_guard(model) {
            Some(guard) => self.placed(&guard, source, level, anchor)?,
            None => Predicate::Const(false),
        };
        Ok(Predicate::All(vec![record, self.guard_of(source, level, anchor)?]))
    }

    /// The condition under which a filter's author sees the fields of a record that were mentioned.
    ///
    /// For the record that is filtered it belongs outside the whole filter: inside, a negation would turn "may not be seen" into
    /// a match.
    pub(super) fn guard_of(&mut self, source: Source, offset: u8, anchor: Anchor) -> Checked<Predicate> {
        let (here, elsewhere) = self.mentions.drain(..).partition(|mention| mention.source == source);
        self.mentions = elsewhere;
        let mut guards = Vec::new();
        for Mention { model, field, .. } in Vec::<Mention>::into_iter(here) {
            if let Some(guard) = self.schema.field_guard(model, field) {
                guards.push(self.placed(&guard, source, offset, anchor)?);
            }
        }
        Ok(Predicate::All(guards))
    }

    fn placed(
        &mut self,
        guard: &Arc<Predicate>,
        source: Source,
        offset: u8,
        anchor: Anchor,
    ) -> Checked<Predicate> {
        self.spend(cost::of(guard), anchor)?;
        match reroot(guard, source, offset) {
            Some(guard) => Ok(guard),
            None => {
                let message = format!("more than {MAX_LEVEL} records within each other");
                self.refuse(code::TOO_DEEP, anchor, message)
            }
        }
    }
}

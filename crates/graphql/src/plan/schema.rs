//! What is asked of the schema itself, and how much of it.
//!
//! It is not planned but left to `apollo-compiler`, so it is only weighed: a field counts 1, and what is within a list ten times as much.
//! What clients ask in order to know the whole schema weighs the same however many models there are; what makes more of it than that weighs more.

use super::collect::exceeded;
use super::{Group, Planner, RootWhat};
use crate::error::Failure;
use apollo_compiler::executable::{Field, SelectionSet};

/// How often what is within a list counts.
const LIST: u64 = 10;

/// The most that all that is asked of the schema may weigh: more than twice the introspection of `graphql-js` with all that it can ask for, which is 52,000.
const MAX_WEIGHT: u64 = 120_000;

/// How deep it may go: that of `graphql-js` goes 14 levels down.
const MAX_DEPTH: usize = 30;

impl<'a> Planner<'a> {
    /// A root field that asks for the schema or a type of it.
    ///
    /// # Errors
    /// [`Code::DocumentTooComplex`](mainstay_engine::Code::DocumentTooComplex).
    pub(super) fn introspection(&mut self, group: &Group<'a>) -> Result<RootWhat, Failure> {
        self.weigh(group, 1, 0)?;
        Ok(RootWhat::Introspection)
    }

    fn weigh(&mut self, group: &Group<'a>, weight: u64, depth: usize) -> Result<(), Failure> {
        self.introspected = self.introspected.saturating_add(weight);
        if self.introspected > MAX_WEIGHT || depth > MAX_DEPTH {
            let message =
                "it asks for more of the schema than the whole: use fewer aliases, or fewer levels of lists";
            return Err(exceeded(message.to_owned()));
        }
        let within = weight.saturating_mul(if is_list(group[0]) { LIST } else { 1 });
        let sets: Vec<&'a SelectionSet> = group.iter().map(|field| &field.selection_set).collect();
        for inner in self.collector.collect(self.catalog(), group[0].ty().inner_named_type(), &sets)? {
            self.weigh(&inner, within, depth + 1)?;
        }
        Ok(())
    }
}

fn is_list(field: &Field) -> bool {
    field.ty().is_list()
}

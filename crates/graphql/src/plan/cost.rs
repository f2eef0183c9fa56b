//! What a plan costs: how many values it may come to.

use super::{Arguments, Plan, RootWhat, Shape, What};
use crate::catalog::Prop;
use crate::error::Failure;
use mainstay_engine::{Code, ListRequest};
use mainstay_model::GraphQl;
use serde_json::{Map, Value};

impl Plan {
    /// Sees that it costs no more than it may.
    ///
    /// # Errors
    /// [`Code::DocumentTooComplex`].
    pub(crate) fn check_cost(&self, variables: &Map<String, Value>, limits: &GraphQl) -> Result<(), Failure> {
        let mut cost: u64 = 0;
        for field in &self.fields {
            let RootWhat::Call(call) = &field.what else { continue };
            let size = records(&call.arguments, variables);
            cost =
                cost.saturating_add(1 + call.shape.as_ref().map_or(0, |shape| shape.cost(size, variables)));
        }
        if cost > limits.max_complexity {
            let message = format!(
                "the document may ask for {cost} values, more than {}: select less, or fewer by `first`",
                limits.max_complexity
            );
            return Err(Failure::new(Code::DocumentTooComplex, message));
        }
        Ok(())
    }
}

/// How many records a page may have.
fn records(arguments: &Arguments, variables: &Map<String, Value>) -> u64 {
    let size = arguments.number("first", variables).or_else(|| arguments.number("last", variables));
    size.unwrap_or(ListRequest::DEFAULT_LIMIT.into()).min(ListRequest::MAX_LIMIT.into())
}

impl Shape {
    /// What an object costs that is, or is within, a page of `size` records.
    fn cost(&self, size: u64, variables: &Map<String, Value>) -> u64 {
        let costs = self.items.iter().map(|item| match &item.what {
            What::Typename(_) | What::Leaf(_) => 1,
            What::Object(Prop::Nodes | Prop::Edges, shape) => {
                shape.cost(size, variables).saturating_mul(size)
            }
            What::Object(_, shape) => shape.cost(size, variables).saturating_add(1),
            What::Any(shapes) => {
                shapes.iter().map(|(_, shape)| shape.cost(size, variables)).max().unwrap_or_default()
            }
            What::Ref(reference) => reference.shape.cost(size, variables).saturating_add(1),
            What::Children(children) => {
                let size = records(&children.arguments, variables);
                children.shape.cost(size, variables).saturating_add(1)
            }
        });
        costs.fold(0, u64::saturating_add)
    }
}

//! `Idempotency-Key`: mutations that take effect once, however often they are sent.

use super::load::Loaded;
use super::source::{Change, Source};
use super::{Run, encode};
use crate::error::Failure;
use crate::plan::{CallPlan, Plan, RootWhat};
use mainstay_api::operations::{Answered, Ask, Once, Reply};
use mainstay_engine::{Code, Done, Encode, Operation, OperationKind, Written};
use std::sync::Arc;

/// What tells a request from others with the same key.
pub(crate) struct Retry<'a> {
    pub(crate) key: &'a str,
    pub(crate) document: &'a str,
    pub(crate) operation: &'a str,
    /// The variables, in JSON.
    pub(crate) variables: String,
}

impl Retry<'_> {
    /// Calls an operation, or answers what was kept of it. Each root field of a mutation has a key of its own, made from that of the request.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] where the answer could not be kept whole: when it shows more than was written.
    pub(super) async fn call(
        &self,
        run: &Run<'_>,
        operation: &Operation,
        ask: Ask,
        (plan, index): (&Arc<Plan>, usize),
    ) -> Result<Answered<Reply>, Failure> {
        if call_of(plan, index).and_then(|call| call.shape.as_ref()).is_some_and(|shape| shape.loads) {
            let message = "with an `Idempotency-Key` a mutation shows the records' own fields only: the answer is kept as it was";
            return Err(Failure::new(Code::InvalidParameter, message));
        }
        let key = if index == 0 { self.key.to_owned() } else { format!("{}/{index}", self.key) };
        let parts = ["graphql", self.document, self.operation, &self.variables].map(str::as_bytes);
        let encode = encoder(plan.clone(), index, operation.kind == OperationKind::Batch);
        let once = Once { key: &key, parts: &parts, encode };
        Ok(run.operations.call_once(run.caller.clone(), operation, ask, once).await?)
    }
}

fn call_of(plan: &Plan, index: usize) -> Option<&CallPlan> {
    match &plan.fields.get(index)?.what {
        RootWhat::Call(call) => Some(call),
        _ => None,
    }
}

/// Makes the bytes to keep: what the root field shows.
fn encoder(plan: Arc<Plan>, index: usize, is_batch: bool) -> Box<Encode> {
    Box::new(move |done| {
        let shape = call_of(&plan, index).and_then(|call| call.shape.as_ref());
        let key = &plan.fields[index].key.name;
        encode::encode(key, shape, &Source::of_done(done, is_batch), &Loaded::default()).0
    })
}

impl Source {
    /// What was done, as [`Source::of`] has it of the reply.
    fn of_done(done: &Done<'_>, is_batch: bool) -> Self {
        match done {
            Done::Written(written) if is_batch => Source::Batch(written.iter().map(change).collect(), None),
            Done::Written(written) => match written.first() {
                Some(written) => Source::Written(change(written), None),
                None => Source::Nothing,
            },
            Done::Count(count) => Source::Count(*count, None),
            Done::Registered(view) => Source::Record(Arc::new((*view).clone())),
            Done::Key(made) => Source::Made(Arc::new(made.view.clone()), made.key.clone()),
            Done::Tokens(tokens) => Source::of_tokens(tokens),
            Done::Lock(lock) => Source::of_lock(lock),
            Done::Nothing => Source::Nothing,
        }
    }
}

fn change(written: &Written) -> Change {
    Change {
        id: written.id,
        created: written.created,
        deleted: written.deleted,
        view: written.view.clone().map(Arc::new),
    }
}

//! Running plans: root fields call operations, and what they answer is shown.

mod ask;
mod encode;
mod filter;
mod follow;
mod given;
mod introspect;
mod load;
mod once;
mod source;
mod told;
mod watch;

pub(crate) use follow::{Follower, Subscription};
pub(crate) use once::Retry;
pub(crate) use watch::{Line, lines, watch};

use crate::catalog::Root;
use crate::document::Document;
use crate::error::{Failure, Fault, Step};
use crate::plan::{CallPlan, Plan, RootField, RootWhat};
use crate::schema::Built;
use ask::Context;
use introspect::Introspected;
use load::{Loaded, load};
use mainstay_api::operations::{Answered, Ask, Operations, Reply};
use mainstay_engine::{Caller, Error, Operation, OperationKind};
use mainstay_model::Application;
use mainstay_ports::Position;
use serde_json::{Map, Value};
use source::{Source, Walk};
use std::sync::Arc;

/// A plan that is run for a caller.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) operations: &'a Operations,
    pub(crate) application: &'a Application,
    pub(crate) built: &'a Arc<Built>,
    pub(crate) caller: &'a Caller,
    pub(crate) variables: &'a Map<String, Value>,
    /// The position that answers have to be as new as.
    pub(crate) position: Option<Position>,
    /// What makes the writes take effect once.
    pub(crate) retry: Option<&'a Retry<'a>>,
}

/// What a request is answered with.
pub(crate) struct Answer {
    /// The root fields with what they show, in JSON.
    pub(crate) data: Vec<u8>,
    pub(crate) faults: Vec<Fault>,
    /// The position that the answer is as new as, where there is one for all of it.
    pub(crate) position: Option<Position>,
}

/// What a root field is answered with.
#[derive(Default)]
struct Part {
    json: Vec<u8>,
    faults: Vec<Fault>,
    position: Option<Position>,
}

impl<'a> Run<'a> {
    /// What the arguments are read with.
    fn context(&self) -> Context<'a> {
        Context { catalog: &self.built.catalog, application: self.application, position: self.position }
    }

    async fn call(&self, operation: &Operation, ask: Ask) -> Result<Reply, Error> {
        self.operations.call(self.caller, operation, ask).await
    }

    /// Runs a query or a mutation. Queries' root fields run side by side, mutations' one after the other (GraphQL, 6.2.2), each in a
    /// transaction of its own.
    pub(crate) async fn all(&self, document: &Arc<Document>, name: Option<&str>, plan: &Arc<Plan>) -> Answer {
        let mut introspected = match plan.introspects {
            true => introspect::run(self.built, document, name, self.variables).await,
            false => Ok(Introspected::new()),
        };
        let mut parts = Vec::with_capacity(plan.fields.len());
        if plan.root == Root::Mutation {
            for index in 0..plan.fields.len() {
                parts.push(self.one(plan, index).await);
            }
        } else {
            parts =
                futures::future::join_all((0..plan.fields.len()).map(|index| self.one(plan, index))).await;
        }
        for (field, part) in plan.fields.iter().zip(&mut parts) {
            if matches!(field.what, RootWhat::Introspection) {
                *part = schema_part(field, &mut introspected);
            }
        }
        join(plan, parts)
    }

    /// Runs a root field.
    async fn one(&self, plan: &Arc<Plan>, index: usize) -> Part {
        let field = &plan.fields[index];
        let call = match &field.what {
            RootWhat::Typename(name) => return Part { json: name.clone(), ..Part::default() },
            RootWhat::Introspection => return Part::default(),
            RootWhat::Call(call) => call,
        };
        let result = match self.retry {
            Some(retry) if plan.root == Root::Mutation => self.once(plan, index, call, retry).await,
            _ => self.now(field, call).await,
        };
        result.unwrap_or_else(|failure| refused(field, failure))
    }

    async fn now(&self, field: &RootField, call: &CallPlan) -> Result<Part, Failure> {
        let (operation, ask) = self.ask(call)?;
        let walk = Walk::of(&ask.parameters);
        let reply = self.call(operation, ask).await?;
        Ok(self.shown(field, call, Source::of(reply, operation.kind == OperationKind::Batch, walk)).await)
    }

    async fn once(
        &self,
        plan: &Arc<Plan>,
        index: usize,
        call: &CallPlan,
        retry: &Retry<'_>,
    ) -> Result<Part, Failure> {
        let (operation, ask) = self.ask(call)?;
        let field = &plan.fields[index];
        let is_batch = operation.kind == OperationKind::Batch;
        let answered = retry.call(self, operation, ask, (plan, index)).await?;
        Ok(match answered {
            Answered::Now(reply) => {
                self.shown(field, call, Source::of(reply, is_batch, Walk::default())).await
            }
            Answered::Before(kept) => {
                let json = encode::with_position(&kept.answer, kept.position);
                Part { json, faults: Vec::new(), position: kept.position }
            }
        })
    }

    /// The operation of a call, and what it is asked.
    fn ask(&self, call: &CallPlan) -> Result<(&'a Operation, Ask), Failure> {
        let known = self.built.catalog.call(call.call);
        if matches!(known.operation.kind, OperationKind::UpdateMany | OperationKind::DeleteMany) {
            // A condition that is left out of a query shows more; here it would write to more.
            call.arguments.require(&["filter", "where"], self.variables)?;
        }
        let arguments = call.arguments.fill(self.variables)?;
        let mut ask = ask::ask(&self.context(), known, arguments)?;
        ask.parameters.expand.clone_from(&call.expand);
        if let Some(shape) = &call.shape {
            ask.parameters.count = shape.counts;
            ask.parameters.cursors = shape.cursors;
        }
        Ok((&known.operation, ask))
    }

    async fn shown(&self, field: &RootField, call: &CallPlan, source: Source) -> Part {
        let loaded = match &call.shape {
            // Boxed, so that what loads nothing need not carry the room for it.
            Some(shape) if shape.loads => Box::pin(load(self, shape, &source)).await,
            _ => Loaded::default(),
        };
        let (json, faults) = encode::encode(&field.key.name, call.shape.as_ref(), &source, &loaded);
        Part { json, faults, position: source.position() }
    }
}

/// The part of a root field that failed.
fn refused(field: &RootField, failure: Failure) -> Part {
    let located = |fault: Fault| Fault {
        places: if fault.places.is_empty() { field.place.into_iter().collect() } else { fault.places },
        path: vec![Step::Key(field.key.name.clone())],
        ..fault
    };
    let faults = failure.errors.into_iter().map(located).collect();
    Part { json: b"null".to_vec(), faults, position: None }
}

fn schema_part(field: &RootField, introspected: &mut Result<Introspected, Failure>) -> Part {
    match introspected {
        Ok(schema) => {
            let json = schema.remove(&field.key.name).unwrap_or_else(|| b"null".to_vec());
            Part { json, ..Part::default() }
        }
        Err(failure) => refused(field, failure.clone()),
    }
}

fn join(plan: &Plan, parts: Vec<Part>) -> Answer {
    let size: usize = parts.iter().map(|part| part.json.len() + 16).sum();
    let mut answer = Answer { data: Vec::with_capacity(size + 2), faults: Vec::new(), position: None };
    answer.data.push(b'{');
    for (index, (field, part)) in plan.fields.iter().zip(parts).enumerate() {
        if index > 0 {
            answer.data.push(b',');
        }
        answer.data.extend_from_slice(&field.key.json);
        answer.data.extend_from_slice(&part.json);
        answer.faults.extend(part.faults);
        // Of mutations the last position is that behind all; of queries the first of several is as old as any.
        answer.position = match plan.root {
            Root::Mutation => part.position.or(answer.position),
            _ => answer.position.or(part.position),
        };
    }
    answer.data.push(b'}');
    answer
}

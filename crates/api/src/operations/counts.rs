//! What is counted of operations, whatever protocol asks for them.

use mainstay_engine::{Error, Operation};
use mainstay_ports::measure::Counter;
use std::collections::HashMap;

/// How an operation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// REST. Its requests are counted by their routes, which are the operations.
    Rest,
    /// GraphQL.
    GraphQl,
    /// gRPC.
    Grpc,
    /// The live socket.
    Live,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Protocol; 4] = [Protocol::Rest, Protocol::GraphQl, Protocol::Grpc, Protocol::Live];

    /// Its name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Rest => "rest",
            Protocol::GraphQl => "graphql",
            Protocol::Grpc => "grpc",
            Protocol::Live => "live",
        }
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was answered.
    Ok,
    /// It was refused: the client could have known better.
    Refused,
    /// It failed: the client could not.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 3] = [Outcome::Ok, Outcome::Refused, Outcome::Failed];

    /// Its name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }

    fn of(error: Option<&Error>) -> Self {
        match error {
            None => Outcome::Ok,
            Some(error) if crate::status::status(error.code).is_server_error() => Outcome::Failed,
            Some(_) => Outcome::Refused,
        }
    }
}

/// How often an operation ended in each way, by protocol.
#[derive(Debug, Default)]
pub struct OperationCounts {
    counters: [[Counter; Outcome::ALL.len()]; Protocol::ALL.len()],
}

impl OperationCounts {
    /// How often it ended in each way, by each protocol.
    pub fn all(&self) -> impl Iterator<Item = (Protocol, Outcome, u64)> {
        let pairs =
            Protocol::ALL.into_iter().flat_map(|protocol| Outcome::ALL.map(|outcome| (protocol, outcome)));
        pairs.map(|(protocol, outcome)| {
            (protocol, outcome, self.counters[protocol as usize][outcome as usize].get())
        })
    }
}

/// The counts of all operations. They are there from the start, so that nothing that is asked makes new ones.
#[derive(Debug, Default)]
pub struct Counts {
    by_name: HashMap<String, OperationCounts>,
}

impl Counts {
    pub(crate) fn new(operations: &[Operation]) -> Self {
        let counts = |operation: &Operation| (operation.name.clone(), OperationCounts::default());
        Counts { by_name: operations.iter().map(counts).collect() }
    }

    pub(super) fn count(&self, protocol: Protocol, operation: &str, error: Option<&Error>) {
        if let Some(counts) = self.by_name.get(operation) {
            counts.counters[protocol as usize][Outcome::of(error) as usize].increment();
        }
    }

    /// The operations with their counts, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OperationCounts)> {
        self.by_name.iter().map(|(name, counts)| (name.as_str(), counts))
    }
}

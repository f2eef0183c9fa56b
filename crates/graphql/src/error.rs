//! What goes wrong, as GraphQL tells it.

use apollo_compiler::parser::LineColumn;
use apollo_compiler::response::GraphQLError;
use apollo_compiler::validation::DiagnosticList;
use mainstay_engine::{Code, Error, FieldError, Part};
use serde_json::{Map, Value, json};

/// Why a request is not run at all: what is wrong with it, and where.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) errors: Vec<Fault>,
}

/// One of the errors of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) error: Error,
    pub(crate) places: Vec<LineColumn>,
    pub(crate) path: Vec<Step>,
}

/// A step on the way to a place in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// How many faults of a document are told.
const MAX_FAULTS: usize = 20;

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Failure::from(Error::new(code, message))
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Failure::from(Error::internal(detail))
    }

    /// The faults of a document.
    pub(crate) fn of_document(faults: &DiagnosticList) -> Self {
        let fault = |error: GraphQLError| Fault {
            error: Error::new(code(&error.message), error.message),
            places: error.locations,
            path: Vec::new(),
        };
        let mut errors: Vec<Fault> =
            faults.iter().take(MAX_FAULTS).map(|fault| fault.to_json()).map(fault).collect();
        // Where a limit cut the document off, what else is wrong with it comes of that.
        if errors.iter().any(|fault| fault.error.code == Code::DocumentTooComplex) {
            errors.retain(|fault| fault.error.code == Code::DocumentTooComplex);
        }
        Failure { errors }
    }

    /// The same at a place in the document, where it is not known yet where it belongs.
    pub(crate) fn placed(mut self, place: Option<LineColumn>) -> Self {
        for fault in self.errors.iter_mut().filter(|fault| fault.places.is_empty()) {
            fault.places.extend(place);
        }
        self
    }

    /// The first error.
    pub(crate) fn first(self) -> Error {
        let first = self.errors.into_iter().next().map(|fault| fault.error);
        first.unwrap_or_else(|| Error::internal("a failure without an error"))
    }

    /// The code of the first error.
    pub(crate) fn code(&self) -> Code {
        self.errors.first().map_or(Code::Internal, |fault| fault.error.code)
    }
}

/// The parser's own limits are limits, whatever else it says.
fn code(message: &str) -> Code {
    let is_limit = message.contains("limit reached") || message.contains("too much recursion");
    if is_limit { Code::DocumentTooComplex } else { Code::InvalidDocument }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { errors: vec![Fault { error, places: Vec::new(), path: Vec::new() }] }
    }
}

/// The list of errors in an answer.
pub(crate) fn encode(faults: &[Fault], request_id: &str) -> Value {
    faults.iter().map(|fault| one(fault, request_id)).collect()
}

fn one(fault: &Fault, request_id: &str) -> Value {
    let mut object = Map::new();
    object.insert("message".to_owned(), fault.error.message.as_str().into());
    if !fault.places.is_empty() {
        let place = |place: &LineColumn| json!({"line": place.line, "column": place.column});
        object.insert("locations".to_owned(), fault.places.iter().map(place).collect());
    }
    if !fault.path.is_empty() {
        object.insert("path".to_owned(), fault.path.iter().map(step).collect());
    }
    object.insert("extensions".to_owned(), extensions(&fault.error, request_id));
    Value::Object(object)
}

fn step(step: &Step) -> Value {
    match step {
        Step::Key(name) => name.as_str().into(),
        Step::Index(index) => (*index).into(),
    }
}

/// What REST's problem document says beside the message.
fn extensions(error: &Error, request_id: &str) -> Value {
    let mut object = Map::new();
    object.insert("code".to_owned(), error.code.as_str().into());
    object.insert("request_id".to_owned(), request_id.into());
    if !error.fields.is_empty() {
        object.insert("errors".to_owned(), error.fields.iter().map(field).collect());
    }
    if let Some(seconds) = error.retry_after_seconds {
        object.insert("retry_after".to_owned(), seconds.into());
    }
    if !error.parts.is_empty() {
        object.insert("results".to_owned(), error.parts.iter().map(part).collect());
    }
    Value::Object(object)
}

fn field(error: &FieldError) -> Value {
    json!({"field": error.field, "code": error.code, "message": error.message})
}

/// What became of an operation of a batch, or of a record of those that matched.
fn part((part, error): &(Part, Error)) -> Value {
    let mut object = Map::new();
    match part {
        Part::Operation(index) => object.insert("operation".to_owned(), (*index).into()),
        Part::Record(id) => object.insert("id".to_owned(), id.to_string().into()),
    };
    object.insert("code".to_owned(), error.code.as_str().into());
    object.insert("message".to_owned(), error.message.as_str().into());
    if !error.fields.is_empty() {
        object.insert("errors".to_owned(), error.fields.iter().map(field).collect());
    }
    Value::Object(object)
}

/// The private part of an error goes into the log and nowhere else.
pub(crate) fn log(error: &Error, request_id: &str) {
    let Some(detail) = &error.detail else { return };
    let code = error.code.as_str();
    if error.code == Code::Internal {
        tracing::error!(target: "http", request_id, code, detail, "request failed");
    } else {
        tracing::debug!(target: "http", request_id, code, detail, "request refused");
    }
}

//! From the predicate tree to a condition in SQL.
//!
//! Predicates are two-valued and SQL is not. [`Lowering::condition`] therefore is told which answer is wanted, and gives a condition
//! that is true exactly when the predicate comes to that answer, and else false *or* null. `AND`, `OR` and `EXISTS` keep that invariant, a
//! negation only turns the wanted answer around, and a plain `a < b`, which an index can serve, is enough wherever true is wanted.

mod compare;
mod operand;
mod relation;
mod text;

use crate::Dialect;
use crate::names::quote;
use crate::param::{Given, Param};
use mainstay_expr::{CompareOp, FieldId, FieldRef, ModelId, Operand, Predicate, Source, Value};
use mainstay_model::{Application, Field, Model};

/// The name of the record under judgement in SQL. A bound record's is `b` and its level.
pub(crate) const ROOT: &str = "r";

/// The most terms in one chain of `AND` or `OR`. SQLite takes such a chain for a tree as deep as it is long, and refuses depth beyond 1,000.
const MAX_CHAIN: usize = 64;

/// A statement in the making.
pub(crate) struct Lowering<'a> {
    app: &'a Application,
    dialect: &'a dyn Dialect,
    /// The model of the record under judgement; `None` for a closed predicate.
    root: Option<ModelId>,
    /// The records bound around the place that is being lowered, outermost first.
    bound: Vec<(u8, ModelId)>,
    /// Fields of the root record that the whole condition pins to an id.
    pins: Vec<(FieldId, Param)>,
    /// Whether there is an account that `auth.id` stands for.
    has_auth: bool,
    params: Vec<Param>,
}

/// How terms are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Junction {
    And,
    Or,
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(
        app: &'a Application,
        dialect: &'a dyn Dialect,
        root: Option<ModelId>,
        has_auth: bool,
    ) -> Self {
        Lowering { app, dialect, root, bound: Vec::new(), pins: Vec::new(), has_auth, params: Vec::new() }
    }

    /// Learns from a conjunct of the whole condition which fields of the root record it pins to an id.
    ///
    /// Subqueries that start from such a field start from the id instead. They then depend on no row, and the engine runs them once
    /// and not for each row. Where the field has another value, the conjunct is false, whatever the subquery would have said.
    pub(crate) fn pin(&mut self, conjunct: &Predicate) {
        match conjunct {
            Predicate::All(conjuncts) => conjuncts.iter().for_each(|conjunct| self.pin(conjunct)),
            Predicate::Compare { op: CompareOp::Equal, left, right } => match (left, right) {
                (Operand::Field(field), Operand::Value(id @ Value::Uuid(_)))
                | (Operand::Value(id @ Value::Uuid(_)), Operand::Field(field))
                    if field.source == Source::Record =>
                {
                    self.pin_field(field.field, Param::Value(id.clone()));
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Learns that the whole condition pins a field of the root record to this id.
    pub(crate) fn pin_field(&mut self, field: FieldId, id: Param) {
        self.pins.push((field, id));
    }

    /// Adds a parameter of this value and answers its placeholder, as an operand.
    pub(crate) fn param(&mut self, value: Value) -> String {
        self.placeholder(Param::Value(value))
    }

    /// Adds a parameter and answers its placeholder, as an operand.
    pub(crate) fn placeholder(&mut self, param: Param) -> String {
        let ty = param.ty();
        let number = self.add(param);
        self.dialect.operand(number, &ty)
    }

    /// Adds a parameter whose type is plain from its place, and answers its placeholder.
    pub(crate) fn plain_placeholder(&mut self, param: Param) -> String {
        let number = self.add(param);
        self.dialect.placeholder(number)
    }

    /// Adds a parameter and answers its number.
    fn add(&mut self, param: Param) -> usize {
        self.params.push(param);
        self.params.len()
    }

    /// What the placeholders that were given out stand for.
    pub(crate) fn into_params(self) -> Vec<Param> {
        self.params
    }

    /// The same, of a statement in which nothing is left open.
    pub(crate) fn into_values(self) -> Vec<Value> {
        let given = Given { id: None, auth_id: None, limit: 0 };
        self.params.iter().map(|param| given.value(param).into_owned()).collect()
    }

    /// A condition that is true exactly when `predicate` comes to `wanted`, and else false or null.
    pub(crate) fn condition(&mut self, predicate: &Predicate, wanted: bool) -> String {
        match predicate {
            Predicate::Const(answer) => constant(*answer == wanted),
            Predicate::All(parts) => self.junction(parts, Junction::And, wanted),
            Predicate::Any(parts) => self.junction(parts, Junction::Or, wanted),
            Predicate::Not(inner) => self.condition(inner, !wanted),
            Predicate::Compare { op, left, right } => self.compare(*op, left, right, wanted),
            Predicate::In { item, list } => self.membership(item, list, wanted),
            Predicate::Text { test, subject, needle } => self.text(*test, subject, needle, wanted),
            Predicate::Truth(operand) => {
                let stored = self.operand(operand);
                turned(self.dialect.truth(&stored), wanted)
            }
            Predicate::Exists { model, link, level, filter } => {
                self.exists(*model, link, *level, filter, wanted)
            }
        }
    }

    /// By De Morgan's laws, the negation of a conjunction is the disjunction of its parts' negations.
    fn junction(&mut self, parts: &[Predicate], junction: Junction, wanted: bool) -> String {
        let parts = parts.iter().map(|part| self.condition(part, wanted)).collect();
        let junction = match (junction, wanted) {
            (Junction::And, true) | (Junction::Or, false) => Junction::And,
            (Junction::Or, true) | (Junction::And, false) => Junction::Or,
        };
        join(parts, junction)
    }

    /// The model of a record in scope; `None` for one that is not there.
    fn model_of(&self, source: Source) -> Option<&'a Model> {
        let id = match source {
            Source::Record => self.root?,
            Source::Bound(level) => self.bound.iter().rev().find(|(bound, _)| *bound == level)?.1,
            Source::Old | Source::New => return None,
        };
        self.app.models.get(id.index())
    }

    fn field(&self, field: FieldRef) -> Option<&'a Field> {
        self.model_of(field.source)?.fields.get(field.field.index())
    }

    /// A column of a record in scope. What is not there is null, as everywhere in the rule language.
    fn column(&self, field: FieldRef) -> String {
        match (self.field(field), field.source) {
            (Some(declared), Source::Bound(level)) => format!("{}.{}", alias(level), quote(&declared.name)),
            (Some(declared), _) => format!("{ROOT}.{}", quote(&declared.name)),
            (None, _) => NULL.to_owned(),
        }
    }
}

const NULL: &str = "NULL";

fn alias(level: u8) -> String {
    format!("b{level}")
}

pub(crate) fn constant(answer: bool) -> String {
    if answer { "TRUE" } else { "FALSE" }.to_owned()
}

/// A condition that may be null, turned so that it is true when the answer is the wanted one.
fn turned(condition: String, wanted: bool) -> String {
    if wanted { condition } else { format!("({condition}) IS NOT TRUE") }
}

/// Joins terms, but for those that change nothing. Long chains are broken into chains of chains, see [`MAX_CHAIN`].
pub(crate) fn join(mut terms: Vec<String>, junction: Junction) -> String {
    let neutral = constant(junction == Junction::And);
    terms.retain(|term| *term != neutral);
    while terms.len() > MAX_CHAIN {
        terms = terms.chunks(MAX_CHAIN).map(|chunk| chain(chunk, junction)).collect();
    }
    chain(&terms, junction)
}

fn chain(terms: &[String], junction: Junction) -> String {
    match (terms, junction) {
        ([], Junction::And) => constant(true),
        ([], Junction::Or) => constant(false),
        ([term], _) => term.clone(),
        (terms, Junction::And) => format!("({})", terms.join(" AND ")),
        (terms, Junction::Or) => format!("({})", terms.join(" OR ")),
    }
}

//! The rule language: a typed subset of [CEL](https://github.com/google/cel-spec).
//!
//! Access rules, validations, client filters and subscription filters are all written in it. A source
//! text is parsed and checked against declared types ([`compile`]), and becomes one [`Predicate`] tree.
//! From that tree come the SQL condition (in the adapters), the in-memory check ([`Predicate::reduce`]) and
//! the key under which readers with the same rights share work (the residual after `auth` is known).
//!
//! This crate owns: values and their comparison, checking, cost, partial evaluation and evaluation.
//! It must not know: I/O, async, SQL text, how models are stored.
//!
//! `docs/reference/rules.md` states the semantics; every engine must agree with [`Predicate::reduce`] on
//! every input, nulls included.

mod apply;
mod check;
mod cost;
mod decimal;
mod duration;
mod evaluate;
mod formula;
mod parse;
mod position;
mod predicate;
mod question;
mod reduce;
mod schema;
mod scope;
mod shift;
mod temporal;
mod value;
mod walk;

pub use check::{
    Compiled, Context, Fault, Lookup, Mentioned, Use, compile, compile_formula, compile_value, rewrite_filter,
};
pub use cost::{MAX_COST, MAX_DEPTH, MAX_SOURCE_BYTES};
pub use decimal::Decimal;
pub use duration::{format_duration, parse_duration};
pub use evaluate::{Records, evaluate_closed};
pub use formula::Formula;
pub use predicate::{Arithmetic, CompareOp, FieldRef, Link, Operand, Predicate, Source, TextTest, Var};
pub use reduce::{Related, decide};
pub use schema::{FieldId, Member, ModelId, Schema};
pub use scope::{Frame, Scope, Vars};
pub use shift::{Shift, Touch};
pub use temporal::{
    format_date, format_time, format_timestamp, parse_date, parse_time, parse_timestamp, write_timestamp,
};
pub use value::{Type, Value};

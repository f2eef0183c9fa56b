//! What a part of an expression is before its use is known.

use super::checker::Checker;
use crate::position::Anchor;
use crate::{Decimal, FieldId, ModelId, Operand, Predicate, Source, Type};
use std::sync::Arc;

/// What a part of an expression means.
#[derive(Debug, Clone)]
pub(super) enum Term {
    /// Something that holds or does not.
    Condition(Predicate),
    /// Something that has a value of a known type.
    Value(Typed),
    /// A literal, whose type is decided by what it meets.
    Literal(Literal),
    /// A literal list.
    List(Vec<(Literal, Anchor)>),
    /// A record as a whole.
    Record(Record),
    /// The records that point to one.
    Children(Children),
    /// A name that only means something with a member.
    Namespace(Namespace),
    /// `RECORD.allow`
    Allow(Record),
}

/// An operand with its type.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) operand: Operand,
    pub(super) ty: Type,
    /// The values of an enum.
    pub(super) variants: Option<Arc<[String]>>,
}

impl Typed {
    pub(super) fn new(operand: Operand, ty: Type) -> Self {
        Typed { operand, ty, variants: None }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Decimal(Decimal),
}

#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) model: ModelId,
    pub(super) place: Place,
}

#[derive(Debug, Clone)]
pub(super) enum Place {
    /// In scope under a name of its own, or under bare names.
    Here(Source),
    /// Behind a ref, whose value is its id.
    Behind(Operand),
}

#[derive(Debug, Clone)]
pub(super) struct Children {
    /// The model of the records.
    pub(super) model: ModelId,
    /// Their ref.
    pub(super) field: FieldId,
    /// The id that it points to.
    pub(super) parent: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
    Auth,
    Claims,
    Request,
}

/// Whether two types can be compared: an id is a UUID, whatever it points to, but ids of different models never meet.
pub(super) fn comparable(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Uuid, Type::Ref(_)) | (Type::Ref(_), Type::Uuid) => true,
        (Type::List(left), Type::List(right)) => comparable(left, right),
        _ => left == right,
    }
}

/// Whether values of the type have an order.
pub(super) fn ordered(ty: &Type) -> bool {
    !matches!(ty, Type::Bool | Type::Json | Type::Bytes | Type::List(_))
}

/// Whether a value of the type can only be compared with null.
pub(super) fn opaque(ty: &Type) -> bool {
    matches!(ty, Type::Json | Type::Bytes | Type::List(_))
}

impl Checker<'_> {
    /// What a term is, for messages.
    pub(super) fn describe(&self, term: &Term) -> String {
        match term {
            Term::Condition(_) => "a condition".to_owned(),
            Term::Value(value) => self.describe_type(&value.ty),
            Term::Literal(literal) => describe_literal(literal).to_owned(),
            Term::List(_) => "a list".to_owned(),
            Term::Record(record) => format!("a record of `{}`", self.schema.model_name(record.model)),
            Term::Children(children) => format!("records of `{}`", self.schema.model_name(children.model)),
            Term::Namespace(Namespace::Auth) => "`auth`".to_owned(),
            Term::Namespace(Namespace::Claims) => "`auth.claims`".to_owned(),
            Term::Namespace(Namespace::Request) => "`request`".to_owned(),
            Term::Allow(_) => "`allow`".to_owned(),
        }
    }

    /// The name of a type, for messages.
    pub(super) fn describe_type(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".to_owned(),
            Type::Int => "int".to_owned(),
            Type::Float => "float".to_owned(),
            Type::Decimal { scale } => format!("decimal of scale {scale}"),
            Type::Text => "text".to_owned(),
            Type::Uuid => "uuid".to_owned(),
            Type::Date => "date".to_owned(),
            Type::Time => "time".to_owned(),
            Type::Timestamp => "timestamp".to_owned(),
            Type::Duration => "duration".to_owned(),
            Type::Json => "json".to_owned(),
            Type::Bytes => "bytes".to_owned(),
            Type::List(of) => format!("list of {}", self.describe_type(of)),
            Type::Ref(model) => format!("ref to `{}`", self.schema.model_name(*model)),
        }
    }
}

fn describe_literal(literal: &Literal) -> &'static str {
    match literal {
        Literal::Null => "null",
        Literal::Bool(_) => "bool",
        Literal::Int(_) => "int",
        Literal::Double(_) => "a number with a point",
        Literal::Text(_) => "text",
        Literal::Decimal(_) => "decimal",
    }
}

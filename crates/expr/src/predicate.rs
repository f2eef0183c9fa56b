//! The predicate tree: what a checked expression becomes.
//!
//! Every node is two-valued. There is no "unknown": `==` and `!=` treat null as a value like any other,
//! an order comparison, a text test or a membership test with a null operand is false, and `!` of a false
//! node is true. SQL's third value must never leak out of a lowering.

use crate::{FieldId, ModelId, Value};

/// A condition.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Predicate {
    /// Always or never.
    Const(bool),
    /// All hold; true when empty.
    All(Vec<Predicate>),
    /// At least one holds; false when empty.
    Any(Vec<Predicate>),
    /// The inner one does not hold.
    Not(Box<Predicate>),
    /// A comparison of two operands of one type.
    Compare {
        /// How.
        op: CompareOp,
        /// The left side.
        left: Operand,
        /// The right side.
        right: Operand,
    },
    /// `item in list`; false when either is null. A null inside the list equals nothing.
    In {
        /// The scalar looked for.
        item: Operand,
        /// An operand of a list type.
        list: Operand,
    },
    /// A test of text, by code points.
    Text {
        /// Which.
        test: TextTest,
        /// The text that is tested.
        subject: Operand,
        /// What is looked for; the empty text is in every text.
        needle: Operand,
    },
    /// A boolean operand is true; null is false.
    Truth(Operand),
    /// A live (not soft-deleted) record of `model`, reached by `link`, for which `filter` holds. In `filter` it is
    /// [`Source::Bound`]`(level)`.
    Exists {
        /// The model of the records.
        model: ModelId,
        /// How they hang together with the record outside.
        link: Link,
        /// The number of the bound record, unique along a path from the root.
        level: u8,
        /// The condition on it.
        filter: Box<Predicate>,
    },
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `==`; null equals null.
    Equal,
    /// `!=`; the negation of [`CompareOp::Equal`].
    NotEqual,
    /// `<`; false when either side is null, as are the three that follow.
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Tests of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTest {
    /// `subject.startsWith(needle)`
    StartsWith,
    /// `subject.endsWith(needle)`
    EndsWith,
    /// `subject.contains(needle)`
    Contains,
}

/// How a bound record hangs together with one outside it.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Link {
    /// The record that a ref outside points to: `bound.id == operand`.
    To(Operand),
    /// The records whose ref `field` points to a record outside: `bound.field == operand`.
    From {
        /// The ref, a field of the bound record's model.
        field: FieldId,
        /// The id of the record outside.
        id: Operand,
    },
}

/// Something that has a value.
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum Operand {
    /// A constant.
    Value(Value),
    /// Something of the request.
    Var(Var),
    /// A field of a record in scope.
    Field(FieldRef),
    /// An operand evaluated on the live record that a ref points to, which is [`Source::Bound`]`(level)` in it; null when there is
    /// none, or when `guard` does not hold for it.
    Lookup {
        /// The ref: an operand whose value is the id.
        via: Box<Operand>,
        /// The model it points to.
        model: ModelId,
        /// The number of the bound record.
        level: u8,
        /// The condition on the record.
        guard: Box<Predicate>,
        /// What is taken from it.
        value: Box<Operand>,
    },
    /// Integer arithmetic on ints, or on instants and durations in microseconds; null when an operand is
    /// null or the result does not fit 64 bits. `kind` of the result follows the operands.
    Arithmetic {
        /// Which operation.
        op: Arithmetic,
        /// The left side.
        left: Box<Operand>,
        /// The right side.
        right: Box<Operand>,
        /// The type of the result.
        ty: crate::Type,
    },
    /// The number of code points of a text, or of elements of a list; null of null.
    Size {
        /// What is measured.
        of: Box<Operand>,
        /// Whether it is a list; else it is text.
        list: bool,
    },
    /// Text with A-Z as a-z, other characters as they are; null of null.
    LowerAscii(Box<Operand>),
}

/// The arithmetic of the subset. Division is left out: engines disagree about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`, of ints alone.
    Multiply,
}

/// A field of a record in scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldRef {
    /// Which record.
    pub source: Source,
    /// Which field of it.
    pub field: FieldId,
}

/// The records that an expression may speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The record under judgement: a bare field name.
    Record,
    /// `old`: an update's record as it was.
    Old,
    /// `new`: an update's record as it would be.
    New,
    /// The record bound by the [`Predicate::Exists`] or [`Operand::Lookup`] of this level.
    Bound(u8),
}

/// What a request brings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Var {
    /// `auth.id`: the account's id; null for nobody.
    AuthId,
    /// `auth.roles`: the account's roles; empty for nobody.
    AuthRoles,
    /// `auth.claims.NAME`: a text; null when absent.
    AuthClaim(String),
    /// `request.address`: the client's IP address as text.
    RequestAddress,
    /// `request.operation`: the operation's name, as `message.list`.
    RequestOperation,
    /// `now`: the instant at which the request began.
    Now,
}

impl Predicate {
    /// A comparison of a field of the record under judgement with a value.
    pub fn compare(field: FieldId, op: CompareOp, value: Value) -> Predicate {
        let field = FieldRef { source: Source::Record, field };
        Predicate::Compare { op, left: Operand::Field(field), right: Operand::Value(value) }
    }

    /// [`Predicate::compare`] for equality, which holds between nulls too.
    pub fn equals(field: FieldId, value: Value) -> Predicate {
        Predicate::compare(field, CompareOp::Equal, value)
    }
}

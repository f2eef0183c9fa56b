//! Random records and random, well-typed predicates over them. Values come from small pools, so that they meet.

use crate::application::{NOTE, PLACE, TICK};
use crate::random::Random;
use mainstay_expr::{
    Arithmetic, CompareOp, Decimal, FieldId, FieldRef, Link, ModelId, Operand, Predicate, Source, TextTest,
    Type, Value,
};
use mainstay_model::{Application, FieldType, Model, OnDelete, base};
use uuid::Uuid;

/// Texts at the edges of what UTF-8 holds, prefixes of one another, and of both cases.
pub(crate) const TEXTS: [&str; 18] = [
    "",
    "a",
    "A",
    "ab",
    "aB",
    "abc",
    "b",
    "Ä",
    "ä",
    "ab\u{D7FF}",
    "ab\u{E000}",
    "ab\u{FFFF}",
    "ab\u{10000}",
    "a\u{10FFFF}",
    "\u{10FFFF}",
    "\u{1F600}",
    "%_*?[a]",
    "a'b\"",
];
const INTS: [i64; 9] = [i64::MIN, i64::MIN + 1, -(1 << 53) - 1, -1, 0, 1, 2, (1 << 53) + 1, i64::MAX];
const FLOATS: [f64; 11] =
    [f64::MIN, -1.5, -0.0, 0.0, 5e-324, 0.1, 0.1 + 0.2, 1.0 / 3.0, 9_007_199_254_740_993.0, 1e23, f64::MAX];
const MANTISSAS: [i64; 6] = [-999_999_999_999_999_999, -150, 0, 1, 150, 999_999_999_999_999_999];

/// The ids of records are these and no others; the last never exists.
pub(crate) fn record_id(model: ModelId, number: usize) -> Uuid {
    Uuid::from_u128((u128::from(model.0) << 64) | number as u128)
}

/// How many records a model has.
pub(crate) const RECORDS: usize = 12;

/// Records of a model, in the order of their ids.
pub(crate) fn records(random: &mut Random, model: &Model) -> Vec<Vec<Value>> {
    (0..RECORDS).map(|number| record(random, model, record_id(model.id, number))).collect()
}

fn record(random: &mut Random, model: &Model, id: Uuid) -> Vec<Value> {
    let fields = model.fields.iter();
    let mut values: Vec<Value> =
        fields.map(|field| stored_value(random, &field.ty, field.optional)).collect();
    values[base::ID.index()] = Value::Uuid(id);
    let deleted = model.soft_delete && random.once_in(4);
    values[base::DELETED_AT.index()] = if deleted { Value::Timestamp(1) } else { Value::Null };
    values
}

fn stored_value(random: &mut Random, ty: &FieldType, optional: bool) -> Value {
    if optional && random.once_in(4) {
        return Value::Null;
    }
    value(random, ty)
}

/// A value of a type that is not null.
pub(crate) fn value(random: &mut Random, ty: &FieldType) -> Value {
    let int = *random.pick(&INTS);
    match ty {
        FieldType::Bool => Value::Bool(random.once_in(2)),
        FieldType::Int => Value::Int(int),
        FieldType::Float => Value::Float(*random.pick(&FLOATS)),
        FieldType::Decimal { scale } => {
            Value::Decimal(Decimal::new(*random.pick(&MANTISSAS), *scale).unwrap())
        }
        FieldType::Text | FieldType::Enum(_) | FieldType::Secret => {
            Value::Text((*random.pick(&TEXTS)).to_owned())
        }
        FieldType::Uuid => Value::Uuid(Uuid::from_u128(*random.pick(&[0, 1, 2, u128::MAX]))),
        FieldType::Date => Value::Date(*random.pick(&[i32::MIN, -1, 0, 1, i32::MAX])),
        FieldType::Time => Value::Time(*random.pick(&[0, 1, 86_399_999_999])),
        FieldType::Timestamp => Value::Timestamp(int),
        FieldType::Duration => Value::Duration(int),
        FieldType::Json => Value::Json((*random.pick(&["null", "{}", "[1]"])).to_owned()),
        FieldType::Bytes => Value::Bytes(vec![0, 1, 2]),
        FieldType::List(element) => {
            let length = random.below(4);
            Value::List((0..length).map(|_| stored_value(random, element, true)).collect())
        }
        FieldType::Ref { model, .. } => Value::Uuid(record_id(*model, random.below(RECORDS + 1))),
    }
}

/// The types of scalars that are compared.
const SCALARS: [FieldType; 10] = [
    FieldType::Bool,
    FieldType::Int,
    FieldType::Float,
    FieldType::Decimal { scale: 2 },
    FieldType::Text,
    FieldType::Uuid,
    FieldType::Date,
    FieldType::Time,
    FieldType::Timestamp,
    FieldType::Duration,
];

/// Makes predicates over a record of `NOTE` and those around it.
pub(crate) struct Generator<'a> {
    pub(crate) random: &'a mut Random,
    pub(crate) app: &'a Application,
    /// The records in scope.
    scope: Vec<(Source, ModelId)>,
}

impl<'a> Generator<'a> {
    pub(crate) fn new(random: &'a mut Random, app: &'a Application, root: ModelId) -> Self {
        Generator { random, app, scope: vec![(Source::Record, root)] }
    }

    pub(crate) fn predicate(&mut self, depth: usize) -> Predicate {
        let kind = if depth == 0 { 4 + self.random.below(6) } else { self.random.below(13) };
        match kind {
            0 => Predicate::All(self.parts(depth)),
            1 => Predicate::Any(self.parts(depth)),
            2 | 3 => Predicate::Not(Box::new(self.predicate(depth - 1))),
            4 | 5 => self.comparison(depth),
            6 => self.membership(depth),
            7 => self.text_test(depth),
            8 => Predicate::Truth(self.operand(&FieldType::Bool, depth)),
            9 => self.null_test(),
            10 => Predicate::Const(self.random.once_in(2)),
            _ => self.exists(depth),
        }
    }

    fn parts(&mut self, depth: usize) -> Vec<Predicate> {
        (0..self.random.below(4)).map(|_| self.predicate(depth - 1)).collect()
    }

    fn comparison(&mut self, depth: usize) -> Predicate {
        use CompareOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        let ty = self.random.pick(&SCALARS).clone();
        let op = *self.random.pick(&[Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]);
        Predicate::Compare { op, left: self.operand(&ty, depth), right: self.operand(&ty, depth) }
    }

    fn membership(&mut self, depth: usize) -> Predicate {
        let ty = self.random.pick(&SCALARS).clone();
        let item = self.operand(&ty, depth);
        let list = match self.random.below(4) {
            0 => Operand::Value(Value::List((0..60).map(|_| value(self.random, &ty)).collect())),
            _ => self.operand(&FieldType::List(Box::new(ty)), depth),
        };
        Predicate::In { item, list }
    }

    fn text_test(&mut self, depth: usize) -> Predicate {
        use TextTest::{Contains, EndsWith, StartsWith};
        Predicate::Text {
            test: *self.random.pick(&[StartsWith, EndsWith, Contains]),
            subject: self.operand(&FieldType::Text, depth),
            needle: self.operand(&FieldType::Text, depth),
        }
    }

    /// Documents, bytes and lists know no other comparison.
    fn null_test(&mut self) -> Predicate {
        let (source, model) = *self.random.pick(&self.scope);
        let field = self.random.below(self.app.model(model).fields.len());
        let left = Operand::Field(FieldRef { source, field: FieldId(field as u16) });
        let op = *self.random.pick(&[CompareOp::Equal, CompareOp::NotEqual]);
        Predicate::Compare { op, left, right: Operand::Value(Value::Null) }
    }

    fn exists(&mut self, depth: usize) -> Predicate {
        let id = |model| FieldType::Ref { model, on_delete: OnDelete::Cascade };
        let (model, field, target) = *self.random.pick(&[
            (PLACE, None, PLACE),
            (NOTE, None, NOTE),
            (PLACE, Some("parent"), PLACE),
            (NOTE, Some("place"), PLACE),
            (TICK, Some("note"), NOTE),
        ]);
        let anchor = self.operand(&id(target), depth.min(1));
        let link = match field {
            None => Link::To(anchor),
            Some(name) => {
                Link::From { field: self.app.model(model).field_named(name).unwrap().id, id: anchor }
            }
        };
        let level = self.level();
        self.scope.push((Source::Bound(level), model));
        let filter = Box::new(self.predicate(depth - 1));
        self.scope.pop();
        Predicate::Exists { model, link, level, filter }
    }

    fn level(&self) -> u8 {
        self.scope.len() as u8
    }

    /// An operand of a type.
    pub(crate) fn operand(&mut self, ty: &FieldType, depth: usize) -> Operand {
        match (self.random.below(if depth == 0 { 6 } else { 9 }), ty) {
            (0, _) => Operand::Value(Value::Null),
            (1 | 2, _) => Operand::Value(value(self.random, ty)),
            (6, _) => self.lookup(ty, depth),
            (7 | 8, FieldType::Int | FieldType::Timestamp | FieldType::Duration) => self.computed(ty, depth),
            (7 | 8, FieldType::Text) => Operand::LowerAscii(Box::new(self.operand(ty, depth - 1))),
            _ => self.field(ty),
        }
    }

    /// A field of a type of a record in scope; a literal when there is none.
    fn field(&mut self, ty: &FieldType) -> Operand {
        let scope = self.scope.iter();
        let fields: Vec<FieldRef> = scope
            .flat_map(|(source, model)| {
                let fields = self
                    .app
                    .model(*model)
                    .fields
                    .iter()
                    .filter(|field| is_of(&field.ty, &field.id, *model, ty));
                fields.map(|field| FieldRef { source: *source, field: field.id })
            })
            .collect();
        if fields.is_empty() {
            return Operand::Value(value(self.random, ty));
        }
        Operand::Field(*self.random.pick(&fields))
    }

    fn lookup(&mut self, ty: &FieldType, depth: usize) -> Operand {
        let model = *self.random.pick(&[PLACE, NOTE]);
        let id = FieldType::Ref { model, on_delete: OnDelete::Cascade };
        let via = Box::new(self.operand(&id, depth - 1));
        let level = self.level();
        self.scope.push((Source::Bound(level), model));
        let guard = Box::new(self.predicate(depth - 1));
        let value = Box::new(self.operand(ty, depth - 1));
        self.scope.pop();
        Operand::Lookup { via, model, level, guard, value }
    }

    fn computed(&mut self, ty: &FieldType, depth: usize) -> Operand {
        let (left, right) = match ty {
            FieldType::Int if self.random.once_in(3) => return self.size(depth),
            FieldType::Int => (FieldType::Int, FieldType::Int),
            FieldType::Duration if self.random.once_in(2) => (FieldType::Timestamp, FieldType::Timestamp),
            other => (other.clone(), FieldType::Duration),
        };
        let op = match ty {
            FieldType::Int => {
                *self.random.pick(&[Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply])
            }
            _ if left == right && left == FieldType::Timestamp => Arithmetic::Subtract,
            _ => *self.random.pick(&[Arithmetic::Add, Arithmetic::Subtract]),
        };
        let left = Box::new(self.operand(&left, depth - 1));
        let right = Box::new(self.operand(&right, depth - 1));
        Operand::Arithmetic { op, left, right, ty: ty.expr_type() }
    }

    fn size(&mut self, depth: usize) -> Operand {
        let list = self.random.once_in(2);
        let ty = if list { FieldType::List(Box::new(FieldType::Text)) } else { FieldType::Text };
        Operand::Size { of: Box::new(self.operand(&ty, depth - 1)), list }
    }
}

/// Whether a field can stand where `wanted` is. An id is a ref to its own model.
fn is_of(ty: &FieldType, field: &FieldId, model: ModelId, wanted: &FieldType) -> bool {
    match (ty.expr_type(), wanted.expr_type()) {
        (Type::Uuid, Type::Ref(target)) => *field == base::ID && model == target,
        (ty, wanted) => ty == wanted,
    }
}

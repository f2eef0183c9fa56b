//! Three ways to an answer agree on random predicates and records: reducing at once, reducing in steps and asking the reference
//! evaluation for the rest, and a naive reading of the definitions that shares no code with either.

use mainstay_expr::{
    Arithmetic, CompareOp, FieldId, FieldRef, Frame, Link, ModelId, Operand, Predicate, Records, Related,
    Source, TextTest, Type, Value, Var, Vars, decide, evaluate_closed,
};
use proptest::prelude::*;
use uuid::Uuid;

const NODE: ModelId = ModelId(0);
const ID: FieldId = FieldId(0);
const PARENT: FieldId = FieldId(1);
const COUNT: FieldId = FieldId(2);
const NAME: FieldId = FieldId(3);
const FLAG: FieldId = FieldId(4);
const TAGS: FieldId = FieldId(5);

/// All records, of one model whose records point to each other.
#[derive(Debug, Clone)]
struct Nodes(Vec<Vec<Value>>);

impl Records for Nodes {
    fn live(&self, _: ModelId) -> Vec<&[Value]> {
        self.0.iter().map(Vec::as_slice).collect()
    }
}

impl Related for Nodes {
    type Error = std::convert::Infallible;

    fn holds(&mut self, closed: &Predicate) -> Result<bool, Self::Error> {
        Ok(evaluate_closed(closed, self))
    }
}

/// A naive reading of the definitions: every operand is a value, every predicate a bool.
struct Naive<'a> {
    nodes: &'a Nodes,
    vars: &'a Vars,
    records: Vec<(Source, &'a [Value])>,
}

impl<'a> Naive<'a> {
    fn with(&self, level: u8, record: &'a [Value]) -> Naive<'a> {
        let mut records = self.records.clone();
        records.push((Source::Bound(level), record));
        Naive { records, ..*self }
    }

    fn holds(&self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::Const(value) => *value,
            Predicate::All(items) => !items.iter().any(|item| !self.holds(item)),
            Predicate::Any(items) => items.iter().filter(|item| self.holds(item)).count() > 0,
            Predicate::Not(inner) => !self.holds(inner),
            Predicate::Compare { op, left, right } => self.compare(*op, left, right),
            Predicate::In { item, list } => match (self.value(item), self.value(list)) {
                (Value::Null, _) => false,
                (item, Value::List(items)) => items.contains(&item),
                _ => false,
            },
            Predicate::Text { test, subject, needle } => match (self.value(subject), self.value(needle)) {
                (Value::Text(subject), Value::Text(needle)) => match test {
                    TextTest::StartsWith => subject.find(&needle) == Some(0),
                    TextTest::EndsWith => {
                        subject.len() >= needle.len()
                            && subject.rfind(&needle) == Some(subject.len() - needle.len())
                    }
                    TextTest::Contains => subject.split(&needle).count() > 1,
                },
                _ => false,
            },
            Predicate::Truth(operand) => matches!(self.value(operand), Value::Bool(true)),
            Predicate::Exists { link, level, filter, .. } => self.nodes.0.iter().any(|node| {
                let linked = match link {
                    Link::To(id) => self.value(id).as_uuid().is_some_and(|id| node[0].as_uuid() == Some(id)),
                    Link::From { field, id } => {
                        self.value(id).as_uuid().is_some_and(|id| node[field.index()].as_uuid() == Some(id))
                    }
                };
                linked && self.with(*level, node).holds(filter)
            }),
        }
    }

    fn compare(&self, op: CompareOp, left: &Operand, right: &Operand) -> bool {
        let (left, right) = (self.value(left), self.value(right));
        let less = |a: &Value, b: &Value| match (a, b) {
            (Value::Int(a), Value::Int(b)) => a < b,
            (Value::Text(a), Value::Text(b)) => a.chars().lt(b.chars()),
            _ => false,
        };
        let ordered = !left.is_null() && !right.is_null();
        match op {
            CompareOp::Equal => left == right,
            CompareOp::NotEqual => left != right,
            CompareOp::Less => less(&left, &right),
            CompareOp::Greater => less(&right, &left),
            CompareOp::LessOrEqual => ordered && !less(&right, &left),
            CompareOp::GreaterOrEqual => ordered && !less(&left, &right),
        }
    }

    fn value(&self, operand: &Operand) -> Value {
        match operand {
            Operand::Value(value) => value.clone(),
            Operand::Var(Var::AuthId) => self.vars.auth_id.map_or(Value::Null, Value::Uuid),
            Operand::Var(_) => Value::Int(self.vars.now),
            Operand::Field(field) => {
                let (_, record) = self
                    .records
                    .iter()
                    .find(|(source, _)| *source == field.source)
                    .expect("every source of a generated field is in scope");
                record[field.field.index()].clone()
            }
            Operand::Lookup { via, level, guard, value, .. } => {
                let Value::Uuid(id) = self.value(via) else { return Value::Null };
                let node = self.nodes.0.iter().find(|node| node[0] == Value::Uuid(id));
                let inner = node.map(|node| self.with(*level, node)).filter(|inner| inner.holds(guard));
                inner.map_or(Value::Null, |inner| inner.value(value))
            }
            Operand::Arithmetic { op, left, right, .. } => match (self.value(left), self.value(right)) {
                (Value::Int(a), Value::Int(b)) => {
                    let (a, b) = (i128::from(a), i128::from(b));
                    let exact = match op {
                        Arithmetic::Add => a + b,
                        Arithmetic::Subtract => a - b,
                        Arithmetic::Multiply => a * b,
                    };
                    i64::try_from(exact).map_or(Value::Null, Value::Int)
                }
                _ => Value::Null,
            },
            Operand::Size { of, .. } => match self.value(of) {
                Value::Text(text) => Value::Int(text.chars().count() as i64),
                Value::List(items) => Value::Int(items.len() as i64),
                _ => Value::Null,
            },
            Operand::LowerAscii(of) => match self.value(of) {
                Value::Text(text) => Value::Text(
                    text.chars()
                        .map(|c| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c })
                        .collect(),
                ),
                _ => Value::Null,
            },
        }
    }
}

fn id() -> impl Strategy<Value = Value> {
    prop_oneof![(0_u128..4).prop_map(|id| Value::Uuid(Uuid::from_u128(id))), Just(Value::Null)]
}

fn int() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => (-2_i64..3).prop_map(Value::Int),
        1 => Just(Value::Int(i64::MAX)),
        1 => Just(Value::Int(i64::MIN)),
        2 => Just(Value::Null),
    ]
}

fn text() -> impl Strategy<Value = Value> {
    const TEXTS: [&str; 7] = ["", "a", "A", "aé", "é", "éa\u{10000}", "\u{ffff}"];
    prop_oneof![4 => prop::sample::select(&TEXTS[..]).prop_map(|text| Value::Text(text.to_owned())), 1 => Just(Value::Null)]
}

fn record(id: u128) -> impl Strategy<Value = Vec<Value>> {
    let flag = prop_oneof![any::<bool>().prop_map(Value::Bool), Just(Value::Null)];
    let tags = prop_oneof![prop::collection::vec(text(), 0..3).prop_map(Value::List), Just(Value::Null)];
    (self::id(), int(), text(), flag, tags).prop_map(move |(parent, count, name, flag, tags)| {
        vec![Value::Uuid(Uuid::from_u128(id)), parent, count, name, flag, tags]
    })
}

fn field(field: FieldId, level: u8) -> impl Strategy<Value = Operand> {
    (0..=level).prop_map(move |source| {
        let source = if source == 0 { Source::Record } else { Source::Bound(source) };
        Operand::Field(FieldRef { source, field })
    })
}

/// An operand of the type of `leaf`, found on some record in scope or behind a ref.
fn operand(of: FieldId, leaf: BoxedStrategy<Value>, level: u8, depth: u32) -> BoxedStrategy<Operand> {
    let simple = prop_oneof![leaf.prop_map(Operand::Value), field(of, level)];
    if depth == 0 {
        return simple.boxed();
    }
    let value = Operand::Field(FieldRef { source: Source::Bound(level + 1), field: of });
    let lookup =
        (ids(level, 0), predicate(level + 1, depth - 1)).prop_map(move |(via, guard)| Operand::Lookup {
            via: Box::new(via),
            model: NODE,
            level: level + 1,
            guard: Box::new(guard),
            value: Box::new(value.clone()),
        });
    prop_oneof![4 => simple, 1 => lookup].boxed()
}

fn ids(level: u8, depth: u32) -> BoxedStrategy<Operand> {
    let found = operand(PARENT, id().boxed(), level, depth);
    prop_oneof![4 => found, 1 => field(ID, level), 1 => Just(Operand::Var(Var::AuthId))].boxed()
}

fn texts(level: u8, depth: u32) -> BoxedStrategy<Operand> {
    let plain = operand(NAME, text().boxed(), level, depth);
    prop_oneof![3 => plain.clone(), 1 => plain.prop_map(|of| Operand::LowerAscii(Box::new(of)))].boxed()
}

fn ints(level: u8, depth: u32) -> BoxedStrategy<Operand> {
    let plain = operand(COUNT, int().boxed(), level, depth);
    let op = prop::sample::select(&[Arithmetic::Add, Arithmetic::Subtract, Arithmetic::Multiply][..]);
    let sum = (op, plain.clone(), plain.clone()).prop_map(|(op, left, right)| Operand::Arithmetic {
        op,
        left: Box::new(left),
        right: Box::new(right),
        ty: Type::Int,
    });
    let length = texts(level, 0).prop_map(|of| Operand::Size { of: Box::new(of), list: false });
    let count = field(TAGS, level).prop_map(|of| Operand::Size { of: Box::new(of), list: true });
    prop_oneof![4 => plain, 2 => sum, 1 => length, 1 => count].boxed()
}

fn leaf(level: u8, depth: u32) -> BoxedStrategy<Predicate> {
    use CompareOp::*;
    const OPS: [CompareOp; 6] = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
    let compare = |operands: BoxedStrategy<Operand>, ops: &'static [CompareOp]| {
        (prop::sample::select(ops), operands.clone(), operands)
            .prop_map(|(op, left, right)| Predicate::Compare { op, left, right })
    };
    let tests = &[TextTest::StartsWith, TextTest::EndsWith, TextTest::Contains];
    let text = (prop::sample::select(&tests[..]), texts(level, depth), texts(level, depth))
        .prop_map(|(test, subject, needle)| Predicate::Text { test, subject, needle });
    let member =
        (texts(level, depth), field(TAGS, level)).prop_map(|(item, list)| Predicate::In { item, list });
    prop_oneof![
        compare(ints(level, depth), &OPS),
        compare(texts(level, depth), &OPS),
        compare(ids(level, depth), &OPS[..2]),
        text,
        member,
        field(FLAG, level).prop_map(Predicate::Truth),
        any::<bool>().prop_map(Predicate::Const),
    ]
    .boxed()
}

fn predicate(level: u8, depth: u32) -> BoxedStrategy<Predicate> {
    let leaf = leaf(level, depth.min(1));
    if depth == 0 {
        return leaf;
    }
    let inner = || predicate(level, depth - 1);
    let link = prop_oneof![
        ids(level, 0).prop_map(Link::To),
        ids(level, 0).prop_map(|id| Link::From { field: PARENT, id }),
    ];
    let exists = (link, predicate(level + 1, depth - 1)).prop_map(move |(link, filter)| Predicate::Exists {
        model: NODE,
        link,
        level: level + 1,
        filter: Box::new(filter),
    });
    prop_oneof![
        2 => leaf,
        1 => prop::collection::vec(inner(), 0..4).prop_map(Predicate::All),
        1 => prop::collection::vec(inner(), 0..4).prop_map(Predicate::Any),
        1 => inner().prop_map(|inner| Predicate::Not(Box::new(inner))),
        1 => exists,
    ]
    .boxed()
}

fn nodes() -> impl Strategy<Value = Nodes> {
    (record(0), record(1), record(2)).prop_map(|(a, b, c)| Nodes(vec![a, b, c]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_ways_agree(predicate in predicate(0, 3), nodes in nodes(), caller in id()) {
        let vars = Vars { auth_id: caller.as_uuid(), ..Vars::default() };
        let record = nodes.0[0].as_slice();
        let expected = Naive { nodes: &nodes, vars: &vars, records: vec![(Source::Record, record)] }.holds(&predicate);

        let all = Frame { vars: Some(&vars), record: Some(record), ..Frame::default() };
        let at_once = decide(&predicate, &all, &mut nodes.clone());
        prop_assert_eq!(at_once, Ok(expected), "at once");

        let for_caller = predicate.reduce(&Frame { vars: Some(&vars), ..Frame::default() });
        let in_steps = decide(&for_caller, &Frame { record: Some(record), ..Frame::default() }, &mut nodes.clone());
        prop_assert_eq!(in_steps, Ok(expected), "the caller first");

        let known = predicate.known(&Frame { vars: Some(&vars), ..Frame::default() });
        let constant = match &for_caller { Predicate::Const(answer) => Some(*answer), _ => None };
        prop_assert_eq!(known, constant, "what is known is what reduces to a constant");

        let for_record = predicate.reduce(&Frame { record: Some(record), ..Frame::default() });
        let in_steps = decide(&for_record, &Frame { vars: Some(&vars), ..Frame::default() }, &mut nodes.clone());
        prop_assert_eq!(in_steps, Ok(expected), "the record first");

        let normal = predicate.reduce(&Frame::default());
        prop_assert_eq!(normal.reduce(&Frame::default()), normal, "reduced once and for all");
    }
}

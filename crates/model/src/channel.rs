//! Channels: names under which clients send each other messages that are not stored.

use crate::Rule;
use mainstay_expr::{ModelId, Type, Value};
use uuid::Uuid;

/// The longest name of a channel, in bytes.
pub const MAX_CHANNEL_NAME: usize = 200;

/// A kind of channel: all those whose names are of a pattern.
#[derive(Debug, Clone)]
pub struct Channel {
    /// The name of its file.
    pub name: String,
    /// For people: what it is for.
    pub doc: Option<String>,
    /// What its channels are called.
    pub pattern: Pattern,
    /// The most bytes of a message's JSON.
    pub max_bytes: usize,
    /// Who may hear what is sent, and see who is here. Absent rules deny.
    pub subscribe: Option<Rule>,
    /// Who may send.
    pub publish: Option<Rule>,
    /// Who may be shown as being here.
    pub present: Option<Rule>,
}

/// The names of a kind of channel: `room/{room}/typing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// As the project has it.
    pub source: String,
    /// Its parts, between `/`.
    pub segments: Vec<Segment>,
    /// Its variables, in the order of the pattern. A rule sees them as the fields of a record.
    pub variables: Vec<Variable>,
}

/// A part of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// This text.
    Literal(String),
    /// The value of the next variable.
    Variable,
}

/// A variable of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it can be.
    pub ty: VariableType,
}

/// What a variable can be. Each value has one text, so that a channel has one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableType {
    /// `A-Z a-z 0-9` and `-._~:`
    Text,
    /// A whole number of 64 bits.
    Int,
    /// A UUID.
    Uuid,
    /// The id of a record of a model, whose fields and relations rules see.
    Ref(ModelId),
}

impl VariableType {
    /// As expressions see it.
    pub(crate) fn expr_type(self) -> Type {
        match self {
            VariableType::Text => Type::Text,
            VariableType::Int => Type::Int,
            VariableType::Uuid => Type::Uuid,
            VariableType::Ref(model) => Type::Ref(model),
        }
    }

    /// The value of a text; `None` for what is not one, or not in its one form.
    fn value(self, text: &str) -> Option<Value> {
        match self {
            VariableType::Text => is_word(text).then(|| Value::Text(text.to_owned())),
            VariableType::Int => {
                let number: i64 = text.parse().ok()?;
                (number.to_string() == text).then_some(Value::Int(number))
            }
            VariableType::Uuid | VariableType::Ref(_) => {
                let id: Uuid = text.parse().ok()?;
                (id.to_string() == text).then_some(Value::Uuid(id))
            }
        }
    }
}

/// Whether a text may be a part of a channel's name: some of what needs no escaping in a path.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte))
}

impl Pattern {
    /// The values of the variables in a name; `None` when the name is not of this pattern.
    pub fn values(&self, name: &str) -> Option<Vec<Value>> {
        let (mut parts, mut variables) = (name.split('/'), self.variables.iter());
        let mut values = Vec::with_capacity(self.variables.len());
        for segment in &self.segments {
            let part = parts.next()?;
            match segment {
                Segment::Literal(text) if text == part => {}
                Segment::Literal(_) => return None,
                Segment::Variable => values.push(variables.next()?.ty.value(part)?),
            }
        }
        parts.next().is_none().then_some(values)
    }

    /// Whether a name could be of both patterns.
    pub(crate) fn overlaps(&self, other: &Pattern) -> bool {
        let differ = |(one, two): (&Segment, &Segment)| match (one, two) {
            (Segment::Literal(one), Segment::Literal(two)) => one != two,
            _ => false,
        };
        self.segments.len() == other.segments.len() && !self.segments.iter().zip(&other.segments).any(differ)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(ty: VariableType) -> Pattern {
        Pattern {
            source: "room/{room}/typing".to_owned(),
            segments: vec![
                Segment::Literal("room".to_owned()),
                Segment::Variable,
                Segment::Literal("typing".to_owned()),
            ],
            variables: vec![Variable { name: "room".to_owned(), ty }],
        }
    }

    #[test]
    fn a_name_gives_values_in_their_one_form() {
        let check = |ty, name: &str, expected: Option<Value>| {
            assert_eq!(pattern(ty).values(name), expected.map(|value| vec![value]), "{name}");
        };
        check(VariableType::Int, "room/7/typing", Some(Value::Int(7)));
        check(VariableType::Int, "room/-7/typing", Some(Value::Int(-7)));
        for name in
            ["room/07/typing", "room/+7/typing", "room/x/typing", "room/7", "room/7/typing/", "room//typing"]
        {
            check(VariableType::Int, name, None);
        }
        check(VariableType::Text, "room/a~b/typing", Some(Value::Text("a~b".to_owned())));
        check(VariableType::Text, "room/a b/typing", None);
        check(VariableType::Text, "room/ä/typing", None);
        let id = Uuid::from_u128(1);
        check(VariableType::Uuid, &format!("room/{id}/typing"), Some(Value::Uuid(id)));
        check(VariableType::Uuid, &format!("room/{}/typing", id.simple()), None);
    }

    #[test]
    fn patterns_overlap_when_a_name_can_be_of_both() {
        let other =
            |segments: &[Segment]| Pattern { segments: segments.to_vec(), ..pattern(VariableType::Text) };
        let literal = |text: &str| Segment::Literal(text.to_owned());
        let rooms = pattern(VariableType::Text);
        assert!(rooms.overlaps(&rooms));
        assert!(rooms.overlaps(&other(&[literal("room"), literal("1"), literal("typing")])));
        assert!(!rooms.overlaps(&other(&[literal("user"), Segment::Variable, literal("typing")])));
        assert!(!rooms.overlaps(&other(&[literal("room"), Segment::Variable])));
    }
}

//! Arguments, as a document has them: with variables in them.

use crate::error::Failure;
use apollo_compiler::Schema;
use apollo_compiler::ast::{Type, Value};
use apollo_compiler::executable::Field;
use apollo_compiler::schema::ExtendedType;
use mainstay_engine::Code;
use serde_json::{Map, Value as Json};

/// A value in which variables may stand.
#[derive(Debug, PartialEq)]
enum Template {
    Value(Json),
    Variable(String),
    List(Vec<Template>),
    Object(Vec<(String, Template)>),
}

/// The arguments of a field.
#[derive(Debug, Default)]
pub(crate) struct Arguments(Vec<Argument>);

#[derive(Debug)]
struct Argument {
    name: String,
    value: Template,
    /// Whether null is no value of it.
    is_required: bool,
}

impl Arguments {
    /// The arguments that a field is given.
    pub(crate) fn new(schema: &Schema, field: &Field) -> Self {
        let argument = |given: &apollo_compiler::Node<apollo_compiler::ast::Argument>| {
            let definition = field.definition.argument_by_name(&given.name)?;
            Some(Argument {
                name: given.name.to_string(),
                value: Template::new(schema, &definition.ty, &given.value),
                is_required: definition.ty.is_non_null(),
            })
        };
        Arguments(field.arguments.iter().filter_map(argument).collect())
    }

    /// The arguments with the variables' values in them. What is null or of a variable without a value is left out.
    ///
    /// # Errors
    /// [`Code::InvalidVariables`] when a required one is null.
    pub(crate) fn fill(&self, variables: &Map<String, Json>) -> Result<Map<String, Json>, Failure> {
        let mut filled = Map::new();
        for argument in &self.0 {
            match argument.value.fill(variables).filter(|value| !value.is_null()) {
                Some(value) => drop(filled.insert(argument.name.clone(), value)),
                None if argument.is_required => {
                    let message = format!("the argument `{}` must not be null", argument.name);
                    return Err(Failure::new(Code::InvalidVariables, message));
                }
                None => {}
            }
        }
        Ok(filled)
    }

    /// Sees that each variable in the arguments of these names is given.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`], as where there is no condition at all.
    pub(crate) fn require(&self, names: &[&str], variables: &Map<String, Json>) -> Result<(), Failure> {
        let mut named = self.0.iter().filter(|argument| names.contains(&argument.name.as_str()));
        let Some(missing) = named.find_map(|argument| argument.value.missing(variables)) else {
            return Ok(());
        };
        let message = format!("`${missing}` is not given, and without it more would be written to");
        Err(Failure::new(Code::InvalidParameter, message))
    }

    /// A whole number among the arguments.
    pub(crate) fn number(&self, name: &str, variables: &Map<String, Json>) -> Option<u64> {
        let argument = self.0.iter().find(|argument| argument.name == name)?;
        match &argument.value {
            Template::Value(value) => value.as_u64(),
            Template::Variable(name) => variables.get(name)?.as_u64(),
            _ => None,
        }
    }
}

impl Template {
    /// A value as it stands in a document for an argument or member of this type.
    fn new(schema: &Schema, ty: &Type, value: &Value) -> Self {
        match value {
            Value::Variable(name) => Template::Variable(name.to_string()),
            Value::List(elements) => {
                let element =
                    |value: &apollo_compiler::Node<Value>| Template::new(schema, ty.item_type(), value);
                Self::settled_list(elements.iter().map(element).collect())
            }
            // One value stands for a list of it (GraphQL, 3.11).
            _ if ty.is_list() && *value != Value::Null => {
                Self::settled_list(vec![Template::new(schema, ty.item_type(), value)])
            }
            Value::Object(members) => {
                let member = |(name, value): &(apollo_compiler::Name, apollo_compiler::Node<Value>)| {
                    (name.to_string(), Template::new(schema, member_type(schema, ty, name), value))
                };
                Self::settled_object(members.iter().map(member).collect())
            }
            Value::Null => Template::Value(Json::Null),
            Value::Boolean(value) => Template::Value((*value).into()),
            Value::String(text) => Template::Value(text.as_str().into()),
            Value::Enum(name) => Template::Value(name.as_str().into()),
            Value::Int(number) => Template::Value(number_of(number.as_str())),
            Value::Float(number) => Template::Value(number_of(number.as_str())),
        }
    }

    /// A list without variables is a value.
    fn settled_list(elements: Vec<Template>) -> Self {
        if elements.iter().all(|element| matches!(element, Template::Value(_))) {
            let values = elements.into_iter().filter_map(|element| element.fill(&Map::new()));
            return Template::Value(values.collect());
        }
        Template::List(elements)
    }

    fn settled_object(members: Vec<(String, Template)>) -> Self {
        if members.iter().all(|(_, member)| matches!(member, Template::Value(_))) {
            return Template::Object(members)
                .fill(&Map::new())
                .map_or(Template::Value(Json::Null), Template::Value);
        }
        Template::Object(members)
    }

    /// The first variable in it that has no value.
    fn missing(&self, variables: &Map<String, Json>) -> Option<&str> {
        match self {
            Template::Value(_) => None,
            Template::Variable(name) => (!variables.contains_key(name)).then_some(name),
            Template::List(elements) => elements.iter().find_map(|element| element.missing(variables)),
            Template::Object(members) => members.iter().find_map(|(_, member)| member.missing(variables)),
        }
    }

    fn fill(&self, variables: &Map<String, Json>) -> Option<Json> {
        Some(match self {
            Template::Value(value) => value.clone(),
            Template::Variable(name) => variables.get(name)?.clone(),
            Template::List(elements) => {
                elements.iter().map(|element| element.fill(variables).unwrap_or(Json::Null)).collect()
            }
            Template::Object(members) => {
                let member =
                    |(name, value): &(String, Template)| Some((name.clone(), value.fill(variables)?));
                Json::Object(members.iter().filter_map(member).collect())
            }
        })
    }
}

/// The type of a member of an input type; that of the whole where members have none, as in JSON.
fn member_type<'a>(schema: &'a Schema, ty: &'a Type, name: &str) -> &'a Type {
    let input = match schema.types.get(ty.inner_named_type()) {
        Some(ExtendedType::InputObject(input)) => input,
        _ => return ty,
    };
    input.fields.get(name).map_or(ty, |field| field.ty.as_ref())
}

/// A number as it is written. One that is too large for any of ours is left to the field to refuse.
fn number_of(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

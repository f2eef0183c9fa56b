//! Whether a file has the shape of its type: known keys, and values of the right kind.
//!
//! Serde stops at the first fault. Here the file is walked along the type's JSON Schema instead, each value is tried alone, and what
//! fits is read together in the end.

use super::document::{Content, Document, Entry, Node};
use super::faults::Faults;
use super::suggest::nearest;
use crate::schema::Shape;
use serde_json::Value as Json;

/// Reads a file whose type leaves no key required, and reports each key and value that does not fit.
pub(super) fn read<T: Shape>(document: &Document, faults: &mut Faults) -> T {
    let mut walk =
        Walk { document, faults, fits: &|value| T::deserialize(value).err().map(|e| e.message().to_owned()) };
    let value = walk.visit(&document.root, T::schema(), &mut Vec::new());
    let empty = || toml::Value::Table(toml::Table::new());
    T::deserialize(value.unwrap_or_else(empty)).unwrap_or_else(|error| {
        faults.error("wrong_type", document.at(0..0), error.message());
        T::default()
    })
}

struct Walk<'a> {
    document: &'a Document,
    faults: &'a mut Faults,
    /// What is wrong with a file, if anything.
    fits: &'a dyn Fn(toml::Value) -> Option<String>,
}

/// A step from the root to a value.
#[derive(Clone)]
enum Step {
    Key(String),
    Element,
}

impl Walk<'_> {
    /// The value of a node without what does not fit; `None` when nothing of it does.
    fn visit(&mut self, node: &Node, schema: &Json, path: &mut Vec<Step>) -> Option<toml::Value> {
        match (&node.content, table_form(schema), schema.get("items")) {
            (Content::Table(entries), Some(table), _) => Some(self.visit_table(entries, table, path)),
            (Content::Array(nodes), _, Some(element)) => self.visit_array(nodes, element, path),
            _ => self.visit_leaf(node, schema, path),
        }
    }

    fn visit_table(&mut self, entries: &[Entry], schema: &Json, path: &mut Vec<Step>) -> toml::Value {
        let mut table = toml::Table::new();
        for entry in entries {
            let Some(inner) = member_schema(schema, &entry.key) else {
                self.unknown_key(entry, schema);
                continue;
            };
            path.push(Step::Key(entry.key.clone()));
            if let Some(value) = self.visit(&entry.value, inner, path) {
                table.insert(entry.key.clone(), value);
            }
            path.pop();
        }
        toml::Value::Table(table)
    }

    fn visit_array(&mut self, nodes: &[Node], schema: &Json, path: &mut Vec<Step>) -> Option<toml::Value> {
        path.push(Step::Element);
        // A table at fault leaves an empty one behind, so that the others keep their places. A list of scalars is taken whole or not.
        let empty = || table_form(schema).map(|_| toml::Value::Table(toml::Table::new()));
        let values: Vec<_> = nodes.iter().map(|node| self.visit(node, schema, path).or_else(empty)).collect();
        path.pop();
        values.into_iter().collect::<Option<_>>().map(toml::Value::Array)
    }

    fn visit_leaf(&mut self, node: &Node, schema: &Json, path: &[Step]) -> Option<toml::Value> {
        let value = node.to_value();
        match self.leaf_fault(node, &value, schema, path) {
            None => Some(value),
            Some((code, message, candidate)) => {
                let place = self.document.at(node.span.clone());
                self.faults.error(code, place, message).did_you_mean(candidate);
                None
            }
        }
    }

    fn leaf_fault<'s>(
        &self,
        node: &Node,
        value: &toml::Value,
        schema: &'s Json,
        path: &[Step],
    ) -> Option<(&'static str, String, Option<&'s str>)> {
        let choices = choices(schema);
        if let (Some(text), false) = (value.as_str(), choices.is_empty()) {
            let message = || format!("`{text}` is not one of {}", choices.join(", "));
            let unknown = !choices.contains(&text);
            return unknown.then(|| ("unknown_value", message(), nearest(text, choices.iter().copied())));
        }
        if let Some(kind) = kind(schema).filter(|kind| !kind_fits(kind, node.kind())) {
            return Some(("wrong_type", format!("expected {kind}, found {}", node.kind()), None));
        }
        if let Some(message) = out_of_bounds(value, schema) {
            return Some(("out_of_range", message, None));
        }
        (self.fits)(wrap(path, value.clone())).map(|message| ("wrong_type", message, None))
    }

    fn unknown_key(&mut self, entry: &Entry, schema: &Json) {
        let known = || {
            schema["properties"].as_object().into_iter().flat_map(|known| known.keys().map(String::as_str))
        };
        let place = self.document.at(entry.key_span.clone());
        let fault = self.faults.error("unknown_key", place, format!("unknown key `{}`", entry.key));
        match nearest(&entry.key, known()) {
            Some(key) => fault.did_you_mean(Some(key)),
            None => fault.help(format!("the keys here are {}", known().collect::<Vec<_>>().join(", "))),
        }
    }
}

/// A file that has nothing but this value.
fn wrap(path: &[Step], value: toml::Value) -> toml::Value {
    path.iter().rev().fold(value, |inner, step| match step {
        Step::Key(key) => toml::Value::Table(toml::Table::from_iter([(key.clone(), inner)])),
        Step::Element => toml::Value::Array(vec![inner]),
    })
}

/// The alternatives of a schema, itself included.
fn forms(schema: &Json) -> Vec<&Json> {
    let inner = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    std::iter::once(schema).chain(inner.flat_map(forms)).collect()
}

/// The schema of tables with known keys, or with keys of the project's choice, where `schema` has such a form and no free one.
fn table_form(schema: &Json) -> Option<&Json> {
    let free = forms(schema).iter().any(|form| form.as_bool() == Some(true));
    let has_members =
        |form: &&Json| form.get("properties").is_some() || form["additionalProperties"].is_object();
    forms(schema).into_iter().find(has_members).filter(|_| !free)
}

fn member_schema<'s>(table: &'s Json, key: &str) -> Option<&'s Json> {
    let known = table.get("properties").and_then(|known| known.get(key));
    known.or_else(|| table.get("additionalProperties").filter(|free| free.is_object()))
}

/// The texts that a schema allows, where it counts them up.
fn choices(schema: &Json) -> Vec<&str> {
    forms(schema)
        .into_iter()
        .flat_map(|form| {
            let listed = form.get("enum").and_then(Json::as_array).into_iter().flatten();
            listed.chain(form.get("const")).filter_map(Json::as_str)
        })
        .collect()
}

/// The kind of value that a schema wants, where it wants one.
fn kind(schema: &Json) -> Option<&'static str> {
    match schema.get("type").and_then(Json::as_str)? {
        "string" => Some("a string"),
        "integer" => Some("an integer"),
        "number" => Some("a float"),
        "boolean" => Some("a boolean"),
        "array" => Some("a list"),
        "object" => Some("a table"),
        _ => None,
    }
}

fn kind_fits(wanted: &str, found: &str) -> bool {
    wanted == found || (wanted == "a float" && found == "an integer")
}

fn out_of_bounds(value: &toml::Value, schema: &Json) -> Option<String> {
    let value = value.as_integer()?;
    let bound = |key: &str| schema.get(key).and_then(Json::as_f64);
    // Bounds of files are small enough to be exact as doubles, or as wide as the integers themselves.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let number = value as f64;
    if let Some(min) = bound("minimum").filter(|min| number < *min) {
        return Some(format!("must be at least {min}"));
    }
    bound("maximum").filter(|max| number > *max).map(|max| format!("must be at most {max}"))
}

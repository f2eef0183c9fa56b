//! Plans: what a document asks for, in the form in which it is run again and again.

mod collect;
mod cost;
mod schema;
mod template;

pub(crate) use template::Arguments;

use crate::catalog::{Catalog, Prop, Root};
use crate::document::Document;
use crate::error::Failure;
use crate::schema::Built;
use apollo_compiler::Name;
use apollo_compiler::ast::OperationType;
use apollo_compiler::executable::{Field, Operation, SelectionSet};
use apollo_compiler::parser::LineColumn;
use collect::Collector;
use mainstay_engine::{Code, Cursors, OperationKind};
use mainstay_expr::{FieldId, ModelId};
use mainstay_model::{GraphQl, json};

/// What an operation of a document asks for.
pub(crate) struct Plan {
    pub(crate) root: Root,
    pub(crate) fields: Vec<RootField>,
    /// Whether the schema is asked for too.
    pub(crate) introspects: bool,
}

/// A root field.
pub(crate) struct RootField {
    pub(crate) key: Key,
    pub(crate) what: RootWhat,
    pub(crate) place: Option<LineColumn>,
}

/// What a root field asks for.
pub(crate) enum RootWhat {
    /// The name of the root type, in JSON.
    Typename(Vec<u8>),
    /// The schema, or a type of it.
    Introspection,
    /// What an operation answers.
    Call(CallPlan),
}

/// A call of an operation.
pub(crate) struct CallPlan {
    /// The call's place in the catalogue.
    pub(crate) call: usize,
    pub(crate) arguments: Arguments,
    /// What to show of the answer; `None` where it is a scalar.
    pub(crate) shape: Option<Shape>,
    /// The refs that the operation follows by itself.
    pub(crate) expand: Vec<String>,
}

/// What to show of an object.
#[derive(Default)]
pub(crate) struct Shape {
    pub(crate) items: Vec<Item>,
    /// Whether there is something in it that the operation does not answer by itself.
    pub(crate) loads: bool,
    /// Whether the total is asked for, of a page.
    pub(crate) counts: bool,
    /// Which cursors are asked for, of a page.
    pub(crate) cursors: Cursors,
}

/// A member of an object.
pub(crate) struct Item {
    pub(crate) key: Key,
    pub(crate) what: What,
}

/// What a member shows.
pub(crate) enum What {
    /// The name of the type, in JSON.
    Typename(Vec<u8>),
    /// A scalar.
    Leaf(Prop),
    /// An object, or a list of them.
    Object(Prop, Shape),
    /// A record of any model.
    Any(Vec<(ModelId, Shape)>),
    /// The record that a ref points to.
    Ref(Box<Reference>),
    /// The records that point to this one.
    Children(Box<Children>),
}

/// The record that a ref points to.
pub(crate) struct Reference {
    pub(crate) field: FieldId,
    /// The ref's name.
    pub(crate) name: String,
    /// The model that it points to.
    pub(crate) model: ModelId,
    pub(crate) shape: Shape,
}

/// The records that point to another one.
pub(crate) struct Children {
    pub(crate) model: ModelId,
    pub(crate) field: FieldId,
    pub(crate) arguments: Arguments,
    pub(crate) shape: Shape,
}

/// The key of a member in answers.
pub(crate) struct Key {
    pub(crate) name: String,
    /// `"name":`
    pub(crate) json: Vec<u8>,
}

impl Key {
    fn new(name: &Name) -> Self {
        let mut json = quoted(name);
        json.push(b':');
        Key { name: name.to_string(), json }
    }
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    json::encode_str(text, &mut out);
    out
}

impl Plan {
    /// Whether an operation is asked for more than it answers by itself.
    pub(crate) fn loads(&self) -> bool {
        self.fields.iter().any(|field| match &field.what {
            RootWhat::Call(call) => call.shape.as_ref().is_some_and(|shape| shape.loads),
            _ => false,
        })
    }

    /// Plans an operation.
    ///
    /// # Errors
    /// [`Code::DocumentTooComplex`], saying which limit is exceeded; [`Code::InvalidDocument`] where introspection is turned off.
    pub(crate) fn new(
        built: &Built,
        limits: &GraphQl,
        document: &Document,
        operation: &Operation,
        is_on: &dyn Fn(&str) -> bool,
    ) -> Result<Self, Failure> {
        let root = match operation.operation_type {
            OperationType::Query => Root::Query,
            OperationType::Mutation => Root::Mutation,
            OperationType::Subscription => Root::Subscription,
        };
        let collector = Collector::new(&document.parsed, limits, is_on);
        let mut planner = Planner { built, collector, introspected: 0 };
        let groups = planner.collector.collect(&built.catalog, root.name(), &[&operation.selection_set])?;
        planner.collector.check_roots(groups.len())?;
        let mut fields = Vec::with_capacity(groups.len());
        for group in groups {
            fields.push(planner.root_field(root, &group)?);
        }
        let introspects = fields.iter().any(|field| matches!(field.what, RootWhat::Introspection));
        if introspects && !limits.introspection {
            return Err(Failure::new(Code::InvalidDocument, "introspection is turned off here"));
        }
        Ok(Plan { root, fields, introspects })
    }
}

/// Makes plans of selections.
struct Planner<'a> {
    built: &'a Built,
    collector: Collector<'a>,
    /// What is asked of the schema, see [`schema`].
    introspected: u64,
}

/// The fields with one key, which are the same but for what they select.
type Group<'a> = Vec<&'a Field>;

impl<'a> Planner<'a> {
    fn catalog(&self) -> &'a Catalog {
        &self.built.catalog
    }

    fn root_field(&mut self, root: Root, group: &Group<'a>) -> Result<RootField, Failure> {
        let field = group[0];
        let what = match field.name.as_str() {
            "__typename" => RootWhat::Typename(quoted(root.name())),
            "__schema" | "__type" => self.introspection(group)?,
            name => match self.catalog().prop(root.name(), name) {
                Some(Prop::Call(call)) => RootWhat::Call(self.call(call, group)?),
                _ => return Err(Failure::internal(format!("nothing is known of {name}"))),
            },
        };
        Ok(RootField { key: Key::new(field.response_key()), what, place: self.collector.place(field) })
    }

    fn call(&mut self, call: usize, group: &Group<'a>) -> Result<CallPlan, Failure> {
        let field = group[0];
        let has_selection = !field.selection_set.selections.is_empty();
        let shape = if has_selection { Some(self.object(field, group, 1)?) } else { None };
        let kind = self.catalog().call(call).operation.kind;
        let expand = shape.as_ref().map(|shape| expansion(kind, shape)).unwrap_or_default();
        Ok(CallPlan { call, arguments: Arguments::new(&self.built.schema, field), shape, expand })
    }

    /// The shape of what a field answers, `depth` levels down.
    fn object(&mut self, field: &'a Field, group: &Group<'a>, depth: usize) -> Result<Shape, Failure> {
        let sets: Vec<&'a SelectionSet> = group.iter().map(|field| &field.selection_set).collect();
        self.shape(field.ty().inner_named_type(), &sets, depth)
    }

    fn shape(&mut self, ty: &str, sets: &[&'a SelectionSet], depth: usize) -> Result<Shape, Failure> {
        self.collector.check_depth(depth)?;
        let mut shape = Shape::default();
        for group in self.collector.collect(self.catalog(), ty, sets)? {
            let item = self.item(ty, &group, depth)?;
            shape.add(item);
        }
        Ok(shape)
    }

    fn item(&mut self, ty: &str, group: &Group<'a>, depth: usize) -> Result<Item, Failure> {
        let field = group[0];
        let key = Key::new(field.response_key());
        if field.name == "__typename" {
            return Ok(Item { key, what: What::Typename(quoted(ty)) });
        }
        let unknown = || Failure::internal(format!("nothing is known of {ty}.{}", field.name));
        let prop = self.catalog().prop(ty, &field.name).ok_or_else(unknown)?;
        let what = match prop {
            Prop::Children(model, of) => What::Children(Box::new(self.children(model, of, group, depth)?)),
            Prop::Ref(of, model) => {
                let shape = self.object(field, group, depth + 1)?;
                What::Ref(Box::new(Reference { field: of, name: field.name.to_string(), model, shape }))
            }
            _ if field.selection_set.selections.is_empty() => What::Leaf(prop),
            _ if field.ty().inner_named_type() == crate::catalog::RECORD => {
                What::Any(self.any(group, depth)?)
            }
            _ => What::Object(prop, self.object(field, group, depth + 1)?),
        };
        Ok(Item { key, what })
    }

    fn any(&mut self, group: &Group<'a>, depth: usize) -> Result<Vec<(ModelId, Shape)>, Failure> {
        let sets: Vec<&'a SelectionSet> = group.iter().map(|field| &field.selection_set).collect();
        let mut shapes = Vec::new();
        for (model, name) in &self.catalog().records {
            shapes.push((*model, self.shape(name, &sets, depth + 1)?));
        }
        Ok(shapes)
    }

    fn children(
        &mut self,
        model: ModelId,
        of: FieldId,
        group: &Group<'a>,
        depth: usize,
    ) -> Result<Children, Failure> {
        let shape = self.object(group[0], group, depth + 1)?;
        let arguments = Arguments::new(&self.built.schema, group[0]);
        Ok(Children { model, field: of, arguments, shape })
    }
}

impl Shape {
    fn add(&mut self, item: Item) {
        match &item.what {
            What::Children(_) | What::Ref(_) => self.loads = true,
            What::Object(prop, inner) => {
                self.loads |= inner.loads;
                // The cursors of a page stand in its edges and its `pageInfo`.
                if matches!(prop, Prop::Edges | Prop::PageInfo) {
                    self.cursors = self.cursors.max(inner.cursors);
                }
            }
            What::Any(shapes) => self.loads |= shapes.iter().any(|(_, shape)| shape.loads),
            What::Leaf(prop) => {
                self.counts |= *prop == Prop::TotalCount;
                self.cursors = self.cursors.max(match prop {
                    Prop::Cursor => Cursors::Each,
                    Prop::StartCursor | Prop::EndCursor => Cursors::Ends,
                    _ => Cursors::None,
                });
            }
            What::Typename(_) => {}
        }
        self.items.push(item);
    }

    /// Adds the paths of the refs that are followed, as `author` and `room.owner`.
    fn add_refs(&self, before: &str, depth: usize, paths: &mut Vec<String>) {
        for item in &self.items {
            let What::Ref(reference) = &item.what else { continue };
            let path = format!("{before}{}", reference.name);
            if depth < EXPANSION.0 {
                reference.shape.add_refs(&format!("{path}."), depth + 1, paths);
            }
            paths.push(path);
        }
    }

    /// The shapes within, of the records of a page or of a write.
    pub(crate) fn inner(&self) -> impl Iterator<Item = (Prop, &Shape)> {
        self.items.iter().filter_map(|item| match &item.what {
            What::Object(prop, shape) => Some((*prop, shape)),
            _ => None,
        })
    }
}

impl Shape {
    /// The shapes of records of any model, by model.
    pub(crate) fn any(&self) -> impl Iterator<Item = &(ModelId, Shape)> {
        let shapes = self.items.iter().filter_map(|item| match &item.what {
            What::Any(shapes) => Some(shapes),
            _ => None,
        });
        shapes.flatten()
    }
}

/// How deep and how many refs a query follows by itself.
const EXPANSION: (usize, usize) = (3, 20);

/// The refs that a get or list follows by itself. What is deeper is loaded behind it.
fn expansion(kind: OperationKind, shape: &Shape) -> Vec<String> {
    let mut paths = Vec::new();
    match kind {
        OperationKind::Get => shape.add_refs("", 1, &mut paths),
        OperationKind::List => {
            for (prop, inner) in shape.inner() {
                match prop {
                    Prop::Nodes => inner.add_refs("", 1, &mut paths),
                    Prop::Edges => inner.inner().for_each(|(_, node)| node.add_refs("", 1, &mut paths)),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    paths.sort();
    paths.dedup();
    paths.truncate(EXPANSION.1);
    paths
}

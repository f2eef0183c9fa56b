//! What is asked for beyond what an operation answers by itself: the records that refs point to, and those that point back.
//!
//! It goes level by level through what was asked for, and asks for each level at once: one query a member of the selection, however
//! many records it is asked of.

use super::Run;
use super::ask::page;
use super::given::Given;
use super::source::{Page, Source, Walk};
use crate::catalog::{EventPart, Prop};
use crate::plan::{Children, Reference, Shape, What};
use mainstay_api::operations::{Ask, Parameters, Reply};
use mainstay_engine::{Error, ListRequest, Operation, OperationKind, View};
use mainstay_expr::{FieldId, ModelId};
use mainstay_ports::Position;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// What was loaded.
#[derive(Default)]
pub(super) struct Loaded {
    records: HashMap<(ModelId, Uuid), Arc<View>>,
    pages: HashMap<(usize, Uuid), Arc<Page>>,
    /// What could not be loaded, by its place in the plan.
    failed: HashMap<usize, Error>,
}

/// What the records of one level are asked for.
struct Level<'a> {
    shape: &'a Shape,
    views: Vec<Arc<View>>,
}

/// How many records are asked for by their ids at once: as many as there is room for in a filter.
const IDS: usize = 100;

impl Loaded {
    /// The record that a ref points to, where the caller may see it.
    pub(super) fn target(&self, view: &View, reference: &Reference) -> Option<Arc<View>> {
        match expanded(view, reference.field) {
            Some(target) => target.cloned(),
            None => self.records.get(&(reference.model, id_in(view, reference.field)?)).cloned(),
        }
    }

    /// The page of the records that point to one.
    pub(super) fn children(&self, id: Uuid, children: &Children) -> Option<Arc<Page>> {
        self.pages.get(&(place_of(children), id)).cloned()
    }

    /// Why something could not be loaded, and what tells it from others.
    pub(super) fn failure<T>(&self, node: &T) -> Option<(usize, &Error)> {
        let place = place_of(node);
        self.failed.get(&place).map(|error| (place, error))
    }
}

/// Where something is in its plan, which stays where it is while it is run.
fn place_of<T>(node: &T) -> usize {
    std::ptr::from_ref(node) as usize
}

/// The record that the view has for a ref; `None` when it was not asked for.
fn expanded(view: &View, field: FieldId) -> Option<Option<&Arc<View>>> {
    let found = view.expanded.iter().find(|(other, _)| *other == field);
    found.map(|(_, target)| target.as_ref())
}

/// The id in a ref, unless the caller may not see it.
fn id_in(view: &View, field: FieldId) -> Option<Uuid> {
    if view.hidden.contains(&field) { None } else { view.record.get(field).as_uuid() }
}

/// Loads what a shape asks for beyond its source.
pub(super) async fn load(run: &Run<'_>, shape: &Shape, source: &Source) -> Loaded {
    load_levels(run, first_levels(shape, source), source.position().or(run.position)).await
}

/// Loads what the shape of an event asks for beyond the records of some events.
pub(super) async fn load_records(run: &Run<'_>, event: &Shape, views: &[Arc<View>]) -> Loaded {
    let shapes = event.inner().filter(|(prop, _)| *prop == Prop::Event(EventPart::Record));
    let levels = shapes.map(|(_, shape)| Level { shape, views: views.to_vec() }).collect();
    load_levels(run, levels, run.position).await
}

async fn load_levels(run: &Run<'_>, mut levels: Vec<Level<'_>>, position: Option<Position>) -> Loaded {
    let mut loaded = Loaded::default();
    while let Some(level) = levels.pop() {
        if level.views.is_empty() || !level.shape.loads {
            continue;
        }
        for item in &level.shape.items {
            match &item.what {
                What::Ref(reference) => {
                    levels.push(follow(run, &mut loaded, reference, &level.views, position).await);
                }
                What::Children(children) => {
                    levels.extend(gather(run, &mut loaded, children, &level.views, position).await);
                }
                _ => {}
            }
        }
    }
    loaded
}

/// The records that the views' refs point to.
async fn follow<'a>(
    run: &Run<'_>,
    loaded: &mut Loaded,
    reference: &'a Reference,
    views: &[Arc<View>],
    position: Option<Position>,
) -> Level<'a> {
    let unknown = |view: &&Arc<View>| expanded(view, reference.field).is_none();
    let ids: BTreeSet<Uuid> = views
        .iter()
        .filter(unknown)
        .filter_map(|view| id_in(view, reference.field))
        .filter(|id| !loaded.records.contains_key(&(reference.model, *id)))
        .collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    for chunk in ids.chunks(IDS) {
        match by_ids(run, reference.model, chunk, position).await {
            Ok(page) => {
                let records = page.into_iter().map(|view| ((view.model, view.record.id()), Arc::new(view)));
                loaded.records.extend(records);
            }
            Err(error) => drop(loaded.failed.insert(place_of(reference), error)),
        }
    }
    let found = views.iter().filter_map(|view| loaded.target(view, reference));
    Level { shape: &reference.shape, views: found.collect() }
}

/// The records of these ids.
async fn by_ids(
    run: &Run<'_>,
    model: ModelId,
    ids: &[Uuid],
    position: Option<Position>,
) -> Result<Vec<View>, Error> {
    let ids: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    let filter = Some(format!("id in [{}]", ids.join(", ")));
    let parameters = Parameters { filter, limit: Some(ListRequest::MAX_LIMIT), ..Parameters::default() };
    let ask = Ask { parameters, position, ..Ask::default() };
    // As where a query follows refs by itself, it takes the scope for a record.
    let (get, list) = (run.operation_of(OperationKind::Get, model)?, run.list_of(model)?);
    match run.operations.call_under(run.caller, get, list, ask).await? {
        Reply::Page(page) => Ok(page.items),
        _ => Err(Error::internal("a list answers a page")),
    }
}

/// The pages of the records that point to the views.
async fn gather<'a>(
    run: &Run<'_>,
    loaded: &mut Loaded,
    children: &'a Children,
    views: &[Arc<View>],
    position: Option<Position>,
) -> Vec<Level<'a>> {
    let ids: BTreeSet<Uuid> = views.iter().map(|view| view.record.id()).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    match pages(run, children, ids.clone(), position).await {
        Ok(pages) => {
            let pages = ids.into_iter().zip(pages);
            loaded.pages.extend(pages.map(|(id, page)| ((place_of(children), id), Arc::new(page))));
        }
        Err(error) => drop(loaded.failed.insert(place_of(children), error)),
    }
    let of_this = loaded.pages.iter().filter(|((place, _), _)| *place == place_of(children));
    let items: Vec<Arc<View>> = of_this.flat_map(|(_, page)| page.items.iter().cloned()).collect();
    nodes(&children.shape).map(|shape| Level { shape, views: items.clone() }).collect()
}

async fn pages(
    run: &Run<'_>,
    children: &Children,
    ids: Vec<Uuid>,
    position: Option<Position>,
) -> Result<Vec<Page>, Error> {
    let mut given = Given(children.arguments.fill(run.variables).map_err(|failure| failure.first())?);
    let mut parameters = page(&run.context(), children.model, &mut given)?;
    let walk = Walk::of(&parameters);
    parameters.count = children.shape.counts;
    parameters.cursors = children.shape.cursors;
    let field = run.application.model(children.model).field(children.field).name.clone();
    let of = Some(mainstay_api::operations::Of { field, ids });
    let ask = Ask { parameters, position, of, ..Ask::default() };
    match run.call(run.list_of(children.model)?, ask).await? {
        Reply::Pages(pages) => Ok(pages.into_iter().map(|page| Page::of(page, walk)).collect()),
        _ => Err(Error::internal("a list of several answers pages")),
    }
}

/// What the records of a source are asked for.
fn first_levels<'a>(shape: &'a Shape, source: &Source) -> Vec<Level<'a>> {
    match source {
        Source::Record(view) | Source::Made(view, _) => vec![Level { shape, views: vec![view.clone()] }],
        Source::Records(views) => vec![Level { shape, views: views.clone() }],
        Source::Page(page) => nodes(shape).map(|shape| Level { shape, views: page.items.clone() }).collect(),
        Source::Written(change, _) => {
            let records = shape.inner().filter(|(prop, _)| *prop == Prop::Record);
            records.map(|(_, shape)| Level { shape, views: change.view.iter().cloned().collect() }).collect()
        }
        Source::Batch(changes, _) => {
            let results = shape.inner().filter(|(prop, _)| *prop == Prop::Results);
            let shapes = results.flat_map(|(_, result)| result.any());
            let of = |model: ModelId| {
                let views = changes.iter().filter_map(|change| change.view.clone());
                views.filter(|view| view.model == model).collect()
            };
            shapes.map(|(model, shape)| Level { shape, views: of(*model) }).collect()
        }
        Source::Count(..) | Source::Object(_) | Source::Event(_) | Source::Nothing => Vec::new(),
    }
}

/// The shapes of a page's records.
fn nodes(page: &Shape) -> impl Iterator<Item = &Shape> {
    page.inner().flat_map(|(prop, shape)| match prop {
        Prop::Nodes => vec![shape],
        Prop::Edges => shape.inner().map(|(_, node)| node).collect(),
        _ => Vec::new(),
    })
}

impl Source {
    /// The position that it is as new as.
    pub(super) fn position(&self) -> Option<Position> {
        match self {
            Source::Page(page) => Some(page.position),
            Source::Written(_, position) | Source::Batch(_, position) | Source::Count(_, position) => {
                *position
            }
            _ => None,
        }
    }
}

impl Run<'_> {
    /// The operation that lists a model's records.
    fn list_of(&self, model: ModelId) -> Result<&Operation, Error> {
        self.operation_of(OperationKind::List, model)
    }

    fn operation_of(&self, kind: OperationKind, model: ModelId) -> Result<&Operation, Error> {
        let mut calls = self.built.catalog.calls.iter().map(|call| &call.operation);
        let found = calls.find(|operation| operation.kind == kind && operation.model == Some(model));
        found.ok_or_else(|| Error::internal("a model has no such operation"))
    }
}

//! Following refs: the records that an answer's records point to, each kind fetched at once.

use crate::{Caller, Code, Engine, Error, View};
use futures::future::BoxFuture;
use mainstay_expr::{FieldId, ModelId, Vars};
use mainstay_model::{Application, FieldType, Model};
use mainstay_ports::{Deleted, Freshness, Query, Selection};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// The refs to follow, as a tree.
#[derive(Debug, Default)]
pub(crate) struct Expansion {
    refs: Vec<Branch>,
}

#[derive(Debug)]
struct Branch {
    field: FieldId,
    target: ModelId,
    inner: Expansion,
}

/// What the records that refs point to have in common with those that point to them: for whom, and how new.
#[derive(Clone, Copy)]
pub(crate) struct Along<'a> {
    pub(crate) vars: &'a Vars,
    pub(crate) freshness: Freshness,
}

const MAX_DEPTH: usize = 3;
const MAX_PATHS: usize = 20;
/// How many records are asked for in one query.
const CHUNK: usize = 500;

impl Expansion {
    /// Reads paths such as `author` and `room.owner`.
    pub(crate) fn parse(application: &Application, model: &Model, paths: &[String]) -> Result<Self, Error> {
        let mut expansion = Expansion::default();
        if paths.len() > MAX_PATHS {
            return Err(Error::new(
                Code::InvalidExpand,
                format!("at most {MAX_PATHS} paths can be expanded"),
            ));
        }
        for path in paths {
            let names: Vec<&str> = path.split('.').collect();
            if names.len() > MAX_DEPTH {
                return Err(Error::new(
                    Code::InvalidExpand,
                    format!("`{path}` goes deeper than {MAX_DEPTH}"),
                ));
            }
            expansion.add(application, model, &names)?;
        }
        Ok(expansion)
    }

    /// Whether there is nothing to follow.
    pub(crate) fn is_empty(&self) -> bool {
        self.refs.is_empty()
    }

    /// The models that it leads to.
    fn targets(&self) -> Vec<ModelId> {
        self.refs.iter().flat_map(|branch| [vec![branch.target], branch.inner.targets()].concat()).collect()
    }

    fn add(&mut self, application: &Application, model: &Model, names: &[&str]) -> Result<(), Error> {
        let [name, rest @ ..] = names else { return Ok(()) };
        let field = model.field_named(name);
        let Some((field, FieldType::Ref { model: target, .. })) = field.map(|field| (field.id, &field.ty))
        else {
            return Err(Error::new(Code::InvalidExpand, format!("{} has no ref `{name}`", model.name)));
        };
        let place = self.refs.iter().position(|branch| branch.field == field).unwrap_or(self.refs.len());
        if place == self.refs.len() {
            self.refs.push(Branch { field, target: *target, inner: Expansion::default() });
        }
        self.refs[place].inner.add(application, application.model(*target), rest)
    }
}

impl Engine {
    /// Sees that the caller's API key, if it is one, is for the records that refs point to: an answer with them is as good as getting them.
    pub(crate) fn require_expandable(&self, caller: &Caller, expansion: &Expansion) -> Result<(), Error> {
        let key = caller.identity.as_deref().and_then(|identity| identity.key.as_ref());
        key.map_or(Ok(()), |key| {
            expansion.targets().iter().try_for_each(|target| {
                key.require_named(&format!("{}.get", self.application().model(*target).name))
            })
        })
    }

    /// Puts the records that refs point to into the views, as far as the caller may see them.
    pub(crate) fn expand<'a>(
        &'a self,
        along: Along<'a>,
        views: &'a mut [View],
        expansion: &'a Expansion,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            for branch in &expansion.refs {
                let ids: BTreeSet<Uuid> =
                    views.iter().filter_map(|view| target(view, branch.field)).collect();
                let found = self.targets(along, branch, ids).await?;
                for view in views.iter_mut() {
                    let expanded = target(view, branch.field).and_then(|id| found.get(&id).cloned());
                    view.expanded.push((branch.field, expanded));
                }
            }
            Ok(())
        })
    }

    async fn targets(
        &self,
        along: Along<'_>,
        branch: &Branch,
        ids: BTreeSet<Uuid>,
    ) -> Result<HashMap<Uuid, Arc<View>>, Error> {
        let model = self.application().model(branch.target);
        let rights = self.rights(model, along.vars, Deleted::Exclude);
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let mut views = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let query = Query {
                selection: Selection::Ids(chunk.to_vec()),
                flags: rights.flags().into(),
                ..Query::all(model.id, CHUNK as u32).filtered(rights.read.clone()).fresh(along.freshness)
            };
            let page = self.store().query(query).await?;
            views.extend(page.rows.into_iter().map(|row| rights.view(model, row)));
        }
        self.expand(along, &mut views, &branch.inner).await?;
        Ok(views.into_iter().map(|view| (view.record.id(), Arc::new(view))).collect())
    }
}

/// The record that a ref points to, unless the caller may not see the ref.
fn target(view: &View, field: FieldId) -> Option<Uuid> {
    if view.hidden.contains(&field) { None } else { view.record.get(field).as_uuid() }
}

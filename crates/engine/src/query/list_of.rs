//! Pages of the records that point to others: of each the page as if it were asked for alone, in as few queries as will do.

use super::freshness::alongside;
use super::list::listed;
use super::question::{Asked, Question};
use super::{ListAnswer, ListRequest, walk};
use crate::{Caller, Code, Engine, Error};
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt};
use mainstay_expr::{FieldId, FieldRef, Frame, ModelId, Operand, Predicate, Source, Value};
use mainstay_model::{FieldType, Model};
use mainstay_ports::{Freshness, Order, Page, Position, Query, Row, Selection};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// How many records are read at once in the hope that they are all.
const TOGETHER: u32 = 500;

/// How many queries run at once where they are not.
const AT_ONCE: usize = 4;

/// The pages that are asked for.
struct Of<'a> {
    caller: &'a Caller,
    model: &'a Model,
    field: FieldId,
    /// Who may see the ref, where not all may who see the record.
    guard: Predicate,
    /// The order of the answers.
    order: Arc<[Order]>,
    question: Arc<Question>,
    request: &'a ListRequest,
}

/// What was found at once.
struct Found {
    rows: HashMap<Uuid, Vec<Row>>,
    /// Whether these are all.
    is_all: bool,
    position: Position,
}

impl Engine {
    /// Answers, for each of these ids, the page of the records whose ref `field` points to it. What expansions the request has is passed over.
    ///
    /// # Errors
    /// As [`Engine::list`]; [`Code::InvalidParameter`] for what is no ref.
    pub async fn list_of(
        &self,
        caller: &Caller,
        model: ModelId,
        field: &str,
        ids: &[Uuid],
        request: &ListRequest,
    ) -> Result<Vec<ListAnswer>, Error> {
        let model = self.application().model(model);
        let reference = model.field_named(field).filter(|field| matches!(field.ty, FieldType::Ref { .. }));
        let no_ref = || Error::new(Code::InvalidParameter, format!("{} has no ref `{field}`", model.name));
        let field = reference.ok_or_else(no_ref)?;
        if !(1..=ListRequest::MAX_LIMIT).contains(&request.limit) {
            return Err(Error::new(Code::InvalidLimit, format!("limit is 1 to {}", ListRequest::MAX_LIMIT)));
        }
        let filter = request.filter.as_deref();
        let keys = walk::keys(request);
        let asked = Asked { model: model.id, verb: "list", deleted: request.deleted, filter, order: &keys };
        let question = self.question(caller, &asked)?;
        let order = walk::shown(model, request, &question)?;
        let vars = self.read_vars(caller, model, asked.verb);
        let frame = Frame { vars: Some(&vars), ..Frame::default() };
        let guard = field.read.as_ref().map_or(Predicate::Const(true), |guard| guard.reduce(&frame));
        let of = Of { caller, model, field: field.id, guard, order, question, request };
        self.require_known(request.freshness).await?;
        self.pages_of(&of, ids).await
    }

    async fn pages_of(&self, of: &Of<'_>, ids: &[Uuid]) -> Result<Vec<ListAnswer>, Error> {
        // A cursor is of one record's page, and one page is asked for as it is.
        let found = match ids {
            [_, _, ..] if of.request.cursor.is_none() && of.request.before.is_none() => {
                Some(self.found_of(of, ids).await?)
            }
            _ => None,
        };
        let mut pages: Vec<BoxFuture<'_, Result<ListAnswer, Error>>> = Vec::with_capacity(ids.len());
        for id in ids {
            pages.push(Box::pin(self.page_of(of, *id, found.as_ref())));
        }
        futures::stream::iter(pages).buffered(AT_ONCE).try_collect().await
    }

    /// The first records that point to any of these.
    async fn found_of(&self, of: &Of<'_>, ids: &[Uuid]) -> Result<Found, Error> {
        let each = of.request.limit.saturating_add(1);
        let limit = each.saturating_mul(u32::try_from(ids.len()).unwrap_or(u32::MAX)).min(TOGETHER);
        let item = Operand::Field(FieldRef { source: Source::Record, field: of.field });
        let list = Operand::Value(Value::List(ids.iter().copied().map(Value::Uuid).collect()));
        let query = of.query(Predicate::In { item, list }, limit).fresh(of.request.freshness);
        let page = self.store().query(query).await?;
        let mut rows: HashMap<Uuid, Vec<Row>> = HashMap::new();
        for row in page.rows {
            if let Some(id) = row.record.get(of.field).as_uuid() {
                rows.entry(id).or_default().push(row);
            }
        }
        Ok(Found { rows, is_all: !page.more, position: page.position })
    }

    /// The page of one, from what was found at once where that is enough.
    async fn page_of(&self, of: &Of<'_>, id: Uuid, found: Option<&Found>) -> Result<ListAnswer, Error> {
        let page = match found.and_then(|found| found.page(id, of.request)) {
            Some(page) => page,
            None => {
                let freshness = found
                    .map_or(of.request.freshness, |found| alongside(of.request.freshness, found.position));
                self.own_page(of, id, freshness).await?
            }
        };
        let listed = listed(of.model, &of.order, of.request, Some((of.field, id)));
        let rows = walk::turned(page.rows, of.request);
        let (next, cursors) = self.cursors_of(&rows, page.more, of.request, &listed)?;
        let items = rows.into_iter().map(|row| of.question.rights.view(of.model, row)).collect();
        Ok(ListAnswer { items, next, cursors, count: page.count, position: page.position })
    }

    async fn own_page(&self, of: &Of<'_>, id: Uuid, freshness: Freshness) -> Result<Page, Error> {
        let listed = listed(of.model, &of.order, of.request, Some((of.field, id)));
        let query = of.query(Predicate::equals(of.field, Value::Uuid(id)), of.request.limit);
        let query = self.between(query, of.request, &listed)?;
        let query = Query { count: of.request.count, ..query }.fresh(freshness);
        Ok(self.store().query(query).await?)
    }
}

impl Of<'_> {
    /// The query of those that point to what `these` says. It is of these ids alone, so that nothing of it is kept.
    fn query(&self, these: Predicate, limit: u32) -> Query {
        let query = self.question.ask(self.caller.user(), Selection::All, limit);
        let filter = Predicate::All(vec![these, query.filter.as_ref().clone(), self.guard.clone()]);
        Query { filter: Arc::new(filter), memo: mainstay_ports::Memo::default(), ..query }
    }
}

impl Found {
    /// The page of one, if it is certain.
    fn page(&self, id: Uuid, request: &ListRequest) -> Option<Page> {
        let rows = self.rows.get(&id).map(Vec::as_slice).unwrap_or_default();
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let is_certain = self.is_all || (rows.len() > limit && !request.count);
        is_certain.then(|| Page {
            rows: rows.iter().take(limit).cloned().collect(),
            more: rows.len() > limit,
            count: request.count.then_some(rows.len() as u64),
            position: self.position,
        })
    }
}

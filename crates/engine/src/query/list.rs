//! A page of records.

use super::cursor::Listed;
use super::expand::{Along, Expansion};
use super::freshness::alongside;
use super::question::Asked;
use super::{Cursors, ListAnswer, ListRequest, walk};
use crate::{Caller, Code, Engine, Error, View};
use mainstay_expr::{FieldId, ModelId};
use mainstay_model::Model;
use mainstay_ports::{Order, Query, Record, Row, Selection};
use std::sync::Arc;
use uuid::Uuid;

impl Engine {
    /// Answers a page of the records that the caller may see.
    ///
    /// # Errors
    /// What is wrong with the request, or what the store failed with.
    pub async fn list(
        &self,
        caller: &Caller,
        model: ModelId,
        request: &ListRequest,
    ) -> Result<ListAnswer, Error> {
        let model = self.application().model(model);
        if !(1..=ListRequest::MAX_LIMIT).contains(&request.limit) {
            return Err(Error::new(Code::InvalidLimit, format!("limit is 1 to {}", ListRequest::MAX_LIMIT)));
        }
        let selected = self.selection(model, &request.fields)?;
        let expansion = Expansion::parse(self.application(), model, &request.expand)?;
        self.require_expandable(caller, &expansion)?;
        let filter = request.filter.as_deref();
        let keys = walk::keys(request);
        let asked = Asked { model: model.id, verb: "list", deleted: request.deleted, filter, order: &keys };
        let question = self.question(caller, &asked)?;
        let order = walk::shown(model, request, &question)?;
        let listed = listed(model, &order, request, None);
        let query = question.ask(caller.user(), Selection::All, request.limit);
        let query = self.between(query, request, &listed)?;
        self.require_known(request.freshness).await?;
        let query = Query { count: request.count, ..query }.fresh(request.freshness);
        let page = self.store().query(query).await?;
        let rows = walk::turned(page.rows, request);
        let (next, cursors) = self.cursors_of(&rows, page.more, request, &listed)?;
        let view = |row| View { selected: selected.clone(), ..question.rights.view(model, row) };
        let mut items: Vec<View> = rows.into_iter().map(view).collect();
        if !expansion.is_empty() {
            let vars = self.read_vars(caller, model, asked.verb);
            let along = Along { vars: &vars, freshness: alongside(request.freshness, page.position) };
            self.expand(along, &mut items, &expansion).await?;
        }
        Ok(ListAnswer { items, next, cursors, count: page.count, position: page.position })
    }

    /// The cursor of the next page, and the one behind each record.
    pub(super) fn cursors_of(
        &self,
        rows: &[Row],
        more: bool,
        request: &ListRequest,
        listed: &Listed<'_>,
    ) -> Result<(Option<String>, Vec<String>), Error> {
        let last = if request.backward { rows.first() } else { rows.last() };
        let last = last.filter(|_| more);
        let next = last.map(|row| self.next(&row.record, listed)).transpose()?;
        if request.cursors == Cursors::None {
            return Ok((next, Vec::new()));
        }
        let is_asked =
            |place: usize| request.cursors == Cursors::Each || place == 0 || place + 1 == rows.len();
        let each = rows.iter().enumerate().map(|(place, row)| match is_asked(place) {
            true => self.next(&row.record, listed),
            false => Ok(String::new()),
        });
        Ok((next, each.collect::<Result<_, _>>()?))
    }

    fn next(&self, last: &Record, listed: &Listed<'_>) -> Result<String, Error> {
        let values = listed.order.iter().map(|key| last.get(key.field).clone()).collect();
        self.cursors().seal(values, last.id(), listed)
    }

    /// The fields of a selection; `None` stands for all.
    pub(crate) fn selection(&self, model: &Model, names: &[String]) -> Result<Option<Arc<[FieldId]>>, Error> {
        if names.is_empty() {
            return Ok(None);
        }
        let field = |name: &String| match model.field_named(name).filter(|field| !field.is_secret()) {
            Some(field) => Ok(field.id),
            None => Err(Error::new(Code::InvalidFields, format!("{} has no field `{name}`", model.name))),
        };
        names.iter().map(field).collect::<Result<_, _>>().map(Some)
    }
}

pub(super) fn listed<'a>(
    model: &'a Model,
    order: &'a [Order],
    request: &'a ListRequest,
    of: Option<(FieldId, Uuid)>,
) -> Listed<'a> {
    Listed { model, order, filter: request.filter.as_deref(), deleted: request.deleted, of }
}

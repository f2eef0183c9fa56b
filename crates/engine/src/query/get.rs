//! One record.

use super::GetRequest;
use super::expand::{Along, Expansion};
use super::freshness::alongside;
use super::question::Asked;
use crate::{Caller, Engine, Error, View};
use mainstay_expr::ModelId;
use mainstay_ports::{Deleted, Position, Selection};
use uuid::Uuid;

impl Engine {
    /// Answers a record, and a position of the feed that it is at least as new as.
    ///
    /// # Errors
    /// [`crate::Code::NotFound`] when there is none or the caller may not see it, [`crate::Code::HistoryGone`], and what is wrong with the
    /// request.
    pub async fn get(
        &self,
        caller: &Caller,
        model: ModelId,
        id: Uuid,
        request: &GetRequest,
    ) -> Result<(View, Position), Error> {
        let model = self.application().model(model);
        let selected = self.selection(model, &request.fields)?;
        let expansion = Expansion::parse(self.application(), model, &request.expand)?;
        self.require_expandable(caller, &expansion)?;
        let deleted = if request.deleted { Deleted::Include } else { Deleted::Exclude };
        let asked = Asked { model: model.id, verb: "get", deleted, filter: None, order: &[] };
        let question = self.question(caller, &asked)?;
        self.require_known(request.freshness).await?;
        let query = question.ask(caller.user(), Selection::Ids(vec![id]), 1).fresh(request.freshness);
        let page = self.store().query(query).await?;
        let row = page.rows.into_iter().next().ok_or_else(Error::not_found)?;
        let mut view = View { selected, ..question.rights.view(model, row) };
        if !expansion.is_empty() {
            let vars = self.read_vars(caller, model, asked.verb);
            let along = Along { vars: &vars, freshness: alongside(request.freshness, page.position) };
            self.expand(along, std::slice::from_mut(&mut view), &expansion).await?;
        }
        Ok((view, page.position))
    }
}

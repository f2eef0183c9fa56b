//! One record.

use super::GetRequest;
use super::expand::Expansion;
use super::question::Asked;
use crate::{Caller, Engine, Error, View};
use mainstay_expr::ModelId;
use mainstay_ports::{Deleted, Selection};
use uuid::Uuid;

impl Engine {
    /// Answers a record.
    ///
    /// # Errors
    /// [`crate::Code::NotFound`] when there is none or the caller may not see it, and what is wrong with the request.
    pub async fn get(
        &self,
        caller: &Caller,
        model: ModelId,
        id: Uuid,
        request: &GetRequest,
    ) -> Result<View, Error> {
        let model = self.application().model(model);
        let selected = self.selection(model, &request.fields)?;
        let expansion = Expansion::parse(self.application(), model, &request.expand)?;
        self.require_expandable(caller, &expansion)?;
        let deleted = if request.deleted { Deleted::Include } else { Deleted::Exclude };
        let asked = Asked { model: model.id, verb: "get", deleted, filter: None, order: &[] };
        let question = self.question(caller, &asked)?;
        let page = self.store().query(question.ask(caller.user(), Selection::Ids(vec![id]), 1)).await?;
        let row = page.rows.into_iter().next().ok_or_else(Error::not_found)?;
        let mut view = View { selected, ..question.rights.view(model, row) };
        if !expansion.is_empty() {
            let vars = self.read_vars(caller, model, asked.verb);
            self.expand(&vars, std::slice::from_mut(&mut view), &expansion).await?;
        }
        Ok(view)
    }
}

//! One record.

use super::GetRequest;
use super::expand::Expansion;
use crate::{Caller, Engine, Error, View};
use mainstay_expr::ModelId;
use mainstay_ports::{Deleted, Query};
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
        let vars = self.read_vars(caller, model, "get");
        let deleted = if request.deleted { Deleted::Include } else { Deleted::Exclude };
        let rights = self.rights(model, &vars, deleted);
        let query = Query {
            deleted,
            flags: rights.flags(),
            ..Query::one(model.id, id).filtered(rights.read.clone())
        };
        let page = self.store().query(query).await?;
        let row = page.rows.into_iter().next().ok_or_else(Error::not_found)?;
        let mut views = vec![View { selected, ..rights.view(model, row) }];
        self.expand(&vars, &mut views, &expansion).await?;
        views.pop().ok_or_else(Error::not_found)
    }
}

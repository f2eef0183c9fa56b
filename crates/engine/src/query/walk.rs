//! Which way a page goes through an order.
//!
//! A page that is asked for backward is asked of the store in the reversed order, and turned round. Cursors are those of the order itself,
//! so that one that was answered going one way is good for the other.

use super::cursor::Listed;
use super::question::Question;
use super::{ListRequest, OrderKey, order};
use crate::{Engine, Error};
use mainstay_expr::Value;
use mainstay_model::Model;
use mainstay_ports::{Order, Query, Row};
use std::borrow::Cow;
use std::sync::Arc;
use uuid::Uuid;

/// A place in an order: a value for each of its keys, and the id.
type Place = (Vec<Value>, Uuid);

/// The keys in which the store is asked.
pub(super) fn keys(request: &ListRequest) -> Cow<'_, [OrderKey]> {
    if !request.backward {
        return Cow::Borrowed(&request.order);
    }
    let reversed = |key: &OrderKey| OrderKey { field: key.field.clone(), descending: !key.descending };
    let mut keys: Vec<OrderKey> = request.order.iter().map(reversed).collect();
    if keys.is_empty() {
        keys.push(OrderKey { field: "id".to_owned(), descending: true });
    }
    Cow::Owned(keys)
}

/// The order of the answer, in which cursors are.
///
/// # Errors
/// [`Code::InvalidOrder`](crate::Code::InvalidOrder).
pub(super) fn shown(
    model: &Model,
    request: &ListRequest,
    question: &Question,
) -> Result<Arc<[Order]>, Error> {
    if request.backward {
        Ok(order::order(model, &request.order)?.into())
    } else {
        Ok(question.order.clone())
    }
}

/// The rows as they are answered.
pub(super) fn turned(mut rows: Vec<Row>, request: &ListRequest) -> Vec<Row> {
    if request.backward {
        rows.reverse();
    }
    rows
}

impl Engine {
    /// The query, between the cursors of the request.
    ///
    /// # Errors
    /// [`Code::InvalidCursor`](crate::Code::InvalidCursor).
    pub(super) fn between(
        &self,
        query: Query,
        request: &ListRequest,
        listed: &Listed<'_>,
    ) -> Result<Query, Error> {
        let open = |cursor: &Option<String>| -> Result<Option<Place>, Error> {
            let place = cursor.as_ref().map(|cursor| self.cursors().open(cursor, listed)).transpose()?;
            Ok(place.map(|place| asked(place, request)))
        };
        let (after, before) = (open(&request.cursor)?, open(&request.before)?);
        let (after, before) = if request.backward { (before, after) } else { (after, before) };
        Ok(Query { after, before, ..query })
    }
}

/// A place as the store is asked for it. Backward, the id is a key of its own where the request names none, see [`keys`].
fn asked((values, id): Place, request: &ListRequest) -> Place {
    let values = if request.backward && values.is_empty() { vec![Value::Uuid(id)] } else { values };
    (values, id)
}

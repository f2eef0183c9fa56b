//! The order that a client asks for.

use super::OrderKey;
use crate::{Code, Error};
use mainstay_expr::Predicate;
use mainstay_model::Model;
use mainstay_ports::Order;

const MAX_ORDER_KEYS: usize = 5;

/// The fields that the keys name, each once.
///
/// # Errors
/// [`Code::InvalidOrder`].
pub(super) fn order(model: &Model, keys: &[OrderKey]) -> Result<Vec<Order>, Error> {
    let key = |key: &OrderKey| {
        let field = model.field_named(&key.field).filter(|field| field.ty.is_sortable());
        let field = field.ok_or_else(|| {
            Error::new(Code::InvalidOrder, format!("{} cannot be ordered by `{}`", model.name, key.field))
        })?;
        Ok(Order { field: field.id, descending: key.descending })
    };
    let order: Vec<Order> = keys.iter().map(key).collect::<Result<_, Error>>()?;
    let repeated =
        order.iter().enumerate().any(|(i, key)| order[..i].iter().any(|before| before.field == key.field));
    if repeated || order.len() > MAX_ORDER_KEYS {
        let message = format!("an order has at most {MAX_ORDER_KEYS} different fields");
        return Err(Error::new(Code::InvalidOrder, message));
    }
    Ok(order)
}

/// Whoever orders by a field learns of its values, so only records whose field the caller may see take part.
pub(super) fn order_guards(model: &Model, order: &[Order]) -> impl Iterator<Item = Predicate> {
    order.iter().filter_map(|key| model.field(key.field).read.as_deref().cloned())
}

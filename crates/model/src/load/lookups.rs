//! Which indexes the rules need to find what they look for in other models.

use crate::{Application, Model};
use mainstay_expr::{FieldId, Lookup};

/// What to tell of a lookup that no index serves: the message and the advice. `None` when there is one.
pub(super) fn advice(application: &Application, lookup: Lookup) -> Option<(String, String)> {
    let model = application.model(lookup.model);
    if is_served(model, lookup.link, lookup.field) {
        return None;
    }
    let name = |field| &model.field(field).name;
    let (model, link, field) = (&model.name, name(lookup.link), name(lookup.field));
    let message = format!(
        "this rule looks for a {model} by `{link}` and `{field}`, and reads all that have one of them, since no index has both"
    );
    let advice = format!("in the model {model}: [[indexes]] fields = [\"{link}\", \"{field}\"]");
    Some((message, advice))
}

/// Whether an index begins with both fields, or one of them is in no two records.
fn is_served(model: &Model, link: FieldId, field: FieldId) -> bool {
    let both =
        |fields: &[FieldId]| fields.len() >= 2 && [link, field].iter().all(|id| fields[..2].contains(id));
    let one_alone = |fields: &[FieldId]| *fields == [link] || *fields == [field];
    field == crate::base::ID
        || model.indexes.iter().any(|index| both(&index.fields) || (index.unique && one_alone(&index.fields)))
}

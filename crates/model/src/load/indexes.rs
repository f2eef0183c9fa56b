//! The indexes of a model: those of single fields, and those over several.

use super::draft::{Draft, Part};
use super::faults::{Faults, Place};
use super::suggest::nearest;
use crate::{Field, Index, Model, base};
use mainstay_expr::FieldId;

/// The most fields of an index; databases hold 16 and more, and none is of use that late.
const MAX_FIELDS: usize = 8;

/// Declares the indexes of a model.
pub(super) fn build(model: &mut Model, draft: &Draft, faults: &mut Faults) {
    for part in &draft.parts {
        for number in 0..part.file.indexes.len() {
            add_declared(model, part, number, faults);
        }
    }
    let own: Vec<Index> = model.fields.iter().filter_map(|field| of_field(model, field)).collect();
    model.indexes.extend(own);
}

fn add_declared(model: &mut Model, part: &Part, number: usize, faults: &mut Faults) {
    let (index, step) = (&part.file.indexes[number], number.to_string());
    let place = part.document.place(&["indexes", &step, "fields"]);
    let Some(names) = &index.fields else {
        let is_table = part.document.node(&["indexes", &step]).is_some_and(|node| node.kind() == "a table");
        if is_table && part.document.node(&["indexes", &step, "fields"]).is_none() {
            faults.error(
                "option_missing",
                place,
                "an index needs fields, as fields = [\"room\", \"created_at\"]",
            );
        }
        return;
    };
    let mut fields = Vec::new();
    for (position, name) in names.iter().enumerate() {
        let place = part.document.place(&["indexes", &step, "fields", &position.to_string()]);
        fields.extend(field(model, name, &fields, place, faults));
    }
    if fields.len() == names.len() {
        add(model, Index { fields, unique: index.unique == Some(true) }, place, faults);
    }
}

fn field(
    model: &Model,
    name: &str,
    before: &[FieldId],
    place: Place,
    faults: &mut Faults,
) -> Option<FieldId> {
    let Some(field) = model.field_named(name) else {
        if !faults.is_broken(name) {
            let known = model.fields.iter().map(|field| field.name.as_str());
            let fault = faults.error("unknown_field", place, format!("{} has no field `{name}`", model.name));
            fault.did_you_mean(nearest(name, known));
        }
        return None;
    };
    if !field.ty.is_sortable() {
        faults.error("bad_index", place, format!("an index cannot order by `{name}`, because of its type"));
        return None;
    }
    if before.contains(&field.id) {
        faults.error("bad_index", place, format!("`{name}` is in this index already"));
        return None;
    }
    Some(field.id)
}

fn add(model: &mut Model, index: Index, place: Place, faults: &mut Faults) {
    if index.fields.is_empty() || index.fields.len() > MAX_FIELDS {
        faults.error("bad_index", place, format!("an index has 1 to {MAX_FIELDS} fields"));
        return;
    }
    let key = index.fields == [base::ID];
    if key || model.indexes.iter().any(|other| other.fields == index.fields) {
        faults.error("duplicate_index", place, "there is such an index already");
        return;
    }
    if let [only] = index.fields[..]
        && (model.field(only).unique || model.field(only).index)
    {
        let message = format!("`{}` has an index of its own already", model.field(only).name);
        faults.error("duplicate_index", place, message).help("refs and unique fields always have one");
        return;
    }
    model.indexes.push(index);
}

/// The index of a field of its own, unless another begins with the field and is as good.
fn of_field(model: &Model, field: &Field) -> Option<Index> {
    let wanted = field.unique || field.index;
    let served = |index: &Index| !index.unique && index.fields[0] == field.id;
    if field.id == base::ID || !wanted || (!field.unique && model.indexes.iter().any(served)) {
        return None;
    }
    Some(Index { fields: vec![field.id], unique: field.unique })
}

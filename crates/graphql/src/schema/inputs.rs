//! The types of what is written.

use super::text::Member;
use super::{Builder, public};
use mainstay_model::{Field, Model};

pub(super) fn write(builder: &mut Builder<'_>) {
    let application = builder.application;
    for model in public(application) {
        create(builder, model);
        update(builder, model);
    }
}

fn create(builder: &mut Builder<'_>, model: &Model) {
    let mut members =
        vec![Member::new("id: UUID", "An id of your own choice; of `put` it stands beside this.")];
    for field in written(model) {
        let is_required = !field.optional && field.default.is_none();
        members.push(member(builder, model, field, is_required));
    }
    let doc = format!("A {} to be made.", model.name);
    let head = format!("input {}", builder.names(model).create);
    builder.text.block(&doc, &head, &members);
}

fn update(builder: &mut Builder<'_>, model: &Model) {
    let changed = written(model).filter(|field| !field.immutable);
    let members: Vec<Member> = changed.map(|field| member(builder, model, field, false)).collect();
    let doc = format!(
        "Changes of a {}: what is left out stays, null clears, and objects in JSON fields are merged (RFC 7396).",
        model.name
    );
    let head = format!("input {}", builder.names(model).update);
    builder.text.block(&doc, &head, &members);
}

/// Whether there is anything of a model that can be changed: an input type without members is not allowed.
pub(super) fn has_changes(model: &Model) -> bool {
    written(model).any(|field| !field.immutable)
}

/// The fields that a client may write.
fn written(model: &Model) -> impl Iterator<Item = &Field> {
    model.declared().iter().filter(|field| !field.read_only)
}

fn member(builder: &Builder<'_>, model: &Model, field: &Field, is_required: bool) -> Member {
    let ty = builder.value_type(model, &field.name, &field.ty);
    let mark = if is_required { "!" } else { "" };
    Member::new(format!("{}: {ty}{mark}", field.name), field.doc.as_deref().unwrap_or_default())
}

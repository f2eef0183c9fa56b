//! The types of filters and orders.

use super::objects::shown;
use super::text::{Member, Text};
use super::{Builder, public, scalars};
use crate::catalog::{FilterField, FilterType};
use crate::names::Taken;
use mainstay_model::{Field, FieldType, Model};

/// Scalars that are compared by size.
const ORDERED: [&str; 9] =
    ["BigInt", "Date", "DateTime", "Decimal", "Duration", "Float", "String", "Time", "UUID"];

/// Scalars of which only can be asked whether they are null.
const OPAQUE: [&str; 2] = ["Bytes", "JSON"];

/// The scalars that a list can be of.
const LISTED: [&str; 10] =
    ["BigInt", "Boolean", "Date", "DateTime", "Decimal", "Duration", "Float", "String", "Time", "UUID"];

pub(super) fn write(builder: &mut Builder<'_>) {
    of_scalars(&mut builder.text);
    let application = builder.application;
    for model in public(application) {
        of_enums(builder, model);
        filter(builder, model);
        order(builder, model);
    }
}

fn of_scalars(text: &mut Text) {
    for scalar in ORDERED {
        let mut members = equality(scalar);
        members.extend(["lt", "lte", "gt", "gte"].map(|test| Member::new(format!("{test}: {scalar}"), "")));
        if scalar == "String" {
            members.extend(
                ["contains", "startsWith", "endsWith"].map(|test| Member::new(format!("{test}: String"), "")),
            );
        }
        text.block(&of(scalar), &format!("input {scalar}Filter"), &members);
    }
    let boolean = [Member::new("eq: Boolean", ""), Member::new("ne: Boolean", ""), is_null()];
    text.block(&of("Boolean"), "input BooleanFilter", &boolean);
    for scalar in OPAQUE {
        text.block(&of(scalar), &format!("input {scalar}Filter"), &[is_null()]);
    }
    for scalar in LISTED {
        list(text, scalar);
    }
}

fn of(ty: &str) -> String {
    format!("Conditions on a value of type `{ty}`, which all have to hold.")
}

fn equality(ty: &str) -> Vec<Member> {
    let list = Member::new(format!("in: [{ty}!]"), "");
    vec![Member::new(format!("eq: {ty}"), ""), Member::new(format!("ne: {ty}"), ""), list, is_null()]
}

fn is_null() -> Member {
    Member::new("isNull: Boolean", "")
}

fn list(text: &mut Text, ty: &str) {
    let members = [Member::new(format!("has: {ty}"), "That this is in the list."), is_null()];
    let doc = format!("Conditions on a list of `{ty}`, which all have to hold.");
    text.block(&doc, &format!("input {ty}ListFilter"), &members);
}

fn of_enums(builder: &mut Builder<'_>, model: &Model) {
    for (field, name) in builder.names(model).enums.clone() {
        let is_list = model.field_named(&field).is_some_and(|field| matches!(field.ty, FieldType::List(_)));
        if is_list {
            list(&mut builder.text, &name);
        } else {
            builder.text.block(&of(&name), &format!("input {name}Filter"), &equality(&name));
        }
    }
}

fn filter(builder: &mut Builder<'_>, model: &Model) {
    let names = builder.names(model).clone();
    let this = &names.filter;
    let mut taken = Taken::of(&["and", "or", "not"]);
    let mut filter = FilterType::default();
    let mut members = vec![
        Member::new(format!("and: [{this}!]"), "All of these hold."),
        Member::new(format!("or: [{this}!]"), "At least one of these holds."),
        Member::new(format!("not: {this}"), "This does not hold."),
    ];
    for field in shown(model) {
        let name = taken.take(&field.name);
        if let Some(target) = target(builder, field) {
            members.push(Member::new(
                format!("{name}: {target}"),
                "Conditions on the record that it points to.",
            ));
            filter.fields.insert(name, FilterField::Behind(field.name.clone(), target));
            let id = taken.take(format!("{}_id", field.name));
            members.push(Member::new(format!("{id}: UUIDFilter"), ""));
            filter.fields.insert(id, FilterField::Field(field.name.clone()));
        } else {
            members.push(Member::new(format!("{name}: {}", tests(builder, model, field)), ""));
            filter.fields.insert(name, FilterField::Field(field.name.clone()));
        }
    }
    let doc = format!("Conditions on {}, which all have to hold.", model.plural);
    builder.text.block(&doc, &format!("input {this}"), &members);
    builder.catalog.filter_names.insert(model.id, names.filter.clone());
    builder.catalog.filters.insert(names.filter, filter);
}

/// The filter of the records that a ref points to.
fn target(builder: &Builder<'_>, field: &Field) -> Option<String> {
    let FieldType::Ref { model, .. } = field.ty else { return None };
    let target = builder.application.model(model);
    (!target.internal).then(|| builder.names(target).filter.clone())
}

/// The type of the conditions on a field.
fn tests(builder: &Builder<'_>, model: &Model, field: &Field) -> String {
    match &field.ty {
        FieldType::List(of) => format!("{}ListFilter", builder.value_type(model, &field.name, of)),
        ty => format!("{}Filter", builder.value_type(model, &field.name, ty)),
    }
}

fn order(builder: &mut Builder<'_>, model: &Model) {
    let names = builder.names(model).clone();
    let sortable = shown(model).filter(|field| field.ty.is_sortable() && scalars::name(&field.ty) != "JSON");
    let fields: Vec<Member> = sortable.map(|field| Member::new(&field.name, "")).collect();
    let doc = format!("What {} can be ordered by.", model.plural);
    builder.text.block(&doc, &format!("enum {}", names.order_field), &fields);
    let members = [
        Member::new(format!("field: {}!", names.order_field), ""),
        Member::new("direction: OrderDirection", "From small to great when left out."),
    ];
    let doc = format!("A key of an order of {}.", model.plural);
    builder.text.block(&doc, &format!("input {}", names.order), &members);
}

//! The types of answers: records, pages of them, and what writes answer.

use super::text::Member;
use super::{Builder, ModelTypes, public};
use crate::catalog::{EventPart, ObjectType, Prop, RECORD};
use crate::names::Taken;
use mainstay_model::{Field, FieldType, Model, base};

/// The arguments of a page.
pub(super) const PAGE_ARGUMENTS: &str = "first: Int, after: String, last: Int, before: String";

pub(super) fn write(builder: &mut Builder<'_>) {
    interface(builder);
    let application = builder.application;
    for model in public(application) {
        enums(builder, model);
        record(builder, model);
        page(builder, model);
        payload(builder, model);
        event(builder, model);
    }
    shared(builder);
    accounts(builder);
}

/// What a type's members stand for, beside their lines.
type Members = Vec<(Member, String, Prop)>;

fn member(name: &str, ty: &str, doc: &str, prop: Prop) -> (Member, String, Prop) {
    (Member::new(format!("{name}: {ty}"), doc), name.to_owned(), prop)
}

fn object(builder: &mut Builder<'_>, name: &str, implements: Option<&str>, doc: &str, members: Members) {
    let mut lines = Vec::with_capacity(members.len());
    let mut object = ObjectType { is_record: implements == Some(RECORD), ..ObjectType::default() };
    for (line, field, prop) in members {
        lines.push(line);
        object.fields.insert(field, prop);
    }
    let implements = implements.map(|interface| format!(" implements {interface}")).unwrap_or_default();
    builder.text.block(doc, &format!("type {name}{implements}"), &lines);
    builder.catalog.objects.insert(name.to_owned(), object);
}

/// The fields that every record has.
const BASE: [(&str, &str, &str); 4] = [
    ("id", "UUID!", "The record's id, a UUIDv7 unless the client chose one."),
    ("created_at", "DateTime!", "When it was made."),
    ("updated_at", "DateTime!", "When it was changed last."),
    ("version", "BigInt!", "1 when made, one more at each change; what `ifVersion` asks for."),
];

fn interface(builder: &mut Builder<'_>) {
    let members = BASE.map(|(name, ty, doc)| Member::new(format!("{name}: {ty}"), doc));
    builder.text.block("What all records have.", &format!("interface {RECORD}"), &members);
}

fn enums(builder: &mut Builder<'_>, model: &Model) {
    for (field, name) in builder.names(model).enums.clone() {
        let Some(field) = model.field_named(&field) else { continue };
        let values = match &field.ty {
            FieldType::Enum(values) => values,
            FieldType::List(of) => match of.as_ref() {
                FieldType::Enum(values) => values,
                _ => continue,
            },
            _ => continue,
        };
        let values: Vec<Member> = values.iter().map(|value| Member::new(value, "")).collect();
        let doc = field.doc.clone().unwrap_or_default();
        builder.text.block(&doc, &format!("enum {name}"), &values);
    }
}

fn record(builder: &mut Builder<'_>, model: &Model) {
    let names = builder.names(model).clone();
    // The fields' own names go first: what is made beside them gives way.
    let mut taken = Taken::default();
    shown(model).for_each(|field| drop(taken.take(&field.name)));
    let mut members: Members = Vec::new();
    for field in shown(model) {
        match field.ty {
            FieldType::Ref { model: target, .. } => {
                reference(builder, field, target, &mut taken, &mut members);
            }
            _ => members.push(value(builder, model, field)),
        }
    }
    for child in &model.children {
        let other = builder.application.model(child.model);
        if other.internal {
            continue;
        }
        let names = builder.names(other);
        let name = taken.take(&child.name);
        let arguments = list_arguments(names);
        let line = format!("{name}({PAGE_ARGUMENTS}, {arguments}): {}", names.connection);
        let doc = format!("The {} whose `{}` this is.", other.plural, other.field(child.field).name);
        members.push((Member::new(line, doc), name, Prop::Children(child.model, child.field)));
    }
    object(builder, &names.record, Some(RECORD), model.doc.as_deref().unwrap_or_default(), members);
}

/// The arguments by which the records of a model are chosen.
pub(super) fn list_arguments(names: &ModelTypes) -> String {
    format!("filter: {}, where: String, order: [{}!]", names.filter, names.order)
}

/// The fields of a model that clients may see, in the order of answers.
pub(super) fn shown(model: &Model) -> impl Iterator<Item = &Field> {
    let fields = model.answer_order.iter().map(|id| model.field(*id));
    fields.filter(|field| !field.is_secret() && (model.soft_delete || field.id != base::DELETED_AT))
}

/// A field as a member of a record. One with a read rule of its own may be hidden, so that it can be null whatever the record has.
fn value(builder: &Builder<'_>, model: &Model, field: &Field) -> (Member, String, Prop) {
    let ty = builder.value_type(model, &field.name, &field.ty);
    let is_certain = !field.optional && field.read.is_none() && field.id != base::DELETED_AT;
    let base_doc = BASE.iter().find(|(name, ..)| *name == field.name).map(|(_, _, doc)| *doc);
    let doc = field.doc.as_deref().or(base_doc).unwrap_or_default();
    member(&field.name, &format!("{ty}{}", if is_certain { "!" } else { "" }), doc, Prop::Value(field.id))
}

/// A ref is the record that it points to, and beside it the id alone.
fn reference(
    builder: &Builder<'_>,
    field: &Field,
    target: mainstay_expr::ModelId,
    taken: &mut Taken,
    members: &mut Members,
) {
    let target = builder.application.model(target);
    let doc = field.doc.as_deref().unwrap_or_default();
    let id = taken.take(format!("{}_id", field.name));
    let is_certain = !field.optional && field.read.is_none();
    let ty = if is_certain { "UUID!" } else { "UUID" };
    let of_id = format!("The id of `{}`.", field.name);
    if target.internal {
        return;
    }
    let names = builder.names(target);
    members.push(member(&field.name, &names.record, doc, Prop::Ref(field.id, target.id)));
    members.push(member(&id, ty, &of_id, Prop::Value(field.id)));
}

fn page(builder: &mut Builder<'_>, model: &Model) {
    let names = builder.names(model).clone();
    let edge: Members = vec![
        member("cursor", "String!", "The place of this record, for `after` and `before`.", Prop::Cursor),
        member("node", &format!("{}!", names.record), "The record.", Prop::Node),
    ];
    object(builder, &names.edge, None, "A record of a page.", edge);
    let page = vec![
        member("nodes", &format!("[{}!]!", names.record), "The records.", Prop::Nodes),
        member("edges", &format!("[{}!]!", names.edge), "The records with their cursors.", Prop::Edges),
        member("pageInfo", "PageInfo!", "How to go on, and back.", Prop::PageInfo),
        member(
            "totalCount",
            "BigInt!",
            "How many match in all. They are counted only when this is asked for.",
            Prop::TotalCount,
        ),
        member(
            "position",
            "String!",
            "The place in the change feed that the page is at least as new as.",
            Prop::Position,
        ),
    ];
    let doc = format!("A page of {}.", model.plural);
    object(builder, &names.connection, None, &doc, page);
}

fn payload(builder: &mut Builder<'_>, model: &Model) {
    let names = builder.names(model).clone();
    let members = vec![
        member("record", &names.record, "The record, where the caller may read it.", Prop::Record),
        member("id", "UUID!", "Its id.", Prop::Id),
        member("created", "Boolean!", "Whether it was made by this.", Prop::Created),
        position(),
    ];
    object(builder, &names.payload, None, &format!("A {} that was written.", model.name), members);
}

fn position() -> (Member, String, Prop) {
    member("position", "String!", "The place in the change feed behind the write.", Prop::Position)
}

fn event(builder: &mut Builder<'_>, model: &Model) {
    let names = builder.names(model).clone();
    let part = |name: &str, ty: &str, doc: &str, part: EventPart| member(name, ty, doc, Prop::Event(part));
    let members = vec![
        part("type", "WatchEvent!", "What it tells.", EventPart::Type),
        part(
            "id",
            "String",
            "Names the event, to go on behind it by `lastEventId`; null in the snapshot.",
            EventPart::Id,
        ),
        part("operation", "WatchOperation", "What happened to the record.", EventPart::Operation),
        part("record", &names.record, "The record, unless it left.", EventPart::Record),
        part("recordId", "UUID", "Its id.", EventPart::RecordId),
        part("count", "BigInt", "Of READY: how many records the snapshot had.", EventPart::Count),
        part("more", "Boolean", "Of READY: whether `limit` left some out.", EventPart::More),
    ];
    let doc = format!("What a watch of {} is told.", model.plural);
    object(builder, &names.event, None, &doc, members);
}

/// What is the same for all models.
fn shared(builder: &mut Builder<'_>) {
    builder.text.raw(include_str!("shared.graphql"));
    let info = vec![
        member(
            "hasNextPage",
            "Boolean!",
            "Whether there are more behind the last record.",
            Prop::HasNextPage,
        ),
        member(
            "hasPreviousPage",
            "Boolean!",
            "Whether there are more ahead of the first record.",
            Prop::HasPreviousPage,
        ),
        member("startCursor", "String", "The cursor of the first record, for `before`.", Prop::StartCursor),
        member("endCursor", "String", "The cursor of the last record, for `after`.", Prop::EndCursor),
    ];
    object(builder, "PageInfo", None, "How to go on from a page, and back.", info);
    let deleted = vec![member("id", "UUID!", "The record's id.", Prop::Id), position()];
    object(builder, "DeletePayload", None, "A record that was deleted.", deleted);
    let count = vec![member("count", "BigInt!", "How many records match.", Prop::Count), position()];
    object(builder, "CountPayload", None, "What a write to all records that match did.", count);
    let result = vec![
        member("id", "UUID", "The record's id; null for a check of several.", Prop::Id),
        member("created", "Boolean!", "Whether it was made.", Prop::Created),
        member("deleted", "Boolean!", "Whether it was deleted.", Prop::Deleted),
        member("record", RECORD, "The record, where the caller may read it.", Prop::Record),
    ];
    object(builder, "BatchResult", None, "What an operation of a batch did.", result);
    let batch = vec![
        member("results", "[BatchResult!]!", "What the operations did, in their order.", Prop::Results),
        position(),
    ];
    object(builder, "BatchPayload", None, "A batch that took effect.", batch);
}

fn accounts(builder: &mut Builder<'_>) {
    let json = |name: &'static str, ty: &str, doc: &str| member(name, ty, doc, Prop::Member(name));
    let tokens = vec![
        json("access_token", "String!", "What is sent as `Authorization: Bearer`."),
        json("token_type", "String!", "`Bearer`"),
        json("expires_in", "BigInt!", "For how many seconds the access token is good."),
        json("refresh_token", "String!", "What new tokens are got for, once."),
    ];
    object(builder, "Tokens", None, "A session's tokens (RFC 6749, 5.1).", tokens);
    let lock = vec![
        json("name", "String!", "Its name."),
        json("fencing", "BigInt!", "Greater than that of each holder before."),
        json("token", "String!", "What the holder sends as `Fencing-Token`."),
        json("account", "UUID", "The holder's account."),
        json("holder", "String", "What the holder calls itself."),
        json("expires_at", "DateTime!", "When the lease ends, by the clock of the store."),
        json("lease_ms", "BigInt!", "How long it lasted when this was told."),
    ];
    object(builder, "Lock", None, "A lock that is held.", lock);
    let client = vec![
        json("status", "String!", "`ok`, `soft`: it should be replaced, or `hard`: it must be."),
        json("reason", "String!", "Why, as `below_minimum`."),
        json("minimum", "String", "The oldest version that may be used."),
        json("recommended", "String", "The oldest version that nothing is said of."),
        json("store", "String", "The version in the store."),
        json("message", "String", "What to tell the user."),
        json("link", "String", "Where the user gets the version in the store."),
        json("language", "String", "The language of the message and the link."),
    ];
    object(builder, "AppCheck", None, "Whether a client is new enough.", client);
    api_keys(builder);
}

fn api_keys(builder: &mut Builder<'_>) {
    const SHOWN: [&str; 8] =
        ["id", "user", "name", "prefix", "scopes", "expires_at", "last_used_at", "created_at"];
    let Some(model) = builder.application.model_named("_api_key") else { return };
    let fields = |builder: &Builder<'_>| -> Members {
        let fields = SHOWN.iter().filter_map(|name| model.field_named(name));
        fields.map(|field| value(builder, model, field)).collect()
    };
    let shown = fields(builder);
    object(builder, "ApiKey", None, "An API key, without the key itself.", shown);
    let mut made = fields(builder);
    let doc = "The key itself, to be sent as `Authorization: Bearer`. It is shown this once.";
    made.push(member("key", "String!", doc, Prop::Member("key")));
    object(builder, "NewApiKey", None, "An API key that was made.", made);
}

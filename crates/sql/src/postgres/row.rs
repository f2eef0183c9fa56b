//! Statements on rows that only an engine with many writers at once needs, and what their answers mean.

use super::{Postgres, type_name};
use crate::migrate::Schema;
use crate::names::{primary_key_name, quote};
use crate::row::{columns, get, replace};
use mainstay_expr::FieldId;
use mainstay_model::{Application, Model, base};

/// How a row is locked until the end of the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowLock {
    /// It stays: nobody deletes it, anybody may change it. What a ref points to is locked so.
    KeyShare,
    /// Nobody else changes it. Others may point to it meanwhile.
    NoKeyUpdate,
    /// Nobody else changes it or begins to point to it. What is deleted is locked so, softly or not.
    Update,
}

impl RowLock {
    fn clause(self) -> &'static str {
        match self {
            RowLock::KeyShare => "FOR KEY SHARE",
            RowLock::NoKeyUpdate => "FOR NO KEY UPDATE",
            RowLock::Update => "FOR UPDATE",
        }
    }
}

/// As [`get`], and locks the row.
pub fn get_locked(model: &Model, lock: RowLock) -> String {
    format!("{} {}", get(&Postgres, model), lock.clause())
}

/// Reads the rows whose ids are in parameter 1, an array, deleted or not and in any order. The columns are the model's fields in their order.
pub fn get_many(model: &Model) -> String {
    let columns: Vec<String> = columns(model).collect();
    format!("SELECT {} FROM {} WHERE \"id\" = ANY($1)", columns.join(", "), quote(&model.name))
}

/// Adds rows. The parameters are the model's fields in their order, each an array with one element for each row.
pub fn insert_many(model: &Model) -> String {
    let (columns, arrays): (Vec<String>, Vec<String>) = columns(model).zip(arrays(model)).unzip();
    format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({})",
        quote(&model.name),
        columns.join(", "),
        arrays.join(", ")
    )
}

/// Replaces rows by their ids, of which each is there. The parameters are as for [`insert_many`].
pub fn replace_many(model: &Model) -> String {
    let names: Vec<String> = columns(model).collect();
    let arrays: Vec<String> = arrays(model).collect();
    let assignments = names.iter().skip(1).map(|name| format!("{name} = new.{name}"));
    format!(
        "UPDATE {} AS r SET {} FROM unnest({}) AS new({}) WHERE r.\"id\" = new.\"id\"",
        quote(&model.name),
        assignments.collect::<Vec<_>>().join(", "),
        arrays.join(", "),
        names.join(", ")
    )
}

/// As [`require_live`] of many records, whose ids are in parameter 1, an array: the ids of those that are live, which are locked in their order.
pub fn hold_live_many(model: &Model) -> String {
    format!(
        "SELECT \"id\" FROM {} WHERE \"id\" = ANY($1){} ORDER BY \"id\" FOR KEY SHARE",
        quote(&model.name),
        liveness(model)
    )
}

fn arrays(model: &Model) -> impl Iterator<Item = String> {
    let types = model.fields.iter().map(|field| field.ty.expr_type());
    types.enumerate().map(|(place, ty)| format!("${}::{}[]", place + 1, type_name(&ty)))
}

/// As [`replace`], if the row has the version that is one more parameter behind the fields. No row is changed when it has another.
pub fn replace_version(model: &Model) -> String {
    format!("{} AND \"version\" = ${}", replace(&Postgres, model), model.fields.len() + 1)
}

/// One row when the record whose id is parameter 1 is live, which it then stays until the end of the transaction; else none.
pub fn require_live(model: &Model) -> String {
    format!("SELECT 1 FROM {} WHERE \"id\" = $1{} FOR KEY SHARE", quote(&model.name), liveness(model))
}

/// Fails with `division_by_zero` (22012) unless there are as many live records with ids of parameter 1, an array without doubles, as
/// parameter 2 says. They then stay so until the end of the transaction. It is for where nobody waits for the answer before the commit is sent.
pub fn require_live_many(model: &Model) -> String {
    format!(
        "SELECT 1 / (count(*) = $2::int8)::int4 FROM \
         (SELECT 1 FROM {} WHERE \"id\" = ANY($1){} ORDER BY \"id\" FOR KEY SHARE) AS live",
        quote(&model.name),
        liveness(model)
    )
}

fn liveness(model: &Model) -> &'static str {
    if model.soft_delete { " AND \"deleted_at\" IS NULL" } else { "" }
}

/// The names by which PostgreSQL tells what was to be unique (`unique_violation`, 23505), each with the fields that are so together.
pub fn unique_keys(app: &Application, model: &Model) -> Vec<(String, Vec<FieldId>)> {
    let schema = Schema::of(app);
    let indexes = schema.tables.get(model.id.index()).map_or(&[][..], |table| &table.indexes);
    let fields = |columns: &[String]| -> Vec<FieldId> {
        columns.iter().filter_map(|column| Some(model.field_named(column)?.id)).collect()
    };
    let unique = indexes.iter().filter(|index| index.unique);
    let mut keys: Vec<_> = unique.map(|index| (index.name.clone(), fields(&index.columns))).collect();
    keys.push((primary_key_name(&model.name), vec![base::ID]));
    keys
}

/// The fields that an index is of which a newer version of the application made, as far as this one knows them: its name tells.
pub fn fields_of_unknown_key(model: &Model, name: &str) -> Vec<FieldId> {
    let columns = name.strip_prefix("ux_").and_then(|name| name.strip_prefix(model.name.as_str()));
    let columns = columns.unwrap_or_default().split('.');
    columns.filter_map(|column| Some(model.field_named(column)?.id)).collect()
}

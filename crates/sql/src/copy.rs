//! Statements that copy whole tables from one database to another: rows as they are stored, by what the schema says of them, whatever the models of
//! today make of that.

use crate::Dialect;
use crate::migrate::{ColumnType, MigrationStep, Schema, StepKind, Table, create_steps};
use crate::names::quote;
use mainstay_expr::Type;
use mainstay_model::FieldType;
use uuid::Uuid;

/// A change as the feed keeps it: a row of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChange {
    /// Its number.
    pub offset: i64,
    /// The name of the record's model.
    pub model: String,
    /// The record.
    pub id: Uuid,
    /// What happened.
    pub operation: String,
    /// The record before, as JSON.
    pub before: Option<String>,
    /// The record after, as JSON.
    pub after: Option<String>,
    /// The account that did it.
    pub actor: Option<Uuid>,
    /// The request that did it.
    pub request_id: String,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// The size of all changes up to this one.
    pub total_bytes: i64,
}

/// How the tables of a schema come into an empty database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// Makes the tables.
    pub tables: Vec<MigrationStep>,
    /// Makes their indexes: behind the rows, which are then added in a fraction of the time.
    pub indexes: Vec<MigrationStep>,
}

impl Creation {
    /// The one for `schema`.
    pub fn of(schema: &Schema, dialect: &dyn Dialect) -> Self {
        let steps = create_steps(schema, dialect).into_iter().filter(|step| step.kind == StepKind::Change);
        let (tables, indexes) = steps.partition(|step| step.sql.starts_with("CREATE TABLE"));
        Creation { tables, indexes }
    }
}

/// Reads up to as many rows as the last parameter says, in the order of their ids: from the first on, or behind the id that is parameter 1.
pub fn rows(dialect: &dyn Dialect, table: &Table, from_first: bool) -> String {
    let (behind, limit) = if from_first {
        (String::new(), dialect.operand(1, &Type::Int))
    } else {
        (format!(" WHERE \"id\" > {}", dialect.operand(1, &Type::Uuid)), dialect.operand(2, &Type::Int))
    };
    let (columns, name) = (columns(table), quote(&table.name));
    format!("SELECT {columns} FROM {name}{behind} ORDER BY \"id\" LIMIT {limit}")
}

/// Reads the row whose id is parameter 1.
pub fn row(dialect: &dyn Dialect, table: &Table) -> String {
    let id = dialect.operand(1, &Type::Uuid);
    format!("SELECT {} FROM {} WHERE \"id\" = {id}", columns(table), quote(&table.name))
}

/// Adds a row. The parameters are its columns in their order.
pub fn add(dialect: &dyn Dialect, table: &Table) -> String {
    let placeholders: Vec<String> =
        (1..=table.columns.len()).map(|number| dialect.placeholder(number)).collect();
    format!("INSERT INTO {} ({}) VALUES ({})", quote(&table.name), columns(table), placeholders.join(", "))
}

/// The columns of a table, as a statement lists them.
pub fn columns(table: &Table) -> String {
    let columns: Vec<String> = table.columns.iter().map(|column| quote(&column.name)).collect();
    columns.join(", ")
}

/// The name of a table, as a statement has it.
pub fn name(table: &Table) -> String {
    quote(&table.name)
}

/// The type of the values that a column holds as they are stored: a decimal is the number of its mantissa, and a list is its text.
pub fn stored(ty: &ColumnType) -> FieldType {
    match ty {
        ColumnType::Bool => FieldType::Bool,
        ColumnType::Float => FieldType::Float,
        ColumnType::Date => FieldType::Date,
        ColumnType::Int
        | ColumnType::Decimal { .. }
        | ColumnType::Time
        | ColumnType::Timestamp
        | ColumnType::Duration => FieldType::Int,
        ColumnType::Text | ColumnType::Json | ColumnType::List(_) => FieldType::Text,
        ColumnType::Uuid => FieldType::Uuid,
        ColumnType::Bytes => FieldType::Bytes,
    }
}

//! What a database holds: tables, columns and indexes.

use super::Meaning;
use super::table::fill;
use crate::names::index_name;
use crate::{Dialect, Postgres};
use mainstay_model::{Application, Field, FieldType, Model, base};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The tables of an application. An adapter keeps it beside them, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The version of this description and of how values are stored, see [`Schema::FORMAT`].
    pub format: u32,
    /// The tables, one for each model.
    pub tables: Vec<Table>,
}

/// A table: the records of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The model's name.
    pub name: String,
    /// Whether the model's deleted records are kept until they are purged.
    pub soft_delete: bool,
    /// The columns, one for each field.
    pub columns: Vec<Column>,
    /// The indexes.
    pub indexes: Vec<Index>,
}

/// A column: the values of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The field's name.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub ty: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
    /// What its values mean; `None` in a schema of format 1, which did not say.
    #[serde(default)]
    pub meaning: Option<Meaning>,
    /// What PostgreSQL puts into a row that is added without it, in its own words: a required field's literal default. Nodes of another
    /// version, which do not know the field, can then add records. SQLite has one process at a time and no use for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// What a column holds. Enums and secrets are texts and refs are UUIDs here, since they are stored alike; see [`Meaning`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// `true` or `false`.
    Bool,
    /// 64 bits, signed.
    Int,
    /// A finite double.
    Float,
    /// The mantissa of a decimal.
    Decimal {
        /// Digits after the point.
        scale: u8,
    },
    /// Unicode text, ordered by code point.
    Text,
    /// 16 bytes.
    Uuid,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamp,
    /// Microseconds.
    Duration,
    /// The text of a JSON document.
    Json,
    /// Bytes.
    Bytes,
    /// A JSON array of scalars as they are stored.
    List(Box<ColumnType>),
}

/// An index of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name, which follows from the table, the columns and whether it is unique.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Whether no two rows share the values; null equals nothing here.
    pub unique: bool,
    /// Which records are in it.
    pub extent: Extent,
}

/// Which records an index is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// All of the table's.
    All,
    /// Those that are not deleted.
    Live,
    /// Those that are deleted and not purged yet.
    Deleted,
}

/// A text that is no schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidSchema {
    /// It is of a later version of the program.
    Newer {
        /// Its format.
        format: u32,
    },
    /// It is damaged.
    Malformed(String),
}

impl fmt::Display for InvalidSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidSchema::Newer { format } => {
                write!(
                    f,
                    "the database is from a newer version: its schema has format {format}, and this one knows up to {}",
                    Schema::FORMAT
                )
            }
            InvalidSchema::Malformed(detail) => {
                write!(f, "the description of the database's schema is damaged: {detail}")
            }
        }
    }
}

impl std::error::Error for InvalidSchema {}

impl Schema {
    /// The format that this version writes: 2 says what the values of columns mean. Format 1 is read as well.
    pub const FORMAT: u32 = 2;

    /// What `app` needs.
    pub fn of(app: &Application) -> Schema {
        Schema {
            format: Schema::FORMAT,
            tables: app.models.iter().map(|model| Table::of(app, model)).collect(),
        }
    }

    /// The JSON that an adapter keeps.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a schema is names, numbers and lists")
    }

    /// Reads what [`Schema::to_json`] wrote.
    ///
    /// # Errors
    /// See [`InvalidSchema`].
    pub fn from_json(json: &str) -> Result<Schema, InvalidSchema> {
        /// What schemas of all formats have in common.
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        let malformed = |error: serde_json::Error| InvalidSchema::Malformed(error.to_string());
        let Header { format } = serde_json::from_str(json).map_err(malformed)?;
        if format > Schema::FORMAT {
            return Err(InvalidSchema::Newer { format });
        }
        serde_json::from_str(json).map_err(malformed)
    }
}

impl Table {
    fn of(app: &Application, model: &Model) -> Table {
        let declared = model.indexes.iter().map(|index| Index::of(model, index));
        let mut indexes: Vec<Index> = Vec::new();
        for index in declared.chain(model.soft_delete.then(|| Index::of_deleted(model))) {
            if !indexes.iter().any(|there| there.name == index.name) {
                indexes.push(index);
            }
        }
        Table {
            name: model.name.clone(),
            soft_delete: model.soft_delete,
            columns: model.fields.iter().map(|field| Column::of(app, field)).collect(),
            indexes,
        }
    }
}

impl Column {
    fn of(app: &Application, field: &Field) -> Column {
        Column {
            name: field.name.clone(),
            ty: ColumnType::of(&field.ty),
            nullable: field.optional || field.id == base::DELETED_AT,
            meaning: Some(Meaning::of(app, &field.ty)),
            default: default_of(field),
        }
    }
}

fn default_of(field: &Field) -> Option<String> {
    let fill = fill(field);
    (!field.optional && !fill.is_null()).then(|| Postgres.literal(&fill))
}

impl Index {
    /// An index that is not unique ends with the id, since that is the last key of every order: it then gives out a page in order.
    fn of(model: &Model, index: &mainstay_model::Index) -> Index {
        let fields = index.fields.iter().map(|field| model.field(*field).name.clone());
        let mut columns: Vec<String> = fields.collect();
        let name = index_name(&model.name, &columns, index.unique);
        let id = &model.field(base::ID).name;
        if !index.unique && !columns.contains(id) {
            columns.push(id.clone());
        }
        let extent = if index.unique && model.soft_delete { Extent::Live } else { Extent::All };
        Index { name, columns, unique: index.unique, extent }
    }

    /// The index in which purging finds what was deleted long ago. Live records, which are most, cost it nothing.
    fn of_deleted(model: &Model) -> Index {
        let columns = vec![model.field(base::DELETED_AT).name.clone()];
        let name = index_name(&model.name, &columns, false);
        Index { name, columns, unique: false, extent: Extent::Deleted }
    }
}

impl Extent {
    /// What is true of the records in it; `None` when all are.
    pub(super) fn condition(self) -> Option<&'static str> {
        match self {
            Extent::All => None,
            Extent::Live => Some("\"deleted_at\" IS NULL"),
            Extent::Deleted => Some("\"deleted_at\" IS NOT NULL"),
        }
    }

    /// What people call them.
    pub(super) fn records(self) -> &'static str {
        match self {
            Extent::All => "records",
            Extent::Live => "live records",
            Extent::Deleted => "deleted records",
        }
    }
}

impl ColumnType {
    fn of(ty: &FieldType) -> ColumnType {
        match ty {
            FieldType::Bool => ColumnType::Bool,
            FieldType::Int => ColumnType::Int,
            FieldType::Float => ColumnType::Float,
            FieldType::Decimal { scale } => ColumnType::Decimal { scale: *scale },
            FieldType::Text | FieldType::Enum(_) | FieldType::Secret => ColumnType::Text,
            FieldType::Uuid | FieldType::Ref { .. } => ColumnType::Uuid,
            FieldType::Date => ColumnType::Date,
            FieldType::Time => ColumnType::Time,
            FieldType::Timestamp => ColumnType::Timestamp,
            FieldType::Duration => ColumnType::Duration,
            FieldType::Json => ColumnType::Json,
            FieldType::Bytes => ColumnType::Bytes,
            FieldType::List(element) => ColumnType::List(Box::new(ColumnType::of(element))),
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            ColumnType::Bool => "bool",
            ColumnType::Int => "int",
            ColumnType::Float => "float",
            ColumnType::Decimal { scale } => {
                return write!(f, "decimal with {scale} digits behind the point");
            }
            ColumnType::Text => "text",
            ColumnType::Uuid => "uuid",
            ColumnType::Date => "date",
            ColumnType::Time => "time",
            ColumnType::Timestamp => "timestamp",
            ColumnType::Duration => "duration",
            ColumnType::Json => "json",
            ColumnType::Bytes => "bytes",
            ColumnType::List(element) => return write!(f, "list of {element}"),
        };
        f.write_str(name)
    }
}

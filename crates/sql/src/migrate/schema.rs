//! What a database holds: tables, columns and indexes.

use mainstay_model::Application;
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
}

/// What a column holds. Enums and secrets are texts and refs are UUIDs here, since nothing else about them is stored.
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
    /// Whether it is of live records alone.
    pub partial: bool,
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
    /// The format that this version writes.
    pub const FORMAT: u32 = 1;

    /// What `app` needs.
    pub fn of(app: &Application) -> Schema {
        let _ = app;
        Schema { format: Schema::FORMAT, tables: Vec::new() }
    }

    /// The JSON that an adapter keeps.
    pub fn to_json(&self) -> String {
        String::new()
    }

    /// Reads what [`Schema::to_json`] wrote.
    ///
    /// # Errors
    /// See [`InvalidSchema`].
    pub fn from_json(json: &str) -> Result<Schema, InvalidSchema> {
        Err(InvalidSchema::Malformed(json.to_owned()))
    }
}

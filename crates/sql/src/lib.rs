//! The SQL that adapters share: predicates, queries, tables and migrations as text with bound parameters.
//!
//! It stands apart from `expr`, which must not know SQL text, and from each adapter, so that SQLite and
//! PostgreSQL cannot drift apart. This crate owns: lowering, table definitions, the difference between two schemas. It must not
//! know: connections, drivers, async.
//!
//! A [`Dialect`] says what the engines say differently. A table is called as its model, a column as its field, and both are
//! always quoted. Values are stored as follows, and an adapter binds parameters likewise:
//!
//! | type | SQLite | PostgreSQL |
//! | --- | --- | --- |
//! | bool | INTEGER, 0 or 1 | BOOLEAN |
//! | int, time, timestamp and duration (microseconds) | INTEGER | BIGINT |
//! | date (days) | INTEGER | INTEGER |
//! | float | REAL | DOUBLE PRECISION |
//! | decimal | INTEGER: the mantissa at the field's scale | BIGINT, likewise |
//! | string, text, enum, secret, json | TEXT | TEXT COLLATE "C" |
//! | uuid, ref | BLOB of 16 bytes | UUID |
//! | bytes | BLOB | BYTEA |
//! | list | TEXT: a JSON array, see [`list_to_json`] | TEXT COLLATE "C", likewise |
//!
//! PostgreSQL says of each parameter which type it has. A list is bound as an array where that is asked for, and as its text elsewhere.

pub mod copy;
mod dialect;
mod list;
mod lower;
pub mod migrate;
mod names;
mod order;
mod param;
pub mod postgres;
mod query;
mod row;
mod sqlite;
mod statement;

pub use dialect::{Dialect, KeyColumn};
pub use list::{list_from_json, list_to_json};
pub use postgres::Postgres;
pub use query::{Select, count, find, find_ids, holds, select};
pub use row::{get, insert, remove, replace};
pub use sqlite::Sqlite;
pub use statement::Statement;

//! The SQL that adapters share: predicates, queries, tables and migrations as text with bound parameters.
//!
//! It stands apart from `expr`, which must not know SQL text, and from each adapter, so that SQLite and
//! PostgreSQL cannot drift apart. This crate owns: lowering, table definitions, the difference between two schemas. It must not
//! know: connections, drivers, async.
//!
//! A [`Dialect`] says what the engines say differently. A table is called as its model, a column as its field, and both are
//! always quoted. Values are stored as follows in SQLite, and an adapter binds parameters likewise:
//!
//! | type | stored as |
//! | --- | --- |
//! | bool | INTEGER, 0 or 1 |
//! | int, date (days), time, timestamp and duration (microseconds) | INTEGER |
//! | float | REAL |
//! | decimal | INTEGER: the mantissa at the field's scale |
//! | string, text, enum, secret, json | TEXT |
//! | uuid, ref | BLOB of 16 bytes |
//! | bytes | BLOB |
//! | list | TEXT: a JSON array, see [`list_to_json`] |

mod dialect;
mod list;
mod lower;
pub mod migrate;
mod names;
mod order;
mod param;
mod query;
mod row;
mod sqlite;
mod statement;

pub use dialect::Dialect;
pub use list::{list_from_json, list_to_json};
pub use query::{Select, count, find, find_ids, holds, select};
pub use row::{get, insert, remove, replace};
pub use sqlite::Sqlite;
pub use statement::Statement;

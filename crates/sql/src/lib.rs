//! The SQL that adapters share: predicates, queries, tables and migrations as text with bound parameters.
//!
//! It stands apart from `expr`, which must not know SQL text, and from each adapter, so that SQLite and
//! PostgreSQL cannot drift apart. This crate owns: lowering, table definitions, the difference between two schemas. It must not know: connections, drivers, async.

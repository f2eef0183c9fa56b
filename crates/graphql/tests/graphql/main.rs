//! GraphQL over an engine in memory: one program of tests, since each would be linked by itself. Through the link `graphql_postgres` to this folder, the
//! same tests run on PostgreSQL.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails, and this is how.

mod http;
mod limits;
mod persisted;
mod reads;
mod relations;
mod streams;
mod support;
mod unauthorised;
mod versions;
mod writes;

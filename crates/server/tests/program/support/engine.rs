//! The engine that keeps the data of these tests.
//!
//! Each program of tests is built twice from one folder: as itself, and through a link to the folder as `…_postgres`. So every test runs on both
//! engines, also one that is written tomorrow. What only one of them has says so, see [`is_left_out`].

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The one of this program of tests.
pub(crate) fn engine() -> Engine {
    if env!("CARGO_CRATE_NAME").ends_with("_postgres") { Engine::Postgres } else { Engine::Sqlite }
}

/// Whether a test that is about one engine is to end at once, since this is the other. It says why.
pub(crate) fn is_left_out(only_on: Engine, because: &str) -> bool {
    let is_left_out = engine() != only_on;
    if is_left_out {
        println!("only on {only_on:?}: {because}");
    }
    is_left_out
}

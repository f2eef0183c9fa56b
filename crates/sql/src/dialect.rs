//! What differs between the engines.

/// An engine's way of saying what the others say differently.
pub trait Dialect: Sync {
    /// The placeholder of the parameter numbered `number`, from 1.
    fn placeholder(&self, number: usize) -> String;
}

/// SQLite from 3.45.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sqlite;

impl Dialect for Sqlite {
    fn placeholder(&self, number: usize) -> String {
        format!("?{number}")
    }
}

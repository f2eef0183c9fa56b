//! How the values of a column become those of another type.

/// An expression over a column, and what it loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The expression: null for null, and an error or the converted value for any other.
    pub expression: String,
    /// What gets lost, for people; `None` when every value can be told from the converted one.
    pub loss: Option<&'static str>,
}

impl Conversion {
    /// A conversion that loses nothing.
    pub fn lossless(expression: String) -> Self {
        Conversion { expression, loss: None }
    }

    /// A conversion that loses something.
    pub fn lossy(expression: String, loss: &'static str) -> Self {
        Conversion { expression, loss: Some(loss) }
    }
}

//! How the values of a column become those of another type.

/// An expression over a column, and what it loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The expression: null for null, and the converted value for any other that fits.
    pub expression: String,
    /// What gets lost, for people; `None` when every value can be told from the converted one.
    pub loss: Option<&'static str>,
    /// A condition on the values that can be converted; `None` when all can.
    pub fits: Option<String>,
}

impl Conversion {
    /// A conversion that loses nothing.
    pub fn lossless(expression: String) -> Self {
        Conversion { expression, loss: None, fits: None }
    }

    /// A conversion that loses nothing of the values of which `condition` is true, and is not for any other.
    pub fn lossless_if(condition: String, expression: String) -> Self {
        Conversion { expression, loss: None, fits: Some(condition) }
    }

    /// A conversion that loses something.
    pub fn lossy(expression: String, loss: &'static str) -> Self {
        Conversion { expression, loss: Some(loss), fits: None }
    }
}

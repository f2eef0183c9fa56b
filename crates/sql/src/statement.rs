//! A statement and what is bound to it.

use mainstay_expr::Value;

/// SQL text with numbered placeholders, and a value for each of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The text.
    pub text: String,
    /// The values: the first is bound to the placeholder numbered 1. None of them is null.
    pub params: Vec<Value>,
}

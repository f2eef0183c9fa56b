//! How the values of a column become those of another type.

use super::ColumnType;
use mainstay_expr::Decimal;

const MICROS_PER_DAY: i64 = 86_400_000_000;

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

/// The conversions that engines say alike, but for what they call a double.
pub(crate) fn conversion(
    column: &str,
    from: &ColumnType,
    to: &ColumnType,
    double: &str,
) -> Option<Conversion> {
    match (from, to) {
        (from, to) if from == to => Some(Conversion::lossless(column.to_owned())),
        (ColumnType::Bool, ColumnType::Int) => Some(Conversion::lossless(column.to_owned())),
        (ColumnType::Int, ColumnType::Text) => Some(Conversion::lossless(format!("CAST({column} AS TEXT)"))),
        (ColumnType::Int, ColumnType::Float) => {
            Some(Conversion::lossy(format!("CAST({column} AS {double})"), "what is beyond 53 bits of an int"))
        }
        (ColumnType::Decimal { scale }, ColumnType::Float) => {
            let expression = format!("CAST({column} AS {double}) / {:?}", 10_f64.powi(i32::from(*scale)));
            Some(Conversion::lossy(expression, "the exactness of decimals"))
        }
        (ColumnType::Int, ColumnType::Decimal { scale }) => rescaled(column, 0, *scale),
        (ColumnType::Decimal { scale }, ColumnType::Int) => rescaled(column, *scale, 0),
        (ColumnType::Decimal { scale: from }, ColumnType::Decimal { scale: to }) => {
            rescaled(column, *from, *to)
        }
        (ColumnType::Date, ColumnType::Timestamp) => {
            Some(Conversion::lossless(format!("{column} * {MICROS_PER_DAY}")))
        }
        (ColumnType::Timestamp, ColumnType::Date) => {
            Some(Conversion::lossy(day_of(column), "the time of day"))
        }
        _ => None,
    }
}

/// A mantissa at another scale, unless it would have more digits than a decimal can hold. `None` for a scale that no decimal has.
fn rescaled(column: &str, from: u8, to: u8) -> Option<Conversion> {
    let factor = 10_i64.checked_pow(u32::from(from.abs_diff(to)))?;
    if from > to {
        let half = factor / 2;
        let expression =
            format!("({column} + CASE WHEN {column} < 0 THEN -{half} ELSE {half} END) / {factor}");
        return Some(Conversion::lossy(expression, "digits behind the point, by rounding"));
    }
    let bound = 10_i64.pow(u32::from(Decimal::MAX_DIGITS)) / factor;
    Some(Conversion::lossless_if(
        format!("{column} BETWEEN 1 - {bound} AND {bound} - 1"),
        format!("{column} * {factor}"),
    ))
}

/// The day of an instant. SQL's division cuts towards zero, and days before 1970 are below it.
fn day_of(column: &str) -> String {
    let time = format!("((({column}) % {MICROS_PER_DAY}) + {MICROS_PER_DAY}) % {MICROS_PER_DAY}");
    format!("({column} - {time}) / {MICROS_PER_DAY}")
}

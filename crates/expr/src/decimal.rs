//! Exact decimals.

use std::cmp::Ordering;
use std::fmt;

/// An exact decimal: `mantissa / 10^scale`, of at most 18 digits, so that it fits a 64-bit column and orders as one.
///
/// Two decimals are equal when their values are, whatever their scales.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}

impl Decimal {
    /// The most digits that a decimal can hold.
    pub const MAX_DIGITS: u8 = 18;

    /// `mantissa / 10^scale`; `None` beyond 18 digits.
    pub fn new(mantissa: i64, scale: u8) -> Option<Self> {
        let bound = 10_i64.pow(u32::from(Self::MAX_DIGITS));
        (scale <= Self::MAX_DIGITS && mantissa.unsigned_abs() < bound.unsigned_abs())
            .then_some(Decimal { mantissa, scale })
    }

    /// The number times `10^scale`.
    pub fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// Digits after the point.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The same value with another number of digits after the point; `None` when digits would be lost or it does not fit.
    pub fn rescale(self, scale: u8) -> Option<Self> {
        if scale >= self.scale {
            let factor = 10_i64.checked_pow(u32::from(scale - self.scale))?;
            return Self::new(self.mantissa.checked_mul(factor)?, scale);
        }
        let factor = 10_i64.checked_pow(u32::from(self.scale - scale))?;
        (self.mantissa % factor == 0).then_some(Decimal { mantissa: self.mantissa / factor, scale })
    }

    /// Reads `-12.50`: an optional sign, digits, optionally a point and digits. No exponent.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !numeric(whole) || !numeric(fraction) {
            return None;
        }
        let fraction = if digits.contains('.') { fraction } else { "" };
        let scale = u8::try_from(fraction.len()).ok()?;
        let mantissa = whole
            .bytes()
            .chain(fraction.bytes())
            .try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
        Self::new(if negative { -mantissa } else { mantissa }, scale)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return write!(f, "{}", self.mantissa);
        }
        let digits = format!("{:0width$}", self.mantissa.unsigned_abs(), width = usize::from(self.scale) + 1);
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(self.scale));
        write!(f, "{}{whole}.{fraction}", if self.mantissa < 0 { "-" } else { "" })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        let widen = |d: &Decimal| i128::from(d.mantissa) * 10_i128.pow(u32::from(scale - d.scale));
        widen(self).cmp(&widen(other))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn decimals_are_read_and_written() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Decimal::parse(text).map(|decimal| decimal.to_string()).as_deref(), Some(expected));
        };
        check("0", "0");
        check("-0", "0");
        check("12.50", "12.50");
        check("-0.05", "-0.05");
        check("007", "7");
        check("999999999999999999", "999999999999999999");
        check("-0.999999999999999999", "-0.999999999999999999");
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        let refused = [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "+1",
            "1e3",
            "1,5",
            "--1",
            "1.2.3",
            " 1",
            "١",
            "1000000000000000000",
            "0.1234567890123456789",
        ];
        for text in refused {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn rescaling_loses_nothing() {
        let check = |text: &str, scale: u8, expected: Option<&str>| {
            let rescaled = Decimal::parse(text).unwrap().rescale(scale);
            assert_eq!(rescaled.map(|decimal| decimal.to_string()).as_deref(), expected, "{text} at {scale}");
        };
        check("1.5", 2, Some("1.50"));
        check("1.50", 1, Some("1.5"));
        check("1.55", 1, None);
        check("100000000000000000", 1, None);
        check("1", 19, None);
    }

    #[test]
    fn decimals_are_ordered_by_value() {
        let decimal = |text| Decimal::parse(text).unwrap();
        assert_eq!(decimal("1.50"), decimal("1.5"));
        assert!(decimal("-2") < decimal("-1.999"));
        assert!(decimal("999999999999999999") > decimal("0.999999999999999999"));
    }
}

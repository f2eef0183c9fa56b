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

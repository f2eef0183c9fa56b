//! What a scalar without quotes means (YAML 1.2.2, 10.3.2).

use serde_json::{Number, Value};

/// The value of a scalar without quotes; `None` for an infinity and what is not a number, which JSON does not have.
pub(super) fn plain(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ if is_no_number(text) => None,
        _ => Some(number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)),
    }
}

fn is_no_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return based(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return based(digits, 8);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if is_digits(unsigned) {
        let integer = || text.parse::<i64>().ok().map(Number::from);
        return integer().or_else(|| text.parse::<u64>().ok().map(Number::from)).or_else(|| float(text));
    }
    is_float(unsigned).then(|| float(text)).flatten()
}

/// A number in another base, which has no sign.
fn based(digits: &str, radix: u32) -> Option<Number> {
    let has_sign = digits.starts_with(['+', '-']);
    u64::from_str_radix(digits, radix).ok().filter(|_| !has_sign).map(Number::from)
}

fn float(text: &str) -> Option<Number> {
    text.parse().ok().and_then(Number::from_f64)
}

/// `\. [0-9]+ | [0-9]+ (\. [0-9]*)?`, with an exponent or without.
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let is_mantissa = match whole {
        "" => is_digits(fraction),
        whole => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
    };
    is_mantissa && exponent.is_none_or(is_digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_mean_what_the_core_schema_says() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(plain(text).map(|value| value.to_string()).as_deref(), expected, "{text}");
        };
        for (text, expected) in [
            ("", "null"),
            ("~", "null"),
            ("True", "true"),
            ("007", "7"),
            ("+12", "12"),
            ("-12", "-12"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("1.", "1.0"),
            (".5", "0.5"),
            ("-1.5e3", "-1500.0"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e999", "\"1e999\""),
            ("0x+1", "\"0x+1\""),
            ("yes", "\"yes\""),
            ("on", "\"on\""),
            ("1_000", "\"1_000\""),
            ("1:30", "\"1:30\""),
            ("-", "\"-\""),
            (".", "\".\""),
            ("1e", "\"1e\""),
            ("infinity", "\"infinity\""),
            ("NaN", "\"NaN\""),
            ("2026-11-21", "\"2026-11-21\""),
        ] {
            check(text, Some(expected));
        }
        for none in [".inf", "-.INF", "+.Inf", ".nan", ".NaN"] {
            check(none, None);
        }
    }
}

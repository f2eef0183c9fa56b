//! Durations as text: by ISO 8601, and as CEL writes them.

use crate::temporal::{format_fraction, parse_fraction};

const MILLISECOND: i64 = 1_000;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// Units of ISO 8601 before and after the `T`, from long to short. Years and months have no fixed length.
const ISO_DAYS: [(&str, i64); 2] = [("W", WEEK), ("D", DAY)];
const ISO_HOURS: [(&str, i64); 3] = [("H", HOUR), ("M", MINUTE), ("S", SECOND)];
/// Units of CEL, from long to short.
const CEL: [(&str, i64); 5] = [("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", MILLISECOND), ("us", 1)];

/// Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds (`P1DT2H`, `-PT0.5S`), or CEL's `1h30m`, whose units are
/// `h`, `m`, `s`, `ms` and `us`. Units stand from long to short, and only seconds have a fraction. Microseconds. Years and months have no
/// fixed length and are refused.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let micros = match text.strip_prefix('P') {
        Some(iso) => parse_iso(iso)?,
        None => parse_units(text, &CEL)?,
    };
    Some(sign * micros)
}

/// Writes an ISO 8601 duration of hours, minutes and seconds: `PT26H`, `PT0S`, `-PT1M0.5S`.
pub fn format_duration(micros: i64) -> String {
    let total = micros.unsigned_abs();
    let unit = |length: i64| total / length.unsigned_abs();
    let (hours, minutes, seconds) = (unit(HOUR), unit(MINUTE) % 60, unit(SECOND) % 60);
    let fraction = format_fraction(total);
    let mut text = String::from(if micros < 0 { "-PT" } else { "PT" });
    if hours > 0 {
        text += &format!("{hours}H");
    }
    if minutes > 0 {
        text += &format!("{minutes}M");
    }
    if seconds > 0 || !fraction.is_empty() || total == 0 {
        text += &format!("{seconds}{fraction}S");
    }
    text
}

fn parse_iso(text: &str) -> Option<i64> {
    match text.split_once('T') {
        None => parse_units(text, &ISO_DAYS),
        Some(("", hours)) => parse_units(hours, &ISO_HOURS),
        Some((days, hours)) => parse_units(days, &ISO_DAYS)?.checked_add(parse_units(hours, &ISO_HOURS)?),
    }
}

/// Numbers with units, at least one, each unit at most once and after the longer ones.
fn parse_units(text: &str, units: &[(&str, i64)]) -> Option<i64> {
    let mut rest = text;
    let mut units = units.iter();
    let mut total = 0_i64;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (name, next) = after.split_at(end);
        let (_, length) = units.find(|(unit, _)| *unit == name)?;
        total = total.checked_add(scaled(number, *length)?)?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

/// `number` times `length`; a fraction is for seconds alone.
fn scaled(number: &str, length: i64) -> Option<i64> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, digits)) if length == SECOND => (whole, parse_fraction(digits)?),
        Some(_) => return None,
        None => (number, 0),
    };
    let numeric = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    let whole: i64 = numeric.then(|| whole.parse().ok()).flatten()?;
    whole.checked_mul(length)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let check = |text: &str, expected: i64| assert_eq!(parse_duration(text), Some(expected), "{text}");
        check("PT0S", 0);
        check("P1DT2H", 26 * HOUR);
        check("P1W", WEEK);
        check("P1W2DT3M", WEEK + 2 * DAY + 3 * MINUTE);
        check("-PT0.5S", -500_000);
        check("PT1M0.000001S", MINUTE + 1);
        check("1h30m", 90 * MINUTE);
        check("24h", DAY);
        check("1.5s", 1_500_000);
        check("-2ms3us", -2_003);
        check("0s", 0);
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        let refused = [
            "",
            "-",
            "P",
            "PT",
            "P1DT",
            "P1Y",
            "P1M",
            "1",
            "1d",
            "h",
            "1.5h",
            "PT1.5H",
            "P-1D",
            "--1s",
            "+1s",
            "1h1h",
            "1m1h",
            "PT1S1M",
            "1.s",
            ".5s",
            "1.1234567s",
            "1 h",
            "1H",
            "pt1s",
            "PT9999999999999999H",
            "١s",
            "1é",
        ];
        for text in refused {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_written_in_one_form_and_read_back() {
        let check = |micros: i64, expected: &str| {
            assert_eq!(format_duration(micros), expected);
            assert_eq!(parse_duration(expected), Some(micros), "{expected}");
        };
        check(0, "PT0S");
        check(26 * HOUR, "PT26H");
        check(90 * MINUTE, "PT1H30M");
        check(-(MINUTE + 500_000), "-PT1M0.5S");
        check(1, "PT0.000001S");
        check(i64::MAX, "PT2562047788H54.775807S");
    }
}

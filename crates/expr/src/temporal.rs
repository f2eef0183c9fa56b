//! Dates, times and instants as text, by RFC 3339. Strict: one way in, one way out.

use jiff::civil::{Date, date};
use std::ops::Range;

const EPOCH: Date = date(1970, 1, 1);
/// 0001-01-01 and 9999-12-31, in days since 1970-01-01.
const FIRST_DAY: i32 = -719_162;
const LAST_DAY: i32 = 2_932_896;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// The instants from the first day to the last.
const INSTANTS: Range<i64> = FIRST_DAY as i64 * DAY..(LAST_DAY as i64 + 1) * DAY;

/// Reads an RFC 3339 instant with an offset, of the years 0001 to 9999; digits beyond microseconds are refused, and so is the 60th
/// second of a leap second. Microseconds since 1970 in UTC.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let (day, rest) = text.split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't'])?;
    let (clock, offset) = rest.split_at(rest.find(['Z', 'z', '+', '-'])?);
    if clock.len() < "08:30:00".len() {
        return None;
    }
    let micros = i64::from(parse_date(day)?) * DAY + parse_time(clock)? - parse_offset(offset)?;
    INSTANTS.contains(&micros).then_some(micros)
}

/// Writes an instant as RFC 3339 in UTC with `Z` and six digits of a second: `2026-11-21T08:30:00.000000Z`. What is beyond the years
/// 0001 to 9999, where no field can be, is written as the nearest instant within.
pub fn format_timestamp(micros: i64) -> String {
    ascii(&timestamp_text(micros))
}

/// Appends what [`format_timestamp`] writes.
pub fn write_timestamp(micros: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&timestamp_text(micros));
}

fn timestamp_text(micros: i64) -> [u8; 27] {
    let micros = micros.clamp(INSTANTS.start, INSTANTS.end - 1);
    let clock = micros.rem_euclid(DAY);
    // Written by hand, since answers are full of instants and the formatting machinery takes ten times as long.
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    write_day(&mut text, (micros.div_euclid(DAY)) as i32);
    for (place, number) in [(11, clock / HOUR), (14, clock / MINUTE % 60), (17, clock / SECOND % 60)] {
        write_digits(&mut text[place..place + 2], number as u32);
    }
    write_digits(&mut text[20..26], (clock % SECOND) as u32);
    text
}

fn write_day(text: &mut [u8], days: i32) {
    let (year, month, day) = civil_of_days(days);
    write_digits(&mut text[..4], year);
    write_digits(&mut text[5..7], month);
    write_digits(&mut text[8..10], day);
}

/// Fills `text`, of an even length, with the last digits of a number; two at a time, since a division is what takes time here.
fn write_digits(text: &mut [u8], mut number: u32) {
    for pair in text.rchunks_exact_mut(2) {
        pair.copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
}

/// The digits of 0 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

fn ascii(text: &[u8]) -> String {
    String::from_utf8(text.to_vec()).expect("digits and signs are ASCII")
}

/// Year, month and day of a day from year 1 on: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`. Years are
/// counted from March, so that the leap day is their last, in eras of 400 years.
fn civil_of_days(days: i32) -> (u32, u32, u32) {
    let shifted = days.clamp(FIRST_DAY, LAST_DAY) + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097) as u32, shifted.rem_euclid(146_097) as u32);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u32::from(month <= 2), month, day)
}

/// Reads `2026-11-21`, of the years 0001 to 9999. Days since 1970-01-01.
pub fn parse_date(text: &str) -> Option<i32> {
    let [year, month, day] = parts(text, '-', [4, 2, 2])?;
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    (year > 0).then(|| days_since_epoch(date))
}

/// Writes `2026-11-21`. What is beyond the years 0001 to 9999, where no field can be, is written as the nearest day within.
pub fn format_date(days: i32) -> String {
    let mut text = *b"0000-00-00";
    write_day(&mut text, days);
    ascii(&text)
}

/// Reads `08:30`, `08:30:00` or `08:30:00.123456`. Microseconds since midnight.
pub fn parse_time(text: &str) -> Option<i64> {
    let (clock, micros) = match text.split_once('.') {
        Some((clock, digits)) => (clock, parse_fraction(digits)?),
        None => (text, 0),
    };
    let [hours, minutes, seconds] = match clock.len() {
        5 if clock.len() == text.len() => {
            let [hours, minutes] = parts(clock, ':', [2, 2])?;
            [hours, minutes, 0]
        }
        _ => parts(clock, ':', [2, 2, 2])?,
    };
    let valid = hours < 24 && minutes < 60 && seconds < 60;
    valid
        .then(|| i64::from(hours) * HOUR + i64::from(minutes) * MINUTE + i64::from(seconds) * SECOND + micros)
}

/// Writes `08:30:00`, with as many digits of a second as are needed, up to six.
pub fn format_time(micros: i64) -> String {
    let (hours, minutes, seconds) = (micros / HOUR, micros / MINUTE % 60, micros / SECOND % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{}", format_fraction(micros.unsigned_abs()))
}

/// Six digits at most; a seventh would be lost, even a zero.
pub(crate) fn parse_fraction(digits: &str) -> Option<i64> {
    let fits = (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| format!("{digits:0<6}").parse().ok()).flatten()
}

/// The point and the digits of a second that are needed for these microseconds; empty for whole seconds.
pub(crate) fn format_fraction(micros: u64) -> String {
    match micros % SECOND.unsigned_abs() {
        0 => String::new(),
        rest => format!(".{rest:06}").trim_end_matches('0').to_owned(),
    }
}

/// `Z`, or the difference to UTC as `+01:00`. Microseconds.
fn parse_offset(text: &str) -> Option<i64> {
    let (sign, clock) = match text.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(0),
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    (clock.len() == 5).then(|| parse_time(clock)).flatten().map(|micros| sign * micros)
}

/// Numbers of exactly these many digits between separators.
fn parts<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i16; N]> {
    let mut numbers = [0; N];
    let mut pieces = text.split(separator);
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let piece = pieces.next()?;
        let numeric = piece.len() == digits && piece.bytes().all(|byte| byte.is_ascii_digit());
        *number = numeric.then(|| piece.parse().ok()).flatten()?;
    }
    pieces.next().is_none().then_some(numbers)
}

fn days_since_epoch(date: Date) -> i32 {
    EPOCH.until(date).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn timestamps_are_read() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(parse_timestamp(text), expected, "{text}");
        check("1970-01-01T00:00:00Z", Some(0));
        check("1970-01-01t00:00:01.5z", Some(1_500_000));
        check("1969-12-31T23:59:59.999999Z", Some(-1));
        check("1970-01-01T00:00:00+01:30", Some(-90 * MINUTE));
        check("1970-01-01T00:00:00-00:00", Some(0));
        check("2024-02-29T12:00:00Z", Some(1_709_208_000 * SECOND));
        check("9999-12-31T23:59:59.999999Z", Some(253_402_300_799_999_999));
        check("0001-01-01T00:00:00Z", Some(-62_135_596_800 * SECOND));
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        let refused = [
            "",
            "now",
            "2026-11-21",
            "2026-11-21T08:30Z",
            "2026-11-21T08:30:00",
            "2026-11-21 08:30:00Z",
            "2026-11-21T08:30:00.1234567Z",
            "2026-11-21T08:30:00.Z",
            "2026-11-21T08:30:00,5Z",
            "2016-12-31T23:59:60Z",
            "2026-11-21T24:00:00Z",
            "2026-02-29T08:30:00Z",
            "2026-11-21T08:30:00+0100",
            "2026-11-21T08:30:00+24:00",
            "2026-11-21T08:30:00+01:00:00",
            "2026-11-21T08:30:00Zulu",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "+2026-11-21T08:30:00Z",
            "2026-1é-21T08:30:00Z",
            "２026-11-21T08:30:00Z",
        ];
        for text in refused {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn timestamps_are_written_in_one_form() {
        let check = |micros: i64, expected: &str| assert_eq!(format_timestamp(micros), expected);
        check(0, "1970-01-01T00:00:00.000000Z");
        check(-1, "1969-12-31T23:59:59.999999Z");
        check(1_709_208_000_000_001, "2024-02-29T12:00:00.000001Z");
        check(i64::MIN, "0001-01-01T00:00:00.000000Z");
        check(i64::MAX, "9999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn days_agree_with_another_calendar() {
        for days in (FIRST_DAY..=LAST_DAY).step_by(13).chain([FIRST_DAY, -1, 0, 1, LAST_DAY]) {
            let expected = EPOCH.checked_add(jiff::Span::new().days(days)).unwrap();
            assert_eq!(format_date(days), expected.to_string());
        }
    }

    #[test]
    fn dates() {
        let check = |text: &str, days: i32| {
            assert_eq!(parse_date(text), Some(days), "{text}");
            assert_eq!(format_date(days), text);
        };
        check("1970-01-01", 0);
        check("1969-12-31", -1);
        check("2026-11-21", 20_778);
        check("0001-01-01", -719_162);
        check("9999-12-31", 2_932_896);
        for text in
            ["", "2026-11", "2026-11-31", "2026-1-01", "0000-01-01", "26-11-21", "2026-11-21Z", "-001-01-01"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(format_date(i32::MAX), "9999-12-31");
    }

    #[test]
    fn times_of_day() {
        let check = |text: &str, micros: i64, written: &str| {
            assert_eq!(parse_time(text), Some(micros), "{text}");
            assert_eq!(format_time(micros), written);
        };
        check("08:30", 30_600 * SECOND, "08:30:00");
        check("00:00:00", 0, "00:00:00");
        check("23:59:59.999999", DAY - 1, "23:59:59.999999");
        check("01:02:03.400", 3_723_400_000, "01:02:03.4");
        for text in
            ["", "8:30", "24:00", "08:60", "08:30:60", "08:30.5", "08:30:00.", "08:30:00.1234567", "-8:30"]
        {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}

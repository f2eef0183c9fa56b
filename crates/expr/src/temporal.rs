//! Dates, times and durations as text: RFC 3339 for instants, days and times of day, ISO 8601 for durations.

/// Reads an RFC 3339 instant with an offset; digits beyond microseconds are refused. Microseconds since 1970 in UTC.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let _ = text;
    None
}

/// Writes an instant as RFC 3339 in UTC with `Z` and six digits of a second: `2026-11-21T08:30:00.000000Z`.
pub fn format_timestamp(micros: i64) -> String {
    micros.to_string()
}

/// Reads `2026-11-21`. Days since 1970-01-01.
pub fn parse_date(text: &str) -> Option<i32> {
    let _ = text;
    None
}

/// Writes `2026-11-21`.
pub fn format_date(days: i32) -> String {
    days.to_string()
}

/// Reads `08:30`, `08:30:00` or `08:30:00.123456`. Microseconds since midnight.
pub fn parse_time(text: &str) -> Option<i64> {
    let _ = text;
    None
}

/// Writes `08:30:00`, with as many digits of a second as are needed, up to six.
pub fn format_time(micros: i64) -> String {
    micros.to_string()
}

/// Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds (`P1DT2H`, `-PT0.5S`), or CEL's `1h30m`. Microseconds. Years and months have
/// no fixed length and are refused.
pub fn parse_duration(text: &str) -> Option<i64> {
    let _ = text;
    None
}

/// Writes an ISO 8601 duration of hours, minutes and seconds: `PT26H`, `PT0S`.
pub fn format_duration(micros: i64) -> String {
    micros.to_string()
}

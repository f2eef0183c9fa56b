//! What the answers of a version say of its end.

use http::header::LINK;
use http::{HeaderMap, HeaderName, HeaderValue};
use mainstay_expr::format_timestamp;
use mainstay_model::Version;
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

/// Since when not to use it (RFC 9745).
const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// When it will be gone (RFC 8594).
const SUNSET: HeaderName = HeaderName::from_static("sunset");

const MICROS_A_SECOND: i64 = 1_000_000;

/// The headers of all answers of a version.
pub(super) fn headers(version: &Version) -> HeaderMap {
    let deprecation = version.deprecated.map(|seconds| format!("@{seconds}"));
    let texts =
        [(DEPRECATION, deprecation), (SUNSET, version.sunset.and_then(http_date)), (LINK, links(version))];
    let header =
        |(name, text): (HeaderName, Option<String>)| Some((name, HeaderValue::try_from(text?).ok()?));
    texts.into_iter().filter_map(header).collect()
}

/// The same as JSON.
pub(super) fn document(version: &Version) -> Option<Value> {
    version.deprecated.or(version.sunset)?;
    let instant = |seconds: Option<i64>| seconds.map(|seconds| format_timestamp(seconds * MICROS_A_SECOND));
    let members = [
        ("version", Some(Value::from(version.number))),
        ("deprecated", instant(version.deprecated).map(Value::from)),
        ("sunset", instant(version.sunset).map(Value::from)),
        ("link", version.link.clone().map(Value::from)),
    ];
    Some(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// As HTTP has dates (RFC 9110, 5.6.7), of seconds since 1970; `None` before that.
fn http_date(seconds: i64) -> Option<String> {
    let since = Duration::from_secs(u64::try_from(seconds).ok()?);
    Some(httpdate::fmt_http_date(UNIX_EPOCH.checked_add(since)?))
}

/// The page, as what tells of each of the two dates.
fn links(version: &Version) -> Option<String> {
    let page = version.link.as_ref()?;
    let dates = [("deprecation", version.deprecated), ("sunset", version.sunset)];
    let links: Vec<String> = dates
        .into_iter()
        .filter(|(_, date)| date.is_some())
        .map(|(relation, _)| format!("<{page}>; rel=\"{relation}\""))
        .collect();
    (!links.is_empty()).then(|| links.join(", "))
}

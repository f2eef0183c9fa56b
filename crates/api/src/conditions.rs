//! Conditional requests (RFC 9110, 13): `ETag` is the record's version.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};
use mainstay_engine::{Code, Error};

/// What `If-Match` asks of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Nothing.
    Anything,
    /// `*`: that there is one.
    Exists,
    /// That it has this version.
    Version(i64),
}

impl IfMatch {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] when it is not one `ETag`, and [`Code::VersionMismatch`] when it is one that no record can have:
    /// a weak one never matches here.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Error> {
        match single(headers, &IF_MATCH)? {
            None => Ok(IfMatch::Anything),
            Some("*") => Ok(IfMatch::Exists),
            Some(tag) => match version_of(tag) {
                Some(version) => Ok(IfMatch::Version(version)),
                None if is_etag(tag) => Err(mismatch()),
                None => Err(invalid("`If-Match` takes one `ETag`, as `\"3\"`, or `*`")),
            },
        }
    }

    /// The version that the record must have.
    pub(crate) fn version(self) -> Option<i64> {
        match self {
            IfMatch::Version(version) => Some(version),
            IfMatch::Anything | IfMatch::Exists => None,
        }
    }

    /// What it means under this condition that there is no record.
    pub(crate) fn explain(self, error: Error) -> Error {
        match self {
            IfMatch::Exists if error.code == Code::NotFound => mismatch(),
            _ => error,
        }
    }
}

/// Whether `If-None-Match: *` asks that there is no record yet.
///
/// # Errors
/// [`Code::InvalidParameter`] for anything but `*`.
pub(crate) fn only_create(headers: &HeaderMap) -> Result<bool, Error> {
    match single(headers, &IF_NONE_MATCH)? {
        None => Ok(false),
        Some("*") => Ok(true),
        Some(_) => Err(invalid("`If-None-Match` takes `*` here")),
    }
}

/// What it means under `If-None-Match: *` that there is a record: the condition does not hold.
pub(crate) fn explain_only_create(only_create: bool, error: Error) -> Error {
    match error.code {
        Code::AlreadyExists if only_create => Error { code: Code::VersionMismatch, ..error },
        _ => error,
    }
}

/// Refuses conditions where an operation could not keep them.
///
/// # Errors
/// [`Code::InvalidParameter`], naming the header.
pub(crate) fn refuse(headers: &HeaderMap, names: &[HeaderName]) -> Result<(), Error> {
    match names.iter().find(|name| headers.contains_key(*name)) {
        Some(name) => Err(invalid(format!("this operation has no condition `{name}`"))),
        None => Ok(()),
    }
}

/// Whether the client already has the record in this version (`If-None-Match`, compared weakly).
pub(crate) fn is_known(headers: &HeaderMap, version: i64) -> bool {
    let tags = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || version_of(tag.strip_prefix("W/").unwrap_or(tag)) == Some(version))
}

/// The `ETag` of a version: `"3"`.
pub(crate) fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes are a header value")
}

fn version_of(tag: &str) -> Option<i64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Whether the text is one `ETag` (RFC 9110, 8.8.3), be it a version or not.
fn is_etag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.contains('"'))
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text.trim())),
        _ => Err(invalid(format!("the header `{name}` is malformed or repeated"))),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidParameter, message)
}

fn mismatch() -> Error {
    Error::new(Code::VersionMismatch, "there is no record with this version")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn if_match_takes_a_version_or_a_star() {
        let check = |value: &str, expected: Result<IfMatch, Code>| {
            let answer = IfMatch::of(&headers(IF_MATCH, value)).map_err(|error| error.code);
            assert_eq!(answer, expected, "{value}");
        };
        check("\"3\"", Ok(IfMatch::Version(3)));
        check(" * ", Ok(IfMatch::Exists));
        check("W/\"3\"", Err(Code::VersionMismatch));
        check("\"abc\"", Err(Code::VersionMismatch));
        check("\"+3\"", Err(Code::VersionMismatch));
        check("3", Err(Code::InvalidParameter));
        check("", Err(Code::InvalidParameter));
        check("\"3\", \"4\"", Err(Code::InvalidParameter));
        assert_eq!(IfMatch::of(&HeaderMap::new()).unwrap(), IfMatch::Anything);
    }

    #[test]
    fn if_none_match_is_compared_weakly() {
        let check = |value: &str, expected: bool| {
            assert_eq!(is_known(&headers(IF_NONE_MATCH, value), 3), expected, "{value}");
        };
        check("\"3\"", true);
        check("W/\"3\"", true);
        check("\"1\", \"3\"", true);
        check("*", true);
        check("\"4\"", false);
        check("3", false);
        check("", false);
    }
}

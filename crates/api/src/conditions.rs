//! Conditional requests (RFC 9110, 13): `ETag` is the record's version.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};
use mainstay_engine::{Code, Error, OperationKind};

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
    /// Reads the header. A list of versions comes down to the one of them that the record has, so `current` is asked for it then.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] when it is malformed, and [`Code::VersionMismatch`] when no record can have what it asks: a weak
    /// tag never matches here.
    pub(crate) async fn of(
        headers: &HeaderMap,
        current: impl Future<Output = Result<i64, Error>>,
    ) -> Result<Self, Error> {
        let versions = match Tags::of(headers, &IF_MATCH)? {
            None => return Ok(IfMatch::Anything),
            Some(Tags::Any) => return Ok(IfMatch::Exists),
            Some(Tags::List(tags)) => tags.into_iter().filter_map(Tag::version).collect::<Vec<i64>>(),
        };
        match versions.as_slice() {
            [] => Err(mismatch()),
            [version] => Ok(IfMatch::Version(*version)),
            versions => {
                let current = current.await.map_err(|error| IfMatch::Exists.explain(error))?;
                versions.contains(&current).then_some(IfMatch::Version(current)).ok_or_else(mismatch)
            }
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
    match Tags::of(headers, &IF_NONE_MATCH)? {
        None => Ok(false),
        Some(Tags::Any) => Ok(true),
        Some(Tags::List(_)) => Err(invalid("`If-None-Match` takes `*` here")),
    }
}

/// What it means under `If-None-Match: *` that there is a record: the condition does not hold.
pub(crate) fn explain_only_create(only_create: bool, error: Error) -> Error {
    match error.code {
        Code::AlreadyExists if only_create => Error { code: Code::VersionMismatch, ..error },
        _ => error,
    }
}

/// Refuses a write with a condition that its operation does not keep, rather than to pass the condition over. A read that passes one over does
/// no harm.
///
/// # Errors
/// [`Code::InvalidParameter`], naming the header.
pub(crate) fn admit(kind: OperationKind, headers: &HeaderMap) -> Result<(), Error> {
    let refused = [IF_MATCH, IF_NONE_MATCH]
        .into_iter()
        .find(|name| headers.contains_key(name) && !kept(kind).contains(name));
    match refused {
        Some(name) if kind.writes() => Err(invalid(format!("this operation has no condition `{name}`"))),
        _ => Ok(()),
    }
}

/// The conditions that a write keeps: those on the one record that it is about, while there can be one.
pub(crate) fn kept(kind: OperationKind) -> &'static [HeaderName] {
    match kind {
        OperationKind::Put => &[IF_MATCH, IF_NONE_MATCH],
        OperationKind::Update | OperationKind::Delete | OperationKind::Restore => &[IF_MATCH],
        _ => &[],
    }
}

/// Sees that what is answered to a GET is what `If-Match` asks for; `None` stands for an answer without an `ETag`, which no tag matches.
///
/// # Errors
/// [`Code::VersionMismatch`] when it is not; [`Code::InvalidParameter`] for a header that is malformed.
pub(crate) fn check_read(headers: &HeaderMap, version: Option<i64>) -> Result<(), Error> {
    let holds = match Tags::of(headers, &IF_MATCH)? {
        None | Some(Tags::Any) => true,
        Some(Tags::List(tags)) => tags.into_iter().filter_map(Tag::version).any(|tag| Some(tag) == version),
    };
    if holds { Ok(()) } else { Err(mismatch()) }
}

/// Whether the client already has the answer with this `ETag` (`If-None-Match`, compared weakly).
///
/// # Errors
/// [`Code::InvalidParameter`] for a header that is malformed.
pub(crate) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> Result<bool, Error> {
    let is_this = |tag: &Tag<'_>| format!("\"{}\"", tag.opaque).as_bytes() == etag.as_bytes();
    Ok(match Tags::of(headers, &IF_NONE_MATCH)? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::List(tags)) => tags.iter().any(is_this),
    })
}

/// The `ETag` of a version: `"3"`.
pub(crate) fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes are a header value")
}

/// What the field of a condition holds (RFC 9110, 13.1.1).
enum Tags<'a> {
    /// `*`
    Any,
    List(Vec<Tag<'a>>),
}

/// An `ETag` (RFC 9110, 8.8.3), be it that of a version or not.
#[derive(Clone, Copy)]
struct Tag<'a> {
    weak: bool,
    /// What is between the quotes.
    opaque: &'a str,
}

impl<'a> Tags<'a> {
    /// Reads a header. A list may be spread over several of them.
    fn of(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<Self>, Error> {
        let malformed = || invalid(format!("`{name}` takes `ETag`s, as `\"3\"`, or `*`"));
        let mut lists = Vec::new();
        for value in headers.get_all(name) {
            lists.push(value.to_str().map_err(|_| malformed())?.trim());
        }
        match lists.as_slice() {
            [] => return Ok(None),
            ["*"] => return Ok(Some(Tags::Any)),
            _ => {}
        }
        let tags = lists.into_iter().map(tags_in).collect::<Option<Vec<_>>>().ok_or_else(malformed)?.concat();
        if tags.is_empty() { Err(malformed()) } else { Ok(Some(Tags::List(tags))) }
    }
}

impl Tag<'_> {
    /// The version whose `ETag` it is, to the letter: `"03"` is not that of version 3.
    fn version(self) -> Option<i64> {
        let version: i64 = self.opaque.parse().ok().filter(|_| !self.weak)?;
        (version.to_string() == self.opaque).then_some(version)
    }
}

/// The tags of a list. Empty elements are passed over (RFC 9110, 5.6.1), and a comma may stand within a tag.
fn tags_in(list: &str) -> Option<Vec<Tag<'_>>> {
    let mut tags = Vec::new();
    let mut rest = list.trim_start_matches(SEPARATORS);
    while !rest.is_empty() {
        let unmarked = rest.strip_prefix("W/");
        let (opaque, after) = unmarked.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        tags.push(Tag { weak: unmarked.is_some(), opaque });
        rest = after.trim_start_matches(SEPARATORS);
        if rest.len() == after.len() && !rest.is_empty() {
            return None;
        }
    }
    Some(tags)
}

const SEPARATORS: [char; 3] = [',', ' ', '\t'];

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

    async fn check_match(value: &str, current: i64, expected: Result<IfMatch, Code>) {
        let answer = IfMatch::of(&headers(IF_MATCH, value), async { Ok(current) }).await;
        assert_eq!(answer.map_err(|error| error.code), expected, "{value}");
    }

    #[tokio::test]
    async fn if_match_takes_versions_or_a_star() {
        check_match("\"3\"", 9, Ok(IfMatch::Version(3))).await;
        check_match(" * ", 9, Ok(IfMatch::Exists)).await;
        check_match("\"3\", \"4\"", 4, Ok(IfMatch::Version(4))).await;
        check_match("\"3\",W/\"4\" ,, \"a,b\"", 9, Ok(IfMatch::Version(3))).await;
        check_match("\"3\", \"4\"", 5, Err(Code::VersionMismatch)).await;
        for no_version in ["W/\"3\"", "\"abc\"", "\"+3\"", "\"03\"", "\"\""] {
            check_match(no_version, 3, Err(Code::VersionMismatch)).await;
        }
        for malformed in ["3", "", ",", "\"3", "\"3\"\"4\"", "\"3\", *", "w/\"3\""] {
            check_match(malformed, 3, Err(Code::InvalidParameter)).await;
        }
        let absent = IfMatch::of(&HeaderMap::new(), async { Ok(3) }).await;
        assert_eq!(absent.unwrap(), IfMatch::Anything);
    }

    #[test]
    fn a_list_may_be_spread_over_headers() {
        let mut headers = headers(IF_NONE_MATCH, "\"1\"");
        headers.append(IF_NONE_MATCH, HeaderValue::from_static("\"3\""));
        let known = [1, 2, 3].map(|version| is_known(&headers, &etag(version)).unwrap());
        assert_eq!(known, [true, false, true]);
    }

    #[test]
    fn if_none_match_is_compared_weakly() {
        let check = |value: &str, expected: Option<bool>| {
            assert_eq!(is_known(&headers(IF_NONE_MATCH, value), &etag(3)).ok(), expected, "{value}");
        };
        check("\"3\"", Some(true));
        check("W/\"3\"", Some(true));
        check("\"1\", \"3\"", Some(true));
        check("*", Some(true));
        check("\"4\"", Some(false));
        check("\"03\"", Some(false));
        check("3", None);
        check("", None);
    }

    #[test]
    fn if_match_holds_of_answers_too() {
        let check = |value: &str, version: Option<i64>, expected: bool| {
            assert_eq!(check_read(&headers(IF_MATCH, value), version).is_ok(), expected, "{value}");
        };
        check("\"3\", \"4\"", Some(4), true);
        check("*", None, true);
        check("\"3\"", Some(4), false);
        check("\"3\"", None, false);
        check("W/\"3\"", Some(3), false);
    }
}

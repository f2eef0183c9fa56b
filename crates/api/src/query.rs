//! Query strings.

use crate::object::names_text;
use mainstay_engine::{Code, Error, ListRequest, OperationKind, OrderKey};
use mainstay_ports::Deleted;

/// The parameters that an operation knows.
pub(crate) fn known(kind: OperationKind) -> &'static [&'static str] {
    match kind {
        OperationKind::List => {
            &["filter", "order", "fields", "expand", "limit", "cursor", "count", "deleted", "position"]
        }
        OperationKind::Watch => &["filter", "fields", "snapshot", "order", "limit", "position"],
        OperationKind::Get => &["fields", "expand", "deleted", "position"],
        OperationKind::UpdateMany | OperationKind::DeleteMany => &["filter", "limit"],
        OperationKind::ListKeys => &["user"],
        _ => &[],
    }
}

/// The parameters of a request: known names, each at most once.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    pairs: Vec<(&'static str, String)>,
}

impl Parameters {
    /// Reads the query of a URI (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for what is unknown, repeated or not UTF-8.
    pub(crate) fn parse(query: Option<&str>, known: &'static [&'static str]) -> Result<Self, Error> {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = known_name(&decode(name)?, known)?;
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(invalid(format!("the parameter `{name}` occurs twice")));
            }
            pairs.push((name, decode(value)?));
        }
        Ok(Parameters { pairs })
    }

    /// The value of a parameter; the empty text where it was given without one.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// A list of names: `fields=id,name`.
    pub(crate) fn names(&self, name: &str) -> Vec<String> {
        let list = self.get(name).filter(|list| !list.is_empty());
        list.map(|list| list.split(',').map(|name| name.trim().to_owned()).collect()).unwrap_or_default()
    }

    /// Whether a single record is answered also when it is soft-deleted, in the words of a list.
    pub(crate) fn includes_deleted(&self) -> Result<bool, Error> {
        self.one_of("deleted", &[("exclude", false), ("include", true)], false)
    }

    /// The parameters of a list.
    pub(crate) fn list_request(&self) -> Result<ListRequest, Error> {
        let deleted = [("exclude", Deleted::Exclude), ("include", Deleted::Include), ("only", Deleted::Only)];
        Ok(ListRequest {
            filter: self.filter(),
            order: self.order(),
            fields: self.names("fields"),
            expand: self.names("expand"),
            limit: self.limit()?,
            cursor: self.get("cursor").map(str::to_owned),
            count: self.one_of("count", &[("exact", true)], false)?,
            deleted: self.one_of("deleted", &deleted, Deleted::Exclude)?,
            ..ListRequest::default()
        })
    }

    /// A condition in CEL, unless it is empty.
    pub(crate) fn filter(&self) -> Option<String> {
        self.get("filter").filter(|filter| !filter.trim().is_empty()).map(str::to_owned)
    }

    /// Whether a watch begins with the records that match now.
    pub(crate) fn snapshot(&self) -> Result<bool, Error> {
        self.one_of("snapshot", &[("true", true), ("false", false)], true)
    }

    /// The most records that may match; the engine knows the bounds.
    pub(crate) fn bulk_limit(&self) -> Result<Option<u32>, Error> {
        let number =
            |text: &str| text.parse().map_err(|_| Error::new(Code::InvalidLimit, "`limit` is a number"));
        self.get("limit").map(number).transpose()
    }

    pub(crate) fn order(&self) -> Vec<OrderKey> {
        let key = |name: String| match name.strip_prefix('-') {
            Some(field) => OrderKey { field: field.to_owned(), descending: true },
            None => OrderKey { field: name, descending: false },
        };
        self.names("order").into_iter().map(key).collect()
    }

    pub(crate) fn limit(&self) -> Result<u32, Error> {
        let Some(text) = self.get("limit") else { return Ok(ListRequest::DEFAULT_LIMIT) };
        let number = text.parse().ok().filter(|limit| (1..=ListRequest::MAX_LIMIT).contains(limit));
        number.ok_or_else(|| {
            let max = ListRequest::MAX_LIMIT;
            Error::new(Code::InvalidLimit, format!("`limit` is a number from 1 to {max}"))
        })
    }

    fn one_of<T: Copy>(&self, name: &str, choices: &[(&str, T)], absent: T) -> Result<T, Error> {
        let Some(text) = self.get(name) else { return Ok(absent) };
        let choice = choices.iter().find(|(choice, _)| *choice == text).map(|(_, value)| *value);
        choice.ok_or_else(|| {
            let names = names_text(choices.iter().map(|(choice, _)| *choice));
            invalid(format!("the parameter `{name}` is one of {names}"))
        })
    }
}

fn known_name(name: &str, known: &'static [&'static str]) -> Result<&'static str, Error> {
    known.iter().copied().find(|other| *other == name).ok_or_else(|| {
        let short: String = name.chars().take(40).collect();
        invalid(match known {
            [] => format!("there is no parameter `{short}`: this operation has none"),
            known => {
                format!("there is no parameter `{short}`; known are {}", names_text(known.iter().copied()))
            }
        })
    })
}

fn decode(text: &str) -> Result<String, Error> {
    decode_percent(text, true).ok_or_else(|| invalid("the query is not UTF-8 in percent-encoding".to_owned()))
}

/// Undoes percent-encoding (RFC 3986, 2.1), and in queries `+` for a space. `None` when it is broken or not UTF-8.
pub(crate) fn decode_percent(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn invalid(message: String) -> Error {
    Error::new(Code::InvalidParameter, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &str) {
        let answer =
            Parameters::parse(Some(query), known(OperationKind::List)).and_then(|p| p.list_request());
        let answer = match answer {
            Ok(request) => format!("{request:?}"),
            Err(error) => error.to_string(),
        };
        assert!(answer.contains(expected), "{query}: {answer}");
    }

    #[test]
    fn a_list_request_is_read() {
        check("", "filter: None, order: [], fields: [], expand: [], limit: 30, cursor: None, count: false");
        check("filter=&order=&fields=&expand=", "filter: None, order: [], fields: [], expand: []");
        check("filter=name%20%3D%3D+%22%C3%A4%22", "filter: Some(\"name == \\\"ä\\\"\")");
        check(
            "order=-created_at,name",
            "order: [OrderKey { field: \"created_at\", descending: true }, OrderKey { field: \"name\", descending: false }]",
        );
        check("fields=id,%20name&expand=author", "fields: [\"id\", \"name\"], expand: [\"author\"]");
        check(
            "limit=500&count=exact&deleted=only&cursor=x",
            "limit: 500, cursor: Some(\"x\"), count: true, deleted: Only",
        );
    }

    #[test]
    fn what_is_unknown_repeated_or_malformed_is_refused() {
        check("colour=red", "invalid_parameter: there is no parameter `colour`; known are `filter`, `order`");
        check("limit=1&limit=2", "invalid_parameter: the parameter `limit` occurs twice");
        check("filter=%f", "invalid_parameter: the query is not UTF-8 in percent-encoding");
        check("filter=%ff", "invalid_parameter: the query is not UTF-8 in percent-encoding");
        check("count=1", "invalid_parameter: the parameter `count` is one of `exact`");
        check(
            "deleted=yes",
            "invalid_parameter: the parameter `deleted` is one of `exclude`, `include` or `only`",
        );
        for limit in ["0", "501", "-1", "x", "", "99999999999"] {
            check(&format!("limit={limit}"), "invalid_limit: `limit` is a number from 1 to 500");
        }
    }

    #[test]
    fn an_operation_without_parameters_says_so() {
        let error = Parameters::parse(Some("a=1"), known(OperationKind::Create)).unwrap_err();
        assert_eq!(error.message, "there is no parameter `a`: this operation has none");
    }
}

//! Parameters as texts.

use super::object::{names_text, parse_id};
use super::parameters::{Parameters, invalid_limit};
use mainstay_engine::{Code, Cursors, Error, ListRequest, OperationKind, OrderKey};
use mainstay_ports::{Deleted, Position};

/// The texts of parameters: known names, each at most once.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    known: &'static [&'static str],
    pairs: Vec<(&'static str, String)>,
}

impl Pairs {
    pub(crate) fn new(known: &'static [&'static str]) -> Self {
        Pairs { known, pairs: Vec::new() }
    }

    /// Adds a parameter.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for what is unknown or repeated.
    pub(crate) fn add(&mut self, name: &str, value: String) -> Result<(), Error> {
        let name = known_name(name, self.known)?;
        if self.get(name).is_some() {
            return Err(invalid(format!("the parameter `{name}` occurs twice")));
        }
        self.pairs.push((name, value));
        Ok(())
    }

    /// The value of a parameter; the empty text where it was given without one.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// All parameters of an operation.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub(crate) fn parameters(&self, kind: OperationKind) -> Result<Parameters, Error> {
        if self.pairs.is_empty() {
            return Ok(Parameters::default());
        }
        Ok(Parameters {
            cursors: Cursors::None,
            before: None,
            backward: false,
            filter: self.filter(),
            order: self.order(),
            fields: self.names("fields"),
            expand: self.names("expand"),
            limit: self.limit(kind)?,
            cursor: self.text("cursor"),
            count: self.one_of("count", &[("exact", true)], false)?,
            deleted: self.deleted(kind)?,
            user: self.get("user").map(user).transpose()?,
            platform: self.text("platform"),
            version: self.text("version"),
            device: self.text("device"),
            language: self.text("language"),
        })
    }

    /// Whether a watch begins with the records that match now.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`].
    pub(crate) fn snapshot(&self) -> Result<bool, Error> {
        self.one_of("snapshot", &[("true", true), ("false", false)], true)
    }

    /// The position that the answer has to be as new as.
    pub(crate) fn position(&self) -> Option<Option<Position>> {
        self.get("position").map(|text| text.parse().ok())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// A condition in CEL, unless it is empty.
    fn filter(&self) -> Option<String> {
        self.get("filter").filter(|filter| !filter.trim().is_empty()).map(str::to_owned)
    }

    fn order(&self) -> Vec<OrderKey> {
        let key = |name: String| match name.strip_prefix('-') {
            Some(field) => OrderKey { field: field.to_owned(), descending: true },
            None => OrderKey { field: name, descending: false },
        };
        self.names("order").into_iter().map(key).collect()
    }

    /// A list of names: `fields=id,name`.
    fn names(&self, name: &str) -> Vec<String> {
        let list = self.get(name).filter(|list| !list.is_empty());
        list.map(|list| list.split(',').map(|name| name.trim().to_owned()).collect()).unwrap_or_default()
    }

    /// The most records. How many may be written to at once is a setting, and the engine's to check.
    fn limit(&self, kind: OperationKind) -> Result<Option<u32>, Error> {
        let Some(text) = self.get("limit") else { return Ok(None) };
        if matches!(kind, OperationKind::UpdateMany | OperationKind::DeleteMany) {
            let number = text.parse().map_err(|_| Error::new(Code::InvalidLimit, "`limit` is a number"));
            return number.map(Some);
        }
        let number = text.parse().ok().filter(|limit| (1..=ListRequest::MAX_LIMIT).contains(limit));
        number.map(Some).ok_or_else(invalid_limit)
    }

    /// Soft-deleted records: a single one is answered also when it is, in the words of a list.
    fn deleted(&self, kind: OperationKind) -> Result<Deleted, Error> {
        let choices = [("exclude", Deleted::Exclude), ("include", Deleted::Include), ("only", Deleted::Only)];
        let count = if kind == OperationKind::Get { 2 } else { 3 };
        self.one_of("deleted", &choices[..count], Deleted::Exclude)
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

fn user(text: &str) -> Result<uuid::Uuid, Error> {
    parse_id(text).ok_or_else(|| invalid("`user` is the id of an account: a UUID".to_owned()))
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

fn invalid(message: String) -> Error {
    Error::new(Code::InvalidParameter, message)
}

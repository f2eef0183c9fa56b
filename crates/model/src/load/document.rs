//! A TOML file as a tree that remembers where everything stands.

use super::faults::{Faults, Place};
use super::raw_text;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Document {
    file: Option<usize>,
    text: String,
    pub(crate) root: Node,
}

/// A value and its place.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) content: Content,
}

/// What a node holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// Keys in the order of the file.
    Table(Vec<Entry>),
    Array(Vec<Node>),
    Scalar(toml::Value),
}

/// A key, its place and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) value: Node,
}

/// A text in a file, which may have been written with escapes.
#[derive(Debug, Clone)]
pub(crate) struct Quoted {
    /// The text meant.
    pub(crate) text: String,
    /// The text as written, quotes included.
    raw: String,
    /// Where it is written.
    pub(crate) place: Place,
}

impl Document {
    /// Parses a file and reports each fault of syntax. With a fault, the answer is what could be understood, and `false`; no more is
    /// reported of the file.
    pub(crate) fn parse(file: Option<usize>, text: &str, faults: &mut Faults) -> (Self, bool) {
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            faults.error("toml_syntax", Place { file, span }, error.message());
        }
        let mut reader = Reader { file, faults, sound: errors.is_empty() };
        let span = root.span();
        let root = Node { span, content: reader.table(root.into_inner()) };
        let sound = reader.sound;
        if !sound {
            faults.mute(file);
        }
        (Document { file, text: text.to_owned(), root }, sound)
    }

    /// The place of the value at `path`; where there is none, of the nearest thing around it.
    pub(crate) fn place(&self, path: &[&str]) -> Place {
        let mut node = &self.root;
        for step in path {
            let Some(next) = node.child(step) else { break };
            node = next;
        }
        self.at(node.span.clone())
    }

    /// The place of the key that `path` ends with.
    pub(crate) fn key_place(&self, path: &[&str]) -> Place {
        let key = path.split_last().and_then(|(last, outer)| self.node(outer)?.entry(last));
        key.map_or_else(|| self.place(path), |entry| self.at(entry.key_span.clone()))
    }

    /// The value at `path`; a number steps into an array.
    pub(crate) fn node(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(&self.root, |node, step| node.child(step))
    }

    /// The keys of the table at `path`, in the order of the file.
    pub(crate) fn keys<'s>(&'s self, path: &[&str]) -> impl Iterator<Item = &'s str> + use<'s> {
        self.node(path).into_iter().flat_map(|node| node.entries()).map(|entry| entry.key.as_str())
    }

    /// The text at `path`.
    pub(crate) fn text(&self, path: &[&str]) -> Option<Quoted> {
        let node = self.node(path)?;
        let Content::Scalar(toml::Value::String(text)) = &node.content else { return None };
        let raw = self.text.get(node.span.clone()).unwrap_or_default().to_owned();
        Some(Quoted { text: text.clone(), raw, place: self.at(node.span.clone()) })
    }

    pub(crate) fn at(&self, span: Range<usize>) -> Place {
        Place { file: self.file, span }
    }
}

impl Node {
    fn child(&self, step: &str) -> Option<&Node> {
        match &self.content {
            Content::Array(nodes) => nodes.get(step.parse::<usize>().ok()?),
            _ => self.entry(step).map(|entry| &entry.value),
        }
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a table; nothing of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The value without places.
    pub(crate) fn to_value(&self) -> toml::Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Array(nodes) => toml::Value::Array(nodes.iter().map(Node::to_value).collect()),
            Content::Table(entries) => {
                let pairs = entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value()));
                toml::Value::Table(pairs.collect())
            }
        }
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Table(_) => "a table",
            Content::Array(_) => "a list",
            Content::Scalar(toml::Value::String(_)) => "a string",
            Content::Scalar(toml::Value::Integer(_)) => "an integer",
            Content::Scalar(toml::Value::Float(_)) => "a float",
            Content::Scalar(toml::Value::Boolean(_)) => "a boolean",
            Content::Scalar(_) => "a date or time",
        }
    }
}

impl Quoted {
    /// Where a part of the meant text is written.
    pub(crate) fn part(&self, span: &Range<usize>) -> Place {
        let offset = |decoded| self.place.span.start + raw_text::offset(&self.raw, decoded);
        Place { file: self.place.file, span: offset(span.start)..offset(span.end).max(offset(span.start)) }
    }
}

/// Copies the parser's tree.
struct Reader<'a> {
    file: Option<usize>,
    faults: &'a mut Faults,
    sound: bool,
}

impl Reader<'_> {
    fn table(&mut self, table: DeTable<'_>) -> Content {
        let entry = |(key, value): (Spanned<_>, _)| {
            let key_span = key.span();
            let key: std::borrow::Cow<'_, str> = key.into_inner();
            Entry { key: key.into_owned(), key_span, value: self.node(value) }
        };
        let mut entries: Vec<Entry> = table.into_iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.key_span.start);
        Content::Table(entries)
    }

    fn node(&mut self, value: Spanned<DeValue<'_>>) -> Node {
        let span = value.span();
        let content = match value.into_inner() {
            DeValue::Table(table) => self.table(table),
            DeValue::Array(array) => {
                Content::Array(array.into_iter().map(|value| self.node(value)).collect())
            }
            DeValue::String(text) => Content::Scalar(toml::Value::String(text.into_owned())),
            DeValue::Boolean(value) => Content::Scalar(toml::Value::Boolean(value)),
            DeValue::Datetime(value) => Content::Scalar(toml::Value::Datetime(value)),
            DeValue::Integer(value) => Content::Scalar(toml::Value::Integer(self.integer(&value, &span))),
            DeValue::Float(value) => {
                Content::Scalar(toml::Value::Float(value.as_str().parse().unwrap_or(f64::NAN)))
            }
        };
        Node { span, content }
    }

    fn integer(&mut self, value: &DeInteger<'_>, span: &Range<usize>) -> i64 {
        i64::from_str_radix(value.as_str(), value.radix()).unwrap_or_else(|_| {
            let place = Place { file: self.file, span: span.clone() };
            self.faults.error("toml_syntax", place, "the integer does not fit 64 bits");
            self.sound = false;
            0
        })
    }
}

//! The same condition in other names.

use super::checker::Checker;
use super::term::{Term, Typed};
use super::{Fault, code};
use crate::ModelId;
use crate::position::{Anchor, Positions};
use std::ops::Range;
use std::sync::Arc;

/// Something that a source names.
#[derive(Debug)]
pub enum Mentioned<'a> {
    /// A member of a model: a field, a collection, a named predicate.
    Member(ModelId, &'a str),
    /// A value of an enum, told by its values. The same list stands in [`crate::Member::Field`], so that its field can be found.
    Value(&'a Arc<[String]>, &'a str),
    /// The values of an enum as texts: what they are, and not only which of them, decides.
    Text(&'a Arc<[String]>),
}

/// A name or a value, and where it stands.
#[derive(Debug)]
pub(super) struct Name {
    anchor: Anchor,
    what: What,
}

#[derive(Debug)]
enum What {
    Member(ModelId, String),
    Value(Arc<[String]>, String),
    Text(Arc<[String]>),
}

impl Checker<'_> {
    pub(super) fn note_name(&mut self, model: ModelId, name: &str, anchor: Anchor) {
        self.note_named(anchor, || What::Member(model, name.to_owned()));
    }

    pub(super) fn note_value(&mut self, text: &str, variants: Option<&Arc<[String]>>, anchor: Anchor) {
        if let Some(variants) = variants {
            self.note_named(anchor, || What::Value(variants.clone(), text.to_owned()));
        }
    }

    /// Notes the enums among terms that are looked at as texts.
    pub(super) fn note_texts<const N: usize>(&mut self, terms: [(&Term, Anchor); N]) {
        for (term, anchor) in terms {
            if let Term::Value(Typed { variants: Some(variants), .. }) = term {
                self.note_named(anchor, || What::Text(variants.clone()));
            }
        }
    }

    /// What is compiled in place stands in another text.
    fn note_named(&mut self, anchor: Anchor, what: impl FnOnce() -> What) {
        if let Some(names) = self.names.as_mut().filter(|_| self.inlining.is_empty()) {
            names.push(Name { anchor, what: what() });
        }
    }
}

/// The source with other names in it.
pub(super) fn apply(
    source: &str,
    names: &[Name],
    positions: &Positions<'_>,
    rename: &dyn Fn(&Mentioned<'_>) -> Result<Option<String>, String>,
) -> Result<String, Vec<Fault>> {
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut faults = Vec::new();
    for Name { anchor, what } in names {
        let span = positions.span(*anchor);
        match rename(&what.mentioned()) {
            Ok(Some(to)) => edits.push((span, what.written(&to))),
            Ok(None) => {}
            Err(message) => faults.push(Fault { code: code::UNSUPPORTED, message, hint: None, span }),
        }
    }
    faults.dedup();
    if faults.is_empty() { Ok(edited(source, edits)) } else { Err(faults) }
}

/// A member that was asked for twice, as by `has`, is one place all the same.
fn edited(source: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(span, _)| span.start);
    edits.dedup();
    let mut text = String::with_capacity(source.len());
    let mut done = 0;
    for (span, to) in edits {
        text.push_str(&source[done..span.start]);
        text.push_str(&to);
        done = span.end;
    }
    text.push_str(&source[done..]);
    text
}

impl What {
    fn mentioned(&self) -> Mentioned<'_> {
        match self {
            What::Member(model, name) => Mentioned::Member(*model, name),
            What::Value(values, value) => Mentioned::Value(values, value),
            What::Text(values) => Mentioned::Text(values),
        }
    }

    fn written(&self, to: &str) -> String {
        match self {
            What::Value(..) => quoted(to),
            What::Member(..) | What::Text(_) => to.to_owned(),
        }
    }
}

/// A text literal.
fn quoted(text: &str) -> String {
    let mut literal = String::from("'");
    for character in text.chars() {
        match character {
            '\\' | '\'' => literal.extend(['\\', character]),
            character if character.is_control() => {
                literal.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            character => literal.push(character),
        }
    }
    literal.push('\'');
    literal
}

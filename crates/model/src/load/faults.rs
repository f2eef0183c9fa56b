//! The faults found so far.

use crate::{Diagnostic, Diagnostics, Severity, SourceFile};
use std::collections::HashSet;
use std::ops::Range;

/// Marked text: bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, by its place in [`Diagnostics::files`]; `None` for what is not in a file of the project.
    pub(crate) file: Option<usize>,
    /// The bytes.
    pub(crate) span: Range<usize>,
}

impl Place {
    /// No place: the fault is that something is not there.
    pub(crate) const NOWHERE: Place = Place { file: None, span: 0..0 };
}

/// Collects every fault of a project.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    items: Vec<Diagnostic>,
    /// Names that mean something, but not what, because a fault in their declaration has been reported. What follows from that
    /// would only bury it.
    broken: HashSet<String>,
    /// Files of which no more is reported, since their syntax is at fault and what was read of them is a guess.
    muted: HashSet<usize>,
    unsaid: Vec<Diagnostic>,
}

impl Faults {
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Severity::Error, code, place, message.into())
    }

    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        place: Place,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Severity::Warning, code, place, message.into())
    }

    fn push(
        &mut self,
        severity: Severity,
        code: &'static str,
        Place { file, span }: Place,
        message: String,
    ) -> &mut Diagnostic {
        let muted = file.is_some_and(|file| self.muted.contains(&file));
        let items = if muted { &mut self.unsaid } else { &mut self.items };
        items.push(Diagnostic { severity, code, message, file, span, hint: None });
        items.last_mut().expect("one was pushed")
    }

    /// Reports nothing more of a file.
    pub(crate) fn mute(&mut self, file: Option<usize>) {
        self.muted.extend(file);
    }

    /// Remembers that the declaration of `name` is at fault.
    pub(crate) fn mark_broken(&mut self, name: &str) {
        self.broken.insert(name.to_owned());
    }

    /// Whether `text` mentions a name whose declaration is at fault.
    pub(crate) fn mentions_broken(&self, text: &str) -> bool {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.into_iter().any(|word| self.broken.contains(word))
    }

    pub(crate) fn is_broken(&self, name: &str) -> bool {
        self.broken.contains(name)
    }

    /// How many errors there are.
    pub(crate) fn count(&self) -> usize {
        self.items.iter().filter(|item| item.severity == Severity::Error).count()
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.items.iter().any(|item| item.severity == Severity::Error)
    }

    /// All of them in the order of files and places, each once.
    pub(crate) fn finish(mut self, files: Vec<SourceFile>) -> Diagnostics {
        self.items.sort_by_key(|item| (item.file, item.span.start, item.span.end, item.severity));
        self.items.dedup();
        Diagnostics { files, items: self.items }
    }
}

impl Diagnostic {
    /// Says how to mend it.
    pub(crate) fn help(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }

    /// Asks whether another name was meant, if one was found that resembles it.
    pub(crate) fn did_you_mean(&mut self, candidate: Option<&str>) {
        if let Some(candidate) = candidate {
            self.help(format!("did you mean `{candidate}`?"));
        }
    }
}

//! Faults in project files, shown with the place marked.

use std::ops::Range;
use std::path::PathBuf;

/// How grave a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The project does not load.
    Error,
    /// The project loads; somebody should look.
    Warning,
}

/// A fault in a project file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How grave it is.
    pub severity: Severity,
    /// A stable code, listed in `docs/reference/project.md`; those of expressions in `docs/reference/rules.md`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The file, by its place in [`Diagnostics::files`]; `None` when no file is at fault (as a missing one).
    pub file: Option<usize>,
    /// The marked text: a range of bytes in the file.
    pub span: Range<usize>,
    /// How to mend it.
    pub hint: Option<String>,
}

/// A file that diagnostics point into.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its path, relative to the project folder.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// All that was found in a project.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    /// The files.
    pub files: Vec<SourceFile>,
    /// The faults, in the order of files and places.
    pub items: Vec<Diagnostic>,
}

impl Diagnostic {
    /// The line and the column, both counted from 1, at which the marked text begins in the text of its file. Columns count
    /// characters.
    pub fn line_column(&self, text: &str) -> (usize, usize) {
        let before = &text[..text.floor_char_boundary(self.span.start)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

impl Diagnostics {
    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|item| item.severity == Severity::Error)
    }

    /// The text for people: each fault with its file, line, column, the marked line and the hint.
    pub fn render(&self, color: bool) -> String {
        crate::render::render(self, color)
    }
}

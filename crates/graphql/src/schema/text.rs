//! Text in the schema definition language.

use std::fmt::Write;

/// The text of a schema, type by type.
#[derive(Default)]
pub(super) struct Text {
    out: String,
}

impl Text {
    /// Adds a description, of the type or field that comes next.
    pub(super) fn doc(&mut self, indent: &str, doc: &str) {
        let escaped = doc.trim().replace("\"\"\"", "\\\"\"\"");
        if escaped.is_empty() {
            return;
        }
        self.line(format_args!("{indent}\"\"\""));
        escaped.lines().for_each(|line| self.line(format_args!("{indent}{line}")));
        self.line(format_args!("{indent}\"\"\""));
    }

    /// Adds a type of members, one a line.
    pub(super) fn block(&mut self, doc: &str, head: &str, members: &[Member]) {
        if members.is_empty() {
            return;
        }
        self.doc("", doc);
        self.line(format_args!("{head} {{"));
        for member in members {
            self.doc("  ", &member.doc);
            self.line(format_args!("  {}", member.text));
        }
        self.line(format_args!("}}\n"));
    }

    /// Adds text as it is.
    pub(super) fn raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    pub(super) fn finish(self) -> String {
        let mut out = self.out.trim_end().to_owned();
        out.push('\n');
        out
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        writeln!(self.out, "{text}").expect("memory takes what is written");
    }
}

/// A line within a type.
pub(super) struct Member {
    doc: String,
    text: String,
}

impl Member {
    pub(super) fn new(text: impl Into<String>, doc: impl Into<String>) -> Self {
        Member { doc: doc.into(), text: text.into() }
    }
}
